"""Baskets put aside and taken up again, over the real desk."""

from collections.abc import Iterator

import pytest
from stock_hands import asked, said, text
from talks import begin, hold
from till_terminal import stock_desk

from kiosk.core.notices import Mood
from kiosk.core.station import Station
from kiosk.station import open_station


@pytest.fixture
def station(tmp_path) -> Iterator[Station]:
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as opened:
        yield opened
    desk.close()


def aside(station: Station, sku: str, name: str = "") -> None:
    station.counter.enter(sku)
    station.typed = name
    hold(station, "hold")


def skus(station: Station) -> list[str]:
    return [line.sku for line in station.counter.basket.lines]


def test_of_several_baskets_one_is_chosen_by_name_goods_and_total(station):
    aside(station, "ESP-1", "red scarf")
    aside(station, "P-01")
    talk = begin(station, "recall")
    (red, nameless) = asked(talk).options
    assert (red.label, str(red.hint)) == ("red scarf", "1 line, 2.20")
    assert nameless.label.startswith("from 2")
    talk.answer(nameless.id)
    assert skus(station) == ["P-01"]


def test_the_only_basket_is_taken_up_at_once(station):
    aside(station, "ESP-1")
    hold(station, "recall")
    assert skus(station) == ["ESP-1"]


def test_a_name_that_was_typed_before_the_key_is_the_answer(station):
    aside(station, "ESP-1", "red scarf")
    aside(station, "P-01", "blue hat")
    station.typed = "blue hat"
    hold(station, "recall")
    assert skus(station) == ["P-01"]


def test_goods_of_two_shoppers_never_mix_and_nobody_is_asked_in_vain(station):
    aside(station, "ESP-1", "red scarf")
    aside(station, "P-01", "blue hat")
    station.counter.enter("P-02")
    refused = said(hold(station, "recall"))
    assert (refused.mood, refused.text) == (
        Mood.ERROR,
        "there are goods in the basket: sell or park it first, then recall",
    )
    assert skus(station) == ["P-02"]


def test_nothing_to_put_aside_and_nothing_put_aside_are_said(station):
    assert text(hold(station, "hold")) == "the basket is empty: there is nothing to put aside"
    assert text(hold(station, "recall")) == "no basket is put aside"
