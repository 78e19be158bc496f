"""Books of the release before get their tables of rights from the facts that they hold."""

import shutil
from pathlib import Path

import pytest
from alembic import command
from hub_books import books, make_hub, open_hub
from rights_twin import TEA, RightsTwin, faults, mirror, pool
from sqlalchemy import select

from contract.stock import Account
from contract.values import Lane, parse_address
from hub.life import LifeFile
from hub.store import backfill, lives
from hub.store.database import open_store
from hub.store.migrate import _config, migrate
from hub.store.pools import PoolDelta
from hub.store.rights_tables import accounts, chores
from hub.store.rights_tables import lives as lives_table
from hub.store.tables import facts, hub_life, kiosks, lanes

FIXTURE = Path(__file__).parent.parent / "fixtures" / "0002-first-road" / "hub.db"
NOW = "2026-03-07T09:30:00.000000Z"


def write_as_before(connection, twins: list[RightsTwin]) -> None:
    """Put facts into the tables of the release before."""
    addresses = sorted({twin.address for twin in twins})
    for number, at in enumerate(addresses, 1):
        newest = max(twin.epoch for twin in twins if twin.address == at)
        who = {"id": number, "region": at.region, "site": at.site, "kiosk": at.kiosk, "epoch": newest}
        connection.execute(kiosks.insert(), who | {"online": True, "last_seen_at": NOW, "version": ""})
    for twin in twins:
        place = {"kiosk_id": addresses.index(twin.address) + 1, "epoch": twin.epoch, "lane": twin.lane.value}
        connection.execute(lanes.insert(), place | {"position": len(twin.raws), "digest": "", "newest": 0})
        for seq, raw in enumerate(twin.raws, 1):
            row = {"seq": seq, "type": "", "digest": "", "received_at": NOW, "bytes": raw}
            connection.execute(facts.insert(), place | row)
    connection.execute(hub_life.insert(), {"id": 1, "incarnation": 3, "commits": 9})


def test_accounts_lives_and_pools_are_filled_from_the_facts(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "AT_ONCE", 3)  # so that a few facts are several chunks
    first, second, other = RightsTwin(), RightsTwin(epoch=2), RightsTwin(address=parse_address("demo/market/k2"))
    first.receive(10)
    first.sell(amount=4)
    second.sell(amount=3)
    other.receive(5)
    other.sell(amount=2)
    other.take_back(1)
    beside = RightsTwin(lane=Lane.SENSE)
    beside.receive(1)
    store = open_store(database_url)
    with store.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        write_as_before(connection, [first, second, other, beside])
    assert migrate(store)[0] == "0002"
    life = LifeFile(tmp_path / "state" / "incarnation.json")
    hub = make_hub(store, life)
    assert mirror(hub, first) == {TEA: Account(received=11, sold=4)}
    assert mirror(hub, second) == second.accounts
    assert mirror(hub, other) == other.accounts
    assert pool(hub) == PoolDelta(limbo=7, unsettled=3)
    assert faults(hub) == []
    with store.read() as connection:
        columns = (lives_table.c.kiosk_id, lives_table.c.epoch, lives_table.c.closed_at)
        found = connection.execute(select(*columns).order_by(*columns[:2]))
        assert [tuple(row) for row in found] == [(1, 1, NOW), (1, 2, None), (2, 1, None)]
        assert connection.execute(select(chores.c.sku, chores.c.why)).all() == [("tea", "settle")]
        assert lives.may_grant(connection, "demo", "market")
    life.close()
    store.close()


def test_the_first_books_that_were_kept_open_with_their_stock(tmp_path: Path) -> None:
    shutil.copy(FIXTURE, tmp_path / "hub.db")
    with open_hub(f"sqlite:///{tmp_path}/hub.db", tmp_path / "state") as hub:
        with hub.store.read() as connection:
            told = connection.exec_driver_sql(
                "SELECT region, site, sku, condition, unit, received, returned, sold, adjusted, overdraft FROM stock "
                "ORDER BY 1, 2, 3, 4, 5"
            ).all()
            assert connection.execute(select(accounts)).first() is not None
        assert [tuple(row) for row in told] == books(hub.store)["stock"]
        assert faults(hub) == []
