"""An address becomes a driver that works, or a sentence that says what is wrong."""

import pytest
from waiting import wait_until

from hardware.drivers.choose import display_at, drawer_at, printer_at, scale_at, scanner_at
from hardware.errors import BadSetting
from hardware.formats.scale_profile import find_profile
from hardware.ports.printer import PrinterStatus
from hardware.ports.scanner import Scan
from hardware.settings import SerialLine
from hardware.twins.display import DisplayMachine
from hardware.twins.ends import HOST, KeysEnd, Mute, PtyEnd, TcpEnd
from hardware.twins.printer import PrinterMachine
from hardware.twins.scale import Plate
from hardware.twins.scale_machines import ToledoMachine


@pytest.fixture
def at(tmp_path):
    """Return what puts a machine on a serial line and gives its address."""
    ends: list[PtyEnd] = []

    def put(machine):
        end = PtyEnd(tmp_path / f"tty{len(ends)}", machine)
        end.start()
        ends.append(end)
        return end, f"serial://{tmp_path}/tty{len(ends) - 1}"

    yield put
    for end in ends:
        end.close()


def test_a_serial_scanner(at):
    end, address = at(Mute())
    scanner = scanner_at(address)
    assert scanner.wait(0) is None
    end.say(b"4006381333931\r")
    event = scanner.wait(2)
    assert isinstance(event, Scan)
    assert event.code == "4006381333931"
    scanner.close()


def test_a_scanner_that_sends_no_end(at):
    end, address = at(Mute())
    scanner = scanner_at(address, gap_s=0.05)
    assert scanner.wait(0) is None
    end.say(b"4006381333931")
    event = scanner.wait(2)
    assert isinstance(event, Scan)
    assert event.code == "4006381333931"
    scanner.close()


def test_a_typing_scanner_is_grabbed_or_said_to_be_none(tmp_path):
    end = KeysEnd(tmp_path / "event0")
    end.start()
    scanner = scanner_at(f"keys://{tmp_path}/event0")
    assert "Inappropriate ioctl" in getattr(scanner.wait(0), "message", "")  # a pipe is no input device
    scanner.close()
    end.close()


def test_a_scale(at):
    plate = Plate()
    plate.put(1_250_000)
    _, address = at(ToledoMachine(plate))
    scale = scale_at(address, find_profile("toledo-8217-kg"))
    assert getattr(scale.read(2), "weight_g", None) == 1250
    scale.close()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("", SerialLine("/dev/ttyS0", 9600, 7, "E")),
        ("?baud=4800", SerialLine("/dev/ttyS0", 4800, 7, "E")),
        ("?bits=8&parity=N", SerialLine("/dev/ttyS0", 9600, 8, "N")),
    ],
)
def test_a_scale_talks_as_its_profile_does_unless_the_address_says_otherwise(options, line):
    scale = scale_at(f"serial:///dev/ttyS0{options}", find_profile("toledo-8217-kg"))
    assert getattr(scale, "_line", None) == line


def test_a_printer_with_drawer_and_display(at):
    machine, display = PrinterMachine(), DisplayMachine()
    _, address = at(machine)
    _, display_address = at(display)
    printer_at(address).print_job(b"receipt")
    drawer_at(address, 5).kick()
    display_at(display_address, behind_printer=True).show("Total", "4.50")
    wait_until(lambda: machine.opened == [5] and display.rows[1].startswith("4.50"), what="both")
    assert machine.printed.startswith(b"receipt")


def test_a_printer_on_the_network():
    end = TcpEnd(PrinterMachine())
    end.start()
    assert printer_at(f"tcp://{HOST}:{end.port}").status() is PrinterStatus.READY
    end.close()
    assert printer_at(f"tcp://{HOST}:{end.port}").status() is PrinterStatus.OFFLINE


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        (lambda: scanner_at("tcp://printer"), "no address of a scanner"),
        (lambda: scale_at("lp:///dev/usb/lp0", find_profile("cas-pd-ii")), "no address of a scale"),
        (lambda: scale_at("serial:///dev/ttyS0", find_profile("jik-tfo3")), "names no unit"),
        (lambda: printer_at("keys:///dev/input/event0"), "is an address of a scanner"),
        (lambda: drawer_at("lp:///dev/usb/lp0", 3), "pin 2 or 5, not 3"),
        (lambda: display_at("nowhere"), "begins with none of"),
    ],
    ids=["scanner", "scale", "unit", "printer", "pin", "display"],
)
def test_what_cannot_be_is_said(choose, reason):
    with pytest.raises(BadSetting, match=reason):
        choose()
