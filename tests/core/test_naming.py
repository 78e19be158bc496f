"""Goods named one after the other: whatever the order, and whatever is undone, each account is added up once."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from contract.down import Item
from contract.stock import StockKey
from contract.values import Condition, Money, Quantity, Sku, Unit
from kiosk.core.dialogues.naming import Named, shelf_lines, stock_lines, told_goods, told_lines

ITEMS = [Item(Sku("TEA"), "Tea", [], Money(100)), Item(Sku("HAM"), "Ham", [], Money(2000), 1000, Unit.GRAM)]
entries = st.lists(
    st.builds(Named, st.sampled_from(ITEMS), st.integers(1, 10**6), st.sampled_from(list(Condition))), max_size=30
)


@given(entries)
def test_each_account_stands_in_it_once_with_all_that_was_named(named):
    sums: Counter[StockKey] = Counter()
    for one in named:
        sums[one.key] += one.amount
    lines = stock_lines(named)
    assert {(one.sku, one.condition, one.quantity.unit): one.quantity.amount for one in lines} == dict(sums)
    assert len(lines) == len(set(sums)) == len(told_lines(named))
    assert [(one.sku, one.counted, one.condition) for one in shelf_lines(named)] == [
        (one.sku, one.quantity, one.condition) for one in lines
    ]


@given(entries.filter(bool), st.randoms())
def test_the_order_changes_no_sum_and_what_was_named_last_stands_last(named, random):
    other = list(named)
    random.shuffle(other)
    assert set(map(repr, stock_lines(other))) == set(map(repr, stock_lines(named)))
    last = stock_lines(other)[-1]
    assert (last.sku, last.condition) == (other[-1].item.sku, other[-1].condition)


def test_rows_say_pieces_weights_and_what_is_damaged():
    tea, ham = ITEMS
    assert told_goods(tea, 3) == "3 × Tea"
    assert told_goods(ham, 1500) == "1.500 kg Ham"
    assert told_goods(tea, 1, Condition.DAMAGED) == "1 × Tea (damaged)"
    assert Quantity(3) == stock_lines([Named(tea, 1), Named(tea, 2)])[0].quantity
