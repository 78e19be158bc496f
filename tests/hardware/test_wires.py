"""Each way to a device ends in time and says what is wrong, with real terminals, files and ports."""

import errno
import itertools
import os
import time
from threading import Event, Thread, Timer

import pytest
import serial
from device_ends import leave_ungrabbed
from ports import find_spare_port
from waiting import wait_until

from hardware.drivers import lines
from hardware.drivers.escpos_drawer import EscposDrawer
from hardware.drivers.escpos_link import EscposLink
from hardware.drivers.escpos_printer import EscposPrinter
from hardware.drivers.lines import CONNECT_S, SerialWire, open_wire
from hardware.drivers.serial_scale import SerialScale
from hardware.drivers.serial_scanner import open_serial_scanner
from hardware.drivers.usb_wire import CHUNK, UsbWire
from hardware.drivers.wedge import open_wedge
from hardware.errors import BadSetting, Busy, NoAnswer, NotAllowed, Stuck, Unplugged
from hardware.formats.keys import EV_KEY, EVENT, SHIFTS
from hardware.formats.scale_profile import find_profile
from hardware.ports.scanner import Scan, ScannerReady, ScanProblem
from hardware.settings import KeysLine, LpLine, NetworkLine, SerialLine, UsbLine
from hardware.twins.ends import HOST, KeysEnd, Mute, PtyEnd
from hardware.twins.printer import PrinterMachine


@pytest.fixture
def end(tmp_path):
    end = PtyEnd(tmp_path / "tty", Mute())
    end.start()
    yield end
    end.close()


@pytest.fixture
def line(tmp_path):
    return SerialLine(str(tmp_path / "tty"))


def test_a_serial_line_is_locked_for_others(end, line):
    wire = SerialWire.open(line)
    with pytest.raises(Busy, match="end that program"):
        SerialWire.open(line)
    wire.close()
    SerialWire.open(line).close()


def test_a_line_that_takes_nothing_is_stuck_says_how_far_it_came_and_closes_at_once(end, line):
    end.takes = 0
    wire = SerialWire.open(line)
    with pytest.raises(Stuck) as caught:
        wire.write(b"x" * 500_000, 0.2)
    assert 0 < caught.value.sent < 500_000
    before = time.monotonic()
    wire.close()
    assert time.monotonic() - before < 1


class Uart:
    """A serial line whose hardware lets go of what it holds, step by step; a pseudo terminal holds nothing."""

    def __init__(self, port, left):
        self.fileno, self.close, self._left = port.fileno, port.close, iter(left)

    @property
    def out_waiting(self):
        left = next(self._left)
        if left is None:
            raise OSError(errno.EIO, "gone")
        return left


def test_a_line_is_empty_when_the_hardware_let_go_of_everything(end, line):
    left = [3000, 2000, 2000, 500, 0]
    wire = SerialWire(Uart(serial.Serial(line.path), left))
    wire.drain(5)
    wire.close()


def test_a_line_that_lets_go_of_nothing_is_stuck(end, line):
    wire = SerialWire(Uart(serial.Serial(line.path), itertools.chain([900], itertools.repeat(800))))
    before = time.monotonic()
    with pytest.raises(Stuck, match="800 bytes left"):
        wire.drain(0.2)
    assert 0.2 <= time.monotonic() - before < 2
    wire.close()


def test_a_line_that_is_pulled_while_it_empties_is_unplugged(end, line):
    wire = SerialWire(Uart(serial.Serial(line.path), [3000, None]))
    with pytest.raises(Unplugged, match="gone"):
        wire.drain(5)
    wire.close()


def test_a_pulled_line_can_be_written_to_and_closed_without_harm(end, line):
    wire = SerialWire.open(line)
    wire.write(b"x", 1)
    end.unplug()
    with pytest.raises(Unplugged):
        wire.write(b"y" * 100_000, 1)
    with pytest.raises(Unplugged):
        wire.read(1)
    wire.close()


def test_a_drawer_waits_a_moment_for_another_program(tmp_path):
    machine, line = PrinterMachine(), SerialLine(str(tmp_path / "tty"))
    end = PtyEnd(tmp_path / "tty", machine)
    end.start()
    other = SerialWire.open(line)
    freed = Timer(0.3, other.close)
    freed.start()
    EscposDrawer(line, pin=5).kick()
    freed.join()
    wait_until(lambda: machine.opened == [5], what="the drawer")
    end.close()


def test_a_drawer_whose_printer_stays_busy_says_so(end, line):
    other = SerialWire.open(line)
    before = time.monotonic()
    with pytest.raises(Busy):
        EscposDrawer(line).kick()
    assert time.monotonic() - before < 3
    other.close()


def test_a_slow_printer_gets_all_of_a_job_that_takes_longer_than_its_patience(tmp_path):
    machine = PrinterMachine()
    end = PtyEnd(tmp_path / "tty", machine)
    end.bytes_per_s = 20_000
    end.start()
    job = b"0123456789" * 4000
    before = time.monotonic()
    EscposPrinter(SerialLine(str(tmp_path / "tty")), stall_s=0.5).print_job(job)
    assert time.monotonic() - before > 0.5
    end.close()
    assert bytes(machine.printed) == job


