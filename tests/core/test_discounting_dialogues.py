"""Discounts, other prices and empties: who allows them, what is recorded, and that it adds up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selling_shop import SHOP, last_sale, line, lines, opened, sell, total
from talks import begin, ended, hold

from contract.shop import Person, Role, Shop
from contract.values import Money
from kiosk.core.counter import ALLOWED
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.people import make_hash


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    yield from opened(tmp_path, SHOP)


# ------------------------------------------------------------------------------------------- discounts and prices


def test_a_discount_within_the_limit_needs_a_reason_and_nobody(station: Station) -> None:
    sell(station, "2*TEA")
    assert hold(station, "discount", "10%", "", "damaged") is None
    assert total(station) == 810
    station.counter.sell(Money(810))
    (sold,) = last_sale(station).lines
    assert (sold.discount_minor, sold.reason, sold.by) == (90, "damaged", "")


def test_a_larger_one_needs_a_manager(station: Station) -> None:
    sell(station, "2*TEA")
    station.typed = "1.00"
    talk = begin(station, "discount", "old box")
    assert talk.prompt is not None
    assert (talk.prompt.title, talk.prompt.text) == ("1.00 EUR off Tea", "A manager's id")
    talk.answer("anna")
    assert ended(talk) is None
    assert total(station) == 800
    station.counter.sell(Money(800))
    (sold,) = last_sale(station).lines
    assert (sold.discount_minor, sold.reason, sold.by) == (100, "old box", "anna")


def test_leaving_before_the_manager_allows_it_changes_nothing(station: Station) -> None:
    sell(station, "TEA")
    talk = begin(station, "discount", "50%", "damaged")
    talk.leave()
    assert total(station) == 450


@pytest.mark.parametrize(("action", "typed"), [("discount", "10"), ("discount-all", "10%"), ("discount-all", "0.45")])
def test_what_is_typed_before_the_key_and_within_the_limit_needs_no_reason(
    station: Station, action: str, typed: str
) -> None:
    sell(station, "TEA")
    station.typed = typed
    assert hold(station, action) is None
    assert total(station) == 405


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10", "type 10% or an amount"),
        ("0%", "takes something off"),
        ("101%", "takes something off"),
        ("0.00", "takes something off"),
        ("5.00", "more than it costs, 4.50"),
        ("much", "not an amount"),
        ("", "not an amount"),
    ],
)
def test_a_discount_that_is_none_is_refused(station: Station, text: str, told: str) -> None:
    sell(station, "TEA")
    prompt = begin(station, "discount", text).prompt
    assert prompt is not None
    assert told in prompt.refused


@pytest.mark.parametrize("action", ["discount", "discount-all"])
def test_a_discount_is_taken_off_again(station: Station, action: str) -> None:
    sell(station, "TEA")
    hold(station, action, "5%", "damaged")
    assert total(station) == 427
    assert hold(station, action, "") == Notice(Mood.INFO, "the discount is taken off")
    assert total(station) == 450


@pytest.mark.parametrize("sku", ["GIFT", "PF"])
def test_what_has_no_discounts_has_none(station: Station, sku: str) -> None:
    sell(station, sku)
    for action in ("discount", "discount-all"):
        refused = hold(station, action)
        assert refused is not None
        assert "discounts" in refused.text


def test_a_discount_on_everything_leaves_out_what_has_none(station: Station) -> None:
    sell(station, "TEA", "GIFT", "COLA")
    assert hold(station, "discount-all", "10%", "regular shopper") is None
    assert total(station) == 450 + 1000 + 150 + 25 - 60
    assert hold(station, "discount-all", "20%", "regular shopper", "anna") is None
    assert total(station) == 450 + 1000 + 150 + 25 - 120


def test_discounts_do_not_add_up_to_more_than_staff_may_give(station: Station) -> None:
    sell(station, "TEA", "COLA")
    assert hold(station, "discount", "10%", "damaged") is None
    talk = begin(station, "discount-all", "10%", "regular shopper")
    assert talk.prompt is not None
    assert talk.prompt.title == "0.59 EUR off everything"


def test_taking_goods_out_does_not_leave_a_discount_that_nobody_may_give(station: Station) -> None:
    sell(station, "10*TEA", "COLA")
    assert hold(station, "discount-all", "4.50", "regular shopper") is None
    refused = station.counter.void(0)
    assert (refused.mood, "more than staff may give" in refused.text) == (Mood.ERROR, True)
    station.selected = 0
    assert "more than staff may give" in (hold(station, "qty", "1") or Notice(Mood.INFO, "")).text
    assert lines(station) == [("TEA", 10), ("COLA", 1)]


@pytest.mark.parametrize("action", ["repeat", "qty"])
def test_what_a_manager_allowed_on_one_is_not_given_on_fifty(station: Station, action: str) -> None:
    sell(station, "TEA")
    hold(station, "discount", "90%", "damaged", "anna")
    station.typed = "49"
    refused = hold(station, action)
    assert refused == Notice(Mood.ERROR, "the discount would be more than staff may give: take it off first")
    assert (lines(station), total(station)) == ([("TEA", 1)], 45)


@pytest.mark.parametrize(("sku", "action"), [("TEA", "repeat"), ("TEA", "qty"), ("0.5*APPLE", "repeat")])
def test_a_price_that_a_manager_allowed_is_of_as_many_as_there_were(station: Station, sku: str, action: str) -> None:
    sell(station, sku)
    station.typed = "0.01"
    hold(station, "price", "damaged", "anna")
    before = lines(station)
    station.typed = "49"
    assert hold(station, action) == Notice(Mood.ERROR, ALLOWED)
    assert lines(station) == before


def test_a_discount_on_everything_that_a_manager_allowed_does_not_grow(station: Station) -> None:
    sell(station, "TEA")
    assert hold(station, "discount-all", "90%", "damaged", "anna") is None
    assert total(station) == 45
    sell(station, "10*TEA")
    assert total(station) == 45 + 4500
    station.typed = "2"
    hold(station, "qty")
    assert total(station) == 45 + 450
    assert hold(station, "discount-all", "90%", "damaged", "anna") is None
    assert total(station) == 90


def test_what_a_manager_allowed_stays_on_less(station: Station) -> None:
    sell(station, "3*TEA")
    hold(station, "discount", "90%", "damaged", "anna")
    station.typed = "2"
    hold(station, "qty")
    assert (lines(station), total(station)) == ([("TEA", 2)], 90)


def test_a_discount_on_everything_goes_with_the_last_line(station: Station) -> None:
    sell(station, "TEA")
    assert hold(station, "discount-all", "50%", "damaged", "anna") is None
    assert total(station) == 225
    hold(station, "void")
    sell(station, "TEA")
    assert total(station) == 450


def test_another_price_needs_a_manager_and_keeps_the_catalogue_s(station: Station) -> None:
    sell(station, "2*TEA")
    station.typed = "4.00"
    assert hold(station, "price", "wrong price on the shelf", "anna") is None
    assert total(station) == 800
    sell(station, "TEA")
    assert lines(station) == [("TEA", 2), ("TEA", 1)], "the next one has its own price"
    station.counter.sell(Money(1250))
    sold = last_sale(station).lines[0]
    assert (sold.price_minor, sold.list_minor, sold.by, sold.reason) == (400, 450, "anna", "wrong price on the shelf")


def test_a_price_is_for_a_kilogram_and_may_be_changed_twice(station: Station) -> None:
    sell(station, "0.5*APPLE")
    assert hold(station, "price", "2.00", "damaged", "anna") is None
    assert hold(station, "price", "1.00", "damaged", "anna") is None
    assert (line(station).list_minor, line(station).price_per, total(station)) == (300, 1000, 50)


def test_a_price_finer_than_a_coin_is_rounded_on_record(station: Station) -> None:
    sell(station, "20*NUT")
    assert hold(station, "price", "0.02", "damaged", "anna") is None
    assert (line(station).list_minor, line(station).price_minor, line(station).price_per) == (0, 2, 1)


def test_the_pin_of_a_manager_allows_it(tmp_path: Path) -> None:
    anna = Person("anna", "Anna", Role.MANAGER, make_hash("4711"))
    for station in opened(tmp_path, Shop(staff=[anna])):
        sell(station, "TEA")
        assert hold(station, "price", "1.00", "damaged", "1234", "4711") is None
        assert line(station).by == "anna"


# --------------------------------------------------------------------------------------------------------- empties


def test_empties_are_scanned_named_and_counted(station: Station) -> None:
    sell(station, "TEA")
    notice = hold(station, "empties", "00036000291452", "6*", "PF", "2*BEER", "")
    assert notice == Notice(Mood.INFO, "empties taken back")
    assert (lines(station), total(station)) == ([("TEA", 1), ("PF", 9)], 450 - 225)
    station.counter.sell(Money(1000))
    sold = last_sale(station)
    assert [(one.sku, one.empties, one.amount_minor) for one in sold.lines] == [("TEA", False, 450), ("PF", True, 225)]


def test_empties_may_come_before_the_goods_and_what_came_is_told(station: Station) -> None:
    talk = begin(station, "empties")
    assert talk.prompt is not None
    assert [(one.label, one.hint) for one in talk.prompt.options] == [("Deposit", "0.25")]
    talk.answer("COLA")
    assert talk.prompt.told == ("1 × Deposit",)
    talk.answer("")
    assert total(station) == -25
    sell(station, "TEA")
    assert total(station) == 425


@pytest.mark.parametrize(
    ("text", "told"),
    [("TEA", "Tea has no deposit"), ("99", "not in the catalogue"), ("0.5*PF", "pieces cannot be sold")],
)
def test_what_has_no_deposit_is_not_taken_back(station: Station, text: str, told: str) -> None:
    prompt = begin(station, "empties", text).prompt
    assert prompt is not None
    assert told in prompt.refused


def test_empties_have_no_other_price_and_no_discount(station: Station) -> None:
    hold(station, "empties", "PF", "")
    station.selected = 0
    for action, told in [("price", "worth what the catalogue says"), ("discount", "no discounts")]:
        assert told in (hold(station, action) or Notice(Mood.INFO, "")).text


def test_empties_that_nobody_brought_change_nothing(station: Station) -> None:
    begin(station, "empties", "PF").leave()
    assert lines(station) == []


def test_empties_that_are_worth_more_than_the_goods_are_no_sale(station: Station) -> None:
    hold(station, "empties", "PF", "")
    refused = station.counter.sell(Money(0))
    assert refused.mood is Mood.ERROR
    assert lines(station) == [("PF", 1)]
