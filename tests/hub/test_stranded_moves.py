"""Rights given to a life of a till that ended before it took them: in limbo, free after a count, and never twice."""

from itertools import permutations
from typing import Any

import pytest
from hub_books import Hub
from sqlalchemy import select
from steward_twins import MARKET, TEA, Shop, Till, present

from contract import stock
from contract.facts import StockLine
from contract.rights import RightsAccepted, RightsMoved
from contract.stock import StockKey
from contract.values import Epoch, KioskId, Quantity, Sku, parse_address
from hub.steward.by_operator import close_kiosk
from hub.store import chores
from hub.store.pools import PoolKey
from hub.store.rights_tables import passages

CAKE = StockKey(Sku("cake"))


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub)


def give(till: Till, to: Till, amount: int, name: str = "m-1") -> None:
    till.accounts[TEA] = stock.move_out(till.account(), amount)
    lines = [StockLine(TEA.sku, Quantity(amount))]
    till.record(RightsMoved(name, KioskId(to.address.kiosk), Epoch(to.epoch), lines, till.hub.clock.now()))


def accept(till: Till, giver: Till, amount: int, name: str = "m-1") -> None:
    till.accounts[TEA] = stock.move_in(till.account(), amount)
    lines = [StockLine(TEA.sku, Quantity(amount))]
    till.record(RightsAccepted(name, KioskId(giver.address.kiosk), Epoch(giver.epoch), lines, till.hub.clock.now()))


def moves(shop: Shop) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(passages.c.out, passages.c.into, passages.c.ended)))


def count(shop: Shop, till: Till, others: list[Till], amount: int) -> None:
    """Count the shelf, so that nothing waits for a till."""
    till.count(amount, *(one.position() for one in others))
    till.flush()
    shop.work()
    shop.work()


def rights(shop: Shop) -> int:
    """Return what anybody may promise, or may come to."""
    pool = shop.pool()
    return pool.free + pool.reserved + pool.limbo + sum(till.account().available for till in shop.tills)


def test_nothing_is_stranded_after_the_count(shop: Shop) -> None:
    giver, dead = shop.till("market/k1"), shop.till("market/k2")
    giver.receive(10)
    dead.record()
    giver.flush()
    dead.flush()
    give(giver, dead, 4)
    giver.flush()
    shop.work()
    assert (moves(shop), shop.pool().limbo) == ([(4, 0, 0)], 0)
    newer = shop.till("market/k2", epoch=2)
    newer.receive(1)
    newer.flush()
    shop.work()
    assert (moves(shop), shop.pool().limbo, shop.pool().free) == ([(4, 4, 4)], 4, 0)
    shop.check()
    count(shop, giver, [newer], 11)
    assert (shop.pool().limbo, shop.pool().free) == (0, 4)
    assert rights(shop) == 11
    shop.check()


@pytest.mark.parametrize("heard_first", ["giver", "newer life"])
def test_whichever_is_heard_last_has_it_looked_at_at_once(shop: Shop, heard_first: str) -> None:
    giver, newer = shop.till("market/k1"), shop.till("market/k2", epoch=2)
    giver.receive(10)
    giver.flush()
    shop.work()
    give(giver, Till(shop.hub, "market/k2"), 4)
    newer.receive(1, CAKE)  # nothing about the goods that moved
    for till in (giver, newer) if heard_first == "giver" else (newer, giver):
        assert shop.pool().limbo == 0
        till.flush()
        shop.work()
    assert (moves(shop), shop.pool().limbo) == ([(4, 4, 4)], 4)


@pytest.mark.parametrize("by_operator", [True, False])
def test_a_till_that_the_hub_never_heard_in_that_life_is_over_too(shop: Shop, *, by_operator: bool) -> None:
    giver, dead = shop.till("market/k1"), shop.till("market/k2", epoch=2)
    giver.receive(10)
    if by_operator:
        dead.receive(1)
        dead.flush()
    give(giver, dead, 4)
    giver.flush()
    shop.work()
    assert moves(shop) == [(4, 0, 0)]
    if by_operator:
        with shop.hub.store.write() as connection:
            close_kiosk(connection, present(shop.hub), parse_address("demo/market/k2"), "stolen", lost=True)
    else:
        newer = shop.till("market/k2", epoch=3)
        newer.receive(1)
        newer.flush()
    shop.work()
    assert moves(shop) == [(4, 4, 4)]
    assert shop.pool().limbo == (5 if by_operator else 4)
    shop.check()


def test_a_move_to_a_life_that_goes_on_stays_on_its_way(shop: Shop) -> None:
    giver, taker = shop.till("market/k1"), shop.till("market/k2", epoch=2)
    giver.receive(10)
    taker.receive(1)
    taker.flush()
    give(giver, taker, 4)
    giver.flush()
    shop.work()
    with shop.hub.store.write() as connection:
        chores.add(connection, [(PoolKey(MARKET.region, MARKET.site, TEA), "move")], present(shop.hub).now)
    shop.work()
    assert (moves(shop), shop.pool().limbo) == ([(4, 0, 0)], 0)
    accept(taker, giver, 4)
    taker.flush()
    assert moves(shop) == [(4, 4, 0)]
    shop.check()


@pytest.mark.parametrize("order", list(permutations(["left", "ended", "counted", "late"])))
def test_what_the_dead_till_took_and_sold_is_told_late_and_changes_no_sum(shop: Shop, order: tuple[str, ...]) -> None:
    giver, dead = shop.till("market/k1"), shop.till("market/k2")
    giver.receive(10)
    giver.flush()
    dead.flush()
    give(giver, dead, 4)
    accept(dead, giver, 4)
    dead.spend(3)
    newer = shop.till("market/k2", epoch=2)
    newer.record()
    newer.receive(1)
    giver_is_heard = False
    for what in order:
        if what == "left":
            giver.flush()
            giver_is_heard = True
        elif what == "late":
            late = dead.message(1)
            shop.hub.take(late)
        elif what == "ended":
            newer.flush()
        else:
            count(shop, giver, [newer], 8)
            giver_is_heard = True
        shop.work()
        shop.check()
    assert giver_is_heard
    shop.settle_down(2)
    shop.work(20)
    shop.check()
    dead.accounts.clear()
    assert moves(shop) == [(4, 4, 0)]
    assert shop.pool().unsettled == shop.pool().deficit == 0
    count(shop, giver, [newer], 8)
    assert shop.pool().limbo == 0
    assert rights(shop) == 8  # as many as lie there: none is stranded, and none is there twice
    shop.check()
