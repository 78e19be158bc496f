"""What facts cost that come after their life was closed (I6). Pure; whatever comes of it, I2 holds.

Rules
-----
1.  The balance of a closed life is in limbo, so what the life had spent before it was closed, and is told only now, is
    paid from limbo.
2.  Where a count since has found those goods missing already, its shortage is taken back that far.
3.  What is left was spent without a right: it is unsettled, as an overdraft is, and settled as one.
4.  Goods that came in without our knowing had a count since find them over: that surplus is taken back that far, for
    it was minted already. The rest pays for what left, and is in limbo else, where the next count finds it. What left
    cannot be paid with goods that a count found: they came before it, and went after it perhaps.
5.  Overdraft on the late lines themselves changes nothing: the whole of what left is paid here.
6.  A fact whose number was taken, of a second card, stands in nobody's order: whether a count saw what it did, nobody
    knows. In doubt, goods are missed until the next count, and promised twice never: what it brought was found over by
    any count there was, and no count's shortage is taken back for what it took.
"""

from typing import Final

from msgspec import Struct

from contract.stock import Account

_SPENT: Final = ("sold", "wasted", "sent", "moved_out", "released")
_GIVEN: Final = ("moved_in", "adjusted")  # rights without goods
_BROUGHT: Final = ("received", "returned", "arrived")


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


def spent_by(delta: Account) -> int:
    """Return how many rights late facts spent, less those that they were given."""
    spent: int = sum(getattr(delta, term) for term in _SPENT)
    given: int = sum(getattr(delta, term) for term in _GIVEN)
    return spent - given


def brought_by(delta: Account) -> int:
    """Return how many goods came in with late facts."""
    return sum(getattr(delta, term) for term in _BROUGHT)


def pay(spent: int, means: Means, *, brought: int = 0) -> Paid:
    """Return what ``spent`` rights (below zero: given ones) and goods that were ``brought`` come to."""
    over = min(brought, means.over)
    spent -= brought - over
    if spent < 0:
        return Paid(limbo=-spent, over=over)
    limbo = min(spent, means.limbo)
    short = min(spent - limbo, means.short)
    return Paid(-limbo, short, over, spent - limbo - short)
