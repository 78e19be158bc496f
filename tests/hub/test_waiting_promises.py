"""Promises of goods that tills still have, or that are on their way: they wait, for a while, and never two for one."""

from datetime import timedelta
from typing import Any

import pytest
from hub_books import AT, Hub
from shoppers import answers, asks, pool, promise, reservation
from sqlalchemy import delete, select
from steward_twins import TEA, Shop, Till, present

from contract import stock
from contract.down_rights import Remedy
from contract.facts import StockLine
from contract.goods import GoneLine, TransferReceived, TransferSent
from contract.rights import Answer, PromiseTold
from contract.values import Money, Quantity, SiteId, instant_text
from hub.core.promise import Wish
from hub.core.redistribute import plan_ours
from hub.promises.by_hand import Said, answer_by_hand
from hub.promises.finding import ON_THE_WAY, Seeker, wait
from hub.promises.holds import Hold, Holds, Refused, hold
from hub.promises.promising import JOURNEY, KEPT, MAX_OPEN, MOST_REST, WINDOW
from hub.promises.reserving import Present
from hub.steward.round import REST
from hub.store.holdings import fence
from hub.store.lives import mark_forked
from hub.store.rights_tables import chores, promises, recalls, waits
from hub.store.tables import exceptions


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, plan_ours)


def rows(shop: Shop, table: Any) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(table)))


def stocked(shop: Shop, name: str, amount: int) -> Till:
    """Return a till that holds goods by its own right, and is heard."""
    till = shop.till(name)
    till.receive(amount)
    till.flush()
    return till


def ask(till: Till, *wishes: Any) -> None:
    till.record(*wishes)
    till.flush()


def said(shop: Shop, till: Till) -> list[tuple[str, Answer, str | None]]:
    return [(one.promise, one.answer, one.site) for one in answers(shop.hub, till.address)]


def test_goods_at_a_till_of_the_wanted_site_are_fetched_from_it_and_promised(shop: Shop) -> None:
    market = stocked(shop, "market/k1", 5)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market", tea=3))
    assert said(shop, harbour) == []
    assert (promise(shop.hub) or pytest.fail("unknown")).state == "pending"
    shop.round_trip()
    assert said(shop, harbour) == [("p-1", Answer.CONFIRMED, "market")]
    assert [(row.asked, row.urgent) for row in rows(shop, recalls)] == [(3, True)]
    assert rows(shop, waits) == []
    shop.settle_down(3)
    assert (reservation(shop.hub) or pytest.fail("unknown")).state == "held"
    assert (market.account().held, market.account().available) == (3, 2)
    shop.check()


def test_goods_that_only_another_site_has_are_fetched_there(shop: Shop) -> None:
    stocked(shop, "market/k1", 5)
    harbour = stocked(shop, "harbour/k1", 1)
    ask(harbour, asks(tea=3))
    shop.round_trip()
    assert said(shop, harbour) == [("p-1", Answer.ELSEWHERE, "market")]


def test_what_an_idle_till_was_granted_is_fetched_from_it(shop: Shop) -> None:
    first, idle = stocked(shop, "market/k1", 10), shop.till("market/k2")
    idle.flush()
    shop.work()
    first.hear()
    first.flush()
    shop.work()
    idle.hear()  # and applies it; nothing is recorded there that would tell the hub
    granted = idle.account().available
    assert granted >= 4
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market", tea=9))
    assert said(shop, harbour) == []
    shop.round_trip()
    assert said(shop, harbour) == [("p-1", Answer.CONFIRMED, "market")]
    assert idle.account().available <= 1
    shop.check()


def test_a_till_that_gave_less_than_it_was_asked_for_is_left_alone_for_a_while(shop: Shop) -> None:
    market, harbour = stocked(shop, "market/k1", 9), shop.till("harbour/k1")
    ask(harbour, asks("p-1", site="market", tea=2))
    shop.round_trip()
    ask(harbour, asks("p-2", site="market", tea=2))
    shop.round_trip()  # it gave all it was asked for, and is asked again at once
    assert [name for name, *_ in said(shop, harbour)] == ["p-1", "p-2"]
    ask(harbour, asks("p-3", site="market", tea=2))
    shop.work()
    market.spend(market.account().available)
    shop.round_trip()
    market.receive(5)
    market.flush()
    assert [(row.asked, row.given) for row in rows(shop, recalls)] == [(2, 2), (2, 2), (2, 0)]
    shop.round_trip()
    assert len(rows(shop, recalls)) == 3
    shop.round_trip(REST.total_seconds())
    assert len(rows(shop, recalls)) == 4


