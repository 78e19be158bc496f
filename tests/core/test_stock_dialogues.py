"""Goods named one by one, deliveries, waste and other sites, as a person at the till does them, over the real desk."""

from datetime import UTC, date, datetime

import pytest
from rights_facts import down
from stock_hands import ESPRESSO, account, asked, facts, fill, line, text, told
from talks import answered, begin, ended, hold
from till_terminal import barcode, stock_desk

from contract.down import AvailabilityChanged as Changed
from contract.down import Item, Level, SiteHeard
from contract.down_rights import DeliveryAdvised
from contract.facts import MAX_LINES, StockReceived
from contract.goods import StockWasted, TransferReceived, TransferSent
from contract.rights import OverdraftBooked
from contract.values import Condition, Gtin, Money, Quantity, Sku, Unit
from kiosk.core.dialogues.goods import AGAIN, ALL, COUNT, SURE
from kiosk.core.dialogues.naming import DAMAGED, MAX_ROWS, NONE, SELLABLE, UNDO, WEIGH, Listing, Named, collect_lines
from kiosk.core.words import say
from kiosk.journal.elsewhere import FILE, Elsewhere
from kiosk.journal.errors import StorageFailed
from kiosk.journal.own_log import OwnLog
from kiosk.station import open_station

AT = datetime(2026, 3, 7, 9, 30, tzinfo=UTC)


@pytest.fixture
def station(tmp_path):
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as opened:
        yield opened
    desk.close()


def advise(station, advice="D-1", lines=(line("ESP-1", 24), line("APPLE", 500, Unit.GRAM)), position=1):
    journal = station.counter.desk.journal
    data = DeliveryAdvised(advice, list(lines), date(2026, 3, 17))
    assert OwnLog(journal).apply(1, position, down(data, position, address=journal.address), AT)


def tell_of(station, *sites):
    """Let the backroom know of other sites."""
    file = Elsewhere(station.counter.desk.data_dir / FILE)
    levels, heard = [Level(site, "ESP-1", 3) for site in sites], [SiteHeard(site, AT) for site in sites]
    file.apply(1, 1, Changed(complete=True, levels=levels, heard=heard))
    file.close()


def received(station):
    (fact,) = (one for one in facts(station) if isinstance(one, StockReceived))
    return fact.lines


def test_goods_are_scanned_typed_and_multiplied_and_the_last_named_stand_last(station):
    talk = begin(station, "receive", "", ESPRESSO, "3*P-01", "2*", ESPRESSO)
    assert told(talk) == ["3 × Piece number 01", "3 × Espresso"]
    assert ended_with(talk, "") == "received: 2 lines"
    assert received(station) == [line("P-01", 3), line("ESP-1", 3)]


def ended_with(talk, *answers):
    for answer in answers:
        talk.answer(answer)
    return text(ended(talk))


def test_the_last_entry_is_undone_and_an_empty_list_is_not_the_end(station):
    talk = begin(station, "receive", "", ESPRESSO, "2*" + ESPRESSO, UNDO)
    assert told(talk) == ["1 × Espresso"]
    talk.answer(UNDO)
    assert (told(talk), asked(talk).empty) == ([], None)
    talk.answer("")
    assert talk.prompt is not None
    assert facts(station) == []


def test_a_quantity_waits_for_its_goods_and_is_shown(station):
    talk = begin(station, "receive", "", "12*")
    assert asked(talk).text == "Scan, code or name: 12 ×"
    talk.answer("P-02")
    assert (told(talk), asked(talk).text) == (["12 × Piece number 02"], "Scan, code or name")


def test_weighed_goods_are_asked_for_their_weight(station):
    talk = begin(station, "receive", "", "APPLE")
    assert asked(talk).text == "How much Apples [loose], in kg"
    talk.answer(WEIGH)
    assert asked(talk).refused == "there is no scale here: type the weight"
    talk.answer("much")
    assert "is not a quantity" in asked(talk).refused
    talk.answer("1.25")
    assert told(talk) == ["1.250 kg Apples [loose]"]
    talk.answer("0.25*APPLE")
    assert told(talk) == ["1.500 kg Apples [loose]"]


def test_a_name_that_means_several_is_chosen_or_left(station):
    talk = begin(station, "receive", "", "espr")
    assert [one.label for one in asked(talk).options] == ["Espresso", "Espresso doppio", "None of these"]
    talk.answer(NONE)
    assert told(talk) == []
    talk.answer("espr")
    talk.answer("ESP-2")
    assert told(talk) == ["1 × Espresso doppio"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4006381333932", "WRONG CHECK DIGIT 4006381333932"),
        (barcode(77), "UNKNOWN CODE"),
        ("99", "UNKNOWN CODE 99: not added. Type its name"),
        ("nonsense", "NOT FOUND 'nonsense'"),
        ("0*", "0"),
        ("0*ESP-1", "0"),
        ("1.5*ESP-1", "1.5"),
        ("99999*", None),
        ("100000*ESP-1", "too large"),
    ],
)
def test_what_cannot_be_added_is_said_and_the_list_stands(station, text, said):
    talk = begin(station, "receive", "", ESPRESSO, text)
    assert told(talk) == ["1 × Espresso"]
    assert (said or "") in asked(talk).refused
    assert bool(said) == bool(asked(talk).refused)
    talk.answer(ESPRESSO if said else UNDO)
    assert asked(talk).refused == ""


