"""The way to one ESC/POS device, opened for each use and shared with other programs between the uses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hardware.drivers.lines import Wire, open_wire
from hardware.errors import Busy, Closed
from hardware.formats import escpos
from hardware.ports.printer import PrinterStatus
from hardware.settings import Line, UsbLine

ANSWER_S: Final = 0.5  # a printer answers a real-time question within 0.1 s
BUSY_S: Final = 1.5  # how long another program's short use is waited for
BUSY_POLL_S: Final = 0.05


class EscposLink:
    """A line to a printer or display. Kept open only where opening it would reset the device."""

    def __init__(self, line: Line, *, keep: bool = False) -> None:
        self._line = line
        self._keep = keep or isinstance(line, UsbLine)
        self._wire: Wire | None = None
        self._closed = False

    @contextmanager
    def use(self) -> Iterator[Wire]:
        """Give the open wire; after an error it is closed, so that the next use opens it anew.

        Raises: Unplugged, Busy (longer than BUSY_S), NotAllowed, BadSetting, Closed.
        """
        wire, ended_well = self._open(), False
        try:
            yield wire
            ended_well = True
        finally:
            if not (ended_well and self._keep):
                self._drop()

    def close(self) -> None:
        """Give the line back for good."""
        self._closed = True
        self._drop()

    def _open(self) -> Wire:
        if self._closed:
            raise Closed
        if self._wire is None:
            self._wire = self._wait_for_others()
        return self._wire

    def _wait_for_others(self) -> Wire:
        give_up_at = time.monotonic() + BUSY_S
        while True:
            try:
                return open_wire(self._line)
            except Busy:
                if time.monotonic() > give_up_at:
                    raise
            time.sleep(BUSY_POLL_S)  # noqa: TID251 - polls with a deadline

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire:
            wire.close()


def ask_status(wire: Wire, patience_s: float = ANSWER_S) -> PrinterStatus:
    """Return what the printer says of itself within ``patience_s``; UNKNOWN where it says nothing understandable.

    Raises: Stuck, Unplugged.
    """
    wire.discard_input()
    wire.write(escpos.ASK_STATUS, ANSWER_S)
    answer, give_up_at = b"", time.monotonic() + patience_s
    while len(answer) < escpos.STATUS_BYTES and (left_s := give_up_at - time.monotonic()) > 0:
        answer += wire.read(left_s)
    return escpos.read_status(answer)
