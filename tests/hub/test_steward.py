"""The steward: what is owed is settled, what is wanted is granted, and a right is never in two places."""

from typing import Any

import pytest
from hub_books import Hub, LaneTwin, status
from msgspec import structs
from sqlalchemy import Table, select
from steward_twins import MARKET, Shop, Till, present, still

from contract.codec import decode_down
from contract.down_rights import ReservationPlaced, ReservationRefused, RightsGranted
from contract.rights import Urgency
from contract.stock import StockKey
from contract.streams import own_log
from contract.values import Epoch, Sku
from hub.core.redistribute import Grant, Plan, Pool, Recall, plan_ours
from hub.steward.by_operator import close_kiosk
from hub.steward.steward import MAX_KEYS
from hub.store import chores as chore_rows
from hub.store import down
from hub.store.life import read_life, write_life
from hub.store.pools import PoolKey
from hub.store.rights_tables import chores, recalls, reservations, wants
from hub.store.tables import exceptions

CAKE = StockKey(Sku("cake"))


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, plan_ours)


def rows(shop: Shop, table: Table) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(table)))


def state_of(shop: Shop, name: str) -> str:
    return next(str(row.state) for row in rows(shop, reservations) if row.id == name)


def troubles(shop: Shop) -> dict[str, bool]:
    """Return the kinds of exceptions, and whether one of the kind is open."""
    found: dict[str, bool] = {}
    for row in rows(shop, exceptions):
        found[row.kind] = found.get(row.kind, False) or row.resolved_at is None
    return found


