"""Cards in the pay dialogue and in the list of what is to be settled, over the real desk."""

from pathlib import Path
from typing import Any, cast

import pytest
from money_talks import answered_on, asks, config, desk_of, paid, refusal, sales, sold, station
from talks import answered, ended

from contract.sales import PaymentKind
from contract.shop import Shop, TaxRate
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.core.dialogue import Takes
from kiosk.core.dialogues.cards import cards
from kiosk.core.dialogues.paying import exact, pay
from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import Desk
from kiosk.core.station import Station
from kiosk.journal.errors import StorageFailed
from kiosk.journal.shops import save_shop
from kiosk.station import open_station

__all__ = ["station"]


@pytest.mark.parametrize("outcome", ["approved", "unknown"])
def test_a_card_pays_once_its_end_is_told(station: Station, outcome: str) -> None:
    talk = answered(pay(station), "card")
    assert talk.prompt is not None
    assert (talk.prompt.title, talk.prompt.takes) == ("CARD 10.03 EUR", Takes.CHOICE)
    assert "is none of these" in refusal(answered_on(talk, "perhaps"))
    sold(answered_on(talk, outcome, *([""] if outcome == "approved" else [])))
    (payment,) = sales(station)[0].payments
    assert (payment.kind, payment.unsure) == (PaymentKind.CARD, outcome == "unknown")


def test_an_amount_typed_before_the_cards_key_goes_with_it(station: Station) -> None:
    talk = answered(pay(station))
    station.typed = "4"
    assert talk.prompt is not None
    assert (answered_on(talk, "card").prompt or talk.prompt).title == "CARD 4.00 EUR"


def test_a_declined_card_pays_nothing(station: Station) -> None:
    talk = answered(pay(station), "card", "declined")
    assert (talk.prompt.said if talk.prompt else "") == "declined: nothing was paid. Take another card, or cash"
    sold(answered_on(talk, ""))
    assert paid(station) == [("cash", 1005, 0)]


def test_a_till_killed_at_the_terminal_asks_how_it_ended_before_anything_else(station: Station, tmp_path: Path) -> None:
    talk = answered(pay(station), "card")
    talk.leave()
    assert talk.notice == Notice(Mood.INFO, "not settled: the next payment asks how the card ended")
    desk = open_desk(tmp_path / "data", config())
    with open_station(desk) as again:
        assert asks(answered(exact(again))) == "How did it end"
        talk = answered(pay(again))
        assert talk.prompt is not None
        assert (talk.prompt.title, talk.prompt.text) == ("CARD 10.03 EUR", "How did it end")
        sold(answered_on(talk, "approved", "4711"))
        assert paid(again) == [("card", 1003, 0)]
    desk.close()


def test_a_card_that_paid_more_than_is_left_now_does_not_stop_the_sale(station: Station) -> None:
    answered(pay(station), "card").leave()
    station.counter.enter("5.00")
    station.counter.void(0)
    talk = answered(pay(station), "approved", "")
    assert "give it back on the terminal" in refusal(talk)
    sold(answered_on(talk, ""))
    (left,) = station.counter.paying.open_attempts()
    assert left.is_unused
    listed = answered(cards(station))
    assert listed.prompt is not None
    assert listed.prompt.options[0].hint == "to be given back"
    assert ended(answered_on(listed, left.id, "declined")) == Notice(Mood.INFO, "noted")
    assert ended(answered(cards(station))) == Notice(Mood.INFO, "every card payment is settled")


def test_money_that_a_card_is_found_to_have_paid_for_nothing_is_given_back(station: Station) -> None:
    answered(pay(station), "card").leave()
    station.counter.enter("5.00")
    station.counter.void(0)
    talk = answered(pay(station), "unknown")
    assert "Look it up on the terminal" in refusal(talk)
    talk.leave()
    (attempt,) = station.counter.paying.open_attempts()
    notice = ended(answered(cards(station), attempt.id, "approved", ""))
    assert notice == Notice(Mood.ERROR, "the card paid 10.03 EUR, more than is left: give it back on the terminal")
    ended(answered(cards(station), attempt.id, "declined"))
    answered(pay(station), "card 5", "unknown")
    assert sales(station)[-1].payments[0].unsure


