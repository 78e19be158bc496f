"""Goods set aside for shoppers: only by right, for a time, and ended once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.down import Item
from contract.facts import StockLine
from contract.rights import ReservationCancelled, ReservationCollected
from contract.stock import Account, StockKey
from contract.values import BasketId, Currency, Gtin, Money, Quantity, Sku, Unit
from kiosk.core.bill import Prices
from kiosk.core.goods import GoodsError
from kiosk.core.reservations import (
    DEFAULT_HOLD,
    MAX_HOLD,
    MIN_HOLD,
    Listed,
    NotPromisable,
    Reservation,
    ReservationError,
    State,
    decide_cancel,
    decide_collect,
    decide_hold,
    decide_payment,
    due,
    fill_basket,
    related,
)
from kiosk.core.tender import TenderError

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
TEA, HAM = Sku("TEA"), Sku("HAM")
ITEMS = {
    TEA: Item(TEA, "Tea", price_minor=Money(450)),
    HAM: Item(HAM, "Ham", price_minor=Money(2000), price_per=1000, unit=Unit.GRAM),
}
FOUND = Reservation(
    id="r",
    code="ABCD-EFGH",
    state=State.HELD,
    lines=(StockLine(TEA, Quantity(2)), StockLine(HAM, Quantity(250, Unit.GRAM))),
    held_at=AT,
    until=AT + DEFAULT_HOLD,
)


def hold(amount: int, account: Account, wait: timedelta = DEFAULT_HOLD):
    lines = [StockLine(TEA, Quantity(amount))]
    return decide_hold(lines, accounts={StockKey(TEA): account}, reservation="r", code="ABCD-EFGH", at=AT, wait=wait)


@given(
    st.integers(1, 30),
    st.builds(Account, received=st.integers(0, 30), overdraft=st.integers(0, 10), held=st.integers(0, 3)),
)
def test_goods_are_held_exactly_where_the_till_may_promise_them(amount, account):
    if amount <= account.promisable:
        held = hold(amount, account)
        assert (held.lines, held.until, held.placed) == ([StockLine(TEA, Quantity(amount))], AT + DEFAULT_HOLD, False)
    else:
        with pytest.raises(NotPromisable, match=f"{amount} pc of TEA wanted, {account.promisable} can be promised"):
            hold(amount, account)


def test_what_is_lacking_is_named_line_by_line_and_a_sku_cannot_be_split_to_pass():
    lines = [StockLine(TEA, Quantity(2)), StockLine(HAM, Quantity(9)), StockLine(TEA, Quantity(2))]
    with pytest.raises(NotPromisable) as refused:
        decide_hold(lines, accounts={StockKey(TEA): Account(received=3)}, reservation="r", code="C", at=AT)
    assert refused.value.lacking == ((StockLine(TEA, Quantity(4)), 3), (StockLine(HAM, Quantity(9)), 0))
    assert "3 pc of TEA" not in str(refused.value)
    assert str(refused.value).endswith("9 pc of HAM wanted, 0 can be promised: hold less, or ask the hub for a promise")


@pytest.mark.parametrize("wait", [timedelta(0), MIN_HOLD - timedelta(seconds=1), MAX_HOLD + timedelta(seconds=1)])
def test_a_time_that_is_none_is_refused(wait):
    with pytest.raises(ReservationError, match="1 minute to 14 days"):
        hold(1, Account(received=9), wait)


def test_the_bounds_of_a_time_are_times_and_nothing_is_no_goods():
    assert hold(1, Account(received=9), MIN_HOLD).until == AT + MIN_HOLD
    assert hold(1, Account(received=9), MAX_HOLD).until == AT + MAX_HOLD
    with pytest.raises(GoodsError):
        decide_hold([], accounts={}, reservation="r", code="C", at=AT)


def test_a_collection_ends_the_hold_of_all_its_goods_also_when_its_time_is_over():
    late = FOUND.until + timedelta(hours=1)
    assert decide_collect(FOUND, basket=BasketId("b"), at=late) == [
        ReservationCollected("r", list(FOUND.lines), BasketId("b"), late)
    ]


def test_goods_of_an_earlier_life_are_sold_as_goods_in_hand_or_put_back_and_no_fact_ends_their_hold():
    past = replace(FOUND, state=State.PAST)
    assert decide_collect(past, basket=BasketId("b"), at=AT) == []
    assert decide_cancel(past, at=AT) == []


def test_a_hold_whose_time_is_over_and_that_has_not_lapsed_can_be_cancelled():
    late = FOUND.until + timedelta(hours=1)
    assert decide_cancel(FOUND, at=late) == [ReservationCancelled("r", list(FOUND.lines), late)]


@pytest.mark.parametrize("state", [State.COLLECTED, State.LAPSED, State.CANCELLED])
def test_a_hold_ends_once(state):
    ended = replace(FOUND, state=state)
    with pytest.raises(ReservationError, match=f"ABCD-EFGH was {state} already"):
        decide_collect(ended, basket=BasketId("b"), at=AT)
    with pytest.raises(ReservationError, match=f"was {state} already"):
        decide_cancel(ended, at=AT)


def test_a_cancellation_names_all_its_goods_and_why():
    (fact,) = decide_cancel(FOUND, at=AT, reason="changed their mind")
    assert (fact.lines, fact.reason) == (list(FOUND.lines), "changed their mind")


def test_the_basket_of_a_collection_is_the_reserved_goods_at_todays_prices():
    filled = fill_basket(FOUND, basket=BasketId("b"), currency=Currency("EUR"), items=ITEMS)
    assert [(line.sku, line.quantity) for line in filled.lines] == [(line.sku, line.quantity) for line in FOUND.lines]
    assert filled.total_minor == due(FOUND, ITEMS) == 900 + 500


@pytest.mark.parametrize(
    "items",
    [
        {TEA: ITEMS[TEA]},
        {**ITEMS, HAM: Item(HAM, "Ham", unit=Unit.GRAM)},
        {**ITEMS, HAM: Item(HAM, "Ham", price_minor=Money(2000))},
    ],
)
def test_goods_without_a_price_in_their_unit_cannot_be_sold(items):
    with pytest.raises(ReservationError, match="HAM has no price in the catalogue"):
        fill_basket(FOUND, basket=BasketId("b"), currency=Currency("EUR"), items=items)
    assert due(FOUND, items) is None


def test_what_belongs_to_goods_is_sold_with_them():
    beer = Item(TEA, "Beer", [Gtin("04006381333931")], Money(300), deposit=Sku("PFAND"))
    items = {TEA: beer, HAM: ITEMS[HAM], Sku("PFAND"): Item(Sku("PFAND"), "Deposit", price_minor=Money(8))}
    filled = fill_basket(FOUND, basket=BasketId("b"), currency=Currency("EUR"), items=items)
    assert [line.deposit_minor for line in filled.lines] == [16, 0]
    assert related(items.values()) == ["PFAND"]
    assert Listed(items).scan(beer.gtins[0]) == beer
    assert Listed(items).scan(Gtin("00000096385074")) is None


@pytest.mark.parametrize(
    ("due_minor", "given", "paid", "change"), [(386, None, 385, 0), (386, 500, 385, 115), (0, 0, 0, 0)]
)
def test_cash_for_a_collection_is_rounded_to_the_coins_there_are(due_minor, given, paid, change):
    payment = decide_payment(Money(due_minor), given, Prices(cash_step_minor=5))
    assert (payment.amount_minor, payment.change_minor) == (paid, change)


@pytest.mark.parametrize("given", [0, 1, 384, 386 - 5])
def test_too_little_cash_for_a_collection_is_refused(given):
    with pytest.raises(TenderError):
        decide_payment(Money(386), Money(given), Prices(cash_step_minor=5))
