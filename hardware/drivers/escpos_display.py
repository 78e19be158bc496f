"""A customer display with the ESC/POS command set, on a line of its own or behind the printer."""

from typing import Final

from hardware.drivers.escpos_link import EscposLink
from hardware.formats import line_display
from hardware.settings import Line

STALL_S: Final = 1.0  # fifty bytes: 50 ms at 9600 baud


class EscposDisplay:
    """The display on ``line``; ``behind_printer`` says that the printer passes on what is for it."""

    def __init__(self, line: Line, *, behind_printer: bool = False) -> None:
        self._link = EscposLink(line)
        self._behind_printer = behind_printer

    def show(self, top: str, bottom: str = "") -> None:
        """Show two rows; see the port. The code page is set each time: the display may have been switched off since."""
        data = line_display.START + line_display.show(line_display.rows_of(top, bottom))
        if self._behind_printer:
            data = line_display.SELECT_DISPLAY + data + line_display.SELECT_PRINTER
        with self._link.use() as wire:
            wire.write(data, STALL_S)
            wire.drain(STALL_S)

    def close(self) -> None:
        """Give the line back."""
        self._link.close()
