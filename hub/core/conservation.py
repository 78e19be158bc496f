"""Whether the books of stock add up, sku by sku over a region (I2, I3), and nothing in them is below zero (I1, I4).

Facts that could not be read are in no sum: by them alone a mirror may be below zero, and more be sold than came.
What they explain is ``unread`` and no difference.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

What = Literal["I1", "I2", "I3", "I4", "unread"]


class Sums(NamedTuple):
    """What one sku, condition and unit comes to in a region; balances are of open lives only."""

    sold: int = 0
    wasted: int = 0
    received: int = 0
    returned: int = 0
    adjusted: int = 0  # by counts of both versions
    at_kiosks: int = 0  # available and held
    in_flight: int = 0
    in_transit: int = 0
    free: int = 0
    reserved: int = 0
    limbo: int = 0
    unsettled: int = 0
    deficit: int = 0
    overdrawn: int = 0  # accounts whose available is below zero
    below: int = 0  # pools with a term below zero, and accounts that applied more than was granted


class Finding(NamedTuple):
    """What is wrong with a sku, by how much, in a sentence."""

    what: What
    by: int
    sentence: str


def verify(sums: Sums, *, unread: int = 0, unreadable: int = 0) -> Iterator[Finding]:
    """Yield what is wrong; ``unread`` facts name the sku, of ``unreadable`` ones nobody knows what they name."""
    spent = sums.sold + sums.wasted
    there = sums.at_kiosks + sums.in_flight + sums.in_transit + sums.free + sums.reserved + sums.limbo
    came = sums.received + sums.returned + sums.adjusted
    owed = sums.unsettled + sums.deficit
    if by := spent + there - came - owed:
        yield Finding("I2", by, f"{spent} went, {there} are there, but {came} came and {owed} are owed")
    if sums.below:
        yield Finding("I4", sums.below, f"{sums.below} pools or grants are below zero")
    if unread:
        yield Finding("unread", unread, f"{unread} facts about it are in quarantine")
    excused = bool(unread or unreadable)
    unheard = max(0, -sums.in_transit)  # what arrived, and whose giver's half is still to come
    if (by := sums.sold - came - owed - unheard) > 0 and not excused:
        yield Finding("I3", by, f"{sums.sold} were sold, but {came} came and {owed} are owed")
    if sums.overdrawn and not excused:
        yield Finding("I1", sums.overdrawn, f"{sums.overdrawn} accounts are below zero, and no unread fact explains it")
