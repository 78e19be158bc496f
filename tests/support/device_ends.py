"""Scanners and scales, real drivers with machines at the far end and twins, behind one set of hands."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hardware.drivers.serial_scale import SerialScale
from hardware.drivers.serial_scanner import open_serial_scanner
from hardware.drivers.wedge import open_wedge
from hardware.formats.scale_profile import find_profile
from hardware.ports.scale import Scale
from hardware.ports.scanner import Scanner
from hardware.settings import KeysLine, SerialLine
from hardware.twins.ends import KeysEnd, Machine, Mute, PtyEnd
from hardware.twins.scale import Plate, TwinScale
from hardware.twins.scale_machines import CasMachine, QhwMachine, ToledoMachine
from hardware.twins.scanner import TwinScanner

CAPTURES = "8_devices/scale_captures"  # of the real data


def nothing() -> None:
    """Do nothing: a twin has no cable and no thread."""


class Cable(Protocol):
    """What can be pulled and put back."""

    def unplug(self) -> None: ...

    def plug(self) -> None: ...


@dataclass
class ScannerHands:
    """A scanner and who holds it."""

    scanner: Scanner
    send: Callable[[str], None]
    cable: Cable
    close: Callable[[], None]

    def scan(self, code: str) -> None:
        self.send(code + "\r")


def serial_scanner(folder: Path) -> ScannerHands:
    end = PtyEnd(folder / "tty", Mute())
    end.start()
    scanner = open_serial_scanner(SerialLine(str(folder / "tty")))
    return ScannerHands(scanner, lambda text: end.say(text.encode("latin-1")), end, end.close)


def leave_ungrabbed(fd: int) -> None:
    """A pipe cannot be grabbed."""


def wedge(folder: Path) -> ScannerHands:
    end = KeysEnd(folder / "event0")
    end.start()
    scanner = open_wedge(KeysLine(str(folder / "event0")), take=leave_ungrabbed)
    return ScannerHands(scanner, end.type, end, end.close)


def twin_scanner(folder: Path) -> ScannerHands:
    del folder
    twin = TwinScanner()
    return ScannerHands(twin, lambda text: twin.send(text.encode("latin-1")), twin, nothing)


SCANNERS = {"serial": serial_scanner, "wedge": wedge, "twin": twin_scanner}


@dataclass
class ScaleHands:
    """A scale, what lies on it, and who holds its cable.

    ``step_mg``: its smallest; ``tares``: it has commands; ``say_again``: it says what it says now, twenty times.
    """

    scale: Scale
    plate: Plate
    cable: Cable
    step_mg: int
    close: Callable[[], None]
    tares: bool = True
    say_again: Callable[[], None] = nothing


def _frame(machine: Machine) -> bytes:
    return machine.tick() or machine.receive(b"W").replace(b"\x15", b"") or machine.receive(b"\x11")


def _scale(folder: Path, profile: str, machine: Callable[[Plate], Machine], step_mg: int, *, tares: bool) -> ScaleHands:
    plate = Plate()
    speaker = machine(plate)
    end = PtyEnd(folder / "tty", speaker)
    end.start()
    scale = SerialScale(SerialLine(str(folder / "tty")), find_profile(profile))
    return ScaleHands(scale, plate, end, step_mg, end.close, tares, lambda: end.say(_frame(speaker) * 20))


def continuous(folder: Path) -> ScaleHands:
    return _scale(folder, "tscale-qhw", QhwMachine, 100, tares=False)


def toledo(folder: Path) -> ScaleHands:
    return _scale(folder, "toledo-8217-kg", ToledoMachine, 1000, tares=True)


def cas(folder: Path) -> ScaleHands:
    return _scale(folder, "cas-pd-ii", CasMachine, 1000, tares=False)


def twin_scale(folder: Path) -> ScaleHands:
    del folder
    twin = TwinScale()
    return ScaleHands(twin, twin.plate, twin, 1, nothing)


SCALES = {"continuous": continuous, "toledo": toledo, "cas": cas, "twin": twin_scale}


class Replay(Mute):
    """A scale that says a capture over and over, a piece at a time: its frames come in parts."""

    def __init__(self, stream: bytes, size: int) -> None:
        self._stream, self._size, self._at = stream, size, 0

    def tick(self) -> bytes:
        piece = self._stream[self._at : self._at + self._size]
        self._at = (self._at + self._size) % len(self._stream)
        return piece
