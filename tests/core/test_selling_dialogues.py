"""What goods lack is asked before they are sold; lines are changed, repeated, noted and taken out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selling_shop import ITEMS, SHOP, Scale, ask, last_sale, line, lines, opened, sell, total
from talks import answered, begin, ended, hold

from contract.down import Item
from contract.shop import Shop
from contract.values import Money, Sku, Unit
from kiosk.core.dialogues.adding import add_item
from kiosk.core.dialogues.selling import MAX_WORDS
from kiosk.core.notices import Mood, Notice, Wanted
from kiosk.core.station import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    yield from opened(tmp_path, SHOP)


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


def test_what_is_repeated_keeps_its_line_and_its_price(station: Station) -> None:
    sell(station, "TEA", "COLA")
    station.selected = 0
    hold(station, "discount", "10%", "damaged")
    station.typed = "2"
    assert hold(station, "repeat") is None
    assert (lines(station), total(station)) == ([("TEA", 3), ("COLA", 1)], 1215 + 175)
    sell(station, "TEA")
    assert lines(station) == [("TEA", 3), ("COLA", 1), ("TEA", 1)]


def test_what_is_weighed_again_has_no_discount(station: Station) -> None:
    sell(station, "0.5*APPLE")
    hold(station, "discount", "0.15", "damaged")
    assert hold(station, "repeat") is None
    assert total(station) == 135 + 150


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
