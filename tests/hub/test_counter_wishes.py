"""A wish at one counter is met whole, or takes nothing from another: one mistyped hold drains no site."""

import pytest
from hub_books import Hub
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from steward_twins import Shop, Till

from hub.core.redistribute import plan_ours
from hub.core.wishes import CounterWish, decide_met
from hub.store.rights_tables import recalls, wants


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, plan_ours)


def shared(shop: Shop) -> tuple[Till, Till]:
    """Return two tills with five each, and nothing between them."""
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k2.flush()
    shop.settle_down()
    assert (k1.account().available, k2.account().available) == (5, 5)
    return k1, k2


def asked_of(shop: Shop) -> list[tuple[int, int]]:
    with shop.hub.store.read() as connection:
        return [(row.kiosk_id, row.asked) for row in connection.execute(select(recalls).order_by(recalls.c.at))]


@pytest.mark.parametrize("lacking", [6, 995, 10**9])
def test_a_wish_that_the_site_cannot_meet_moves_nothing(shop: Shop, lacking: int) -> None:
    k1, k2 = shared(shop)
    before = asked_of(shop)
    k1.want(lacking)
    shop.settle_down()
    assert (k1.account().available, k2.account().available) == (5, 5)
    assert asked_of(shop) == before
    shop.check()


def test_a_wish_that_cannot_be_met_keeps_nothing_from_another_shopper(shop: Shop) -> None:
    k1, k2 = shared(shop)
    k1.want(995)
    k2.want(2)
    shop.settle_down()
    assert k2.account().granted == 5 + 2, "the one who asked for a thousand stands in nobody's way"
    shop.check()


def test_a_wish_of_all_there_is_gets_what_is_beyond_the_tills_own(shop: Shop) -> None:
    k1, k2 = shared(shop)
    k1.want(5)
    k1.flush()
    shop.work()
    k2.hear()
    k2.flush()
    shop.work()
    k1.hear()
    assert (k1.account().available, k2.account().available) == (10, 0)
    shop.check()


def test_a_wish_is_looked_at_again_and_met_once_goods_came(shop: Shop) -> None:
    k1, k2 = shared(shop)
    k1.want(7)
    shop.settle_down()
    assert k1.account().available == 5
    k2.receive(8)
    shop.settle_down()
    assert k1.account().granted == 7
    shop.check()


def test_who_asks_twice_waits_for_the_newest_alone(shop: Shop) -> None:
    k1, _ = shared(shop)
    k1.want(995)
    k1.want(995)
    k1.flush()
    with shop.hub.store.read() as connection:
        assert [row.amount for row in connection.execute(select(wants))] == [995]


def test_of_two_wishes_the_smaller_is_met() -> None:
    wishes = [CounterWish("a", 5, 4), CounterWish("b", 5, 3)]
    assert decide_met(wishes, 10) == {"b"}
    assert decide_met(wishes, 17) == {"a", "b"}
    assert decide_met(wishes, 7) == frozenset()


@given(st.lists(st.builds(CounterWish, till=st.text(), there=st.integers(0, 20), lacking=st.integers(1, 20))))
def test_wishes_that_are_met_are_met_together(wishes: list[CounterWish]) -> None:
    wishes = list({one.till: one for one in wishes}.values())
    stock = sum(one.there for one in wishes)
    met = decide_met(wishes, stock)
    assert sum(one.there + one.lacking for one in wishes if one.till in met) <= stock
    assert decide_met(reversed(wishes), stock) == met
