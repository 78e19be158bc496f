"""When a PIN may be tried: guessing one at a till must take longer than a working day. Pure.

Rules
-----
1.  A PIN is 4 to 12 digits. What is none is refused and is no try.
2.  After three wrong ones in a row the till waits half a minute; after each further one twice as long, ten minutes at
    most. A right one begins anew.
3.  Tries count for the till and not for a person: who guesses would take the next name.
4.  They are kept over a restart: the till opens in seconds, and would be open to three tries each time. The wait is
    counted by the machine's monotonic clock, which nobody sets; after a boot, which begins it anew, so does the wait.

At ten minutes each, half of the 10,000 PINs of four digits take 35 days.
"""

import re
from typing import Final

from msgspec import Struct

from kiosk.core.errors import Refused
from kiosk.core.words import say, say_many

FREE_TRIES: Final = 3  # somebody mistypes once, looks, and types again
FIRST_WAIT_S: Final = 30  # long enough to be a nuisance for who guesses, short enough for a shopper to stay
LONGEST_WAIT_S: Final = 600  # a manager who did forget is back to work within a coffee
_NS: Final = 10**9
_PIN: Final = re.compile(r"[0-9]{4,12}")


class PinRefused(Refused):
    """The PIN was not even tried. The message says why, and what to do."""


class Tries(Struct, frozen=True):
    """Wrong PINs in a row at one till, and when the last was: nanoseconds of the boot's monotonic clock."""

    wrong: int = 0
    boot: str = ""
    mono_ns: int = 0


def parse_pin(text: str) -> str:
    """Return a PIN; raises PinRefused for what cannot be one (rule 1)."""
    if not _PIN.fullmatch(text.strip()):
        raise PinRefused(say("a PIN has 4 to 12 digits: type it again"))
    return text.strip()


def wait_s(wrong: int) -> int:
    """Return how long to wait after that many wrong ones (rule 2)."""
    if wrong < FREE_TRIES:
        return 0
    doublings = min(wrong - FREE_TRIES, LONGEST_WAIT_S)  # a large number stays a small one
    return min(FIRST_WAIT_S << doublings, LONGEST_WAIT_S)


def decide_try(tries: Tries, *, boot: str, mono_ns: int) -> Tries:
    """Return the tries with one more that is taken for wrong until it was right: a till that dies in it counts it.

    Raises: PinRefused while there is still to wait.
    """
    waited_s = (mono_ns - tries.mono_ns) / _NS
    if (left_s := wait_s(tries.wrong) - waited_s) > 0:
        n = int(-(-left_s // 1))
        raise PinRefused(
            say_many(
                "too many wrong PINs: wait {n} second, then try again",
                "too many wrong PINs: wait {n} seconds, then try again",
                n,
            )
        )
    return Tries(tries.wrong + 1, boot, mono_ns)


def after_boot(tries: Tries, *, boot: str, mono_ns: int) -> Tries:
    """Return the tries that a till finds: those of another boot were just now (rule 4)."""
    return tries if tries.boot == boot and tries.mono_ns <= mono_ns else Tries(tries.wrong, boot, mono_ns)
