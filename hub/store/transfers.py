"""Statements of goods between sites that did not arrive as they were sent, and of booking what is missing."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select, tuple_, update

from contract.stock import StockKey
from hub.core.reconcile import Passage
from hub.store import pools, troubles
from hub.store.accounts import stock_key
from hub.store.books import Trouble
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import passages

TRANSIT: Final = "-"  # where what was lost on the way is adjusted: no site may be named so, and no shelf has it
AT_ONCE: Final = 500  # transfers in one statement; databases take some tens of thousands of values
_KIND: Final = "transfer_differs"
UNSENT: Final = "transfer_unsent"  # it arrived, and nobody says to have sent it (hub.store.unsent)
_SHOWN: Final = 20  # goods in one exception: hub transfer list shows all
Half = tuple[str, Passage, int]  # with its region, and the kiosk that told of it


class Transfer(NamedTuple):
    """One account of one transfer."""

    region: str
    id: str
    giver: str
    receiver: str
    what: StockKey
    out: int
    into: int
    at: str

    @property
    def missing(self) -> int:
        """Return how much was sent and did not arrive; below zero: arrived and was not sent."""
        return self.out - self.into


def list_open(connection: Connection, *, transfer: str | None = None, limit: int) -> list[Transfer]:
    """Return what is on its way or differs, the oldest first."""
    named = [] if transfer is None else [passages.c.id == transfer]
    statement = (
        select(passages)
        .where(passages.c.kind == "transfer", passages.c.out != passages.c.into, *named)
        .order_by(passages.c.at, passages.c.id, passages.c.sku)
        .limit(limit)
    )
    return [_transfer(row) for row in connection.execute(statement)]


def find_odd(connection: Connection, halves: Sequence[Half]) -> list[Trouble]:
    """Return an exception for each transfer that says of itself what cannot be; call it once ``halves`` are added.

    More of it arrived than was sent, or one half names other sites than the other. A half that comes before the other
    is not odd: what arrived may have been sent by a till that is out of touch.
    """
    ours = {(region, half.id): (kiosk_id, half) for region, half, kiosk_id in halves if half.kind == "transfer"}
    ends: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for region, half, _ in halves:
        if half.kind == "transfer":
            ends.setdefault((region, half.id), set()).add(half.ends)
    found = []
    for name, rows in _rows_of(connection, sorted(ours)).items():
        named = ends[name] | {(row.giver, row.receiver) for row in rows}
        more = [row for row in rows if row.into > row.out and any(one.out for one in rows)]
        if more or len(named) > 1:
            found.append(_differs(name, ours[name][0], sorted(named), more))
    return found


def _rows_of(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Transfer]]:
    found: dict[tuple[str, str], list[Transfer]] = {}
    key = tuple_(passages.c.region, passages.c.id)
    for start in range(0, len(names), AT_ONCE):
        where = (passages.c.kind == "transfer", key.in_(names[start : start + AT_ONCE]))
        for row in connection.execute(select(passages).where(*where).order_by(*passages.primary_key)):
            found.setdefault((row.region, row.id), []).append(_transfer(row))
    return found


def _differs(
    name: tuple[str, str], kiosk_id: int, named: Sequence[tuple[str, str]], more: Sequence[Transfer]
) -> Trouble:
    detail = {
        "sites": [f"{giver} to {receiver}" for giver, receiver in named],
        "goods": [{"sku": one.what.sku, "sent": one.out, "arrived": one.into} for one in more[:_SHOWN]],
        "what": "its halves name different sites" if len(named) > 1 else "more arrived than was sent",
    }
    return Trouble(_KIND, " ".join(name), kiosk_id, detail)


def close(connection: Connection, transfer: str, now: str, *, limit: int) -> list[Transfer]:
    """Book what is missing of a transfer as an adjustment that is on no shelf; return what was booked.

    What turns up later is again more than was sent, and is booked the other way when it is closed again.
    """
    booked = []
    for one in list_open(connection, transfer=transfer, limit=limit):
        where = (
            passages.c.region == one.region,
            passages.c.kind == "transfer",
            passages.c.id == one.id,
            passages.c.sku == one.what.sku,
            passages.c.condition == one.what.condition,
            passages.c.unit == one.what.unit,
            passages.c.into == one.into,
            passages.c.out == one.out,
        )
        if connection.execute(update(passages).where(*where).values(into=passages.c.out)).rowcount:
            key = PoolKey(one.region, TRANSIT, one.what)
            pools.add(connection, {key: PoolDelta(adjusted=-one.missing)})
            booked.append(one)
            for kind in (_KIND, UNSENT):
                troubles.resolve(connection, kind, f"{one.region} {one.id}", now)
    return booked


def _transfer(row: Row[Any]) -> Transfer:
    what = stock_key(row.sku, row.condition, row.unit)
    return Transfer(row.region, row.id, row.giver, row.receiver, what, row.out, row.into, row.at)
