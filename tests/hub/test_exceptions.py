"""An open exception says what is so now, and is over when what it told of is."""

import json
from typing import Any

from hub_books import Hub
from sqlalchemy import event, select
from steward_twins import TEA, Shop, Till, present, still

from contract.stock import StockKey
from contract.values import Sku
from hub.steward import by_operator
from hub.store.books import Trouble, open_exceptions
from hub.store.tables import exceptions

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
