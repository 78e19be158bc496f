"""Every driver with the machine at the far end of its cable, and every twin, behind one set of hands."""

from pathlib import Path

from hardware.drivers.serial_scale import SerialScale
from hardware.drivers.serial_scanner import open_serial_scanner
from hardware.drivers.wedge import open_wedge
from hardware.formats.scale_profile import find_profile
from hardware.settings import KeysLine, SerialLine
from hardware.twins.ends import End, KeysEnd, Mute, PtyEnd
from hardware.twins.scale import Plate, TwinScale
from hardware.twins.scale_machines import CasMachine, QhwMachine, ToledoMachine
from hardware.twins.scanner import TwinScanner


class ScannerHands:
    """A scanner and who holds it."""

    def __init__(self, scanner, send, unplug, plug, close):
        self.scanner, self.send, self.unplug, self.plug, self.close = scanner, send, unplug, plug, close

    def scan(self, code):
        self.send(code + "\r")


def serial_scanner(folder: Path) -> ScannerHands:
    end = PtyEnd(folder / "tty", Mute())
    end.start()
    scanner = open_serial_scanner(SerialLine(str(folder / "tty")))
    return ScannerHands(scanner, lambda text: end.say(text.encode("latin-1")), end.unplug, end.plug, end.close)


def leave_ungrabbed(fd):
    """A pipe cannot be grabbed."""


def wedge(folder: Path) -> ScannerHands:
    end = KeysEnd(folder / "event0")
    end.start()
    scanner = open_wedge(KeysLine(str(folder / "event0")), take=leave_ungrabbed)
    return ScannerHands(scanner, end.type, end.unplug, end.plug, end.close)


def twin_scanner(folder: Path) -> ScannerHands:
    twin = TwinScanner()
    return ScannerHands(twin, lambda text: twin.send(text.encode("latin-1")), twin.unplug, twin.plug, lambda: None)


SCANNERS = {"serial": serial_scanner, "wedge": wedge, "twin": twin_scanner}


class ScaleHands:
    """A scale, what lies on it, and who holds its cable. ``granularity_mg``: its smallest step."""

    def __init__(self, scale, plate, cable, granularity_mg, close, *, tares=True, say_again=None):
        self.scale, self.plate, self.granularity_mg, self.close, self.tares = scale, plate, granularity_mg, close, tares
        self.unplug, self.plug = cable.unplug, cable.plug
        self.say_again = say_again or (lambda: None)  # what it says now comes twenty times more, for nobody


def frame(machine):
    return machine.tick() or machine.receive(b"W").replace(b"\x15", b"") or machine.receive(b"\x11")


def _scale(folder: Path, profile, machine, granularity_mg, **more) -> ScaleHands:
    plate = Plate()
    end: End = PtyEnd(folder / "tty", machine(plate))
    end.start()
    scale = SerialScale(SerialLine(str(folder / "tty")), find_profile(profile))
    old = end._machine
    return ScaleHands(scale, plate, end, granularity_mg, end.close, say_again=lambda: end.say(frame(old) * 20), **more)


def twin_scale(folder: Path) -> ScaleHands:
    twin = TwinScale()
    return ScaleHands(twin, twin.plate, twin, 1, lambda: None)


SCALES = {
    "continuous": lambda folder: _scale(folder, "tscale-qhw", QhwMachine, 100, tares=False),
    "toledo": lambda folder: _scale(folder, "toledo-8217-kg", ToledoMachine, 1000),
    "cas": lambda folder: _scale(folder, "cas-pd-ii", CasMachine, 1000, tares=False),
    "twin": twin_scale,
}
