"""The counter over its real desk, and over a desk that fails."""

import pytest
from till_terminal import barcode

from contract.codec import decode
from contract.codes import make_code
from contract.errors import Malformed
from contract.facts import SaleRecorded, StockLine, StockReceived
from contract.rights import OverdraftBooked
from contract.values import Money, Quantity, Sku
from kiosk.core.counter import Counter, Mood, Notice
from kiosk.core.notices import Choose, Collect, Wanted
from kiosk.core.ports import DeskError
from kiosk.journal.errors import BasketClosed, StorageFailed

ESPRESSO = "4006381333931"


class FailingDesk:
    """A real desk whose named methods fail while a test wants them to."""

    def __init__(self, desk):
        self._desk = desk
        self.failing = {}

    def __getattr__(self, name):
        if name in self.failing:
            return self._fail(self.failing[name])
        return getattr(self._desk, name)

    @staticmethod
    def _fail(error):
        def fail(*_):
            raise error

        return fail


@pytest.fixture
def failing(desk):
    return FailingDesk(desk)


def broken(desk):
    return StorageFailed(desk.journal.path, "disk I/O error")


def skus(counter):
    return [(line.sku, line.quantity.amount) for line in counter.basket.lines]


def test_a_quantity_waits_for_its_goods_and_is_used_once(desk):
    counter = Counter(desk)
    assert counter.enter("3*") is None
    assert counter.times == 3
    assert counter.enter(ESPRESSO) is None
    counter.enter(barcode(1))
    assert skus(counter) == [("ESP-1", 3), ("P-01", 1)]


def test_an_empty_entry_keeps_the_quantity(desk):
    counter = Counter(desk)
    counter.enter("3*")
    counter.enter("")
    assert counter.times == 3


def test_the_newer_quantity_counts(desk):
    counter = Counter(desk)
    counter.enter("3*")
    counter.enter("2*")
    counter.enter(ESPRESSO)
    assert skus(counter) == [("ESP-1", 2)]


@pytest.mark.parametrize("text", ["4006381333932", "99", "nothing", "4.505", "0*", "12345678901234567890", "x" * 70])
def test_what_cannot_be_sold_adds_nothing_and_drops_the_quantity(desk, text):
    counter = Counter(desk)
    counter.enter("7*")
    answer = counter.enter(text)
    assert isinstance(answer, Notice)
    assert answer.mood is Mood.ERROR
    assert "(quantity 7 dropped)" in answer.text
    assert (counter.times, skus(counter)) == (None, [])


def test_a_choice_keeps_the_quantity_until_it_is_made(desk):
    counter = Counter(desk)
    counter.enter("2*")
    answer = counter.enter("espresso")
    assert isinstance(answer, Choose)
    assert counter.pick(answer.items[1], "espresso") is None
    assert skus(counter) == [(answer.items[1].sku, 2)]
    assert counter.times is None


def test_a_choice_that_cannot_be_taken_says_so(desk):
    counter = Counter(desk)
    (item,) = counter.search("doppio")
    answer = counter.pick(item, "0.5*doppio")
    assert isinstance(answer, Notice)
    assert "pieces cannot be sold" in answer.text


def test_what_goods_lack_is_wanted_and_nothing_is_added(desk):
    counter = Counter(desk)
    cable = counter.enter("CABLE")
    assert isinstance(cable, Wanted)
    assert (cable.item.sku, cable.amount, cable.price_minor, cable.price_per) == ("CABLE", None, None, 1000)
    weighed = counter.enter("1.5*CABLE")
    assert isinstance(weighed, Wanted)
    assert (weighed.amount, weighed.price_minor) == (1500, None)
    apples = counter.enter("APPLE")
    assert isinstance(apples, Wanted)
    assert (apples.amount, apples.price_minor) == (None, 299)
    assert skus(counter) == []


def test_a_reservation_s_code_is_no_goods_and_is_to_be_collected(desk):
    counter, code = Counter(desk), make_code(1234567)
    assert counter.enter(code) == Collect(code)
    assert skus(counter) == []