def test_who_asked_while_cut_off_waits_for_tills_that_are_not_heard_yet(shop: Shop) -> None:
    silent, harbour = stocked(shop, "market/k1", 5), shop.till("harbour/k1")
    silent.leave()
    shop.hub.clock.advance(3600)
    ask(harbour, asks("p-1", site="market", tea=3), asks("p-2", site="market", tea=50))
    assert said(shop, harbour) == [("p-2", Answer.SORRY, None)], "so much was never there"
    shop.work(WINDOW.total_seconds() / 2)
    silent.flush()
    shop.round_trip(MOST_REST.total_seconds())
    assert said(shop, harbour)[1:] == [("p-1", Answer.CONFIRMED, "market")]


def test_what_must_wait_is_not_looked_at_whenever_somebody_speaks(shop: Shop) -> None:
    """A look takes the hub milliseconds; a region that comes back has hundreds that wait, and speaks all the time."""
    silent, harbour = stocked(shop, "market/k1", 5), shop.till("harbour/k1")
    silent.leave()
    shop.hub.clock.advance(3600)
    ask(harbour, asks(site="market", tea=3))
    looks = set()
    for _ in range(40):
        ((look_at,),) = [(row.look_at,) for row in rows(shop, promises)]
        looks.add(look_at)
        harbour.flush()
        shop.work(1.0)
    assert 3 <= len(looks) <= 7, "after 5, 10, 15, 20, 25, 31 and 39 seconds"


def test_who_asked_while_cut_off_is_told_in_time_where_nobody_comes_back(shop: Shop) -> None:
    silent, harbour = stocked(shop, "market/k1", 5), shop.till("harbour/k1")
    silent.leave()
    shop.hub.clock.advance(3600)
    ask(harbour, asks(site="market", tea=3))
    shop.work(WINDOW.total_seconds() - 1)
    assert said(shop, harbour) == []
    shop.work(1)
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]


def test_who_stands_at_a_counter_is_not_kept_waiting_for_tills_that_are_not_heard(shop: Shop) -> None:
    silent, harbour = stocked(shop, "market/k1", 5), shop.till("harbour/k1")
    silent.leave()
    ask(harbour, asks(site="market", tea=3))
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]


@pytest.mark.parametrize("hours", [-2, -48])
def test_who_waited_when_the_clock_was_put_back_waits_no_longer_than_others(shop: Shop, hours: int) -> None:
    market, harbour = stocked(shop, "market/k1", 5), shop.till("harbour/k1")
    ask(harbour, asks(site="market", tea=3))
    shop.hub.clock.advance(hours * 3600)
    shop.work()
    assert said(shop, harbour) == [], "the till is asked, and says nothing"
    for _ in range(3):
        market.flush()  # it is heard, and may still give
        harbour.flush()
        shop.work(WINDOW.total_seconds() / 2)
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]
    assert rows(shop, waits) == []


def test_a_lost_kiosk_is_promised_nothing_and_nothing_is_placed_with_it(shop: Shop) -> None:
    till = shop.till("market/k1")
    ask(till, asks("p-1", tea=1))
    shop.give(free=9)
    with shop.hub.store.write() as connection:
        assert fence(connection, 1, instant_text(AT))
    ask(till, asks("p-2", tea=1))
    assert said(shop, till)[-1] == ("p-2", Answer.SORRY, None)
    with shop.hub.store.write() as connection:
        assert fence(connection, 1, None)
    ask(till, asks("p-3", tea=1))
    assert said(shop, till)[-1] == ("p-3", Answer.CONFIRMED, "market")


def test_nothing_is_placed_with_a_life_that_a_second_card_speaks_in(shop: Shop) -> None:
    till = stocked(shop, "market/k1", 1)
    with shop.hub.store.write() as connection:
        mark_forked(connection, [(1, 1)], instant_text(AT))
    shop.give(free=9)
    ask(till, asks(site="market"))
    assert said(shop, till) == [("p-1", Answer.CONFIRMED, "market")]
    assert (reservation(shop.hub) or pytest.fail("unknown")).state == "reserved"


def test_what_is_free_is_promised_at_once_and_no_till_is_asked(shop: Shop) -> None:
    stocked(shop, "market/k1", 5)
    shop.give(free=2)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market"))
    assert said(shop, harbour) == [("p-1", Answer.CONFIRMED, "market")]
    assert rows(shop, recalls) == rows(shop, waits) == []


def test_where_nobody_has_them_nobody_waits(shop: Shop) -> None:
    till = stocked(shop, "market/k1", 1)
    ask(till, asks(tea=2))
    assert said(shop, till) == [("p-1", Answer.SORRY, None)]


def test_a_till_that_never_answers_is_waited_for_only_so_long(shop: Shop) -> None:
    stocked(shop, "market/k1", 5)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market", paid=700))
    for _ in range(8):  # the till is heard, and gives nothing
        shop.work(10)
        shop.tills[0].flush()
        harbour.flush()
        assert said(shop, harbour) == []
    shop.work(WINDOW.total_seconds() - 79)
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]
    assert answers(shop.hub, harbour.address)[0].remedy is Remedy.REFUND
    assert rows(shop, waits) == []


