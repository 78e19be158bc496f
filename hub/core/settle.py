"""Settlement (I7): which rights pay for goods that left without, and who is hit where there are too few.

Rules
-----
1.  What is owed is the deficit and what is unsettled; the deficit is paid first. Each unit retires one right.
2.  Rights are taken from ``free``, then ``limbo``, then what is reserved, then by recall from the site's tills.
3.  Who is hit first: promises not paid, youngest first; paid promises; orders not paid; paid orders, youngest first.
    A reservation is broken whole, and what it held beyond the need goes back to ``free``.
4.  A till is asked for what it can give: its balance and what is on its way to it, for its own log is in that order.
    It is asked once at a time, and one that gave less than it seems to have is left alone for a while (``rests``).
5.  What is set aside at a till is broken only when no balance is left to recall; the till ends it, and the right comes
    back with the till's own fact (I9). What a kiosk promised of its own accord is never taken.
6.  What neither balances nor broken reservations will bring becomes deficit: explicit, open, and paid first (rule 1).
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Source = Literal["kiosk", "promise", "order"]  # of a kiosk: set aside in a life that has ended


class Booked(Struct, frozen=True):
    """A reservation that the hub made, and how much of the account it holds; ``at`` is RFC 3339, sortable as text.

    ``placed``: at a till, which alone can end it. ``refused``: the till was told already that it is not wanted.
    """

    id: str
    amount: int
    source: Source
    paid: bool
    at: str
    placed: bool = False
    refused: bool = False


class Till(Struct, frozen=True):
    """What one till holds: its ``balance``, what is in flight to it, and what it was ``asked`` to give and has not."""

    name: str
    balance: int
    in_flight: int = 0
    asked: int = 0
    rests: bool = False
    online: bool = True

    @property
    def spare(self) -> int:
        """Return what it could give."""
        return max(0, self.balance) + max(0, self.in_flight)


class Owed(Struct, frozen=True):
    """One account of a site, as far as settlement looks at it."""

    free: int = 0
    limbo: int = 0
    unsettled: int = 0
    deficit: int = 0
    booked: tuple[Booked, ...] = ()
    tills: tuple[Till, ...] = ()


class Ask(Struct, frozen=True):
    """Ask a till to give rights back."""

    till: str
    amount: int


class Settlement(Struct, frozen=True):
    """What to do. The ``from_…`` retire rights; ``broken`` ends reservations of the hub, ``refused`` those at tills."""

    from_free: int = 0
    from_limbo: int = 0
    from_reserved: int = 0
    broken: tuple[str, ...] = ()
    freed: int = 0  # of the broken ones, beyond the need
    recalls: tuple[Ask, ...] = ()
    refused: tuple[str, ...] = ()
    to_deficit: int = 0

    @property
    def retired(self) -> int:
        """Return how many rights are retired."""
        return self.from_free + self.from_limbo + self.from_reserved


def decide_settlement(owed: Owed) -> Settlement:
    """Return how what is owed is paid, as far as it can be now."""
    rest = owed.deficit + owed.unsettled
    from_free = min(owed.free, rest)
    from_limbo = min(owed.limbo, rest - from_free)
    rest -= from_free + from_limbo
    broken = hit_first([one for one in owed.booked if not one.placed], rest)
    held = sum(one.amount for one in broken)
    from_reserved = min(held, rest)
    rest -= from_reserved
    coming = sum(one.amount for one in owed.booked if one.refused)
    recalls, recalled = _recalls(owed.tills, max(0, rest - coming))
    missing = max(0, rest - coming - recalled)
    refused = hit_first([one for one in owed.booked if one.placed and not one.refused], missing)
    missing = max(0, missing - sum(one.amount for one in refused))
    still_deficit = max(0, owed.deficit - from_free - from_limbo - from_reserved)
    return Settlement(
        from_free,
        from_limbo,
        from_reserved,
        tuple(one.id for one in broken),
        held - from_reserved,
        recalls,
        tuple(one.id for one in refused),
        max(0, missing - still_deficit),
    )


def hit_first(booked: Sequence[Booked], need: int) -> list[Booked]:
    """Return as few of the reservations that are hit first as ``need`` takes: rule 3."""
    hit: list[Booked] = []
    for one in by_priority(booked):
        if need <= 0:
            break
        hit.append(one)
        need -= one.amount
    return hit


def by_priority(booked: Sequence[Booked]) -> list[Booked]:
    """Return reservations in the order in which they are hit: rule 3."""
    youngest_first = sorted(sorted(booked, key=lambda one: one.id), key=lambda one: one.at, reverse=True)
    return sorted(youngest_first, key=lambda one: (one.source == "order", one.paid))


def _recalls(tills: Sequence[Till], need: int) -> tuple[tuple[Ask, ...], int]:
    """Return whom to ask for how much, and how much of ``need`` the tills may bring in all, sooner or later."""
    left = need - sum(one.spare for one in tills if one.asked)
    asks = []
    for till in sorted(tills, key=lambda one: (not one.online, -one.spare, one.name)):
        amount = 0 if till.asked else min(till.spare, max(0, left))
        left -= amount
        if amount and not till.rests:
            asks.append(Ask(till.name, amount))
    return tuple(asks), need - max(0, left)