def test_the_last_line_again_as_often_as_was_typed(desk):
    counter = Counter(desk)
    refused = counter.enter("+")
    assert isinstance(refused, Notice)
    assert "the basket is empty" in refused.text
    counter.enter(ESPRESSO)
    assert counter.enter("+") is None
    assert counter.enter("3*+") is None
    counter.enter("0.25*APPLE")
    assert counter.enter("+") is None
    assert skus(counter) == [("ESP-1", 5), ("APPLE", 250), ("APPLE", 250)]
    refused = counter.enter("0.5*+")
    assert isinstance(refused, Notice)
    assert "pieces cannot be sold" in refused.text


def test_search_finds_by_words_behind_a_quantity_and_never_fails(failing, desk):
    counter = Counter(failing)
    assert [item.sku for item in counter.search("3*dopp")] == ["ESP-2"]
    assert counter.search("3*") == []
    assert counter.search("0*") == []
    failing.failing = {"search": broken(desk)}
    assert counter.search("dopp") == []


def test_what_is_known_is_known_by_barcode_or_sku(failing, desk):
    counter = Counter(failing)
    assert [counter.knows(text) for text in (ESPRESSO, "1234", "APPLE", "99", "x" * 70)] == [True] * 3 + [False] * 2
    failing.failing = {"item": broken(desk)}
    assert not counter.knows("1234")


def test_a_void_line_is_named(desk):
    counter = Counter(desk)
    counter.enter(ESPRESSO)
    assert counter.void(0) == Notice(Mood.INFO, "taken out: Espresso")
    refused = counter.void(0)
    assert isinstance(refused, Notice)
    assert refused.mood is Mood.ERROR


def test_a_line_that_cannot_be_kept_is_in_the_basket_and_said(failing, desk):
    counter = Counter(failing)
    failing.failing = {"keep": broken(desk)}
    answer = counter.enter(ESPRESSO)
    assert isinstance(answer, Notice)
    assert "would not survive a power cut" in answer.text
    assert skus(counter) == [("ESP-1", 1)]
    assert isinstance(counter.void(0), Notice)


@pytest.mark.parametrize("name", ["scan", "item"])
def test_a_catalogue_that_cannot_be_read_is_a_notice(failing, desk, name):
    counter = Counter(failing)
    failing.failing = {name: broken(desk)}
    answer = counter.enter("99" if name == "item" else ESPRESSO)
    assert isinstance(answer, Notice)
    assert "cannot write" in answer.text


def test_a_sale_is_said_once_it_is_recorded(desk):
    counter = Counter(desk)
    counter.enter(ESPRESSO)
    first = counter.basket.id
    assert counter.sell(Money(500)) == Notice(Mood.SOLD, "SOLD receipt k1-1-1, total 2.20, change 2.80")
    assert counter.basket.id != first
    assert counter.sold is not None
    assert counter.sold.receipt == "k1-1-1"
    assert counter.sell(Money(500)).mood is Mood.ERROR


@pytest.mark.parametrize("error", [StorageFailed, Malformed])
def test_a_sale_that_is_not_stored_is_said_and_the_basket_stays(failing, desk, error):
    counter = Counter(failing)
    counter.enter(ESPRESSO)
    failing.failing = {"record": broken(desk) if error is StorageFailed else Malformed("not a sale")}
    told = counter.sell(Money(500))
    assert told.mood is Mood.ERROR
    assert told.text.startswith("NOT SOLD")
    assert skus(counter) == [("ESP-1", 1)]
    failing.failing = {}
    assert counter.sell(Money(500)).mood is Mood.SOLD


def test_a_sale_is_said_although_the_shop_s_settings_cannot_be_read_after_it(failing, desk):
    counter = Counter(failing)
    counter.enter(ESPRESSO)
    failing.failing = {"shop": broken(desk)}
    assert counter.sell(Money(220)).mood is Mood.SOLD
    assert counter.enter(ESPRESSO) is None
    assert counter.sell(Money(220)).mood is Mood.SOLD


@pytest.mark.parametrize("damaged", ["{", '{"of_a_newer_release": 1}'])
def test_settings_of_the_shop_that_cannot_be_read_are_said_and_stop_no_sale(desk, damaged):
    counter = Counter(desk)
    counter.enter(ESPRESSO)
    with desk.catalogue.connection as connection:
        connection.execute("INSERT INTO settings (key, value) VALUES ('shop', ?)", (damaged,))
    assert counter.sell(Money(220)).mood is Mood.SOLD
    with pytest.raises(DeskError, match="move it away and restore a copy"):
        Counter(desk)


