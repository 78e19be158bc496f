"""What people are shown of stock, and whether it adds up: ``hub stock``, ``hub stock verify``."""

import json

import pytest
from click.testing import CliRunner, Result
from hub_books import Hub, LaneTwin, refund, sale
from rights_twin import RightsTwin, faults, grant_from_pool
from sqlalchemy import update

from contract.values import parse_address
from hub.cli import main
from hub.store import lives, pools
from hub.store.inbox import find_kiosk
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import accounts
from hub.store.rights_tables import pools as pools_table
from hub.store.stock import list_stock
from hub.store.tables import quarantine

HARBOUR = parse_address("demo/harbour/h1")


def run(books_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["stock", *arguments], env={"HUB_DATABASE_URL": books_url})


@pytest.fixture
def till(hub: Hub) -> RightsTwin:
    """A till with some of everything at a site whose hub has some too."""
    till = RightsTwin()
    till.receive(20)
    till.release(8)
    till.report()
    hub.take(till.message())
    till.hear_grant(*grant_from_pool(hub, till, 2))
    grant_from_pool(hub, till, 1)
    till.sell(amount=3)
    till.hold("r1", 4)
    till.waste(1)
    till.send("t1", 2)
    hub.take(till.message())
    return till


def close(hub: Hub, twin: RightsTwin) -> None:
    with hub.store.write() as connection:
        kiosk = find_kiosk(connection, twin.address)
        assert kiosk is not None
        lives.close(connection, kiosk, twin.epoch, "lost", "2026-03-07T09:30:00.000000Z")


def test_a_sku_is_shown_with_all_its_terms(hub: Hub, till: RightsTwin, books_url: str) -> None:
    (row,) = json.loads(run(books_url, "--json").stdout)["stock"]
    assert {name: value for name, value in row.items() if value and name not in {"region", "condition", "unit"}} == {
        "site": "market",
        "sku": "tea",
        "received": 20,
        "sold": 3,
        "wasted": 1,
        "sent": 2,
        "available": 4,
        "held": 4,
        "in_flight": 1,
        "free": 5,
    }
    close(hub, till)
    (row,) = json.loads(run(books_url, "--json").stdout)["stock"]
    assert (row["sold"], row["available"], row["held"], row["in_flight"], row["limbo"]) == (3, 0, 0, 0, 9)


def test_pages_hold_what_only_a_kiosk_or_only_the_hub_has(hub: Hub, till: RightsTwin) -> None:
    far = RightsTwin(address=HARBOUR)
    for sku in ("coffee", "milk"):
        far.receive(1, sku)
    hub.take(far.message())
    with hub.store.write() as connection:
        only = PoolKey("demo", "harbour", next(iter(far.accounts))._replace(sku="hope"))
        pools.add(connection, {only: PoolDelta(free=1, adjusted=1)})
    found, after = [], None
    for _ in range(5):
        with hub.store.read() as connection:
            page = list_stock(connection, after=after, limit=1)
        found += [(one.site, one.sku, one.available + one.free) for one in page]
        after = (page[0].region, page[0].site, page[0].sku, page[0].condition, page[0].unit) if page else after
    assert found == [("harbour", "coffee", 1), ("harbour", "hope", 1), ("harbour", "milk", 1), ("market", "tea", 9)]


def test_books_that_add_up_are_said_to(hub: Hub, till: RightsTwin, books_url: str) -> None:
    result = run(books_url, "verify")
    assert (result.exit_code, result.stdout) == (0, "the books of stock add up\n")
    assert json.loads(run(books_url, "verify", "--json").stdout) == {"faults": []}


def test_a_unit_that_is_gone_is_one_line_and_status_1(hub: Hub, till: RightsTwin, books_url: str) -> None:
    with hub.store.write() as connection:
        connection.execute(update(pools_table).values(free=4))
    result = run(books_url, "verify")
    assert result.exit_code == 1
    assert result.stdout == ("demo tea sellable pc: I2 by -1: 4 went, 15 are there, but 20 came and 0 are owed\n")
    assert "1 differences in the books of stock" in result.stderr
    (fault,) = json.loads(run(books_url, "verify", "--json").stdout)["faults"]
    assert (fault["sku"], fault["what"], fault["by"]) == ("tea", "I2", -1)
    assert run(books_url, "verify", "--region", "south").exit_code == 0


def test_more_applied_than_granted_and_a_mirror_below_zero_are_found(hub: Hub, till: RightsTwin) -> None:
    with hub.store.write() as connection:
        connection.execute(update(accounts).values(issued=1, wasted=accounts.c.wasted + 9))
    assert {one[1] for one in faults(hub)} == {"I1", "I2", "I4"}


def test_unread_facts_excuse_what_they_may_explain(hub: Hub, books_url: str) -> None:
    till = LaneTwin()
    till.record(sale("k1-1-1", "tea", 2), refund("k1-1-2", "cake", 1))
    hub.take(till.message())
    assert faults(hub) == [("tea", "I3", 2), ("tea", "I1", 1)]
    late = LaneTwin(address=HARBOUR)
    late.sell("tea", 5)
    hub.take(LaneTwin(address=parse_address("demo/harbour/h2")).raw_message(1, late.raws, newest=1))  # it says of h1
    assert faults(hub) == [("tea", "unread", 1)]
    assert "unread by 1" in (shown := run(books_url, "verify")).stdout
    assert shown.exit_code == 0
    with hub.store.write() as connection:
        connection.execute(update(quarantine).values(resolved_at="now"))
    assert len(faults(hub)) == 2
    hub.take(late.raw_message(1, [b"junk"]))
    assert faults(hub) == []
