"""Printers, drawers and displays, real drivers and twins, behind one set of hands."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device_ends import nothing

from hardware.drivers.escpos_display import EscposDisplay
from hardware.drivers.escpos_drawer import EscposDrawer
from hardware.drivers.escpos_printer import EscposPrinter
from hardware.formats.escpos import ASK_STATUS
from hardware.ports.display import LineDisplay
from hardware.ports.drawer import Drawer
from hardware.ports.printer import Printer
from hardware.settings import Line, LpLine, NetworkLine, SerialLine
from hardware.twins.display import DisplayMachine, TwinDisplay
from hardware.twins.ends import HOST, End, PtyEnd, TcpEnd
from hardware.twins.printer import PrinterMachine, TwinDrawer, TwinPrinter

QUESTION = len(ASK_STATUS)  # what a driver sends before a job
STALL_S = 0.3


class EndCable:
    """The cable between a driver and a machine."""

    def __init__(self, end: End) -> None:
        self._end = end
        self.unplug, self.plug, self.close = end.unplug, end.plug, end.close

    def take_only(self, size: int) -> None:
        self._end.takes = QUESTION + size

    def slow_down(self, bytes_per_s: int) -> None:
        self._end.bytes_per_s = bytes_per_s


class TwinCable:
    """What stands for the cable of twins."""

    def __init__(self, *twins: TwinPrinter | TwinDrawer | TwinDisplay) -> None:
        self._twins = twins

    def unplug(self) -> None:
        for twin in self._twins:
            twin.plugged = False

    def plug(self) -> None:
        for twin in self._twins:
            twin.plugged = True

    def take_only(self, size: int) -> None:
        for twin in self._twins:
            if isinstance(twin, TwinPrinter):
                twin.takes = size

    def slow_down(self, bytes_per_s: int) -> None:
        for twin in self._twins:
            if isinstance(twin, TwinPrinter):
                twin.bytes_per_s = bytes_per_s

    def close(self) -> None:
        nothing()


@dataclass
class PrinterHands:
    """A printer, its drawer, the machine that is both, and who holds the cable."""

    printer: Printer
    drawer: Drawer
    machine: PrinterMachine
    cable: EndCable | TwinCable


def _printer(end: End, machine: PrinterMachine, line: Callable[[], Line]) -> PrinterHands:
    end.start()
    return PrinterHands(EscposPrinter(line(), stall_s=STALL_S), EscposDrawer(line()), machine, EndCable(end))


def serial_printer(folder: Path) -> PrinterHands:
    machine = PrinterMachine()
    return _printer(PtyEnd(folder / "tty", machine), machine, lambda: SerialLine(str(folder / "tty")))


def lp_printer(folder: Path) -> PrinterHands:
    machine = PrinterMachine()
    return _printer(PtyEnd(folder / "lp0", machine), machine, lambda: LpLine(str(folder / "lp0")))


def network_printer(folder: Path) -> PrinterHands:
    del folder
    machine = PrinterMachine()
    end = TcpEnd(machine)
    return _printer(end, machine, lambda: NetworkLine(HOST, end.port))


def twin_printer(folder: Path) -> PrinterHands:
    del folder
    machine = PrinterMachine()
    printer, drawer = TwinPrinter(machine), TwinDrawer(machine)
    return PrinterHands(printer, drawer, machine, TwinCable(printer, drawer))


PRINTERS = {"serial": serial_printer, "lp": lp_printer, "network": network_printer, "twin": twin_printer}


@dataclass
class DisplayHands:
    """A display, what it shows, and who holds its cable."""

    display: LineDisplay
    shown: DisplayMachine | TwinDisplay
    cable: EndCable | TwinCable


def _display(folder: Path, *, behind_printer: bool) -> DisplayHands:
    machine = DisplayMachine()
    end = PtyEnd(folder / "tty", machine)
    end.start()
    display = EscposDisplay(SerialLine(str(folder / "tty")), behind_printer=behind_printer)
    return DisplayHands(display, machine, EndCable(end))


def serial_display(folder: Path) -> DisplayHands:
    return _display(folder, behind_printer=False)


def display_behind_printer(folder: Path) -> DisplayHands:
    return _display(folder, behind_printer=True)


def twin_display(folder: Path) -> DisplayHands:
    del folder
    twin = TwinDisplay()
    return DisplayHands(twin, twin, TwinCable(twin))


DISPLAYS = {"serial": serial_display, "behind-printer": display_behind_printer, "twin": twin_display}
