"""A cash drawer that hangs on an ESC/POS printer."""

from typing import Final

from hardware.drivers.escpos_link import EscposLink, ask_status
from hardware.errors import HardwareError
from hardware.formats import escpos
from hardware.ports.printer import PrinterStatus
from hardware.settings import Line

STALL_S: Final = 1.0  # a few bytes; the shopper waits for the change


class EscposDrawer:
    """The drawer on connector ``pin`` (2 or 5) of the printer on ``line``."""

    def __init__(self, line: Line, pin: escpos.Pin = 2) -> None:
        self._link = EscposLink(line)
        self._pin = pin

    def kick(self) -> None:
        """Open the drawer; see the port.

        A printer that waits for paper does not come to the ordinary command. It is given the real-time one instead, and
        not both: printers that lack the real-time command might print it.
        """
        with self._link.use() as wire:
            waits = _waits(ask_status(wire))
            wire.write(escpos.kick_now(self._pin) if waits else escpos.kick(self._pin), STALL_S)
            try:
                wire.drain(STALL_S)
            except HardwareError as error:
                error.sent = 1
                raise

    def close(self) -> None:
        """Give the line back."""
        self._link.close()


def _waits(status: PrinterStatus) -> bool:
    return status in {PrinterStatus.NO_PAPER, PrinterStatus.COVER_OPEN, PrinterStatus.OFFLINE}
