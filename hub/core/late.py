"""What facts cost that come after their life was closed (I6). Pure; whatever comes of it, I2 holds.

Rules
-----
1.  The balance of a closed life is in limbo, so what the life had spent before it was closed, and is told only now, is
    paid from limbo.
2.  Where a count since has found those goods missing already, its shortage is taken back that far.
3.  What is left was spent without a right: it is unsettled, as an overdraft is, and settled as one.
4.  What came in without our knowing had a count since find it over: that surplus is taken back that far, for it was
    minted already. The rest is in limbo, where the next count finds it.
5.  Overdraft on the late lines themselves changes nothing: the whole of what left is paid here.
"""

from typing import Final

from msgspec import Struct

from contract.stock import Account

_LEFT: Final = ("sold", "wasted", "sent", "moved_out", "released")
_CAME: Final = ("received", "returned", "arrived", "moved_in", "adjusted")


class Means(Struct, frozen=True):
    """What late facts may be paid from: rights in limbo, and what counts since found ``short`` and ``over``."""

    limbo: int = 0
    short: int = 0
    over: int = 0


class Paid(Struct, frozen=True):
    """What it comes to: ``limbo`` changes by that, ``short`` and ``over`` are taken back, ``unsettled`` is added."""

    limbo: int = 0
    short: int = 0
    over: int = 0
    unsettled: int = 0

    @property
    def adjusted(self) -> int:
        """Return what the sum of count adjustments changes by."""
        return self.short - self.over


def need(delta: Account) -> int:
    """Return how many rights late facts spent; below zero: brought."""
    left: int = sum(getattr(delta, term) for term in _LEFT)
    came: int = sum(getattr(delta, term) for term in _CAME)
    return left - came


def pay(spent: int, means: Means) -> Paid:
    """Return what ``spent`` rights, or below zero brought ones, come to."""
    if spent < 0:
        over = min(-spent, means.over)
        return Paid(limbo=-spent - over, over=over)
    limbo = min(spent, means.limbo)
    short = min(spent - limbo, means.short)
    return Paid(-limbo, short, 0, spent - limbo - short)