def test_a_basket_that_was_sold_is_given_up(failing, desk):
    counter, twin = Counter(failing), Counter(desk)
    counter.enter(ESPRESSO)
    twin.basket = counter.basket
    twin.sell(Money(220))
    assert "last sale k1-1-1, 2.20" in counter.sell(Money(220)).text
    assert skus(counter) == []
    twin.enter(ESPRESSO)
    counter.basket = twin.basket
    twin.sell(Money(220))
    answer = counter.enter(ESPRESSO)
    assert isinstance(answer, Notice)
    assert "nothing was sold twice" in answer.text


def test_giving_up_a_sold_basket_needs_the_disk(failing, desk):
    counter = Counter(failing)
    counter.enter(ESPRESSO)
    failing.failing = {"record": BasketClosed("b"), "open_basket": broken(desk)}
    assert "cannot write" in counter.sell(Money(220)).text
    failing.failing = {"record": BasketClosed("b")}
    assert "see the journal" in counter.sell(Money(220)).text


def test_a_restarted_counter_has_the_basket_and_the_last_sale(desk):
    counter = Counter(desk)
    counter.enter("1.00")
    counter.sell(Money(100))
    counter.enter("2*ESP-1")
    again = Counter(desk)
    assert again.basket == counter.basket
    assert again.restored == 1
    assert again.last_sale is not None
    assert again.last_sale.total_minor == 100


def test_words_that_mean_one_thing_add_it_and_a_code_is_not_completed(desk):
    counter = Counter(desk)
    assert counter.enter("doppio") is None
    assert isinstance(counter.enter("P-0"), Choose)
    assert skus(counter) == [("ESP-2", 1)]


def kept_here(desk, sku="ESP-1", amount=1):
    """Take some goods into stock, so that this till has an account of them."""
    desk.record([StockReceived([StockLine(Sku(sku), Quantity(amount))], desk.clock.stamp().at)])


def test_goods_in_hand_up_to_the_limit_are_sold_and_beyond_it_with_an_approver_only(desk):
    kept_here(desk)
    counter = Counter(desk)
    counter.enter(f"6*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    counter.enter(f"6*{ESPRESSO}")
    notice = counter.sell(counter.basket.total_minor)
    assert notice.mood is Mood.ERROR
    assert "NOT SOLD: the books here lack 6 pc of ESP-1: a manager must approve it" in notice.text
    assert skus(counter) == [("ESP-1", 6)]
    assert counter.enter(" @ anna ") == Notice(Mood.INFO, "approved by anna, for this basket")
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    booked, sale = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)][-2:]
    assert isinstance(booked, OverdraftBooked)
    assert isinstance(sale, SaleRecorded)
    assert (booked.approved_by, booked.basket, booked.lines[0].quantity.amount) == ("anna", sale.basket, 6)
    assert sale.lines[0].overdraft == 6


def test_an_approval_is_for_one_basket(desk):
    kept_here(desk)
    counter = Counter(desk)
    counter.enter("@anna")
    counter.enter(f"9*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    counter.enter(f"9*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.ERROR
    counter.enter("@anna")
    counter.park()
    counter.recall()
    assert counter.sell(counter.basket.total_minor).mood is Mood.ERROR


def test_an_approval_goes_with_the_last_of_the_goods(desk):
    kept_here(desk)
    counter = Counter(desk)
    counter.enter("@anna")
    counter.enter(f"9*{ESPRESSO}")
    first = counter.basket.id
    counter.void(0)
    assert counter.basket.id != first
    counter.enter(f"9*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.ERROR


def test_goods_that_this_till_keeps_no_stock_of_need_nobody(desk):
    counter = Counter(desk)
    counter.enter(f"900*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD
    counter.enter(f"900*{ESPRESSO}")
    assert counter.sell(counter.basket.total_minor).mood is Mood.SOLD


@pytest.mark.parametrize("text", ["@", "@ ", "@" + "x" * 33, "@a\x07b"])
def test_an_approver_that_is_none_is_refused(desk, text):
    counter = Counter(desk)
    notice = counter.enter(text)
    assert isinstance(notice, Notice)
    assert (notice.mood, counter.approved_by) == (Mood.ERROR, "")
