"""What the shopper reads while goods are rung up, and when they are paid."""

import pytest

from kiosk.core.counter import Counter
from kiosk.core.shopper import COLUMNS, shopper_rows
from kiosk.core.words import in_english


def rows(counter):
    return shopper_rows(counter, str, in_english)


def test_nobody_is_served(desk):
    assert rows(Counter(desk)) == ("", "")


def test_the_last_line_and_the_total(desk):
    counter = Counter(desk)
    counter.enter("ESP-1")
    counter.enter("2*ESP-2")
    assert rows(counter) == ("Espresso doppio 6.20", "Total           8.40")


def test_what_was_paid_and_what_comes_back(desk):
    counter = Counter(desk)
    counter.enter("ESP-1")
    counter.sell(500)
    assert rows(counter) == ("Total           2.20", "Change          2.80")
    counter.enter("ESP-2")
    assert rows(counter) == ("Espresso doppio 3.10", "Total           3.10")


def test_each_sale_is_told_once_with_its_number_after_it_is_on_record(desk):
    counter, told = Counter(desk), []
    counter.on_sold = lambda sale: told.append((sale.receipt, desk.last_sale().receipt))
    counter.enter("ESP-1")
    counter.sell(100)
    assert told == []
    counter.sell(500)
    counter.sell(500)
    assert told == [("k1-1-1", "k1-1-1")]


@pytest.mark.parametrize("price", ["0.01", "9999999.99"])
def test_rows_fit_the_display(desk, price):
    counter = Counter(desk)
    counter.enter(price)
    assert [len(row) for row in rows(counter)] == [COLUMNS, COLUMNS]
