"""What programs asked for in vain although tills of the site have it: asked back for a while, and for how much.

Rules
-----
1.  A request stands under its key: repeated, it asks for what it says now, and never for more.
2.  Goods that a request got are asked for no longer: what it had asked for itself ends, however much that was; what it
    got beyond that comes off what others asked for, the oldest first: a shopper who tries again under another key is
    not served twice. Who is robbed of it so asks again.
3.  It is asked for no longer than :data:`WAITED`. No goods are anybody's meanwhile: whoever comes first gets them.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from contract.stock import StockKey

WAITED: Final = timedelta(minutes=1)  # goods lie at the hub for a shopper who may be gone: a few tries, and no longer
TRY_AGAIN_S: Final = 3  # two ways over a link that is up, and the till's answer between them, within a second each


class Demand(Struct, frozen=True):
    """So much of one account, asked for under a key; ``at`` is when, RFC 3339, sortable as text."""

    key: str
    what: StockKey
    amount: int
    at: str


def decide_left(known: Sequence[Demand], key: str, got: Mapping[StockKey, int]) -> list[Demand]:
    """Return what of ``known`` is less than it was, with what is left of it, once ``key`` got goods: rule 2."""
    own = {one.what: one.amount for one in known if one.key == key}
    more = {what: amount - own.get(what, 0) for what, amount in got.items()}
    left = [Demand(one.key, one.what, 0, one.at) for one in known if one.key == key]
    for one in sorted((one for one in known if one.key != key), key=lambda one: (one.at, one.key, one.what)):
        part = min(one.amount, more.get(one.what, 0))
        if part > 0:
            more[one.what] -= part
            left.append(Demand(one.key, one.what, one.amount - part, one.at))
    return left
