"""Promises asked for, and the slips of promises and reservations: pending says so, in the shopper's language."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from contract.down import Item
from contract.down_rights import PromiseResolved, Remedy
from contract.facts import StockLine
from contract.rights import Answer
from contract.values import Currency, Money, Quantity, Sku, Unit
from kiosk.core.goods import GoodsError
from kiosk.core.promises import (
    MAX_WAIT,
    WINDOW,
    Promise,
    PromiseError,
    State,
    decide_ask,
    headline,
    is_good,
    is_overdue,
    remedy_text,
)
from kiosk.core.reservations import Reservation
from kiosk.core.reservations import State as Held
from kiosk.core.slips import Figures, promise_slip, reservation_slip

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
EUR = Currency("EUR")
TEA = [StockLine(Sku("TEA"), Quantity(3))]
ITEMS = {Sku("TEA"): Item(Sku("TEA"), "Green tea")}


def ask(**given):
    return decide_ask(TEA, **{"promise": "0b7c5a52-3d0e", "language": "en", "currency": EUR, "at": AT} | given)


def pending(**given) -> Promise:
    return Promise("0b7c5a52-3d0e", State.PENDING, ask(**given))


def told(answer: PromiseResolved) -> Promise:
    return Promise("0b7c5a52-3d0e", State.TOLD, ask(), answer)


FIGURES = Figures(
    lambda minor, currency, language: f"<{minor} {currency} {language}>",
    lambda at, language: f"<{at:%H:%M} {language}>",
)
YES = PromiseResolved("0b7c5a52-3d0e", Answer.CONFIRMED, "Set aside for you.", TEA, "hall", "ABCD-123")
SORRY = PromiseResolved(
    "0b7c5a52-3d0e", Answer.SORRY, "We are sorry.", remedy=Remedy.REFUND, amount_minor=Money(1200), currency=EUR
)


def test_what_is_asked_for_says_where_when_and_what_was_paid():
    fact = ask(site="pier", paid_minor=Money(1200), wait=timedelta(days=2))
    assert (fact.lines, fact.site, fact.paid_minor, fact.collect_by) == (TEA, "pier", 1200, AT + timedelta(days=2))
    assert ask().collect_by is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"language": "English"}, "give one such as en"),
        ({"wait": timedelta(0)}, "cannot be wanted before now"),
        ({"wait": MAX_WAIT + timedelta(seconds=1)}, "no shopper waits for more than 14 days"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(given, said):
    with pytest.raises(PromiseError, match=said):
        ask(**given)


def test_nothing_cannot_be_asked_for():
    with pytest.raises(GoodsError):
        decide_ask([], promise="p", language="en", currency=EUR, at=AT)


def test_a_promise_is_pending_until_the_answer_is_there_and_overdue_after_the_window():
    assert headline(pending()) == "pending"
    assert not is_good(pending())
    assert not is_overdue(pending(), at=AT + WINDOW)
    assert is_overdue(pending(), at=AT + WINDOW + timedelta(seconds=1))
    assert not is_overdue(told(YES), at=AT + timedelta(days=1))
    assert not is_overdue(Promise("p", State.PENDING, None), at=AT + timedelta(days=1))


def test_an_answer_is_the_hubs():
    assert (headline(told(YES)), is_good(told(YES)), remedy_text(told(YES))) == ("confirmed", True, "")
    assert (headline(told(SORRY)), is_good(told(SORRY)), remedy_text(told(SORRY))) == (
        "sorry",
        False,
        "refund 12.00 EUR",
    )
    assert remedy_text(pending()) == ""
    assert remedy_text(told(replace(SORRY, remedy=Remedy.VOUCHER))) == "voucher 12.00 EUR"


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("en", "NOT PROMISED YET - PENDING"),
        ("de", "NOCH NICHT ZUGESAGT - IN KLÄRUNG"),
        ("fr", "PAS ENCORE PROMIS - EN ATTENTE"),
        ("nl", "NOT PROMISED YET - PENDING"),
    ],
)
def test_the_slip_of_a_pending_promise_says_first_that_it_is_none_yet(language, first):
    slip = promise_slip(pending(language=language), ITEMS, FIGURES)
    assert slip.lines[:2] == (first, "3 x Green tea")
    assert slip.lines[-1] == "№ 0b7c5a52"
    assert slip.qr == ""


def test_what_was_paid_stands_on_the_slip():
    assert (
        promise_slip(pending(paid_minor=Money(1200)), ITEMS, FIGURES)
        .lines[-1]
        .startswith("You have paid <1200 EUR en>")
    )


def test_the_slip_of_an_answer_is_in_the_hubs_words_with_the_code_to_collect():
    slip = promise_slip(told(YES), ITEMS, FIGURES)
    assert (slip.lines, slip.qr) == (("CONFIRMED", "Set aside for you.", "3 x Green tea"), "ABCD-123")
    slip = promise_slip(told(SORRY), ITEMS, FIGURES)
    assert (slip.lines, slip.qr) == (("SORRY", "We are sorry."), "")
    slip = promise_slip(told(replace(SORRY, message="")), ITEMS, FIGURES)
    assert slip.lines == ("SORRY", "refund 12.00 EUR")


@pytest.mark.parametrize(("language", "figures"), [("de", "<1200 EUR de>"), ("nl", "<1200 EUR en>")])
def test_the_figures_of_a_slip_are_in_the_language_of_its_words(language, figures):
    assert figures in promise_slip(pending(language=language, paid_minor=Money(1200)), ITEMS, FIGURES).lines[-1]


def test_a_promise_that_a_lost_card_asked_for_has_a_slip_too():
    assert promise_slip(Promise("p-1", State.PENDING, None), {}, FIGURES).lines[0] == "NOT PROMISED YET - PENDING"


def test_the_slip_of_a_reservation_has_goods_end_and_code():
    lines = (*TEA, StockLine(Sku("HAM"), Quantity(250, Unit.GRAM)))
    found = Reservation("r", "7K2M-9XPA", Held.HELD, lines, AT, AT + timedelta(hours=2))
    slip = reservation_slip(found, ITEMS, FIGURES)
    assert slip.lines == (
        "RESERVED for you",
        "3 x Green tea",
        "250 g HAM",
        "Please collect by <11:00 en> with the code 7K2M-9XPA.",
    )
    assert slip.qr == "7K2M-9XPA"
    assert reservation_slip(found, ITEMS, FIGURES, language="de").lines[0] == "FÜR SIE ZURÜCKGELEGT"
    ended = reservation_slip(replace(found, state=Held.LAPSED), ITEMS, FIGURES)
    assert ended.lines[0] == "This reservation was lapsed: nothing is set aside any more."
    assert ended.qr == ""