def test_more_than_a_fact_can_hold_is_refused_when_it_is_named(station):
    talk = begin(station, "receive", "", *["99999*CABLE"] * 10)
    assert told(talk) == ["999990.000 m Cable by the metre"]
    talk.answer("11*CABLE")
    assert "CABLE is more than 1000000000 in all" in asked(talk).refused
    assert told(talk) == ["999990.000 m Cable by the metre"]


def test_a_delivery_is_received_as_it_was_advised(station):
    advise(station)
    talk = begin(station, "receive")
    assert [(one.id, str(one.hint)) for one in asked(talk).options] == [("D-1", "2 lines, 2026-03-17")]
    talk.answer("D-1")
    assert told(talk) == ["0.500 kg Apples [loose]", "24 × Espresso"]
    assert ended_with(talk, ALL) == "received: 2 lines"
    assert sorted(one.sku for one in received(station)) == ["APPLE", "ESP-1"]
    assert asked(begin(station, "receive")).options == ()


def test_what_differs_from_the_advice_is_counted_again_or_sure(station):
    advise(station)
    talk = begin(station, "receive", "D-1", COUNT, "23*ESP-1", "0.5*APPLE", "")
    assert told(talk) == ["ESP-1 23 pc, 24 advised"]
    assert account(station, "ESP-1").available == 0
    talk.answer(AGAIN)
    talk.answer("ESP-1")
    assert ended_with(talk, "") == "received: 2 lines"
    assert received(station) == [line("APPLE", 500, Unit.GRAM), line("ESP-1", 24)]


def test_who_is_sure_receives_what_was_counted(station):
    advise(station)
    assert text(hold(station, "receive", "D-1", COUNT, "23*ESP-1", "", SURE)) == "received: 1 line"
    assert received(station) == [line("ESP-1", 23)]


def test_a_number_that_is_not_known_is_taken_and_said(station):
    said = text(hold(station, "receive", "D-9", ESPRESSO, ""))
    assert said == "received: 1 line. Delivery D-9 is not known here yet: the hub compares"
    (fact,) = facts(station)
    assert fact.advice == "D-9"


def test_what_was_received_already_keeps_the_list(station):
    advise(station)
    hold(station, "receive", "D-1", ALL)
    talk = begin(station, "receive", "D-1", ESPRESSO, "")
    assert "ESP-1 of D-1 was received here already" in asked(talk).refused
    assert told(talk) == ["1 × Espresso"]


def test_a_number_too_long_is_asked_for_again(station):
    talk = begin(station, "receive", "D" * 33)
    assert asked(talk).refused == "type at most 32 characters"


def test_waste_has_a_reason_and_damaged_goods_are_kept_apart(station):
    fill(station, line("ESP-1", 9))
    talk = begin(station, "waste", "2*ESP-1", DAMAGED)
    assert asked(talk).text == "Damaged: scan, code or name"
    assert ended_with(talk, "P-01", SELLABLE, "P-02", "", "broken") == "written off: 3 lines; the books lacked 2 of it"
    fact = facts(station)[-1]
    assert isinstance(fact, StockWasted)
    assert fact.reason == "broken"
    assert [(one.sku, one.condition) for one in fact.lines] == [
        ("ESP-1", Condition.SELLABLE),
        ("P-01", Condition.DAMAGED),
        ("P-02", Condition.SELLABLE),
    ]
    assert account(station, "ESP-1").available == 7


@pytest.mark.parametrize("reason", ["", "x" * 201, "a\x07b"])
def test_waste_without_a_reason_that_fits_is_asked_again(station, reason):
    talk = begin(station, "waste", ESPRESSO, "", reason)
    assert "characters" in asked(talk).refused
    assert facts(station) == []
    assert ended_with(talk, "fell down") == "written off: 1 line; the books lacked 1 of it"
    assert facts(station)[-1].reason == "fell down"


def test_waste_beyond_the_limit_asks_for_a_manager(station):
    fill(station, line("ESP-1", 1))
    talk = begin(station, "waste", "20*ESP-1", "", "stolen")
    assert asked(talk).title == "the books here lack 19 pc of ESP-1: a manager must approve it"
    assert len(facts(station)) == 1
    assert ended_with(talk, "anna") == "written off: 1 line; the books lacked 19 of it"
    booked, wasted = facts(station)[1:3]
    assert isinstance(booked, OverdraftBooked)
    assert (booked.approved_by, wasted.by) == ("anna", "anna")


