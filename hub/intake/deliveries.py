"""Receipts of one transaction: noted, compared with what was advised and received before, and told of where odd (I8).

It writes after the rights, whose chores every receipt has touched: a transaction that receives the same goods at the
same site waits there until this one is over, so of two receipts at the same moment the later sees the earlier.

A receipt is booked as ever. Here it costs two statements, one that asks and one that notes, however many there are.
"""

from collections import Counter
from typing import Any, Final

from sqlalchemy import Connection

from contract.facts import Origin, StockReceived
from contract.stock import StockKey
from contract.values import Lane, instant_text
from hub.core.deliveries import Finding, Line, Mark, Place, Receipt, find_odd
from hub.core.inbox import Taken
from hub.store import books, deliveries
from hub.store.books import Trouble
from hub.store.inbox import KioskRow

_SHOWN: Final = 20  # goods in one exception: a person counts the whole delivery then
_DAY: Final = len("2026-03-17")
_DO: Final = "it is booked as it was recorded; count these goods: kiosk stock count"
_WHAT: Final = {
    "delivery_twice": "these goods were received before: once or twice?",
    "delivery_not_advised": "these goods were not advised to this kiosk under this number",
    "delivery_differs": "not as much came as was advised",
}


class DeliveryDesk:
    """Takes receipts inside one transaction."""

    def __init__(self, connection: Connection, now: str) -> None:
        """Begin with nothing received."""
        self._connection = connection
        self._now = now
        self._receipts: list[tuple[KioskRow, Receipt]] = []

    def note(self, kiosk: KioskRow, epoch: int, lane: Lane, taken: Taken) -> None:
        """Note a fact if goods came with it; history that was replayed brings none."""
        data = taken.fact.data
        if isinstance(data, StockReceived) and lane is Lane.TILL and data.origin is not Origin.REPLAY:
            self._receipts.append((kiosk, _receipt(kiosk, Mark(kiosk.address.kiosk, epoch, taken.seq), data)))

    def write(self) -> None:
        """Write what was noted, and call a person where it is odd."""
        if not self._receipts:
            return
        found = [receipt for _, receipt in self._receipts]
        before, advised = deliveries.look(self._connection, (place for one in found for place in one.goods))
        deliveries.add(self._connection, [(kiosk.id, receipt) for kiosk, receipt in self._receipts])
        ids = {str(kiosk.address): kiosk.id for kiosk, _ in self._receipts}
        troubles = [_trouble(one, ids) for one in find_odd(found, before, advised)]
        if troubles:
            books.open_exceptions(self._connection, troubles, self._now)

    def forget(self) -> None:
        """Forget what was written, or undone."""
        self._receipts.clear()


def _receipt(kiosk: KioskRow, mark: Mark, data: StockReceived) -> Receipt:
    at = instant_text(data.received_at)
    goods: Counter[Place] = Counter()
    for line in data.lines:
        what = StockKey(line.sku, line.condition, line.quantity.unit)
        day = "" if data.advice else at[:_DAY]
        goods[Place(kiosk.address.region, kiosk.address.site, data.advice, day, what)] += line.quantity.amount
    return Receipt(mark, at, goods)


def _trouble(found: Finding, ids: dict[str, int]) -> Trouble:
    place, mark = found.place, found.receipt.mark
    who = f"{place.region}/{place.site}/{mark.kiosk}"
    detail = {
        "receipt": str(mark),
        "before": sorted({str(line.before) for line in found.lines if line.before is not None}),
        "advice": place.advice,
        "at": found.receipt.at,
        "goods": [_shown(line) for line in found.lines[:_SHOWN]],
        "more": max(0, len(found.lines) - _SHOWN),
        "what": _WHAT[found.kind],
        "do": _DO,
    }
    return Trouble(found.kind, f"{who} {mark.epoch}@{mark.seq} {place.advice}".rstrip(), ids[who], detail)


def _shown(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"sku": line.what.sku, "amount": line.amount, "unit": line.what.unit}
    if line.advised is not None:
        shown |= {"advised": line.advised.amount, "to": line.advised.kiosk}
    return shown
