"""What a shortfall hit is placed anew, or taken back with compensation; told once, in the shopper's language."""

import json
from typing import Any

import pytest
from hub_books import AT, Hub
from shoppers import answers, asks, promise, reservation
from sqlalchemy import select
from steward_twins import TEA, Shop, Till, still

from contract.down_rights import PromiseResolved, Remedy, ReservationPlaced
from contract.rights import Answer, PromiseTold, ReservationCollected
from contract.values import BasketId, instant_text
from hub.core.promise import MAX_MOVES, code_of, successor
from hub.core.redistribute import plan_ours
from hub.promises.breaking import WINDOW
from hub.promises.holds import Hold, Holds, Refused, cancel, confirm, hold
from hub.store import bookings, chores, pools, sites
from hub.store.books import Trouble, open_exceptions
from hub.store.holdings import fence
from hub.store.pools import PoolKey
from hub.store.rights_tables import waits
from hub.store.sites import SiteRow
from hub.store.tables import exceptions


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, still)


def rows(shop: Shop, table: Any) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(table)))


def broken(shop: Shop) -> list[tuple[str, bool, dict[str, Any]]]:
    """Return what is told of broken reservations: which, whether a person must decide, and what was done."""
    found = [row for row in rows(shop, exceptions) if row.kind == "reservation_broken"]
    return [(row.subject, row.resolved_at is None, json.loads(row.detail)) for row in found]


def promised(shop: Shop, *, at: str = "harbour", wanted: str | None = "market", **how: Any) -> Till:
    """Return a till that was promised two teas, still in the pool of the site."""
    till = shop.till(f"{at}/k1")
    shop.give(free=2)
    till.record(asks(site=wanted, **how))
    till.flush()
    kept = reservation(shop.hub)
    assert kept is not None
    assert (kept.state, kept.site) == ("reserved", "market")
    return till


def fall_short(shop: Shop, amount: int = 2) -> Till:
    """Sell at market what nobody there has a right to."""
    till = shop.till("market/k9")
    till.spend(amount)
    till.flush()
    till.leave()  # so that nothing is placed with it
    return till


def hear(till: Till) -> list[PromiseResolved]:
    """Apply what the till was told, and have it say so, as a kiosk does."""
    found = [fact for fact in till.hear() if isinstance(fact, PromiseResolved)]
    for one in found:
        till.record(PromiseTold(one.promise, one.answer, AT, one.lines, one.site, one.code))
    till.flush()
    return found


def test_the_nearest_other_site_takes_its_place_and_the_shopper_is_told_once(shop: Shop) -> None:
    till = promised(shop, language="de")
    with shop.hub.store.write() as connection:
        for name, lat in (("market", 48.10), ("pier", 48.13), ("harbour", 48.20)):
            sites.save_site(connection, SiteRow("demo", name, lat=lat, lon=11.5))
    shop.give(free=9, site="harbour")
    shop.give(free=2, site="pier")
    shop.give(free=9, site="unknown")
    fall_short(shop)
    shop.work()
    first, second = hear(till)
    assert (first.answer, first.site, first.code) == (Answer.CONFIRMED, "market", code_of("p-1"))
    name = successor("p-1", 1)
    assert (second.answer, second.site, second.code) == (Answer.ELSEWHERE, "pier", code_of(name))
    assert "pier" in second.message
    assert "zurückgelegt" in second.message
    old, new = reservation(shop.hub), reservation(shop.hub, name)
    assert old is not None
    assert new is not None
    assert (old.state, old.moved_to, new.origin, new.at) == ("broken", name, "p-1", old.at)
    assert (new.state, new.site, new.until, new.goods) == ("reserved", "pier", old.until, {TEA: 2})
    assert broken(shop) == [
        (
            "p-1",
            False,
            {
                "done": "its goods are set aside at pier instead",
                "moved_to": name,
                "code": code_of(name),
                "site": "market",
                "source": "promise",
                "paid": False,
                "goods": {"tea sellable pc": 2},
            },
        )
    ]
    for _ in range(3):
        shop.work(60)
    assert len(answers(shop.hub, till.address)) == 2
    found = promise(shop.hub)
    assert found is not None
    assert (found.state, found.answer, found.earlier, bool(found.told_at)) == ("elsewhere", second, (first,), True)


