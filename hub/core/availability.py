"""What is said of stock, and how long an answer about it may be kept.

Rules
-----
1.  Available at a site is what the hub holds free there and what each open life there may still promise, as last told.
    Goods on their way to a kiosk are not counted until it has them: rather too few than too many.
2.  It is as old as the oldest word of the kiosks that hold some of the site's stock. Too old: "ask".
3.  An answer is **hot** where the next sales will make it wrong, **warm** where that takes a while, **cold** otherwise:
    by the time until the text changes, at the rate at which it sells. What nobody buys is warm below the threshold,
    for there each sale shows. An answer that says "ask" is warm: it changes when the site is heard again.
4.  An answer about many goods is kept as long as the hottest of them allows. Decisions are never kept.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from contract.availability import ASK, ASK_AFTER_S, EXACT_BELOW, cap_of, shown
from contract.values import Unit

_HOUR_S: Final = 3600.0


class Heat(StrEnum):
    """How soon an answer is wrong, soonest first."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Keeping(Struct, frozen=True):
    """For how long a cache may keep an answer, and for how long serve it while it fetches the next."""

    max_age_s: int
    stale_s: int


KEEPING: Final = {
    Heat.HOT: Keeping(2, 5),  # a shopper's walk to the shelf takes longer
    Heat.WARM: Keeping(15, 60),
    Heat.COLD: Keeping(60, 300),
}
_ORDER: Final = list(Heat)


class Rules(Struct, frozen=True):
    """The thresholds; each default carries its reason where it is named."""

    exact_below: int = EXACT_BELOW
    ask_after_s: float = ASK_AFTER_S
    hot_within_s: float = 300.0  # expected to change within five minutes: a cache of a minute is wrong too often
    warm_within_s: float = 3600.0


def text_of(amount: int, unit: Unit, age_s: float | None, rules: Rules) -> str:
    """Return what is said of ``amount``; ``age_s`` is None where no kiosk was heard."""
    return shown(amount, unit, age_s, cap=cap_of(unit, rules.exact_below), ask_after_s=rules.ask_after_s)


def heat_of(amount: int, unit: Unit, rate: float, text: str, rules: Rules) -> Heat:
    """Return how soon ``text`` is wrong; ``rate`` is in units an hour."""
    if text == ASK:
        return Heat.WARM
    over = max(0, amount - cap_of(unit, rules.exact_below))
    until_s = (over + 1) / rate * _HOUR_S if rate > 0 else float("inf")
    if until_s <= rules.hot_within_s:
        return Heat.HOT
    return Heat.WARM if over == 0 or until_s <= rules.warm_within_s else Heat.COLD


def hottest(heats: set[Heat]) -> Heat:
    """Return the hottest; warm where there is nothing, for a sku may become known any moment."""
    return min(heats, key=_ORDER.index, default=Heat.WARM)
