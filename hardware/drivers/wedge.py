"""A scanner that types like a keyboard, grabbed: its keys reach the till only, whatever has the focus.

The kernel's two calls are made here directly: python-evdev has no wheels, and a Pi would need a compiler to install it.
The grab is unverified: it needs a real input device.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from typing import Final

from hardware.drivers.lines import FdWire, open_file
from hardware.drivers.source import WireScanner
from hardware.errors import Busy, Unplugged
from hardware.formats.keys import KeyReader
from hardware.settings import KeysLine

EVIOCGRAB: Final = 0x40044590  # linux/input.h: _IOW('E', 0x90, int)


def grab(fd: int) -> None:
    """Take the device's keys for this process alone, until it is closed.

    Raises: OSError; EBUSY if another program has them.
    """
    fcntl.ioctl(fd, EVIOCGRAB, 1)


def open_wedge(
    line: KeysLine,
    *,
    gap_s: float | None = None,
    now: Callable[[], float] = time.monotonic,
    take: Callable[[int], None] = grab,
) -> WireScanner:
    """Return the scanner behind an input device; it need not be plugged in yet. ``take`` is the grab."""
    return WireScanner(lambda: _open(line.path, take), decoder=lambda: KeyReader().feed, gap_s=gap_s, now=now)


def _open(path: str, take: Callable[[int], None]) -> FdWire:
    wire = open_file(path, os.O_RDONLY)
    try:
        take(wire.fileno())
    except OSError as error:
        wire.close()
        kind = Busy if error.errno == errno.EBUSY else Unplugged
        raise kind(f"{path}: {error}") from error
    return wire
