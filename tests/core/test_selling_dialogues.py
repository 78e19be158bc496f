"""Selling over the real desk: what goods lack is asked, and lines, discounts, prices and empties add up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from talks import answered, begin, ended, hold

from contract.codec import decode
from contract.down import Item
from contract.sales import SaleRecorded
from contract.shop import BundlePart, Person, Role, Shop
from contract.values import Gtin, Money, Quantity, Sku, Unit
from kiosk.bootstrap import open_desk
from kiosk.config import Config
from kiosk.core.basket import Line
from kiosk.core.dialogues.adding import add_item
from kiosk.core.dialogues.selling import MAX_WORDS
from kiosk.core.notices import Mood, Notice, Wanted
from kiosk.core.station import Station
from kiosk.core.timekeeping import ClockMode
from kiosk.people import make_hash
from kiosk.station import NoDevices, open_station

ITEMS = [
    Item(Sku("TEA"), "Tea", [Gtin("04006381333931")], Money(450)),
    Item(Sku("APPLE"), "Apples", [], Money(300), 1000, Unit.GRAM),
    Item(Sku("OIL"), "Oil", [], None, 1, Unit.MILLILITRE),
    Item(Sku("NUT"), "Nuts", [], Money(1), 10),
    Item(Sku("REPAIR"), "Repair", [], None),
    Item(Sku("PF"), "Deposit", [], Money(25), discountable=False),
    Item(Sku("COLA"), "Cola", [Gtin("00036000291452")], Money(150), deposit=Sku("PF")),
    Item(Sku("BEER"), "Beer", [], Money(200), deposit=Sku("PF"), age=16),
    Item(Sku("WINE"), "Wine", [], Money(900), age=18),
    Item(Sku("GIFT"), "Gift card", [], Money(1000), discountable=False),
    Item(Sku("LOST"), "Lost", [], Money(100), deposit=Sku("GONE")),
    Item(Sku("SET"), "Set", [], Money(600), parts=[BundlePart(Sku("TEA")), BundlePart(Sku("APPLE"), 500)]),
]
SHOP = Shop(
    discount_ppm=100_000, favourites=[Sku("TEA"), Sku("GONE"), Sku("APPLE"), Sku("NUT"), Sku("REPAIR"), Sku("OIL")]
)


class Scale(NoDevices):
    """A scale with something on it."""

    def __init__(self, grams: int) -> None:
        self.grams = grams

    def weigh(self) -> Quantity:
        return Quantity(self.grams, Unit.GRAM)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    yield from opened(tmp_path, SHOP)


def opened(folder: Path, shop: Shop) -> Iterator[Station]:
    desk = open_desk(folder / "data", Config(clock=ClockMode.SYSTEM, shop=shop))
    desk.catalogue.put(ITEMS)
    with open_station(desk) as station:
        yield station
    desk.close()


def sell(station: Station, *texts: str) -> None:
    """Type entries; what they lack is asked of nobody."""
    for text in texts:
        answer = station.counter.enter(text)
        assert answer is None, answer
    station.selected = len(station.counter.basket.lines) - 1


def ask(station: Station, text: str, *answers: str) -> Notice | None:
    wanted = station.counter.enter(text)
    assert isinstance(wanted, Wanted), wanted
    return ended(answered(add_item(station, wanted), *answers))


def lines(station: Station) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity.amount) for line in station.counter.basket.lines]


def line(station: Station) -> Line:
    return station.counter.basket.lines[station.selected]


def total(station: Station) -> int:
    return station.counter.bill.total_minor


def last_sale(station: Station) -> SaleRecorded:
    journal = station.counter.desk.journal  # type: ignore[attr-defined]
    data = [decode(raw).data for _, raw in journal.stored(journal.epoch)][-1]
    assert isinstance(data, SaleRecorded)
    return data


# ------------------------------------------------------------------------------------------------- what goods lack


def test_an_amount_and_a_price_are_asked_in_turn(station: Station) -> None:
    assert ask(station, "OIL", "x", "0.5", "no", "8.00") is None
    assert (lines(station), total(station)) == ([("OIL", 500)], 400)


@pytest.mark.parametrize("before", [0, 335])
def test_what_lies_on_the_scale_is_weighed_at_once_or_with_enter(station: Station, before: int) -> None:
    station.devices = scale = Scale(before)
    wanted = station.counter.enter("APPLE")
    assert isinstance(wanted, Wanted)
    talk = answered(add_item(station, wanted))
    scale.grams = 335
    talk.answer("")
    assert ended(talk) is None
    assert (lines(station), total(station)) == ([("APPLE", 335)], 101)
    assert station.counter.basket.lines[0].weighed


def test_a_weight_that_is_typed_is_no_scale_s(station: Station) -> None:
    station.devices = Scale(0)
    assert ask(station, "APPLE", "", "0.2") is None  # an empty scale weighs nothing
    assert not station.counter.basket.lines[0].weighed


def test_without_a_scale_the_weight_is_typed(station: Station) -> None:
    wanted = station.counter.enter("APPLE")
    assert isinstance(wanted, Wanted)
    talk = answered(add_item(station, wanted), "")
    assert talk.prompt is not None
    assert "no scale" in talk.prompt.refused
    talk.leave()
    assert talk.notice == Notice(Mood.INFO, "not added: Apples")
    assert lines(station) == []


def test_an_age_is_asked_once_for_each_higher_one(station: Station) -> None:
    assert ask(station, "BEER", "yes") is None
    sell(station, "2*BEER")
    assert ask(station, "WINE", "no") == Notice(Mood.INFO, "not added: Wine")
    assert ask(station, "WINE", "yes") is None
    sell(station, "BEER", "WINE")
    assert [one.age for one in station.counter.basket.lines] == [16, 18, 16, 18]
    station.counter.sell(Money(10_000))
    assert [one.age for one in last_sale(station).lines] == [16, 0, 18, 16, 0, 18]
    assert isinstance(station.counter.enter("BEER"), Wanted), "the next shopper is asked again"


def test_expired_goods_are_left_out_or_sold_with_a_manager(station: Station) -> None:
    label = "(01)04006381333931(17)200101"
    assert ask(station, label, "no") == Notice(Mood.INFO, "not added: Tea")
    assert lines(station) == []
    assert ask(station, label, "yes", "anna") is None
    sold = station.counter.basket.lines[0]
    assert (sold.by, sold.reason) == ("anna", "expired on 2020-01-01")


def test_a_scan_cannot_make_anybody_forget_goods_in_hand(station: Station) -> None:
    for text, answers in [("(01)04006381333931(17)200101", ("", "yes")), ("WINE", ("",)), ("OIL", ("", "1"))]:
        wanted = station.counter.enter(text)
        assert isinstance(wanted, Wanted)
        for number in range(len(answers)):
            talk = answered(add_item(station, wanted), *answers[1 : number + 1])
            assert talk.prompt is not None
            assert talk.prompt.holds_goods
            assert talk.prompt.left


def test_a_packet_without_a_weight_costs_what_it_says(station: Station) -> None:
    wanted = Wanted(ITEMS[2], None, None, 1000, label_minor=Money(634))
    assert ended(answered(add_item(station, wanted), "0.5")) is None
    assert total(station) == 634


def test_goods_whose_deposit_is_unknown_are_sold_and_it_is_told(station: Station) -> None:
    told = station.counter.enter("LOST")
    assert told == Notice(Mood.INFO, "Lost is sold without GONE: the catalogue lacks it")
    assert lines(station) == [("LOST", 1)]


def test_a_bundle_is_sold_as_its_parts(station: Station) -> None:
    sell(station, "2*SET")
    station.counter.sell(Money(1200))
    sold = last_sale(station)
    assert [(one.sku, one.quantity.amount, one.amount_minor) for one in sold.lines] == [
        ("TEA", 2, 900),
        ("APPLE", 1000, 300),
    ]


def test_favourites_are_chosen_with_a_quantity_or_without(station: Station) -> None:
    talk = begin(station, "favourites")
    assert talk.prompt is not None
    assert [(one.label, one.hint) for one in talk.prompt.options] == [
        ("Tea", "4.50"),
        ("Apples", "3.00 a kg"),
        ("Nuts", ""),
        ("Repair", "ask price"),
        ("Oil", "ask price"),
    ]
    talk.answer("TEA")
    assert ended(talk) is None
    station.typed = "3"
    assert hold(station, "favourites", "TEA") is None
    station.counter.enter("2*")
    assert hold(station, "favourites", "REPAIR", "5.00") is None
    assert lines(station) == [("TEA", 4), ("REPAIR", 2)]
    assert station.counter.times is None


@pytest.mark.parametrize(("unit", "hint"), [(Unit.MILLILITRE, "2.00 a litre"), (Unit.MILLIMETRE, "2.00 a metre")])
def test_favourites_show_what_a_price_is_for(station: Station, unit: Unit, hint: str) -> None:
    station.counter.desk.catalogue.put([Item(Sku("TEA"), "Tea", [], Money(200), 1000, unit)])  # type: ignore[attr-defined]
    talk = begin(station, "favourites")
    assert talk.prompt is not None
    assert talk.prompt.options[0].hint == hint


def test_a_shop_without_favourites_says_where_they_are_set(tmp_path: Path) -> None:
    for station in opened(tmp_path, Shop()):
        assert "shop's settings" in (hold(station, "favourites") or Notice(Mood.INFO, "")).text


# ----------------------------------------------------------------------------------------------------------- lines


def test_a_quantity_is_typed_before_or_asked(station: Station) -> None:
    sell(station, "TEA")
    station.typed = "5"
    assert hold(station, "qty") is None
    assert lines(station) == [("TEA", 5)]
    station.counter.enter("7*")
    assert hold(station, "qty") is None
    assert hold(station, "qty", "x", "0.5", "2") is None
    assert lines(station) == [("TEA", 2)]
    assert station.counter.times is None


def test_a_weight_is_changed_and_one_too_fine_is_refused(station: Station) -> None:
    sell(station, "TEA")
    ask(station, "APPLE", "1")
    station.selected = 1
    assert hold(station, "qty", "0.25") is None
    assert lines(station) == [("TEA", 1), ("APPLE", 250)]
    station.typed = "0.0001"
    assert "at most three decimals" in (begin(station, "qty").prompt or pytest.fail("not asked")).refused


def test_a_line_of_a_label_keeps_its_amount_and_can_be_repeated(tmp_path: Path) -> None:
    for station in opened(tmp_path, Shop(templates=["21IIIIIPPPPPC"])):
        station.counter.desk.catalogue.put([Item(Sku("12345"), "Cheese", [], Money(1000), 1000, Unit.GRAM)])  # type: ignore[attr-defined]
        sell(station, "2112345002996")
        refused = hold(station, "qty")
        assert refused is not None
        assert "a label says how much Cheese is" in refused.text
        station.typed = "2"
        assert hold(station, "repeat") is None
        assert (lines(station), total(station)) == ([("12345", 299), ("12345", 598)], 897)


def test_packets_of_the_same_price_are_not_taken_for_one(tmp_path: Path) -> None:
    for station in opened(tmp_path, Shop(templates=["21IIIIIPPPPPC"])):
        station.counter.desk.catalogue.put([Item(Sku("12345"), "Cake", [], None)])  # type: ignore[attr-defined]
        sell(station, "2112345002996", "2112345002996")
        assert total(station) == 598


@pytest.mark.parametrize("action", ["qty", "repeat", "void", "note", "discount", "price", "clear", "discount-all"])
def test_nothing_can_be_done_to_an_empty_basket(station: Station, action: str) -> None:
    refused = hold(station, action)
    assert refused is not None
    assert refused.mood is Mood.ERROR


def test_a_note_is_written_changed_and_taken_off(station: Station) -> None:
    sell(station, "TEA")
    station.typed = "gift wrap"
    assert hold(station, "note") is None
    assert line(station).note == "gift wrap"
    talk = begin(station, "note")
    assert talk.prompt is not None
    assert (talk.prompt.told, talk.prompt.empty) == (("gift wrap",), "no note")
    talk.answer("x" * (MAX_WORDS + 1))
    assert "at most 60 characters" in talk.prompt.refused
    talk.answer("a\x07b")
    talk.answer("")
    assert ended(talk) is None
    assert line(station).note == ""


def test_the_whole_basket_is_taken_out_once_somebody_is_sure(station: Station) -> None:
    sell(station, "TEA", "COLA")
    station.counter.approve("anna")
    assert hold(station, "clear", "keep") == Notice(Mood.INFO, "the basket is kept")
    assert len(lines(station)) == 2
    assert hold(station, "clear", "clear") == Notice(Mood.INFO, "the basket is empty again")
    assert (lines(station), station.counter.approved_by) == ([], "")


def test_a_basket_that_is_partly_paid_is_not_taken_out(station: Station) -> None:
    sell(station, "TEA")
    station.counter.sell(Money(100))
    refused = hold(station, "clear", "clear")
    assert refused is not None
    assert "give a payment back first" in refused.text


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
    assert talk.prompt.told == ("1 Deposit",)
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
