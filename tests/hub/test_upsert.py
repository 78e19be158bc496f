"""Many rows at once go into the books as they would one by one."""

import pytest
from hub_books import Hub
from sqlalchemy import select

from hub.store.tables import facts, kiosks, stock
from hub.store.upsert import Many, insert

ROWS = [
    {"lane": "till", "type": "sale.recorded.v1", "digest": "a" * 64, "bytes": b'{"name":"Caf\xc3\xa9 100%"}'},
    {"lane": "sense", "type": "it's %s ? :name", "digest": "b" * 64, "bytes": b"\x00\xff\x00"},
    {"lane": "count", "type": "", "digest": "c" * 64, "bytes": b""},
]


@pytest.fixture
def kiosk_id(hub: Hub) -> int:
    with hub.store.write() as connection:
        row = {"region": "demo", "site": "market", "kiosk": "k1", "epoch": 0, "online": True}
        connection.execute(kiosks.insert(), [row | {"last_seen_at": "", "version": ""}])
        number: int = connection.execute(select(kiosks.c.id)).scalar_one()
        return number


def test_whatever_is_bound_comes_back(hub: Hub, kiosk_id: int) -> None:
    many = Many(lambda _: facts.insert())
    rows = [
        {"kiosk_id": kiosk_id, "epoch": 10**9, "seq": 2**53 - 1 - number, "received_at": "now", **row}
        for number, row in enumerate(ROWS)
    ]
    for part in (rows[:1], rows[1:], []):  # compiled once, whatever order the columns come in
        with hub.store.write() as connection:
            assert many.run(connection, [dict(reversed(row.items())) for row in part]) == len(part)
    with hub.store.read() as connection:
        found = connection.execute(select(facts).order_by(facts.c.seq.desc())).mappings()
        assert [{name: row[name] for name in rows[0]} for row in found] == rows


def test_only_rows_that_were_written_are_counted(hub: Hub) -> None:
    many = Many(lambda connection: insert(connection, stock).on_conflict_do_nothing())
    place = {"region": "demo", "site": "market", "condition": "sellable", "unit": "pc"}
    sums = dict.fromkeys(("received", "returned", "sold", "adjusted", "overdraft"), 0)
    with hub.store.write() as connection:
        rows = [{**place, **sums, "sku": sku} for sku in ("tea", "tea", "coffee")]
        assert many.run(connection, rows) == 2
        assert many.run(connection, rows) == 0