def test_goods_are_sent_under_an_id_that_is_shown_until_it_is_written_down(station):
    fill(station, line("ESP-1", 9))
    talk = begin(station, "send", "river-pier", "4*ESP-1", "")
    (_, sent) = facts(station)
    assert isinstance(sent, TransferSent)
    assert (sent.to, sent.lines[0].quantity) == ("river-pier", Quantity(4))
    assert told(talk) == ["4 × Espresso", "", "to river-pier", f"transfer {sent.transfer}"]
    assert ended_with(talk, "") == f"sent to river-pier: transfer {sent.transfer}"


def test_a_site_that_nobody_told_of_is_doubted(station):
    tell_of(station, "harbour", "market")
    talk = begin(station, "send")
    assert [one.id for one in asked(talk).options] == ["harbour", "market"]
    talk.answer("habrour")
    assert told(talk) == ["nothing was told here of a site habrour"]
    talk.answer(AGAIN)
    talk.answer("pier-2")
    talk.answer(SURE)
    assert asked(talk).text == "Scan, code or name"


@pytest.mark.parametrize("text", ["", "No Name", "site-1"])
def test_what_is_no_other_site_is_asked_again(station, text):
    here = station.counter.desk.address.site
    talk = begin(station, "send", here if text == "site-1" else text)
    assert asked(talk).refused


def test_goods_arrive_once_for_each_part(station):
    answers = ("harbour", "t-1", "4*ESP-1", "")
    assert text(hold(station, "arrive", *answers, "")).startswith("arrived from harbour: 1 line")
    assert isinstance(facts(station)[-1], TransferReceived)
    talk = begin(station, "arrive", *answers, "1")
    assert "was booked here already" in asked(talk).refused
    talk.answer("x")
    assert "number of the part" in asked(talk).refused
    assert ended_with(talk, "2").startswith("arrived")
    assert account(station, "ESP-1").available == 8


def test_an_id_that_is_none_is_asked_again(station):
    talk = begin(station, "arrive", "harbour", "t 1")
    assert "is no id" in asked(talk).refused


def test_what_was_left_changed_nothing_and_says_so(station):
    talk = begin(station, "waste", ESPRESSO)
    talk.leave()
    assert text(talk.notice) == "nothing of the list was recorded"
    assert facts(station) == []


LABELLED = Item(Sku("BRIE"), "Brie", [Gtin("09520123456788")], Money(2400), 1000, Unit.GRAM)


def test_the_weight_on_a_label_is_taken_and_multiplied(station):
    station.counter.desk.catalogue.put([LABELLED])
    talk = begin(station, "receive", "", "(01)09520123456788(3103)000195")
    assert told(talk) == ["0.195 kg Brie"]
    talk.answer("3*(01)09520123456788(3103)000195")
    assert told(talk) == ["0.780 kg Brie"]


def test_goods_on_the_scale_are_weighed_and_an_empty_scale_is_said(station):
    weights = iter([Quantity(0, Unit.GRAM), Quantity(450, Unit.GRAM)])
    station.devices.weigh = lambda: next(weights)
    talk = begin(station, "receive", "", "APPLE", WEIGH)
    assert asked(talk).refused.startswith("nothing lies on the scale: lay Apples [loose] on it")
    talk.answer(WEIGH)
    assert told(talk) == ["0.450 kg Apples [loose]"]


def test_a_name_that_means_one_item_is_taken_at_once(station):
    assert told(begin(station, "receive", "", "chewing")) == ["1 × Chewing gum"]


def test_a_list_has_as_many_goods_as_a_fact(station):
    many = [Named(Item(Sku(f"X-{number}"), "X"), 1) for number in range(MAX_LINES)]
    talk = answered(collect_lines(station, Listing(say("LIST"), say("done")), many), ESPRESSO)
    assert asked(talk).refused == "a list holds 2000 goods: finish it, then begin another"
    assert told(talk)[:2] == ["1900 lines before these", "1 × X"]
    assert len(told(talk)) == 1 + MAX_ROWS


def test_goods_of_a_delivery_that_the_catalogue_lacks_are_told_by_their_sku(station):
    advise(station, lines=[line("NEW", 3)])
    assert told(begin(station, "receive", "D-1")) == ["3 NEW"]


class FullDisk:
    """The stockroom, whose disk is full for a while."""

    def __init__(self, room, path, *, times):
        self._room = room
        self._path = path
        self._times = times

    def waste(self, *args, **given):
        self._times -= 1
        if self._times >= 0:
            raise StorageFailed(self._path, "disk I/O error")
        return self._room.waste(*args, **given)


def test_a_disk_that_fails_loses_no_list(station):
    station.stockroom = FullDisk(station.stockroom, station.counter.desk.journal.path, times=2)
    talk = begin(station, "waste", "2*ESP-1", "", "broken")
    for _ in range(2):
        assert "disk I/O error" in asked(talk).refused
        talk.answer("")
    assert text(ended(talk)).startswith("written off: 1 line")
    assert facts(station)[-1].lines[0].quantity == Quantity(2)
