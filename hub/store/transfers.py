"""Statements of goods between sites that did not arrive as they were sent, and of booking what is missing."""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select, update

from contract.stock import StockKey
from hub.store import pools
from hub.store.accounts import stock_key
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import passages

TRANSIT: Final = "-"  # where what was lost on the way is adjusted: no site may be named so, and no shelf has it


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


def close(connection: Connection, transfer: str, *, limit: int) -> list[Transfer]:
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
    return booked


def _transfer(row: Row[Any]) -> Transfer:
    what = stock_key(row.sku, row.condition, row.unit)
    return Transfer(row.region, row.id, row.giver, row.receiver, what, row.out, row.into, row.at)