def test_a_till_that_is_not_heard_is_not_waited_for(shop: Shop) -> None:
    market = stocked(shop, "market/k1", 5)
    market.leave()
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market"))
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]


def test_two_never_wait_for_the_same_goods_and_who_asked_first_gets_them(shop: Shop) -> None:
    stocked(shop, "market/k1", 5)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks("p-1", site="market", tea=4))
    shop.hub.clock.advance(0.5)
    ask(harbour, asks("p-2", site="market", tea=2))
    assert said(shop, harbour) == [("p-2", Answer.SORRY, None)]
    shop.hub.clock.advance(0.5)
    ask(harbour, asks("p-3", site="market", tea=1))
    assert {row.id: row.amount for row in rows(shop, waits)} == {"p-1": 4, "p-3": 1}
    shop.round_trip()
    assert sorted(said(shop, harbour)[1:]) == [
        ("p-1", Answer.CONFIRMED, "market"),
        ("p-3", Answer.CONFIRMED, "market"),
    ]
    assert sum(row.asked for row in rows(shop, recalls)) == 5


def test_what_comes_free_for_one_who_waits_is_nobody_elses(shop: Shop) -> None:
    first, second = stocked(shop, "market/k1", 3), stocked(shop, "market/k2", 3)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks("p-1", site="market", tea=5))
    shop.work()
    first.hear()
    first.flush()
    second.want(2)  # a till of the site wants some, a younger promise as well, and a program
    second.flush()
    shop.work(0.1)
    assert pool(shop.hub, first.address)["free"] == 3
    ask(harbour, asks("p-2", site="market", tea=1))
    holds = Holds(shop.hub.store, shop.hub.clock, new_id=lambda: "r-1")
    with pytest.raises(Refused, match="0 free"):
        holds.run(lambda connection, present: hold(connection, present, Hold("demo", "market", {TEA: 1}), "r-1"))
    assert said(shop, harbour) == []
    second.hear()
    second.flush()
    shop.work(0.1)
    assert said(shop, harbour)[0] == ("p-1", Answer.CONFIRMED, "market")


def test_a_till_that_sells_fast_keeps_its_cover(shop: Shop) -> None:
    market = stocked(shop, "market/k1", 30)
    market.spend(10)
    market.flush()
    harbour = shop.till("harbour/k1")
    ask(harbour, asks("p-1", site="market", tea=12))
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]
    ask(harbour, asks("p-2", site="market", tea=9))
    shop.round_trip()
    assert said(shop, harbour)[1] == ("p-2", Answer.CONFIRMED, "market")
    assert market.account().available >= 11


def test_goods_in_hand_are_sold_while_a_promise_waits_for_them(shop: Shop) -> None:
    market = stocked(shop, "market/k1", 3)
    harbour = shop.till("harbour/k1")
    ask(harbour, asks(site="market", tea=3))
    assert market.sell_by_right(3)
    market.flush()
    shop.settle_down(3)
    assert said(shop, harbour) == [("p-1", Answer.SORRY, None)]
    shop.check()


def test_no_more_than_so_many_of_one_till_wait(shop: Shop) -> None:
    stocked(shop, "market/k1", MAX_OPEN + 9)
    harbour = shop.till("harbour/k1")
    ask(harbour, *(asks(f"p-{n:03}", site="market", tea=1) for n in range(MAX_OPEN + 2)))
    assert said(shop, harbour) == [(f"p-{n:03}", Answer.SORRY, None) for n in (MAX_OPEN, MAX_OPEN + 1)]
    assert [(row.kind, row.subject) for row in rows(shop, exceptions)] == [("bound_met", "demo/harbour/k1 promises")]
    shop.round_trip()
    assert len(said(shop, harbour)) == MAX_OPEN + 2


# ------------------------------------------------------------------------------------------------- goods on their way


def sent(shop: Shop, amount: int = 5, name: str = "t1") -> Till:
    giver = shop.till("depot/k1")
    giver.receive(amount)
    giver.record(TransferSent(name, SiteId("market"), [GoneLine(TEA.sku, Quantity(amount))], AT))
    giver.flush()
    return giver


def arrived(till: Till, amount: int = 5, name: str = "t1") -> None:
    """Take goods in from another site; the till's own account has them from then on."""
    goods = [StockLine(TEA.sku, Quantity(amount))]
    till.accounts[TEA] = stock.arrive(till.account(), amount)
    till.record(TransferReceived(name, SiteId("depot"), goods, AT + timedelta(hours=1)))
    till.flush()


