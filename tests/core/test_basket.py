"""The basket and the checkout: sums agree for every order of lines, and nothing is sold that was not paid."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import reduce

import pytest
from basket_strategies import baskets
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
from kiosk.core.basket import (
    Basket,
    BasketError,
    Deposit,
    Line,
    Part,
    add,
    drop,
    exceeds,
    give,
    make_line,
    put,
)
from kiosk.core.checkout import CheckoutError, cash, decide_refund, decide_sale
from kiosk.core.discounts import Discount

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
        assert drop(more, len(basket.lines)) == basket


@given(additions.filter(bool), st.data())
def test_dropping_takes_out_one_line_and_leaves_the_others(taken, data):
    basket = filled(taken)
    index = data.draw(st.integers(0, len(basket.lines) - 1))
    kept = list(basket.lines)
    del kept[index]
    assert list(drop(basket, index).lines) == kept


FINE = [Item(Sku(f"f{per}"), "Screw", [], Money(7), per) for per in (1, 3, 10)]


@given(st.lists(st.tuples(st.sampled_from(FINE), st.integers(1, 20)), max_size=12), st.data())
def test_prices_below_the_smallest_coin_are_rounded_once_in_whatever_order(taken, data):
    turned = data.draw(st.permutations(taken))
    assert filled(taken).total_minor == filled(turned).total_minor


def test_labels_and_discounts_are_of_one_line_each():
    tea = make_line(Item(Sku("s"), "Tea", [], Money(100)), 1)
    for own in (replace(tea, label_minor=Money(90)), replace(tea, discount=Discount(amount_minor=Money(10)))):
        assert [line.quantity.amount for line in reduce(add, [own, own, tea], EMPTY).lines] == [1, 1, 1]
    assert put(reduce(add, [tea, tea], EMPTY), 0, replace(tea, note="gift")).lines == (replace(tea, note="gift"),)


@pytest.mark.parametrize(
    ("line_off", "basket_off", "beyond"),
    [
        (None, None, False),
        (Discount(ppm=100_000), None, False),
        (Discount(ppm=110_000), None, True),
        (Discount(ppm=500_000, by="anna"), None, False),
        (None, Discount(ppm=100_000), False),
        (None, Discount(ppm=100_001), False),  # of 1.00 it is the same 0.10
        (None, Discount(amount_minor=Money(21)), True),
        (None, Discount(amount_minor=Money(200), by="anna"), False),
        (Discount(ppm=100_000), Discount(ppm=50_000), False),  # 0.10 and 0.10 of 2.00
        (Discount(ppm=100_000), Discount(ppm=100_000), True),
        (Discount(ppm=500_000, by="anna"), Discount(ppm=100_000), False),
    ],
)
def test_discounts_that_nobody_approved_stay_within_the_limit_together(line_off, basket_off, beyond):
    tea = make_line(Item(Sku("s"), "Tea", [], Money(100)), 1)
    gift = make_line(Item(Sku("g"), "Gift card", [], Money(1000), discountable=False), 1)
    lines = (replace(tea, discount=line_off), tea, replace(gift, discountable=False, discount=Discount(ppm=900_000)))
    assert exceeds(Basket(EMPTY.id, EMPTY.currency, lines, basket_off), 100_000) is beyond


@given(baskets(), st.integers(0, 1_000_000))
def test_who_approved_every_discount_never_exceeds(basket, limit):
    def approved(off):
        return replace(off, by="anna") if off else None

    lines = tuple(replace(line, discount=approved(line.discount)) for line in basket.lines)
    assert not exceeds(replace(basket, lines=lines, discount=approved(basket.discount)), limit)
    if basket.discount is None and all(line.discount is None for line in basket.lines):
        assert not exceeds(basket, 0)


@pytest.mark.parametrize("index", [-1, 0, 3])
def test_a_line_that_is_not_there_cannot_be_dropped(index):
    with pytest.raises(BasketError, match="the basket is empty"):
        drop(EMPTY, index)


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


def test_the_parts_of_bundles_fit_a_receipt_too():
    bundle = make_line(Item(Sku("SET"), "Set", [], Money(10)), 50_000)
    parts = (Part(Sku("RICE"), "Rice", Quantity(20_000, Unit.GRAM), Money(300)),)
    assert add(EMPTY, replace(bundle, parts=parts)).lines
    with pytest.raises(BasketError, match="one receipt can hold"):
        add(EMPTY, replace(bundle, parts=parts, quantity=Quantity(50_001)))


def test_a_discount_on_everything_whose_reason_does_not_fit_each_line_is_refused():
    items = [Item(Sku(f"s{number}"), "é" * 40, [], Money(100)) for number in range(900)]
    basket = replace(EMPTY, lines=tuple(make_line(one, 1) for one in items))
    assert give(basket, Discount(10_000, reason="damaged")).discount
    with pytest.raises(BasketError, match="one receipt can hold"):
        give(basket, Discount(10_000, reason="😀" * 60))


def test_a_basket_that_fits_is_a_sale_that_can_be_stored():
    widest = Item(Sku("\\" * 64), '"' * 200, [], Money(1), tax='"' * 32)
    one, other = (replace(make_line(widest, MAX_AMOUNT // 10**4), price_minor=Money(minor)) for minor in (1, 2))
    basket = EMPTY
    while len(basket.lines) < 400:
        basket = add(add(basket, one), other)
    with pytest.raises(BasketError, match="one receipt can hold"):
        reduce(add, [one, other] * MAX_LINES, basket)
    total = basket.total_minor
    sale = replace(decide_sale(basket, [cash(total, total)], sold_at=AT), receipt=Receipt("k1-1-1"))
    source = LaneSource(parse_address("north/market/k1"), Epoch(1), Lane.TILL)
    assert encode(sale, source=source, seq=Seq(1), prev=NO_DIGEST, stamp=Stamp(at=AT))


def test_a_basket_of_lines_with_all_that_a_line_may_have_fits_too():
    wide, text = Sku("\\" * 64), '"' * 200
    off = Discount(amount_minor=Money(1), reason=text, by='"' * 32)
    part = Part(wide, text, Quantity(MAX_AMOUNT), Money(10**9), '"' * 32)
    line = Line(
        wide, text, Quantity(1), Money(10**8), 1, '"' * 32, off, Money(10**11), None, '"' * 32, text, text,
        Deposit(wide, text, Money(10**8), '"' * 32), (part, part), 99,
    )  # fmt: skip
    basket = replace(EMPTY, discount=off)
    with suppress(BasketError):
        for number in range(MAX_LINES):
            basket = add(basket, replace(line, age=number % 90))
    total = basket.total_minor
    sale = replace(decide_sale(basket, [cash(total, total)], sold_at=AT), receipt=Receipt("k1-1-1"))
    source = LaneSource(parse_address("north/market/k1"), Epoch(1), Lane.TILL)
    assert len(encode(sale, source=source, seq=Seq(1), prev=NO_DIGEST, stamp=Stamp(at=AT))) > 300_000


def test_deposits_and_parts_are_lines_of_the_receipt():
    bottle = Deposit(Sku("PF"), "Deposit", Money(25))
    lines = tuple(Line(Sku(f"s{n}"), "Cola", Quantity(1), Money(1), 1, deposit=bottle) for n in range(MAX_LINES // 2))
    with pytest.raises(BasketError, match="lines"):
        add(Basket(EMPTY.id, EMPTY.currency, lines), make_line(Item(Sku("one"), "More", [], Money(1)), 1))
