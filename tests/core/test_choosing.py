"""Which option is meant by what was typed; the menu, the errors and the date as dialogues."""

import time

import pytest
from talks import answered, begin, ended, hold
from till_terminal import stock_desk

from kiosk.core.actions import ACTIONS
from kiosk.core.choosing import meant
from kiosk.core.dialogue import Option, Takes
from kiosk.core.dialogues.dating import set_date
from kiosk.core.dialogues.menu import errors
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import joined, listed, say
from kiosk.station import open_station

OPTIONS = tuple(Option(name.lower(), name) for name in ("Card", "Cards", "Cash", "Voucher", "3 months"))


@pytest.fixture
def station(tmp_path):
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as made:
        yield made
    desk.close()


@pytest.mark.parametrize("takes", [Takes.WORDS, Takes.CHOICE])
@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("1", "card"),
        ("5", "3 months"),
        ("0", None),
        ("6", None),
        ("0001", None),
        ("²", None),
        ("v", "voucher"),
        ("CAS", "cash"),
        ("card", "card"),
        ("cards", "cards"),
        ("ca", None),
        ("", None),
        ("x", None),
    ],
)
def test_numbers_and_beginnings_of_names_choose(takes, text, chosen):
    found = meant(takes, OPTIONS, text)
    assert (found.id if found else None) == chosen


@pytest.mark.parametrize("takes", [Takes.MONEY, Takes.NUMBER, Takes.GOODS, Takes.CODE, Takes.PIN])
def test_where_a_number_is_the_answer_it_chooses_nothing(takes):
    assert meant(takes, OPTIONS, "1") is None
    found = meant(takes, OPTIONS, "vou")
    assert found is not None
    assert found.id == "voucher"


def test_errors_are_read_until_enter(station):
    assert ended(answered(errors(station))) == Notice(Mood.INFO, "nothing went wrong since the till was opened")
    station.errors.extend([say("one"), say("two")])
    talk = answered(errors(station))
    assert talk.prompt is not None
    assert talk.prompt.told == ("1. one", "2. two")
    talk.answer("")
    assert ended(talk) is None


@pytest.fixture
def far_west(monkeypatch):
    monkeypatch.setenv("TZ", "Etc/GMT+12")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_day_beyond_what_can_be_reckoned_is_refused(station, far_west):
    talk = answered(set_date(station), "9999-12-31 23:59")
    assert talk.prompt is not None
    assert talk.prompt.refused == "there is no such day: type it such as 2026-11-21 14:05"


def test_the_menu_does_what_is_chosen(station):
    talk = begin(station, "menu")
    assert talk.prompt is not None
    assert [one.id for one in talk.prompt.options].count("menu") == 0
    assert {one.id for one in talk.prompt.options} == {one.id for one in ACTIONS} - {"menu"}
    notice = hold(station, "menu", "errors")
    assert notice == Notice(Mood.INFO, "nothing went wrong since the till was opened")


def test_a_day_before_the_last_fact_is_asked_about_once_more(station):
    talk = answered(set_date(station), "2001-01-01 10:00")
    assert talk.prompt is not None
    assert "which has passed: type it again if it is right" in talk.prompt.refused
    talk.answer("2001-01-01 10:00")
    notice = ended(talk)
    assert notice is not None
    assert notice.text == "clock set to 2001-01-01 10:00"


def test_sentences_are_joined_and_stay_sentences():
    both = joined(["", say("a {n}", n=1), "", say("b")])
    assert both == "a 1; b"
    assert both.said(lambda one, _many, _n: one.upper() if "{" not in one else one, str) == "a 1; B"
    assert joined([]) == joined([""]) == ""
    assert listed([]) == ""
    assert listed(["a", "b"]) == "a, b"