def test_money_found_after_the_sale_was_paid_otherwise_is_given_back(station: Station) -> None:
    answered(pay(station), "card").leave()
    station.counter.enter("5.00")
    station.counter.void(0)
    sold(answered_on(answered(pay(station), "unknown"), ""))
    (attempt,) = station.counter.paying.open_attempts()
    notice = ended(answered(cards(station), attempt.id, "approved", ""))
    assert notice == Notice(Mood.ERROR, "no sale was paid by these 10.03 EUR: give them back on the terminal")
    assert station.counter.paying.open_attempts()[0].is_unused


@pytest.mark.parametrize("outcome", ["approved", "unknown"])
def test_a_card_of_one_shopper_never_pays_the_goods_of_the_next(station: Station, outcome: str) -> None:
    answered(pay(station), "card").leave()
    assert station.counter.void(0) == Notice(Mood.ERROR, "say first how the last card payment ended")
    assert len(station.counter.basket.lines) == 1
    station.counter.enter("5.00")
    station.counter.void(0)
    answered(pay(station), outcome, *([""] if outcome == "approved" else [])).leave()
    station.counter.void(0)
    station.counter.enter("20.00")
    assert asks(answered(pay(station))) == "Cash received"
    assert len(station.counter.paying.open_attempts()) == 1


def test_an_unknown_card_is_settled_later(station: Station) -> None:
    sold(answered(pay(station), "card", "unknown"))
    (attempt,) = station.counter.paying.open_attempts()
    assert ended(answered(cards(station), attempt.id, "approved", "T9")) == Notice(Mood.INFO, "noted")
    assert station.counter.paying.open_attempts() == []


def test_an_unknown_card_that_turns_out_declined_is_said_loudly(station: Station) -> None:
    sold(answered(pay(station), "card", "unknown"))
    (attempt,) = station.counter.paying.open_attempts()
    notice = ended(answered(cards(station), attempt.id, "declined"))
    assert notice == Notice(Mood.ERROR, "a sale was not paid: 10.03 EUR are missing, tell the manager")


@pytest.mark.parametrize(("outcome", "left"), [("approved", 503), ("declined", 1003), ("unknown", 503)])
def test_what_is_found_out_of_a_card_changes_the_open_basket(station: Station, outcome: str, left: int) -> None:
    answered(pay(station), "card 5", "unknown").leave()
    (attempt,) = station.counter.paying.open_attempts()
    ended(answered(cards(station), attempt.id, outcome, *([""] if outcome == "approved" else [])))
    assert station.counter.paying.tender.left_minor == left
    assert any(one.unsure for one in station.counter.basket.payments) == (outcome == "unknown")


def test_a_card_of_the_open_basket_settled_from_the_list_pays_it(station: Station) -> None:
    answered(pay(station), "card").leave()
    (attempt,) = station.counter.paying.open_attempts()
    sold(answered(cards(station), attempt.id, "approved", ""))
    assert paid(station) == [("card", 1003, 0)]


def test_a_card_of_a_basket_put_aside_pays_when_it_is_recalled(station: Station) -> None:
    answered(pay(station), "card").leave()
    station.counter.park("red scarf")
    (attempt,) = station.counter.paying.open_attempts()
    notice = ended(answered(cards(station), attempt.id, "approved", ""))
    assert notice == Notice(Mood.INFO, "noted: recall its basket, and it pays")
    station.counter.recall("red scarf")
    sold(answered(pay(station), "approved", ""))
    assert station.counter.paying.open_attempts() == []


def test_a_card_of_a_basket_put_aside_that_was_declined_is_gone_when_it_is_recalled(station: Station) -> None:
    answered(pay(station), "card 5", "unknown").leave()
    station.counter.park("red scarf")
    (attempt,) = station.counter.paying.open_attempts()
    ended(answered(cards(station), attempt.id, "declined"))
    station.counter.recall("red scarf")
    assert answered(pay(station)).prompt is not None
    assert station.counter.basket.payments == ()


@pytest.mark.parametrize("aside", [False, True])
def test_a_card_that_pays_a_basket_which_is_not_sold_yet_is_no_case(station: Station, aside: bool) -> None:  # noqa: FBT001 - a row
    answered(pay(station), "card 5", "approved", "").leave()
    if aside:
        station.counter.park("red scarf")
    assert station.counter.paying.open_attempts() == []


