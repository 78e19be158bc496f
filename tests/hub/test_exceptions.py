"""An open exception says what is so now, and is over when what it told of is."""

import json
from typing import Any

import pytest
from hub_books import AT, Hub
from sqlalchemy import event, select
from steward_twins import TEA, Shop, Till, present, still

from contract.facts import StockLine
from contract.goods import GoneLine, TransferReceived, TransferSent
from contract.registry import Data
from contract.stock import StockKey
from contract.values import Quantity, SiteId, Sku
from hub.steward import by_operator
from hub.store import transfers
from hub.store.books import Trouble, open_exceptions
from hub.store.rights_tables import pools
from hub.store.tables import exceptions
from hub.store.verify import find_faults

NOW, LATER = "2026-03-07T09:30:00.000000Z", "2026-03-07T10:30:00.000000Z"


def told(hub: Hub, kind: str) -> list[tuple[dict[str, Any], str, bool]]:
    """Return the exceptions of a kind: their detail, since when they are open, and whether they still are."""
    with hub.store.read() as connection:
        rows = connection.execute(select(exceptions).where(exceptions.c.kind == kind).order_by(exceptions.c.id))
        return [(json.loads(row.detail), row.at, row.resolved_at is None) for row in rows]


def open_it(hub: Hub, now: str, *troubles: Trouble) -> list[str]:
    """Open exceptions; return the changing statements that it took."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            said.append(statement.split(maxsplit=1)[0])

    event.listen(hub.store.engine, "before_cursor_execute", note)
    try:
        with hub.store.write() as connection:
            open_exceptions(connection, troubles, now)
    finally:
        event.remove(hub.store.engine, "before_cursor_execute", note)
    return said


def deficit(missing: int, subject: str = "demo/market tea") -> Trouble:
    return Trouble("deficit", subject, None, {"missing": missing})


def test_a_state_says_the_newest_word_since_when_it_was_first_so_and_writes_only_what_differs(hub: Hub) -> None:
    assert open_it(hub, NOW, deficit(2)) == ["INSERT"]
    assert open_it(hub, LATER, deficit(2)) == []
    assert open_it(hub, LATER, deficit(3), deficit(5)) == ["UPDATE"]
    assert told(hub, "deficit") == [({"missing": 5}, NOW, True)]
    assert open_it(hub, LATER, deficit(5), deficit(1, "demo/harbour tea")) == ["INSERT"]
    assert [detail["missing"] for detail, _, _ in told(hub, "deficit")] == [5, 1]


def test_what_happened_once_says_what_was_first(hub: Hub) -> None:
    first, again = (Trouble("fork", "demo/market/k1 1/till", None, {"seq": seq, "booked": 8 - seq}) for seq in (7, 8))
    assert open_it(hub, NOW, first) == ["INSERT"]
    assert open_it(hub, LATER, again) == []
    assert told(hub, "fork") == [({"seq": 7, "booked": 1}, NOW, True)]


def test_a_deficit_that_grows_says_how_much_it_is_now(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    k1.receive(1)
    k1.spend(3)
    k1.flush()
    shop.settle_down(3)
    assert [detail["missing"] for detail, _, _ in told(hub, "deficit")] == [2]
    k1.spend(2)
    k1.flush()
    shop.settle_down(3)
    assert [(detail["missing"], is_open) for detail, _, is_open in told(hub, "deficit")] == [(4, True)]


COFFEE = StockKey(Sku("coffee"))


def stolen(hub: Hub, *keys: StockKey) -> tuple[Shop, Till]:
    """Return a shop that k2 was stolen from with five of each of ``keys``, and the till that is left."""
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.flush()
    for key in keys:
        k2.receive(5, key)
    k2.flush()
    with hub.store.write() as connection:
        by_operator.close_kiosk(connection, present(hub), k2.address, "stolen")
    shop.hub.clock.advance(5)
    return shop, k1


def count(shop: Shop, till: Till, amount: int, key: StockKey) -> None:
    till.count(amount, key=key)
    till.flush()
    shop.work(11)


def test_a_closed_life_is_over_when_the_last_of_its_limbo_is_counted(hub: Hub) -> None:
    shop, k1 = stolen(hub, TEA, COFFEE)
    count(shop, k1, 3, TEA)
    assert (shop.pool(TEA).limbo, shop.pool(COFFEE).limbo) == (0, 5)
    assert [is_open for *_, is_open in told(hub, "life_closed")] == [True]
    count(shop, k1, 5, COFFEE)
    assert [is_open for *_, is_open in told(hub, "life_closed")] == [False]
    shop.check()


def test_a_closed_life_of_which_nothing_is_found_is_over_too(hub: Hub) -> None:
    shop, k1 = stolen(hub, TEA)
    count(shop, k1, 0, TEA)
    assert shop.pool().limbo == 0
    assert [is_open for *_, is_open in told(hub, "life_closed")] == [False]


def test_a_closed_life_stays_told_of_while_its_goods_are_in_limbo(hub: Hub) -> None:
    shop, k1 = stolen(hub, TEA)
    count(shop, k1, 0, COFFEE)
    assert shop.pool().limbo == 5
    assert [is_open for *_, is_open in told(hub, "life_closed")] == [True]


def sent(to: str, **goods: int) -> TransferSent:
    return TransferSent("t1", SiteId(to), [GoneLine(Sku(sku), Quantity(n)) for sku, n in goods.items()], AT)


def arrived(origin: str, **goods: int) -> TransferReceived:
    return TransferReceived("t1", SiteId(origin), [StockLine(Sku(sku), Quantity(n)) for sku, n in goods.items()], AT)


def moved(hub: Hub, *facts: tuple[str, Data]) -> list[tuple[dict[str, Any], bool]]:
    """Have each kiosk, named with its site, say its fact; return what is told of transfers that differ."""
    tills: dict[str, Till] = {}
    for name, data in facts:
        till = tills.setdefault(name, Till(hub, name))
        till.record(data)
        till.flush()
    return [(detail, is_open) for detail, _, is_open in told(hub, "transfer_differs")]


@pytest.mark.parametrize("late", [False, True], ids=["sent first", "arrived first"])
@pytest.mark.parametrize("goods", [{"tea": 3}, {"tea": 2, "coffee": 1}], ids=["too much", "not sent"])
def test_a_transfer_of_which_more_arrived_than_was_sent_is_told_once(
    hub: Hub,
    goods: dict[str, int],
    late: bool,  # noqa: FBT001
) -> None:
    halves = [("market/k1", sent("harbour", tea=2)), ("harbour/k1", arrived("market", **goods))]
    found = moved(hub, *(halves[::-1] if late else halves))
    assert [(one["what"], one["goods"][0]["arrived"]) for one, _ in found] == [
        ("more arrived than was sent", goods.get("coffee") or goods["tea"])
    ]
    with hub.store.write() as connection:
        (booked,) = transfers.close(connection, "t1", LATER, limit=10)
    assert [is_open for *_, is_open in told(hub, "transfer_differs")] == [False]
    with hub.store.read() as connection:
        assert "I2" not in {one.finding.what for one in find_faults(connection)}
        adjusted = select(pools.c.sku, pools.c.adjusted).where(pools.c.site == transfers.TRANSIT)
        assert connection.execute(adjusted).all() == [(booked.what.sku, -booked.missing)]  # more came: it is minted


def test_half_a_transfer_that_is_on_its_way_is_booked_as_missing_and_what_comes_then_as_found(hub: Hub) -> None:
    moved(hub, ("market/k1", sent("harbour", tea=2)))
    for late in ([], [("harbour/k1", arrived("market", tea=2))]):
        moved(hub, *late)
        with hub.store.write() as connection:
            assert [abs(one.missing) for one in transfers.close(connection, "t1", LATER, limit=10)] == [2]
        with hub.store.read() as connection:
            assert "I2" not in {one.finding.what for one in find_faults(connection)}
            adjusted = select(pools.c.adjusted).where(pools.c.site == transfers.TRANSIT)
            assert connection.execute(adjusted).scalars().all() == [0 if late else -2]


def test_a_transfer_whose_halves_name_different_sites_is_told_once(hub: Hub) -> None:
    found = moved(
        hub,
        ("market/k1", sent("harbour", tea=2)),
        ("park/k1", arrived("market", tea=1)),
        ("park/k1", arrived("market", tea=1)),
    )
    assert [one["what"] for one, _ in found] == ["its halves name different sites"]
    assert found[0][0]["sites"] == ["market to harbour", "market to park"]


@pytest.mark.parametrize(
    "facts",
    [
        [("market/k1", sent("harbour", tea=2, coffee=1)), ("harbour/k1", arrived("market", tea=2))],
        [("harbour/k1", arrived("market", tea=2)), ("market/k1", sent("harbour", tea=2))],
        [("harbour/k1", arrived("market", tea=2))],
    ],
    ids=["some is missing", "the receiver is heard first", "the giver is out of touch"],
)
def test_a_transfer_that_may_still_come_right_calls_nobody(hub: Hub, facts: list[tuple[str, Data]]) -> None:
    assert moved(hub, *facts) == []
