"""From the addresses in the settings to drivers. None of them needs its device to be plugged in yet."""

from hardware.drivers.escpos_display import EscposDisplay
from hardware.drivers.escpos_drawer import EscposDrawer
from hardware.drivers.escpos_printer import EscposPrinter
from hardware.drivers.serial_scale import SerialScale
from hardware.drivers.serial_scanner import open_serial_scanner
from hardware.drivers.wedge import open_wedge
from hardware.errors import BadSetting
from hardware.formats.escpos import Pin
from hardware.formats.scale_profile import Profile, Unit
from hardware.ports.display import LineDisplay
from hardware.ports.drawer import Drawer
from hardware.ports.printer import Printer
from hardware.ports.scale import Scale
from hardware.ports.scanner import Scanner
from hardware.settings import KeysLine, Line, SerialLine, parse_line


def scanner_at(address: str, *, gap_s: float | None = None) -> Scanner:
    """Return the scanner at a ``serial:`` or ``keys:`` address.

    Raises: BadSetting.
    """
    match line := parse_line(address):
        case SerialLine():
            return open_serial_scanner(line, gap_s=gap_s)
        case KeysLine():
            return open_wedge(line, gap_s=gap_s)
        case _:
            raise BadSetting(f"{address!r} is no address of a scanner: serial:// and keys:// are")


def scale_at(address: str, profile: Profile, unit: Unit | None = None) -> Scale:
    """Return the scale at a ``serial:`` address, at its profile's speed where the address says none.

    Raises: BadSetting.
    """
    line = parse_line(address, profile.usual_line)
    if not isinstance(line, SerialLine):
        raise BadSetting(f"{address!r} is no address of a scale: serial:// is")
    return SerialScale(line, profile, unit)


def printer_at(address: str) -> Printer:
    """Return the printer at any address but ``keys:``.

    Raises: BadSetting.
    """
    return EscposPrinter(_for_bytes(address))


def drawer_at(address: str, pin: Pin = 2) -> Drawer:
    """Return the drawer on the printer at ``address``.

    Raises: BadSetting.
    """
    if pin not in {2, 5}:
        raise BadSetting(f"drawers hang on pin 2 or 5, not {pin}")
    return EscposDrawer(_for_bytes(address), pin)


def display_at(address: str, *, behind_printer: bool = False) -> LineDisplay:
    """Return the customer display at ``address``, or behind the printer at it.

    Raises: BadSetting.
    """
    return EscposDisplay(_for_bytes(address), behind_printer=behind_printer)


def _for_bytes(address: str) -> Line:
    line = parse_line(address)
    if isinstance(line, KeysLine):
        raise BadSetting(f"{address!r} is an address of a scanner")
    return line
