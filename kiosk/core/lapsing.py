"""When the time of goods set aside for a shopper is over. Pure.

Rules
-----
1.  Where the end comes from a trusted clock – this kiosk's when it set the goods aside, or the hub's – and the clock is
    trusted now, the end is an instant: time without power counts.
2.  Otherwise only running time counts, by the monotonic clock of each boot. What passes without power is not known,
    and no shopper loses goods by a guess.
3.  Goods that the hub placed while this kiosk's clock was not trusted have no length that anybody could count: they
    wait until the clock is trusted.
4.  Running time is noted every :data:`NOTE_EVERY_S`, as a power cut forgets what was not.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.codec import Stamp

NOTE_EVERY_S: Final = 600.0  # six small writes an hour, and only while goods wait under a clock that is not trusted
_NS: Final = 1e9


class Wait(Struct, frozen=True):
    """How long goods wait: until an instant, or for ``left_s`` of running time from ``boot`` and ``mono_ns`` on."""

    until: datetime
    trusted: bool
    left_s: float | None
    boot: str
    mono_ns: int


def begin(until: datetime, *, placed: bool, stamp: Stamp) -> Wait:
    """Return the wait of goods set aside now; ``placed`` says that the hub named the end."""
    sure = stamp.clock == "trusted"
    left_s = max(0.0, (until - stamp.at).total_seconds()) if sure or not placed else None
    return Wait(until, sure or placed, left_s, stamp.boot, stamp.mono_ns)


def extend(until: datetime, *, stamp: Stamp) -> Wait:
    """Return the wait of goods for which the hub names another end now."""
    return begin(until, placed=True, stamp=stamp)


def is_over(wait: Wait, now: Stamp) -> bool:
    """Return whether the time is over."""
    if _by_instant(wait, now):
        return now.at >= wait.until
    left_s = _left_s(wait, now)
    return left_s is not None and left_s <= 0


def note(wait: Wait, now: Stamp) -> Wait | None:
    """Return the wait as it is to be stored now, None where what is stored will do."""
    if _by_instant(wait, now) or wait.left_s is None:
        return None
    left_s = _left_s(wait, now)
    if left_s is None or (wait.boot == now.boot and wait.left_s - left_s < NOTE_EVERY_S):
        return None
    return replace(wait, left_s=left_s, boot=now.boot, mono_ns=now.mono_ns)


def _by_instant(wait: Wait, now: Stamp) -> bool:
    return wait.trusted and now.clock == "trusted"


def _left_s(wait: Wait, now: Stamp) -> float | None:
    if wait.left_s is None or not wait.boot or wait.boot != now.boot:
        return wait.left_s
    return wait.left_s - max(0, now.mono_ns - wait.mono_ns) / _NS