@pytest.mark.parametrize(("lost", "state"), [(False, "placed"), (True, "reserved")])
def test_what_takes_its_place_where_it_was_asked_is_placed_there_but_not_with_a_lost_kiosk(
    shop: Shop, state: str, *, lost: bool
) -> None:
    promised(shop)
    with shop.hub.store.write() as connection:
        assert not lost or fence(connection, 1, instant_text(AT))
    shop.give(free=2, site="harbour")
    fall_short(shop)
    shop.work()
    new = reservation(shop.hub, successor("p-1", 1))
    assert new is not None
    assert (new.site, new.state) == ("harbour", state)


@pytest.mark.parametrize("put_back_h", [0, 48])
def test_goods_of_tills_at_its_own_site_take_its_place_before_another_site_does(hub: Hub, put_back_h: int) -> None:
    """Also where the hub's clock is put back while it waits."""
    shop = Shop(hub, plan_ours)
    till = promised(shop)
    owner = shop.till("market/k1")
    owner.receive(5)
    owner.flush()
    owner.leave()  # so that nothing is placed with it before
    fall_short(shop)
    shop.work()
    assert broken(shop)[0][1]
    owner.flush()
    shop.work()
    assert [row.why for row in rows(shop, waits)] == ["broken"]
    hub.clock.advance(-3600 * put_back_h)
    for _ in range(3):
        owner.hear()
        owner.flush()
        shop.work(6)
    answer = answers(hub, till.address)[-1]
    assert (answer.answer, answer.site, answer.code) == (Answer.CONFIRMED, "market", code_of(successor("p-1", 1)))
    shop.settle_down(2)
    placed = [fact for fact in owner.told if isinstance(fact, ReservationPlaced)]
    assert [one.code for one in placed] == [answer.code]
    assert rows(shop, waits) == []
    shop.check()


@pytest.mark.parametrize(("paid", "remedy"), [(900, Remedy.REFUND), (0, Remedy.NONE)])
def test_what_is_nowhere_is_cancelled_with_what_was_paid(shop: Shop, paid: int, remedy: Remedy) -> None:
    till = promised(shop, paid=paid, language="fr")
    fall_short(shop)
    shop.work()
    assert len(answers(shop.hub, till.address)) == 1
    shop.work(WINDOW.total_seconds() + 1)
    first, second = hear(till)
    assert first.answer is Answer.CONFIRMED
    assert (second.answer, second.remedy, second.amount_minor) == (Answer.SORRY, remedy, paid or None)
    assert "désolés" in second.message
    ((name, is_open, detail),) = broken(shop)
    assert (name, is_open, detail["done"], detail["remedy"]) == ("p-1", False, "it is cancelled", remedy)
    shop.check()


def test_what_a_till_gave_up_is_placed_anew_when_it_says_so(shop: Shop) -> None:
    shop.give(free=2)
    till = shop.till("market/k1")
    till.flush()
    till.record(asks())
    till.flush()
    hear(till)
    assert (reservation(shop.hub) or pytest.fail("unknown")).state == "held"
    fall_short(shop)
    shop.work()
    assert (reservation(shop.hub) or pytest.fail("unknown")).state == "broken"
    assert broken(shop)[0][1]
    shop.give(free=4, site="pier")
    shop.work(30)
    assert len(answers(shop.hub, till.address)) == 1
    hear(till)
    shop.work()
    assert [(one.answer, one.site) for one in hear(till)] == [(Answer.ELSEWHERE, "pier")]
    assert not broken(shop)[0][1]
    shop.check()


def test_a_shopper_who_was_faster_lost_nothing(shop: Shop) -> None:
    shop.give(free=2)
    till = shop.till("market/k1")
    till.flush()
    till.record(asks())
    till.flush()
    hear(till)
    fall_short(shop)
    shop.work()
    lines = till.held.pop("p-1")
    till.record(ReservationCollected("p-1", lines, BasketId("b-1"), AT))
    till.flush()
    hear(till)
    shop.give(free=4, site="pier")
    shop.work()
    assert [(name, is_open, detail["done"]) for name, is_open, detail in broken(shop)] == [
        ("p-1", False, "it was collected all the same")
    ]
    assert len(answers(shop.hub, till.address)) == 1


def test_what_a_lost_till_was_to_give_up_is_placed_anew_once_its_life_is_closed(shop: Shop) -> None:
    shop.give(free=2)
    till = shop.till("market/k1")
    till.flush()
    till.record(asks())
    till.flush()
    hear(till)
    fall_short(shop)
    shop.work()
    shop.give(free=4, site="pier")
    again = shop.till("market/k1", epoch=2)
    again.want(1)
    again.flush()
    shop.work()
    assert (reservation(shop.hub, successor("p-1", 1)) or pytest.fail("unknown")).site == "pier"