def test_a_shopper_who_changes_their_mind_gets_cash_and_card_back(station: Station) -> None:
    answered(pay(station), "2", "card 4.00", "approved", "").leave()
    assert station.counter.clear().mood is Mood.ERROR
    (attempt,) = station.counter.paying.charged()
    listed = answered(cards(station))
    assert listed.prompt is not None
    assert [one.hint for one in listed.prompt.options] == ["pays the open basket"]
    assert ended(answered_on(listed, attempt.id, "declined")) == Notice(Mood.INFO, "noted")
    answered(pay(station), "card 4.00", "approved", "", "give-back").leave()
    assert [one.kind for one in station.counter.basket.payments] == [PaymentKind.CARD]
    (attempt,) = station.counter.paying.charged()
    ended(answered(cards(station), attempt.id, "declined"))
    assert station.counter.clear().mood is Mood.INFO
    assert ended(answered(cards(station))) == Notice(Mood.INFO, "every card payment is settled")


def test_a_basket_that_costs_less_than_was_paid_by_now_can_be_filled_or_given_back(tmp_path: Path) -> None:
    """A tax on top fell while it was put aside."""
    taxed = Shop(taxes=[TaxRate("", 180_000, "VAT 18 %")], tax_included=False)
    desk = open_desk(tmp_path / "taxed", config(taxed))
    with open_station(desk) as station:
        station.counter.enter("10.00")
        answered(pay(station), "card 11.70", "approved", "").leave()
        station.counter.park()
        save_shop(desk.catalogue.connection, Shop())
        station.counter.recall()
        assert station.counter.paying.tender.left_minor == -170
        assert "more was paid than that would cost" in refusal(answered(pay(station), "20"))
        assert station.counter.enter("0.70") is None
        assert station.counter.void(1).mood is Mood.ERROR
        assert station.counter.enter("1.00") is None
        sold(answered(pay(station), ""))
        assert paid(station) == [("card", 1170, 0)]
    desk.close()


def test_what_the_terminal_calls_it_is_short(station: Station) -> None:
    assert "at most 32" in refusal(answered(pay(station), "card", "approved", "9" * 33))


class Failing:
    """A real desk of which some methods fail."""

    def __init__(self, desk: LocalDesk, *names: str) -> None:
        self._desk, self._names = desk, names

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            return self._fail
        return getattr(self._desk, name)

    def _fail(self, *_: object) -> None:
        raise StorageFailed(self._desk.journal.path, "disk I/O error")


def fail(station: Station, *names: str) -> None:
    """Let the desk fail where it is asked by the counter."""
    station.counter.desk = cast("Desk", Failing(desk_of(station), *names))


def test_what_a_desk_cannot_note_of_a_card_is_said_and_asked_again(station: Station) -> None:
    talk = answered(pay(station), "card")
    fail(station, "record")
    assert "disk I/O error" in refusal(answered_on(talk, "declined"))
    assert talk.prompt is not None
    assert talk.prompt.text == "How did it end"


def test_what_a_desk_cannot_note_of_a_card_in_the_list_is_said(station: Station) -> None:
    sold(answered(pay(station), "card", "unknown"))
    (attempt,) = station.counter.paying.open_attempts()
    talk = answered(cards(station), attempt.id)
    fail(station, "record")
    notice = ended(answered_on(talk, "declined"))
    assert notice is not None
    assert "disk I/O error" in notice.text


@pytest.mark.parametrize("action", ["5", "list"])
def test_a_basket_that_a_desk_cannot_keep_is_said(station: Station, action: str) -> None:
    talk = answered(pay(station), "card 5", "unknown")
    if action == "list":
        talk.leave()
        (attempt,) = station.counter.paying.open_attempts()
        talk = answered(cards(station), attempt.id)
        fail(station, "keep")
        notice = ended(answered_on(talk, "declined"))
        assert notice is not None
        assert "would not survive a power cut" in notice.text
    else:
        fail(station, "keep")
        assert "would not survive a power cut" in refusal(answered_on(talk, "1"))
