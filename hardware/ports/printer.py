"""A printer takes the bytes of a whole job. It never prints one twice by itself: to repeat is a person's choice."""

from enum import StrEnum
from typing import Final, Protocol

MAX_JOB: Final = 1 << 20  # bytes; a receipt with a logo has 10 kB, a long one 50 kB
STALL_S: Final = 5.0  # a printer that takes nothing for this long is stuck: a full buffer of 4 kB empties in 4 s

SLOWEST_BYTES_S: Final = 2000  # of a picture on a slow printer; letters need fewer bytes a line


class PrinterStatus(StrEnum):
    """What a printer says of itself. OFFLINE: not reached, or out of action; UNKNOWN: reached, but it cannot tell."""

    READY = "ready"
    NO_PAPER = "no paper"
    COVER_OPEN = "cover open"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Printer(Protocol):
    """A printer of receipts, used by one thread at a time."""

    def print_job(self, job: bytes) -> None:
        """Hand over all of ``job`` and return; nothing is sent unless the printer is ready, or cannot tell.

        After an error its ``sent`` tells how many bytes had left: with 0, nothing is printed; with more, a part or all
        may be. It ends within STALL_S of the last byte that was taken, and a second more for each SLOWEST_BYTES_S.

        Raises: NotReady (also when paper ran out at the end), Stuck, Unplugged, Busy, NotAllowed, JobTooLarge, Closed.
        """

    def status(self) -> PrinterStatus:
        """Return what the printer says now, within 2 s; never raises because of the device.

        Raises: Closed after ``close``.
        """

    def close(self) -> None:
        """Give the device back."""