@pytest.mark.parametrize("put_back_h", [0, 48])
def test_goods_on_their_way_are_promised_for_later_and_set_aside_when_they_come(shop: Shop, put_back_h: int) -> None:
    """Also where the hub's clock is put back before they come."""
    giver = sent(shop)
    shop.tills.remove(giver)
    market = shop.till("market/k1")
    ask(market, asks(tea=4, paid=100))
    (answer,) = answers(shop.hub, market.address)
    assert (answer.answer, answer.site, answer.ready_at) == (Answer.LATER, "market", shop.hub.clock.now() + JOURNEY)
    assert answer.until == shop.hub.clock.now() + JOURNEY + KEPT
    assert answer.code
    ask(market, asks("p-2", tea=2))  # one of five is left
    assert said(shop, market)[1] == ("p-2", Answer.SORRY, None)
    market.hear()
    shop.settle_down(2)
    assert reservation(shop.hub) is None
    shop.hub.clock.advance(-3600 * put_back_h)
    arrived(market)
    shop.settle_down(5)
    kept = reservation(shop.hub) or pytest.fail("unknown")
    assert (kept.state, kept.code, kept.goods) == ("held", answer.code, {TEA: 4})
    assert rows(shop, waits) == []
    assert len(answers(shop.hub, market.address)) == 2


def test_who_cannot_wait_so_long_is_not_told_later(shop: Shop) -> None:
    sent(shop)
    market = shop.till("market/k1")
    ask(market, asks(collect_by=shop.hub.clock.now() + timedelta(hours=1)))
    assert said(shop, market) == [("p-1", Answer.SORRY, None)]


def test_what_left_long_ago_is_not_promised(shop: Shop) -> None:
    sent(shop)
    shop.hub.clock.advance(ON_THE_WAY.total_seconds() + 1)
    market = shop.till("market/k1")
    ask(market, asks())
    assert said(shop, market) == [("p-1", Answer.SORRY, None)]


def test_what_its_site_owes_is_paid_first_from_what_is_on_its_way(shop: Shop) -> None:
    sent(shop)
    market = shop.till("market/k1")
    market.spend(2)
    ask(market, asks(tea=4))
    assert said(shop, market) == [("p-1", Answer.SORRY, None)]


def test_what_never_comes_is_taken_back_with_what_was_paid(shop: Shop) -> None:
    sent(shop)
    market = shop.till("market/k1")
    ask(market, asks(paid=900, language="de"))
    market.hear()
    (answer,) = answers(shop.hub, market.address)
    market.record(PromiseTold("p-1", answer.answer, AT, answer.lines, answer.site, answer.code))
    market.flush()
    shop.work((JOURNEY + KEPT).total_seconds() + 10)
    assert said(shop, market) == [("p-1", Answer.LATER, "market"), ("p-1", Answer.SORRY, None)]
    assert (promise(shop.hub) or pytest.fail("unknown")).told_at is None  # so a new log of the till tells it again
    last = answers(shop.hub, market.address)[1]
    assert (last.remedy, last.amount_minor) == (Remedy.REFUND, 900)
    assert "leid" in last.message
    market.record(PromiseTold("p-1", answer.answer, AT, answer.lines, answer.site, answer.code))
    market.record(PromiseTold("p-1", last.answer, AT))
    market.flush()
    found = promise(shop.hub) or pytest.fail("unknown")
    assert (found.state, [one.answer for one in found.earlier]) == ("sorry", [Answer.LATER])
    assert found.told_at is not None
    assert {(row.kind, row.resolved_at is None) for row in rows(shop, exceptions)} == {("promise_missed", False)}


def test_a_voucher_needs_a_request_that_names_its_currency(shop: Shop) -> None:
    harbour = shop.till("harbour/k1")
    stocked(shop, "market/k1", 5)
    ask(harbour, asks(site="market"))

    def answer(connection: Any, present: Present) -> Any:
        return answer_by_hand(connection, present, "p-1", Said(Answer.SORRY, voucher_minor=500))

    done = Holds(shop.hub.store, shop.hub.clock, new_id=lambda: "x").run(answer)
    assert (done.remedy, done.amount_minor) == (Remedy.VOUCHER, Money(500))
    assert rows(shop, waits) == []


@pytest.mark.parametrize(("later_s", "asked"), [(1, False), (6, True), (-48 * 3600, True)])
def test_tills_are_asked_anew_after_a_while_or_a_clock_that_was_put_back(
    shop: Shop, later_s: int, *, asked: bool
) -> None:
    stocked(shop, "market/k1", 5)
    wish = Wish({TEA: 3}, "harbour", "market")
    seeker = Seeker("p-1", instant_text(AT), "demo", wish)
    for moved_s in (0, later_s):
        shop.hub.clock.advance(moved_s)
        with shop.hub.store.write() as connection:
            connection.execute(delete(chores))
            assert wait(connection, seeker, "promise", AT + WINDOW, present(shop.hub))
    assert bool(rows(shop, chores)) is asked
