"""Many rows at once go into the books as they would one by one."""

from pathlib import Path
from typing import Any

import pytest
from hub_books import Hub, open_hub
from sqlalchemy import String, bindparam, case, event, select, update

from contract.stock import StockKey
from contract.values import Sku
from hub.store.errors import WorldFailed
from hub.store.pools import PoolKey, lock
from hub.store.rights_tables import pools
from hub.store.tables import facts, kiosks, stock
from hub.store.upsert import AT_ONCE, Among, Change, Many, Question, insert, is_among

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


def test_a_change_with_fixed_values_beside_open_ones_tells_how_many_rows_it_was_about(hub: Hub, kiosk_id: int) -> None:
    version = case((kiosks.c.epoch > 5, "100%s"), else_=bindparam("runs", type_=String()))
    change = Change(
        update(kiosks)
        .where(kiosks.c.id == bindparam("of"), kiosks.c.epoch >= bindparam("least"))
        .values(version=version)
    )
    with hub.store.write() as connection:
        assert change.run(connection, {"of": kiosk_id, "least": 0, "runs": ":b"}) == 1
        assert change.run(connection, {"of": kiosk_id, "least": 1, "runs": "never"}) == 0
        assert connection.execute(select(kiosks.c.version)).scalar_one() == ":b"
    with pytest.raises((KeyError, WorldFailed), match="runs"), hub.store.write() as connection:
        change.run(connection, {"of": kiosk_id, "least": 0})  # nothing is left open by mistake


def test_a_change_that_returns_is_a_question(hub: Hub, kiosk_id: int) -> None:
    raise_it = Question(
        update(kiosks).values(epoch=kiosks.c.epoch + bindparam("by")).returning(kiosks.c.id, kiosks.c.epoch)
    )
    with hub.store.write() as connection:
        assert [tuple(row) for row in raise_it.ask(connection, {"by": 2})] == [(kiosk_id, 2)]
        assert [tuple(row) for row in raise_it.ask(connection, {"by": 3})] == [(kiosk_id, 5)]


@pytest.mark.parametrize("count", [0, 1, 2, 5, AT_ONCE, 2 * AT_ONCE + 1])
def test_every_key_of_a_list_is_found_once_and_no_other(hub: Hub, count: int) -> None:
    place = {"region": "demo", "site": "market", "condition": "sellable"}
    rows = [{**place, "sku": f"s-{n:04d}", "unit": "pc" if n % 2 else "g"} for n in range(2 * AT_ONCE + 3)]
    wanted = [(row["unit"], row["sku"]) for row in rows[:count]]
    among = Among(
        [pools.c.unit, pools.c.sku],
        lambda keys: (
            select(pools.c.unit, pools.c.sku)
            .where(is_among([pools.c.unit, pools.c.sku], keys), pools.c.site == bindparam("at"))
            .order_by(pools.c.sku)
            .with_for_update(of=pools)
        ),
    )
    with hub.store.write() as connection:
        Many(lambda one: insert(one, pools)).run(connection, rows)
        found = among.ask(connection, [*reversed(wanted), *wanted, ("ml", "s-0000")], {"at": "market"})
        assert sorted(tuple(row) for row in found) == sorted(wanted)
        assert among.ask(connection, wanted, {"at": "harbour"}) == []


def test_sqlite_seeks_the_keys_of_a_list_in_an_index(tmp_path: Path) -> None:
    seen: list[tuple[str, Any]] = []
    with open_hub(f"sqlite:///{tmp_path}/hub.db", tmp_path / "state") as hub, hub.store.write() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: seen.append((said[2], said[3])))
        lock(connection, [PoolKey("demo", "market", StockKey(Sku(sku))) for sku in ("tea", "coffee")])
        sql, values = next(one for one in seen if one[0].startswith("WITH wanted"))
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any(step.startswith("SEARCH pools USING INDEX") and "sku=?" in step for step in plan), plan
    assert not any(step.startswith("SCAN pools") for step in plan), plan
