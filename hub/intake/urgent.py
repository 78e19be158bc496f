"""Urgent requests, heard beside the sequence: decided as their facts would be, and ahead of them.

They are few, and each is only a hint: what is not heeded here comes again as a fact. So a kiosk that floods us loses
its haste, and nobody else anything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from contract.stock import StockKey
from contract.values import Address
from hub.intake.arrivals import Asking
from hub.intake.refusals import Refusal
from hub.promises.asked import Asked_, answer
from hub.store import chores, wants
from hub.store.inbox import KioskRow
from hub.store.pools import PoolKey

MAX_OF_ONE: Final = 16  # of one kiosk in one transaction: shoppers at its counter, four times over


def heed(
    connection: Connection, asking: Sequence[Asking], senders: Mapping[Address, KioskRow], now: str
) -> list[Refusal]:
    """Heed requests of ``senders``, which are locked, in the order they came; return what was too much."""
    counts: Counter[Address] = Counter()
    refused = []
    for one in asking:
        counts[one.address] += 1
        if counts[one.address] > MAX_OF_ONE:
            refused.append(Refusal(str(one.address), "requests", f"more than {MAX_OF_ONE} requests at once"))
        else:
            _heed(connection, one, senders[one.address], now)
    return refused


def _heed(connection: Connection, one: Asking, kiosk: KioskRow, now: str) -> None:
    epoch, rights = one.request.epoch, one.request.rights
    if one.request.promise is not None:
        answer(connection, [Asked_(kiosk, epoch, 0, one.request.promise)], now)
    elif rights is not None and epoch == kiosk.epoch:  # a life that is over, or was not heard of, is granted nothing
        wants.want(connection, kiosk.id, epoch, rights)
        address = kiosk.address
        keys = (StockKey(line.sku, line.condition, line.quantity.unit) for line in rights.lines)
        chores.add(connection, [(PoolKey(address.region, address.site, key), "want") for key in keys], now)
