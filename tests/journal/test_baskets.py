"""Open baskets: kept line by line, given back after a crash, sold once."""

import pytest
from basket_strategies import baskets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from till_terminal import sample_items

from contract.values import Money
from kiosk.bootstrap import open_desk
from kiosk.core.basket import add, drop, make_line
from kiosk.core.checkout import cash, decide_sale
from kiosk.core.ports import AlreadySold
from kiosk.core.tender import Tender, take_cash
from kiosk.journal.errors import BasketClosed
from kiosk.journal.receipts import NEWEST

PIECES = [item for item in sample_items() if item.price_minor is not None]


def filled(desk, *numbers):
    basket = desk.open_basket()
    for number in numbers:
        basket = add(basket, make_line(PIECES[number], 1))
    return basket


def sale_of(desk, basket):
    return decide_sale(basket, [cash(basket.total_minor, Money(basket.total_minor))], sold_at=desk.clock.stamp().at)


def test_a_basket_comes_back_as_it_was(desk, tmp_path):
    basket = filled(desk, 0, 1, 1, 62)
    desk.keep(basket)
    assert open_desk(tmp_path / "data").open_basket() == basket


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.integers(-1, 5), max_size=15))
def test_every_step_of_a_basket_is_kept(desk, steps):
    basket = desk.open_basket()
    for step in steps:
        if step >= 0:
            basket = add(basket, make_line(PIECES[step], 1))
        elif basket.lines:
            basket = drop(basket, len(basket.lines) - 1)
        desk.keep(basket)
        assert desk.open_basket().lines == basket.lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(baskets(), st.integers(1, 500))
def test_whatever_is_in_a_basket_comes_back_with_what_was_paid(desk, basket, part):
    paid = take_cash(Tender(Money(part + 1)), Money(part)).payments if basket.total_minor else ()
    kept = replace(basket, id=desk.new_basket_id(), payments=paid)
    desk.keep(kept)
    assert desk.open_basket() == kept
    desk.keep(replace(kept, payments=()))
    assert desk.open_basket().payments == ()
    desk.park(kept, "p")
    assert desk.parked()[-1].basket == kept
    desk.recall(kept.id)
    desk.record([sale_of(desk, replace(kept, payments=()))] if kept.total_minor >= 0 else [])


def test_an_empty_basket_is_not_given_back(desk):
    basket = filled(desk)
    desk.keep(basket)
    assert desk.open_basket().id != basket.id


def test_a_sold_basket_is_closed_for_good(desk):
    basket = filled(desk, 1)
    desk.keep(basket)
    desk.record([sale_of(desk, basket)])
    assert desk.open_basket().lines == ()
    with pytest.raises(AlreadySold):
        desk.record([sale_of(desk, basket)])
    with pytest.raises(BasketClosed, match="nothing was sold twice"):
        desk.keep(basket)


def test_the_last_sale_is_found_without_looking_at_all_the_others(desk):
    plan = desk.journal.connection.execute(f"EXPLAIN QUERY PLAN {NEWEST}").fetchall()
    assert not [step for *_, step in plan if "TEMP B-TREE" in step], plan


def test_the_last_sale_is_the_newest_of_the_newest_life(desk):
    assert desk.last_sale() is None
    for number in range(11):
        basket = filled(desk, number)
        desk.keep(basket)
        desk.record([sale_of(desk, basket)])
    assert desk.last_sale().receipt == "k1-1-11"
    desk.journal.raise_epoch(desk.journal.epoch)
    desk.record([sale_of(desk, filled(desk, 1))])
    assert desk.last_sale().receipt == "k1-2-1"
