"""Parked baskets, over the real desk: nothing is lost, nothing is mixed, nothing is sold twice."""

import pytest
from till_terminal import barcode, stock_desk

from contract.values import BasketId, Currency
from kiosk.core.basket import Basket
from kiosk.core.counter import Counter, Mood
from kiosk.core.parking import MAX_LABEL, MAX_PARKED, ParkingError, check_park, find_parked
from kiosk.journal.errors import BasketClosed, StorageFailed
from kiosk.journal.stock import kept


def skus(counter):
    return [line.sku for line in counter.basket.lines]


def test_a_parked_basket_comes_back_as_it_was_and_is_sold_once(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    first = counter.basket
    assert counter.park("red scarf").text == "parked red scarf"
    assert skus(counter) == []
    counter.enter(barcode(2))
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    assert counter.recall("red scarf").text == "recalled red scarf"
    assert counter.basket == first
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    assert desk.parked() == []
    assert [one.sku for one in kept(desk.journal)] == ["P-01", "P-02"]


def test_a_parked_basket_touches_no_stock(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    counter.park()
    assert kept(desk.journal) == []
    assert desk.journal.newest() == 0


def test_parked_and_open_baskets_survive_a_crash(tmp_path):
    before = stock_desk(tmp_path)
    counter = Counter(before)
    counter.enter(barcode(1))
    counter.park("one")
    counter.enter(barcode(2))
    counter.park("two")
    counter.enter(barcode(3))
    before.close()
    after = stock_desk(tmp_path)
    counter = Counter(after)
    assert skus(counter) == ["P-03"]
    assert [(one.label, [line.sku for line in one.basket.lines]) for one in after.parked()] == [
        ("one", ["P-01"]),
        ("two", ["P-02"]),
    ]
    after.close()


def test_a_recalled_basket_is_the_open_one_after_a_crash(tmp_path):
    before = stock_desk(tmp_path)
    counter = Counter(before)
    counter.enter(barcode(1))
    counter.park()
    counter.recall()
    before.close()
    after = stock_desk(tmp_path)
    assert skus(Counter(after)) == ["P-01"]
    assert after.parked() == []
    after.close()


def test_two_shoppers_goods_never_mix(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    counter.park()
    counter.enter(barcode(2))
    assert "goods in the basket" in counter.recall().text
    assert skus(counter) == ["P-02"]
    assert len(desk.parked()) == 1


def test_what_cannot_be_parked_or_recalled_is_refused(desk):
    counter = Counter(desk)
    assert "nothing to park" in counter.park().text
    assert counter.recall().text == "none is parked"
    counter.enter(barcode(1))
    assert "at most 40" in counter.park("x" * (MAX_LABEL + 1)).text
    assert "at most 40" in counter.park("a\x07b").text
    counter.park("same")
    counter.enter(barcode(2))
    counter.park("same")
    assert "no parked basket is 'other'" in counter.recall("other").text
    assert "several baskets" in counter.recall("same").text
    assert counter.recall(desk.parked()[1].basket.id).mood is Mood.INFO
    assert skus(counter) == ["P-02"]


def test_a_counter_keeps_a_bounded_number(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    counter.park()
    (one,) = desk.parked()
    with pytest.raises(ParkingError, match="50 baskets are parked"):
        check_park(one.basket, "", [one] * MAX_PARKED)
    with pytest.raises(ParkingError, match="several"):
        find_parked("", [one, one])


def test_a_basket_that_was_sold_meanwhile_is_neither_parked_nor_recalled(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    other = Counter(desk)
    other.sell(other.basket.total_minor)
    assert "was sold already" in counter.park().text
    with pytest.raises(BasketClosed):
        desk.recall(BasketId("never"))


def test_a_basket_that_another_counter_took_is_not_taken_twice(desk):
    counter = Counter(desk)
    counter.enter(barcode(1))
    counter.park()
    (one,) = desk.parked()
    with pytest.raises(BasketClosed):
        desk.park(one.basket, "again")
    desk.recall(one.basket.id)
    stale = Counter(Stale(desk, [one]))
    assert "was sold already" in stale.recall().text


class Stale:
    """A real desk whose list of parked baskets is of a moment ago, and which has nothing open."""

    def __init__(self, desk, parked):
        self._desk = desk
        self.parked = lambda: parked

    def __getattr__(self, name):
        return getattr(self._desk, name)

    def open_basket(self):
        return Basket(BasketId("new"), Currency("EUR"))


class Failing:
    """A real desk that fails to write while a test wants it to."""

    def __init__(self, desk):
        self._desk = desk

    def __getattr__(self, name):
        if name in {"park", "recall"}:
            return self._fail
        return getattr(self._desk, name)

    def _fail(self, *_):
        raise StorageFailed(self._desk.journal.path, "disk I/O error")


def test_a_desk_that_fails_leaves_every_basket_where_it_was(desk):
    counter = Counter(Failing(desk))
    counter.enter(barcode(1))
    assert "disk I/O error" in counter.park().text
    assert skus(counter) == ["P-01"]
    Counter(desk).park()
    counter = Counter(Failing(desk))
    assert "disk I/O error" in counter.recall().text
    assert len(desk.parked()) == 1