def test_goods_that_are_lost_again_and_again_are_for_a_person_in_the_end(shop: Shop) -> None:
    till = promised(shop, paid=100)
    for turn in range(MAX_MOVES + 1):
        where = ("pier", "market")[turn % 2]
        shop.give(free=2, site=where)
        with shop.hub.store.write() as connection:
            key = PoolKey("demo", ("market", "pier")[turn % 2], TEA)
            pools.add(connection, {key: pools.PoolDelta(unsettled=2, adjusted=-2)})
            chores.add(connection, [(key, "settle")], "2026")
        shop.work(5)
    said = [one.answer for one in answers(shop.hub, till.address)]
    assert said == [Answer.CONFIRMED, *[Answer.ELSEWHERE, Answer.CONFIRMED] * (MAX_MOVES // 2), Answer.SORRY]


# --------------------------------------------------------------------------------------------------------- orders


def order(shop: Shop, *, elsewhere: bool = False, paid: bool = False) -> Holds:
    holds = Holds(shop.hub.store, shop.hub.clock, new_id=lambda: "r-1")
    shop.give(free=2)
    wanted = Hold("demo", "market", {TEA: 2}, paid=paid, elsewhere=elsewhere)
    holds.run(lambda connection, present: hold(connection, present, wanted, "r-1"))
    holds.run(lambda connection, present: confirm(connection, present, "r-1"))
    return holds


def test_an_order_goes_to_another_site_only_where_its_owner_said_so(shop: Shop) -> None:
    holds = order(shop, elsewhere=True)
    shop.give(free=2, site="pier")
    fall_short(shop)
    shop.work()
    one = reservation(shop.hub, "r-1")
    assert one is not None
    moved = reservation(shop.hub, one.moved_to or "")
    assert moved is not None
    assert (moved.site, moved.source, moved.state, moved.code) == ("pier", "order", "reserved", code_of(moved.id))
    assert [(name, is_open) for name, is_open, _ in broken(shop)] == [("r-1", False)]
    with pytest.raises(Refused, match=moved.id):
        holds.run(lambda connection, present: cancel(connection, present, "r-1"))


@pytest.mark.parametrize("paid", [True, False])
def test_an_order_that_is_nowhere_is_broken_and_a_person_sees_to_what_was_paid(shop: Shop, *, paid: bool) -> None:
    order(shop, paid=paid)
    shop.give(free=2, site="pier")
    fall_short(shop)
    shop.work()
    shop.work(WINDOW.total_seconds() + 1)
    one = reservation(shop.hub, "r-1")
    assert one is not None
    assert (one.state, one.moved_to, bool(one.answered_at)) == ("broken", None, True)
    assert [(name, is_open, detail["done"]) for name, is_open, detail in broken(shop)] == [
        ("r-1", paid, "it is cancelled")
    ]


def test_what_a_till_had_set_aside_by_itself_is_placed_anew_and_a_person_tells_its_shopper(shop: Shop) -> None:
    shop.give(free=4)
    assert shop.reserve("r-1", 2, source="kiosk")
    now = "2026-03-07T09:30:00.000000Z"
    with shop.hub.store.write() as connection:  # as the steward does where the life has ended
        pools.take(connection, PoolKey("demo", "market", TEA), "reserved", 2)
        bookings.end(connection, "r-1", "broken", now)
        open_exceptions(connection, [Trouble("reservation_broken", "r-1", None, {})], now)
    shop.work()
    assert (reservation(shop.hub, "r-1") or pytest.fail("unknown")).moved_to == successor("r-1", 1)
    ((name, is_open, detail),) = broken(shop)
    assert (name, is_open, detail["moved_to"]) == ("r-1", True, successor("r-1", 1))


def test_a_till_that_gives_nothing_is_waited_for_only_so_long(hub: Hub) -> None:
    shop = Shop(hub, plan_ours)
    till = promised(shop, paid=100)
    owner = shop.till("market/k1")
    owner.receive(5)
    owner.flush()
    owner.leave()
    fall_short(shop)
    for _ in range(int(WINDOW.total_seconds()) // 30 - 1):
        shop.work(30)
        owner.flush()  # heard, and gives nothing
        assert len(answers(hub, till.address)) == 1
    shop.work(61)
    assert [one.answer for one in answers(hub, till.address)] == [Answer.CONFIRMED, Answer.SORRY]
