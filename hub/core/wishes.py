"""Which shoppers at counters are waited for: those whose whole wish the site can meet. Pure.

Rules
-----
1.  A wish is served whole or not at all: half of it sells nothing, and lies at that till in vain while others lack it.
2.  It can be met from what is free at the hub and what tills that are heard have, or have coming. One that cannot moves
    nothing and keeps nothing: its till has its share by demand like any other.
3.  What one wish takes is no other's. Those that lack least come first, as in redistribution; of one size, by name.
4.  Each is looked at anew in every round: when goods come, it is waited for again.
"""

from collections.abc import Iterable

from msgspec import Struct


class CounterWish(Struct, frozen=True):
    """What a shopper at ``till`` lacks, beyond what is ``there`` or on its way there."""

    till: str
    there: int
    lacking: int


def decide_met(wishes: Iterable[CounterWish], stock: int) -> frozenset[str]:
    """Return the tills whose shopper can be served whole of ``stock``: all that is free, at tills or on its way."""
    met = set[str]()
    for one in sorted(wishes, key=lambda one: (one.lacking, one.till)):
        if one.there + one.lacking <= stock:
            met.add(one.till)
            stock -= one.there + one.lacking
    return frozenset(met)
