"""A blind stock take at the till, over the real desk: nothing is said of the books before the count is on record."""

from collections.abc import Iterator

import pytest
from stock_hands import ESPRESSO, account, asked, facts, fill, line, text, told
from talks import begin, ended, hold
from till_terminal import stock_desk

from contract.codec import Stamp
from contract.goods import ShelfCounted
from contract.lan import Presence
from contract.values import Condition, Epoch, Money, Quantity, Seq, Unit
from kiosk.clock import KioskClock
from kiosk.core.dialogues.goods import AGAIN, SURE
from kiosk.core.dialogues.naming import DAMAGED
from kiosk.core.station import Station
from kiosk.core.timekeeping import ClockMode
from kiosk.journal.lan import LanStore
from kiosk.station import open_station

SETTINGS = 'clock = "system"\n[lan]\nbroker = "mqtt://127.0.0.1:1"\n'


@pytest.fixture
def station(tmp_path) -> Iterator[Station]:
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as opened:
        yield opened
    desk.close()


@pytest.fixture
def among_others(tmp_path) -> Iterator[Station]:
    """A till of a site whose tills hear one another."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kiosk.toml").write_text(SETTINGS)
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as opened:
        yield opened
    desk.close()


def hear(station, name, *, ago_s=0.0):
    """Store what the bridge would have heard of a till."""
    now = KioskClock(ClockMode.SYSTEM).stamp()
    then = Stamp(at=now.at, boot=now.boot, mono_ns=now.mono_ns - int(ago_s * 1e9))
    store = LanStore(station.counter.desk.data_dir / "link.db")
    store.put_presence(name, Presence(online=True, epoch=Epoch(2), position=Seq(81)), then, live=True)
    store.close()


def differing(talk):
    return [(str(one.label), str(one.hint)) for one in asked(talk).options]


def counts(station):
    return [one for one in facts(station) if isinstance(one, ShelfCounted)]


def test_what_differs_is_said_with_its_value_once_the_count_is_on_record(station):
    fill(station, line("ESP-1", 10), line("P-01", 4), line("P-02", 3), line("APPLE", 1500, Unit.GRAM))
    talk = begin(station, "count", "7*ESP-1", ESPRESSO, "4*P-01", "5*P-02", "1.2*APPLE")
    assert told(talk) == ["8 × Espresso", "4 × Piece number 01", "5 × Piece number 02", "1.200 kg Apples [loose]"]
    for answer in ("", "", "Sunday"):
        assert not counts(station)
        talk.answer(answer)
    assert differing(talk) == [
        ("2 short, 10 expected: 8 × Espresso", "-4.40 EUR"),
        ("2 over, 3 expected: 5 × Piece number 02", "2.04 EUR"),
        ("0.300 kg short, 1.500 kg expected: 1.200 kg Apples [loose]", "-0.90 EUR"),
    ]
    assert told(talk) == [
        "1 line as expected",
        "Compared with this till's books alone: the hub waits for any other till of the site.",
    ]
    (fact,) = counts(station)
    assert (fact.reason, list(fact.others), len(fact.lines)) == ("Sunday", [], 4)
    talk.answer("1")
    assert len(differing(talk)) == 3
    talk.answer("")
    assert text(ended(talk)) == "counted; 3 lines differ"


def test_nothing_of_the_books_is_shown_while_goods_are_counted(station):
    fill(station, line("ESP-1", 10))
    talk = begin(station, "count", "3*ESP-1")
    shown = [told(talk), asked(talk).text, asked(talk).refused, asked(talk).said, asked(talk).title]
    talk.answer("")
    shown += [told(talk), asked(talk).text]
    talk.answer("")
    shown += [told(talk), asked(talk).text]
    assert "10" not in str(shown)
    assert "7" not in str(shown)


def test_there_may_be_none_of_it_and_damaged_goods_are_apart(station):
    fill(station, line("ESP-1", 2))
    talk = begin(station, "count", "0*ESP-1", "0*", "P-03", DAMAGED, "2*P-01", "", "", "")
    (fact,) = counts(station)
    assert [(one.sku, one.counted.amount, one.condition) for one in fact.lines] == [
        ("ESP-1", 0, Condition.SELLABLE),
        ("P-03", 0, Condition.SELLABLE),
        ("P-01", 2, Condition.DAMAGED),
    ]
    assert differing(talk) == [
        ("2 short, 2 expected: 0 × Espresso", "-4.40 EUR"),
        ("2 over, 0 expected: 2 × Piece number 01 (damaged)", "2.02 EUR"),
    ]
    assert told(talk)[0] == "1 line as expected"


def test_what_is_far_from_the_books_is_counted_again_alone(station):
    fill(station, line("ESP-1", 10), line("P-01", 4))
    talk = begin(station, "count", "4*P-01", "9000*ESP-1", "", "", "")
    assert told(talk) == ["far from what the books say: Espresso"]
    assert not counts(station)
    talk.answer(AGAIN)
    assert (told(talk), asked(talk).refused) == (["4 × Piece number 01"], "count these again: Espresso")
    for answer in ("10*ESP-1", "", "", "", ""):
        talk.answer(answer)
    assert text(ended(talk)) == "counted; 0 lines differ"


def test_who_is_sure_records_what_is_far_from_the_books(station):
    fill(station, line("ESP-1", 10))
    assert (
        text(hold(station, "count", "9000*ESP-1", "", "k2=1@8", "", "Sunday", SURE, "")) == "counted: the hub compares"
    )
    (fact,) = counts(station)
    assert (fact.lines[0].counted, fact.reason, fact.others[0].kiosk) == (Quantity(9000), "Sunday", "k2")
    assert account(station, "ESP-1").available == 10, "the hub settles it; no till corrects its own books"


def test_other_tills_are_named_where_nobody_hears_them(station):
    talk = begin(station, "count", ESPRESSO, "", "k2")
    assert "'k2' is not a till's position" in asked(talk).refused
    talk.answer("k2=1@812")
    assert told(talk)[-1] == "k2=1@812"
    for answer in ("k3=2@5", "", ""):
        talk.answer(answer)
    assert [(one.kiosk, one.epoch, one.position) for one in counts(station)[0].others] == [("k2", 1, 812), ("k3", 2, 5)]
    assert told(talk) == ["1 × Espresso", "The hub compares, once it has heard every till that was named."]


def test_the_till_that_counts_is_none_of_the_others_and_nothing_is_lost_by_it(station):
    talk = begin(station, "count", ESPRESSO, "", "k1=1@812", "", "")
    assert "k1 is the till that counts" in asked(talk).refused
    assert told(talk) == ["1 × Espresso"]


def test_tills_that_are_heard_need_not_be_named_and_a_silent_one_is_asked_about(among_others):
    hear(among_others, "k2")
    hear(among_others, "k3", ago_s=60)
    talk = begin(among_others, "count", ESPRESSO, "")
    assert asked(talk).text == "Where till k3 is"
    assert told(talk)[0] == "Till k3 is not heard now. It said last: k3=2@81"
    for wrong in ("", "k2=2@81", "81"):
        talk.answer(wrong)
        assert asked(talk).refused
    for answer in ("k3=2@90", ""):
        talk.answer(answer)
    (fact,) = counts(among_others)
    assert {(one.kiosk, one.position) for one in fact.others} == {("k2", 81), ("k3", 90)}


def test_a_till_says_where_it_is(station):
    fill(station, line("ESP-1", 1), line("P-01", 1))
    assert text(hold(station, "position")) == "this till is at k1=1@1: type it where goods are counted"


def test_goods_without_a_price_differ_without_a_value(station):
    assert differing(begin(station, "count", "2*REPAIR", "", "", "")) == [("2 over, 0 expected: 2 × Repair", "")]


def test_goods_that_the_books_lacked_are_said_as_that(station):
    fill(station, line("ESP-1", 1))
    station.counter.enter("4*ESP-1")
    station.counter.sell(Money(10_00))
    (row,) = differing(begin(station, "count", "8*ESP-1", "", "", ""))
    assert row == ("11 over, for the books lacked 3: 8 × Espresso", "24.20 EUR")
