"""Statements of counts: what lay on a shelf, at which positions of the site's tills; and how far one was taken back."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from contract.goods import ShelfCounted
from contract.stock import StockKey
from contract.values import instant_text
from hub.store.inbox import KioskRow
from hub.store.pools import PoolKey
from hub.store.rights_tables import counts
from hub.store.upsert import insert


class Reversible(NamedTuple):
    """A closed count, and how much of its difference still stands: over (+) or short (-)."""

    kiosk_id: int
    epoch: int
    seq: int
    left: int


def note(connection: Connection, kiosk: KioskRow, epoch: int, seq: int, count: ShelfCounted) -> list[PoolKey]:
    """Note a count of the shelf with the positions it covers; return what it is about."""
    at = kiosk.address
    cut = [[at.kiosk, epoch, count.covers], *([one.kiosk, one.epoch, one.position] for one in count.others)]
    place = {"kiosk_id": kiosk.id, "epoch": epoch, "seq": seq, "region": at.region, "site": at.site}
    said = {"cut": json.dumps(cut), "at": instant_text(count.counted_at)}
    rows = [
        {
            "sku": line.sku,
            "condition": line.condition,
            "unit": line.counted.unit,
            "counted": line.counted.amount,
            **place,
            **said,
        }
        for line in count.lines
    ]
    connection.execute(insert(connection, counts).on_conflict_do_nothing(), rows)
    return [PoolKey(at.region, at.site, StockKey(line.sku, line.condition, line.counted.unit)) for line in count.lines]


def reversible(connection: Connection, key: PoolKey, since: str) -> list[Reversible]:
    """Return the counts of ``key`` closed at ``since`` or later whose difference still stands, the oldest first.

    Call it, and take them back, with the pool locked: who closes a count has it locked too.
    """
    columns = counts.c
    found = select(columns.kiosk_id, columns.epoch, columns.seq, columns.difference, columns.reversed).where(
        columns.region == key.region,
        columns.site == key.site,
        columns.sku == key.what.sku,
        columns.condition == key.what.condition,
        columns.unit == key.what.unit,
        columns.closed_at >= since,
        func.abs(columns.difference) > columns.reversed,
    )
    order = (columns.closed_at, columns.kiosk_id, columns.epoch, columns.seq)
    return [
        Reversible(kiosk_id, epoch, seq, difference - done if difference > 0 else difference + done)
        for kiosk_id, epoch, seq, difference, done in connection.execute(found.order_by(*order))
    ]


def take_back(connection: Connection, key: PoolKey, among: Sequence[Reversible], amount: int) -> None:
    """Take ``amount`` of the differences of ``among`` back; they have so much between them."""
    columns = counts.c
    for one in among:
        part = min(amount, abs(one.left))
        amount -= part
        mine = (columns.kiosk_id == one.kiosk_id, columns.epoch == one.epoch, columns.seq == one.seq)
        what = (columns.sku == key.what.sku, columns.condition == key.what.condition, columns.unit == key.what.unit)
        if part:
            connection.execute(update(counts).where(*mine, *what).values(reversed=columns.reversed + part))