def test_what_a_till_asks_for_comes_from_the_till_that_has_it(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k2.want(3)
    shop.settle_down()
    assert k2.account().available >= 3
    assert k1.account().available + k2.account().available + shop.pool().free == 10
    assert all(row.amount == 0 for row in rows(shop, wants))
    assert all(row.answered_at for row in rows(shop, recalls))
    shop.check()


def test_a_grant_is_in_flight_until_its_till_says_that_it_saw_it(shop: Shop) -> None:
    k1 = shop.till()
    shop.give(free=5)
    k1.want(2)
    k1.flush()
    shop.work()
    (mirror,) = shop.mirrors().values()
    assert (mirror.issued, mirror.account.granted) == (mirror.in_flight, 0)
    assert mirror.issued >= 2
    shop.check()
    k1.hear()
    k1.spend()
    k1.flush()
    (mirror,) = shop.mirrors().values()
    assert mirror.in_flight == 0
    assert mirror.account == k1.account()
    shop.check()


def test_one_till_has_one_open_recall_of_an_account(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k2.want(3)
    k1.flush()
    k2.flush()
    for _ in range(5):
        shop.work(20)
        k1.flush()
        k2.want(4)
        k2.flush()
    assert len(rows(shop, recalls)) == 1


@pytest.mark.parametrize(("free", "limbo"), [(3, 0), (0, 3), (2, 1)])
def test_an_overdraft_is_settled_from_what_the_hub_has_and_the_till_is_told(hub: Hub, free: int, limbo: int) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    shop.give(free=free, limbo=limbo)
    assert k1.spend(3) == 3
    k1.flush()
    assert shop.pool().unsettled == 3
    shop.work()
    assert shop.pool()[:5] == (0, 0, 0, 0, 0)
    shop.check()
    k1.hear()
    assert k1.account().settled == 3


def test_an_overdraft_is_recalled_from_the_other_till_and_settled_when_it_gave(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(5)
    k2.spend(2)
    shop.settle_down(3)
    assert k1.account().available == 3
    assert k2.account().settled == 2
    assert shop.pool()[:5] == (0, 0, 0, 0, 0)
    shop.check()


def test_a_till_that_answered_before_the_clock_was_put_back_is_asked_again(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(9)
    k2.spend(2)
    shop.settle_down(3)
    assert k2.account().settled == 2
    hub.clock.advance(-3 * 3600)
    k2.spend(4)
    shop.settle_down(4)
    assert k2.account().settled == 6
    assert shop.pool()[:5] == (0, 0, 0, 0, 0)
    shop.check()


def test_an_overdraft_of_a_site_with_nothing_left_is_a_deficit_until_goods_come(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    k1.receive(1)
    k1.spend(3)
    shop.settle_down(2)
    assert shop.pool().deficit == 2
    assert troubles(shop)["deficit"]
    shop.check()
    k1.receive(10)
    shop.settle_down(4)
    assert shop.pool().deficit == 0
    assert not troubles(shop)["deficit"]
    assert k1.account().available == 8 + 2 - 2  # it sold two that it had no right to; those two rights are retired
    shop.check()


def test_a_till_that_is_away_is_waited_for_and_no_promise_is_broken(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(5)
    k1.flush()
    k1.leave()
    k2.spend(2)
    for _ in range(3):
        k2.flush()
        shop.work(11)
    assert (shop.pool().unsettled, shop.pool().deficit) == (2, 0)
    assert len(rows(shop, recalls)) == 1
    shop.settle_down(3)
    assert shop.pool().unsettled == 0


def test_a_reservation_is_placed_with_the_till_that_has_most_and_set_aside(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.receive(9)
    shop.give(free=4)
    k1.flush()
    k2.flush()
    assert shop.reserve("r1", 4)
    assert shop.pool()[:2] == (0, 4)
    shop.work()
    assert state_of(shop, "r1") == "placed"
    assert shop.pool()[:2] == (0, 0)
    shop.check()
    (placed,) = [one for one in k2.hear() if isinstance(one, ReservationPlaced)]
    assert placed.totals[0].total == 4
    k2.flush()
    assert state_of(shop, "r1") == "held"
    assert (k2.account().held, k2.account().available) == (4, 9)
    assert k1.hear() == []
    shop.check()


def test_a_hold_that_nobody_confirms_is_never_placed_and_ends_by_time(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    k1.flush()
    shop.give(free=4)
    assert shop.reserve("r1", 3, confirmed=False)
    shop.work(60)
    assert (state_of(shop, "r1"), shop.pool().reserved) == ("reserved", 3)
    shop.work(3600)
    assert (state_of(shop, "r1"), shop.pool()[:2]) == ("lapsed", (4, 0))
    shop.check()


def test_a_reservation_waits_for_a_till_that_is_there(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    k1.receive(1)
    k1.flush()
    k1.leave()
    shop.give(free=1)
    shop.reserve("r1", 1)
    shop.work(60)
    assert state_of(shop, "r1") == "reserved"
    k1.flush()
    shop.work(11)
    assert state_of(shop, "r1") == "placed"


def test_an_overdraft_hits_the_promise_that_is_hit_first_and_says_so(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    shop.give(free=5)
    shop.give(free=2, key=CAKE)
    shop.reserve("order", 2, confirmed=False)
    hub.clock.advance(1)
    shop.reserve("promise", 3, source="promise", confirmed=False)
    k1.spend(2)
    k1.flush()
    shop.work()
    assert (state_of(shop, "promise"), state_of(shop, "order")) == ("broken", "reserved")
    assert shop.pool()[:5] == (1, 2, 0, 0, 0)
    assert troubles(shop) == {"reservation_broken": True}
    shop.check()


def test_what_a_till_has_set_aside_is_given_up_when_nothing_else_is_left(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    shop.give(free=3)
    k1.flush()
    shop.reserve("r1", 3)
    shop.work()
    k1.hear()
    k1.flush()
    assert state_of(shop, "r1") == "held"
    k2.spend(2)
    k2.flush()
    shop.work()
    assert [type(one) for one in k1.hear()] == [ReservationRefused]
    assert state_of(shop, "r1") == "broken"
    shop.settle_down(4)
    assert state_of(shop, "r1") == "cancelled"
    assert shop.pool()[2:5] == (0, 0, 0)
    assert k1.account().held == 0
    assert k1.account().available + shop.pool().free == 1
    shop.check()


def test_only_what_is_free_is_granted_whatever_the_policy_says(hub: Hub) -> None:
    def wild(pool: Pool) -> Plan:
        names = [one.name for one in pool.holders]
        return Plan(tuple(Grant(name, 100) for name in names), tuple(Recall(name, 100) for name in names))

    shop = Shop(hub, wild)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    shop.give(free=7)
    k1.want(1, why=Urgency.LOW)
    k2.want(1)
    for _ in range(4):
        k1.flush()
        k2.flush()
        shop.work(30)
        shop.check()
        k1.hear()
        k2.hear()
        assert k1.account().available + k2.account().available <= 7
    assert min(shop.pool()[:5]) >= 0


def test_a_chore_that_fails_is_kept_told_once_and_stops_nobody(hub: Hub) -> None:
    def trips(pool: Pool) -> Plan:
        if pool.free == 13:
            raise ValueError("thirteen")
        return plan_ours(pool)

    shop = Shop(hub, trips)
    k1 = shop.till()
    shop.give(free=13, key=CAKE)
    shop.give(free=5)
    k1.want(1, CAKE)
    k1.want(2)
    k1.flush()
    shop.work()
    k1.hear()
    assert k1.account().available >= 2
    assert k1.account(CAKE).available == 0
    assert [row.sku for row in rows(shop, chores) if row.why == "want"] == ["cake"]
    found = [row for row in rows(shop, exceptions) if row.kind == "chore_failed"]
    assert "thirteen" in found[0].detail
    shop.work(600)
    assert len([row for row in rows(shop, exceptions) if row.kind == "chore_failed"]) == 1


def test_rates_follow_what_sells(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    k1.receive(100)
    k1.flush()
    shop.work()
    for _ in range(30):
        k1.spend()
        k1.flush()
        shop.work(60)
    (mirror,) = shop.mirrors().values()
    assert 10 < mirror.rate < 60
    for _ in range(3):
        k1.spend()
        k1.flush()
        shop.work(3600)
    (later,) = shop.mirrors().values()
    assert later.rate < mirror.rate


def test_a_life_that_is_told_of_and_not_heard_is_granted_nothing(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    shop.give(free=3)
    k1.receive(1)
    k1.flush()
    hub.take(status(k1.address, newest={"till@2": 0}))
    shop.reserve("r1", 3)
    shop.work(60)
    assert state_of(shop, "r1") in {"reserved", "placed"}
    k1.hear()
    assert k1.account().held == 0
    shop.check()


def test_what_is_told_is_counted_and_kept_outside_the_database(hub: Hub) -> None:
    shop = Shop(hub, plan_ours)
    k1 = shop.till()
    shop.give(free=3)
    k1.want(1)
    k1.flush()
    before = hub.life.life
    assert before is not None
    shop.work()
    assert shop.steward.take_told() == {k1.address}
    assert shop.steward.take_told() == set()
    assert hub.life.life is not None
    assert hub.life.life > before
    assert {type(one) for one in k1.hear()} == {RightsGranted}
    assert k1.account().granted >= 1


def test_what_was_put_off_is_due_at_once_when_it_has_a_reason_and_never_later_for_it(hub: Hub) -> None:
    key, now, later = PoolKey("demo", "market", CAKE), "2026-03-07T10:00:00.000000Z", "2026-03-07T11:00:00.000000Z"
    with hub.store.write() as connection:
        chore_rows.add(connection, [(key, "want")], now)
        chore_rows.add(connection, [(key, "want")], later)
        assert chore_rows.due(connection, MARKET, now, limit=9) == [key]
        chore_rows.put_off(connection, [key], later)
        assert chore_rows.due(connection, MARKET, now, limit=9) == []
        chore_rows.add(connection, [(key, "want")], now)
        assert chore_rows.sites(connection, now, limit=9) == [MARKET]
        chore_rows.done(connection, [key], now)
        assert chore_rows.sites(connection, later, limit=9) == []


def test_a_chore_noted_before_the_clock_was_put_back_is_due_all_the_same(hub: Hub) -> None:
    key, noted = PoolKey(*MARKET, StockKey(Sku("tea"))), "2026-03-07T12:00:00.000000Z"
    an_hour_before, long_before = "2026-03-07T11:00:00.000000Z", "2026-03-07T10:59:59.000000Z"
    with hub.store.write() as connection:
        chore_rows.add(connection, [(key, "settle")], noted)
        assert chore_rows.sites(connection, an_hour_before, limit=9) == []
        chore_rows.done(connection, [key], an_hour_before)
        assert chore_rows.sites(connection, long_before, limit=9) == [MARKET]
        assert chore_rows.due(connection, MARKET, long_before, limit=9) == [key]
        chore_rows.done(connection, [key], long_before)
        assert chore_rows.sites(connection, noted, limit=9) == []


def test_goods_that_came_are_shared_before_anybody_asks(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.flush()
    k1.receive(10)
    shop.settle_down(4)
    assert (k1.account().available, k2.account().available) == (5, 5)
    shop.check()


def test_what_shoppers_ask_the_hub_for_stays_at_the_hub(shop: Shop) -> None:
    k1 = shop.till()
    shop.give(free=4)
    assert shop.reserve("r1", 4)
    k1.receive(20)
    shop.settle_down(4)
    assert k1.account().held == 4
    assert shop.pool().free >= 15  # the till sold none, the hub's shoppers asked for four
    shop.check()


def test_a_shop_that_only_sells_is_told_so_once_and_what_comes_one_day_pays(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till()
    assert k1.spend(3) == 3
    assert k1.spend(1, CAKE) == 1
    k1.flush()
    shop.work(60)
    assert (shop.pool().unsettled, shop.pool().deficit) == (0, 3)
    assert [(row.kind, row.subject) for row in rows(shop, exceptions)] == [("goods_unbooked", "demo/market")]
    assert shop.work(3600) == 0, "nothing is left to do for goods that are not kept"
    k1.receive(5)
    shop.settle_down(4)
    assert (shop.pool().deficit, k1.account().available) == (0, 2)
    shop.check()


def test_a_life_in_which_two_cards_speak_is_told_of_no_rights_until_the_next(shop: Shop) -> None:
    k1 = shop.till()
    k1.receive(3)
    k1.flush()
    second = LaneTwin(k1.address, raws=k1.raws[:-1])
    second.sell("cups", overdraft=1)
    shop.hub.take(second.message())
    shop.give(free=5)
    k1.want(2)
    k1.flush()
    shop.settle_down(rounds=3)
    assert shop.pool().free == 5
    assert k1.account().granted == 0
    k1 = shop.till(epoch=2)
    k1.want(2)
    shop.settle_down(rounds=3)
    assert k1.account().granted >= 2
    shop.check()


def spendable(told: list[Any]) -> list[int]:
    """Return what a till could sell after each fact that it is told, if it were quick."""
    found, granted, held = [], 0, 0
    for fact in told:
        granted = max([granted, *(total.total for total in getattr(fact, "totals", ()))])
        held += sum(line.quantity.amount for line in fact.lines) if isinstance(fact, ReservationPlaced) else 0
        found.append(granted - held)
    return found


def test_between_two_facts_no_till_may_sell_what_is_to_be_set_aside(shop: Shop) -> None:
    k1 = shop.till()
    k1.flush()
    shop.give(free=10)
    assert shop.reserve("r1", 4)
    assert shop.reserve("r2", 2)
    k1.want(3)
    k1.flush()
    shop.work()
    told = read_own_log(shop, k1)
    assert [type(fact) for fact in told] == [ReservationPlaced, ReservationPlaced, RightsGranted]
    own = spendable(told)[2]
    assert spendable(told) == [0, 0, own]
    assert own >= 3
    begin_incarnation(shop)
    shop.work()
    told = read_own_log(shop, k1)
    assert {type(fact) for fact in told[:2]} == {ReservationPlaced}
    assert spendable(told) == [own, own, own]


def read_own_log(shop: Shop, till: Till) -> list[Any]:
    with shop.hub.store.read() as connection:
        end = down.log_end(connection, "demo", own_log(till.address))
        assert end is not None
        raws = down.read_log(connection, "demo", own_log(till.address), end.generation, 1, limit=100)
    told = [decode_down(raw).data for raw in raws]
    return [one for one in told if one != RightsGranted(Epoch(till.epoch), [])]  # with which a log may begin


def begin_incarnation(shop: Shop) -> None:
    """Let a hub go on from these books as one that was restored does."""
    with shop.hub.store.write() as connection:
        life = read_life(connection)
        assert life is not None
        write_life(connection, structs.replace(life, incarnation=life.incarnation + 1))


def test_what_a_closed_life_had_set_aside_by_itself_is_placed_with_the_next(shop: Shop) -> None:
    k1 = shop.till()
    k1.receive(5)
    k1.set_aside("r1", 2)
    k1.flush()
    shop.work()
    k1 = shop.till(epoch=2)
    k1.want(1)
    shop.settle_down(rounds=3)
    assert state_of(shop, "r1") == "held"
    assert "r1" in k1.was_held
    shop.check()


def test_what_nobody_takes_over_ends_with_its_time(shop: Shop) -> None:
    k1 = shop.till()
    k1.receive(5)
    k1.set_aside("r1", 2)
    k1.flush()
    shop.work()
    shop.till("market/k2").flush()
    with shop.hub.store.write() as connection:
        close_kiosk(connection, present(shop.hub), k1.address, why="lost")
    shop.tills.clear()
    k2 = shop.till("market/k2")
    k2.leave()
    shop.work(seconds=3601)
    assert state_of(shop, "r1") == "lapsed"
    assert shop.pool().reserved == 0


def test_a_step_says_when_more_is_due_than_it_did(shop: Shop) -> None:
    shop.till().flush()
    shop.work()
    keys = [PoolKey("demo", "market", StockKey(Sku(f"sku-{number:03}"))) for number in range(MAX_KEYS + 1)]
    with shop.hub.store.write() as connection:
        chore_rows.add(connection, [(key, "share") for key in keys], present(shop.hub).now)
    shop.hub.clock.advance(0.1)
    assert shop.steward.step(limit=2) >= 2
    assert shop.steward.step(limit=2) == 1
    assert shop.steward.step(limit=2) == 0
