"""A scanner gives finished codes. What is not certainly a whole code is told as a problem and never as a code."""

from typing import Final, Literal, Protocol

from msgspec import Struct

from hardware.errors import HardwareError

MAX_CODE: Final = 256  # characters; GS1 element strings on goods have fewer than 100, links in QR codes under 200

ProblemKind = Literal["unplugged", "garbage", "long", "half"]


class Scan(Struct, frozen=True):
    """A whole code, as the scanner sent it, and the monotonic second at which its end came."""

    code: str
    at_s: float


class ScanProblem(Struct, frozen=True):
    """Something that is no code, with a sentence that says what happened and what to do.

    ``unplugged``: no code can come until ScannerReady; ``cause`` says why. ``garbage``: characters that no code has.
    ``long``: more than MAX_CODE. ``half``: the end of a code, or its beginning, did not come.
    """

    kind: ProblemKind
    message: str
    at_s: float
    cause: type[HardwareError] | None = None


class ScannerReady(Struct, frozen=True):
    """The scanner is there again after it was unplugged."""

    at_s: float


ScannerEvent = Scan | ScanProblem | ScannerReady


class Scanner(Protocol):
    """A source of codes for one thread that waits for them."""

    def wait(self, timeout_s: float) -> ScannerEvent | None:
        """Return the next event, oldest first, or None once ``timeout_s`` has passed without one.

        It never raises because of the device; one that is unplugged is looked for again, once a second.

        Raises: Closed after ``close``.
        """

    def close(self) -> None:
        """Give the device back; a ``wait`` of another thread ends with Closed, within its time-out at the latest."""