def absent_lines(folder):
    yield SerialLine(str(folder / "absent"))
    yield SerialLine(str(folder))
    yield LpLine(str(folder / "absent"))
    yield NetworkLine(HOST, find_spare_port())
    yield NetworkLine("no-such-host.invalid")
    yield UsbLine(0xFFFF, 0xFFFF)


def test_what_is_not_there_is_said_in_time(tmp_path):
    for line in absent_lines(tmp_path):
        before = time.monotonic()
        with pytest.raises(Unplugged, match="check its power and its cable"):
            open_wire(line)
        assert time.monotonic() - before < CONNECT_S + 5  # the rest is the name server's and the first import's


def test_a_keyboard_is_no_printer(tmp_path):
    with pytest.raises(BadSetting, match="for scanners only"):
        open_wire(KeysLine(str(tmp_path)))


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.EACCES, NotAllowed), (errno.EPERM, NotAllowed), (errno.EBUSY, Busy), (errno.ENODEV, Unplugged)],
)
def test_why_a_device_cannot_be_opened_is_told_apart(number, error):
    told = lines._not_opened("/dev/lp0", OSError(number, os.strerror(number)))
    assert type(told) is error
    assert "/dev/lp0" in str(told)


def test_a_file_that_is_no_input_device_cannot_be_grabbed(tmp_path):
    (tmp_path / "event0").touch()
    scanner = open_wedge(KeysLine(str(tmp_path / "event0")))
    event = scanner.wait(1)
    assert isinstance(event, ScanProblem)
    assert event.kind == "unplugged"
    assert "Inappropriate ioctl" in event.message


def test_a_key_held_when_the_cable_was_pulled_is_not_held_after(tmp_path):
    end = KeysEnd(tmp_path / "event0")
    end.start()
    scanner = open_wedge(KeysLine(str(tmp_path / "event0")), take=leave_ungrabbed)
    assert scanner.wait(0) is None
    end.say(EVENT.pack(0, 0, EV_KEY, min(SHIFTS), 1) + b"\0" * 5)  # and an event that broke off
    assert scanner.wait(0.05) is None
    end.unplug()
    assert isinstance(scanner.wait(1), ScanProblem)
    end.plug()
    assert isinstance(scanner.wait(3), ScannerReady)
    end.type("ab1\r")
    event = scanner.wait(1)
    assert isinstance(event, Scan)
    assert event.code == "ab1"
    scanner.close()
    end.close()


def test_a_line_is_free_again_after_an_error(end, line):
    link = EscposLink(line)
    for error in (Stuck, ValueError):
        with pytest.raises(error), link.use():
            raise error
        SerialWire.open(line).close()


def test_a_scanner_that_another_program_has_is_said_and_found_when_it_is_free(end, line):
    other = SerialWire.open(line)
    scanner = open_serial_scanner(line)
    event = scanner.wait(1)
    assert isinstance(event, ScanProblem)
    assert event.kind == "unplugged"
    assert "another program" in event.message
    other.close()
    assert isinstance(scanner.wait(3), ScannerReady)
    scanner.close()


def test_a_scale_that_says_what_no_frame_is_says_so(end, line):
    scale = SerialScale(line, find_profile("tscale-qhw"))
    ended = Event()

    def babble():
        while not ended.wait(0.01):
            end.say(b"hello?\r\n")

    thread = Thread(target=babble)
    thread.start()
    with pytest.raises(NoAnswer, match="no frame of tscale-qhw"):
        scale.read(0.3)
    ended.set()
    thread.join()
    scale.close()


class UsbPrinter:
    """What python-escpos gives for a printer behind libusb, as far as the wire uses it."""

    in_ep = 0x82
    timeout = 1

    def __init__(self, error=None, answers=()):
        self.device, self.taken, self.error, self.answers = self, b"", error, list(answers)

    def _raw(self, data):
        if self.error:
            raise self.error
        self.taken += data

    def read(self, endpoint, size, timeout_ms):
        if self.answers:
            return self.answers.pop(0)
        raise self.error or TimeoutError(110, "timed out")


def test_a_usb_printer_gets_every_byte_and_its_answer_is_read():
    printer = UsbPrinter(answers=[b"", b"\x12"])
    wire = UsbWire(printer)
    wire.write(b"x" * (3 * CHUNK + 1), 2.0)
    assert (len(printer.taken), printer.timeout) == (3 * CHUNK + 1, 2000)
    assert wire.read(0.5) == b"\x12"
    assert wire.read(0.01) == b""


@pytest.mark.parametrize(
    ("number", "error"), [(110, Stuck), (13, NotAllowed), (19, Unplugged)]
)  # fmt: skip
def test_the_faults_of_usb_are_told_apart(number, error):
    with pytest.raises(error) as caught:
        UsbWire(UsbPrinter(OSError(number, "fault"))).write(b"x", 1)
    assert caught.value.sent == 1
