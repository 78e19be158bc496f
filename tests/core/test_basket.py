"""The basket and the checkout: sums agree for every order of lines, and nothing is sold that was not paid."""

from datetime import UTC, datetime
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.codec import Stamp, encode
from contract.down import Item
from contract.envelope import NO_DIGEST, LaneSource
from contract.facts import MAX_LINES, Payment, PaymentKind
from contract.money import round_half_up
from contract.values import (
    MAX_AMOUNT,
    BasketId,
    Currency,
    Epoch,
    Lane,
    Money,
    Quantity,
    Receipt,
    Seq,
    Sku,
    Unit,
    parse_address,
)
from kiosk.core.basket import Basket, BasketError, Line, add, drop, drop_last, make_line
from kiosk.core.checkout import CheckoutError, cash, decide_refund, decide_sale

AT = datetime(2026, 11, 21, tzinfo=UTC)
EMPTY = Basket(BasketId("b1"), Currency("EUR"))
items = st.builds(
    lambda number, price, unit: Item(Sku(f"s{number}"), f"Item {number}", [], price, unit.per, unit),
    st.integers(0, 3),
    st.integers(0, 100_000).map(Money),
    st.sampled_from(Unit),
)
additions = st.lists(st.tuples(items, st.integers(1, 5_000)), max_size=20)


def filled(taken):
    basket = EMPTY
    for item, amount in taken:
        basket = add(basket, make_line(item, amount))
    return basket


def exact(lines):
    return sum(round_half_up(line.quantity.amount * line.price_minor, line.price_per) for line in lines)


@given(additions)
def test_the_total_is_the_sum_of_its_lines(taken):
    basket = filled(taken)
    assert basket.total_minor == exact(basket.lines)


@given(additions)
def test_no_goods_are_lost_or_made_by_joining_lines(taken):
    basket = filled(taken)
    for unit in Unit:
        added = sum(amount for item, amount in taken if item.unit is unit)
        assert sum(line.quantity.amount for line in basket.lines if line.quantity.unit is unit) == added


@given(additions)
def test_pieces_cost_the_same_in_every_order(taken):
    pieces = [(item, amount) for item, amount in taken if item.unit is Unit.PIECE]
    assert filled(pieces).total_minor == filled(reversed(pieces)).total_minor


@given(additions, items, st.integers(1, 100))
def test_dropping_the_last_line_undoes_a_new_one(taken, item, amount):
    basket = filled(taken)
    more = add(basket, make_line(item, amount))
    if len(more.lines) > len(basket.lines):
        assert drop_last(more) == basket


@given(additions.filter(bool), st.data())
def test_dropping_takes_out_one_line_and_leaves_the_others(taken, data):
    basket = filled(taken)
    index = data.draw(st.integers(0, len(basket.lines) - 1))
    kept = list(basket.lines)
    del kept[index]
    assert list(drop(basket, index).lines) == kept


@pytest.mark.parametrize("index", [-1, 0, 3])
def test_a_line_that_is_not_there_cannot_be_dropped(index):
    with pytest.raises(BasketError, match="the basket is empty"):
        drop(EMPTY, index)
    with pytest.raises(BasketError):
        drop_last(EMPTY)


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_an_impossible_amount_is_refused(amount):
    with pytest.raises(BasketError, match="cannot be sold"):
        make_line(Item(Sku("s"), "Item", [], Money(1)), amount)


def test_an_item_without_a_price_needs_one():
    item = Item(Sku("s"), "Item", [], None, 1, Unit.GRAM)
    with pytest.raises(BasketError, match="has no price"):
        make_line(item, 1)
    assert make_line(item, 500, asked_minor=Money(300)).amount_minor == 150


def test_a_basket_holds_what_a_receipt_holds_and_no_more():
    lines = tuple(Line(Sku(f"s{n}"), "Item", Quantity(1), Money(1), 1) for n in range(MAX_LINES))
    full = Basket(EMPTY.id, EMPTY.currency, lines)
    with pytest.raises(BasketError, match="lines"):
        add(full, make_line(Item(Sku("one"), "More", [], Money(1)), 1))
    dear = make_line(Item(Sku("dear"), "Dear", [], Money(10**11)), 1)
    with pytest.raises(BasketError, match="more than one receipt can hold"):
        add(add(EMPTY, dear), dear)
    many = make_line(Item(Sku("many"), "Many", [], Money(0)), MAX_AMOUNT)
    with pytest.raises(BasketError, match="more than one receipt can hold"):
        add(add(EMPTY, many), many)


@given(additions.filter(bool), st.integers(0, 10**6))
def test_a_sale_adds_up(taken, more):
    basket = filled(taken)
    sale = decide_sale(basket, [cash(basket.total_minor, Money(basket.total_minor + more))], sold_at=AT)
    assert sale.total_minor == sum(line.amount_minor for line in sale.lines) == exact(basket.lines)
    assert sale.payments[0].change_minor == more
    assert sale.basket == basket.id


@given(additions.filter(bool))
def test_a_refund_gives_back_what_the_sale_took(taken):
    basket = filled(taken)
    paid = [cash(basket.total_minor, basket.total_minor)]
    sale, refund = decide_sale(basket, paid, sold_at=AT), decide_refund(basket, paid, refunded_at=AT)
    assert refund.total_minor == sale.total_minor
    assert [(line.sku, line.amount_minor) for line in refund.lines] == [
        (line.sku, line.amount_minor) for line in sale.lines
    ]
    assert all(line.restock for line in refund.lines)


def test_less_than_the_total_is_no_payment():
    with pytest.raises(CheckoutError, match="less than the total"):
        cash(Money(100), Money(99))


def test_an_empty_basket_and_a_wrong_sum_are_no_sale():
    with pytest.raises(CheckoutError, match="empty"):
        decide_sale(EMPTY, [], sold_at=AT)
    basket = filled([(Item(Sku("s"), "Item", [], Money(100)), 1)])
    with pytest.raises(CheckoutError, match="not the total"):
        decide_sale(basket, [Payment(PaymentKind.CASH, Money(99), Money(99), Money(0))], sold_at=AT)


def test_a_basket_that_fits_is_a_sale_that_can_be_stored():
    widest = Item(Sku("\\" * 64), '"' * 200, [], Money(1), tax='"' * 32)
    one, other = (replace(make_line(widest, MAX_AMOUNT // 10**4), price_per=per) for per in (1, 2))
    basket = EMPTY
    while len(basket.lines) < 400:
        basket = add(add(basket, one), other)
    with pytest.raises(BasketError, match="one receipt can hold"):
        reduce(add, [one, other] * MAX_LINES, basket)
    total = basket.total_minor
    sale = replace(decide_sale(basket, [cash(total, total)], sold_at=AT), receipt=Receipt("k1-1-1"))
    source = LaneSource(parse_address("north/market/k1"), Epoch(1), Lane.TILL)
    assert encode(sale, source=source, seq=Seq(1), prev=NO_DIGEST, stamp=Stamp(at=AT))
