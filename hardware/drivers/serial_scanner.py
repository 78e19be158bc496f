"""A scanner on a serial line, or on USB as a serial line (CDC-ACM), which keeps its codes apart from the keyboard."""

import time
from collections.abc import Callable

from hardware.drivers.lines import SerialWire
from hardware.drivers.source import WireScanner
from hardware.settings import SerialLine


def open_serial_scanner(
    line: SerialLine, *, gap_s: float | None = None, now: Callable[[], float] = time.monotonic
) -> WireScanner:
    """Return the scanner on ``line``; it need not be plugged in yet.

    ``gap_s``: only for scanners that can be set to send no end after a code.
    """
    return WireScanner(lambda: SerialWire.open(line), decoder=lambda: _as_they_are, gap_s=gap_s, now=now)


def _as_they_are(chunk: bytes) -> bytes:
    return chunk
