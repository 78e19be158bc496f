"""Paying over the real desk: what is taken is kept, a card is on record before its terminal, the sale is made once."""

from pathlib import Path

import pytest
from till_terminal import sample_items

from contract.codec import decode
from contract.payments import Outcome, PaymentResolved
from contract.sales import SaleRecorded
from contract.shop import ExchangeRate, Shop, TaxRate
from contract.values import Currency, Money
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.config import Config
from kiosk.core.counter import Counter
from kiosk.core.notices import AskCard, Mood
from kiosk.core.timekeeping import ClockMode
from kiosk.journal import attempts

SHOP = Shop(
    taxes=[TaxRate("", 190_000, "VAT 19 %")],
    cash_step_minor=5,
    exchange=[ExchangeRate(Currency("USD"), Money(91), 100)],
)
CONFIG = Config(clock=ClockMode.SYSTEM, shop=SHOP)


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    desk = open_desk(tmp_path / "data", CONFIG)
    desk.catalogue.put(sample_items())
    return desk


@pytest.fixture
def counter(desk: LocalDesk) -> Counter:
    """Return a counter with 10.03 to pay."""
    counter = Counter(desk)
    counter.enter("10.03")
    return counter


def card(counter: Counter, amount: int | None = None) -> AskCard:
    ask = counter.paying.begin_card(None if amount is None else Money(amount))
    assert isinstance(ask, AskCard), ask
    return ask


def last_sale(desk: LocalDesk) -> SaleRecorded:
    rows = desk.journal.connection.execute("SELECT bytes FROM facts WHERE type LIKE 'sale%' ORDER BY seq").fetchall()
    data = decode(rows[-1][0]).data
    assert isinstance(data, SaleRecorded)
    return data


def test_exact_cash_is_rounded_to_the_coins_there_are_and_its_tax_is_told(desk: LocalDesk, counter: Counter) -> None:
    assert counter.paying.exact().mood is Mood.SOLD
    sale = last_sale(desk)
    assert (sale.total_minor, sale.rounding_minor, sale.payments[0].amount_minor) == (1003, 2, 1005)
    assert [(tax.net_minor, tax.tax_minor) for tax in sale.taxes] == [(843, 160)]
    assert counter.basket.lines == ()


def test_a_till_that_stops_in_a_split_payment_gives_basket_and_payments_back(desk: LocalDesk, tmp_path: Path) -> None:
    counter = Counter(desk)
    counter.enter("10.03")
    assert counter.paying.voucher("GIFT-1", Money(300)).text == "taken; left to pay 7.03 EUR"
    assert counter.paying.cash(Money(200)).mood is Mood.INFO
    desk.close()
    again = Counter(open_desk(tmp_path / "data", CONFIG))
    assert again.paying.tender.left_minor == 503
    assert again.paying.cash(Money(1000)).mood is Mood.SOLD
    assert (again.sold or pytest.fail("not sold")).change_minor == 495


def test_a_card_is_on_record_before_its_terminal_is_used(desk: LocalDesk, counter: Counter) -> None:
    ask = card(counter)
    (attempt,) = desk.attempts(counter.basket.id)
    assert (attempt.id, attempt.amount_minor, attempt.outcome) == (ask.attempt, 1003, None)
    assert counter.paying.end_card(ask, Outcome.APPROVED, reference="T1-47").mood is Mood.SOLD
    sale = last_sale(desk)
    (paid,) = sale.payments
    assert (paid.attempt, paid.reference, paid.unsure, sale.rounding_minor) == (ask.attempt, "T1-47", False, 0)
    assert attempts.unresolved(desk.journal.connection) == []


def test_a_declined_card_pays_nothing_and_another_may_be_tried(desk: LocalDesk, counter: Counter) -> None:
    assert counter.paying.end_card(card(counter), Outcome.DECLINED).mood is Mood.INFO
    assert counter.paying.tender.left_minor == 1003
    assert counter.paying.end_card(card(counter), Outcome.APPROVED).mood is Mood.SOLD
    assert len(last_sale(desk).payments) == 1


def test_an_unknown_card_pays_marked_as_such_and_stays_to_be_resolved(desk: LocalDesk, counter: Counter) -> None:
    assert counter.paying.end_card(card(counter), Outcome.UNKNOWN).mood is Mood.SOLD
    assert last_sale(desk).payments[0].unsure
    assert [one.amount_minor for one in attempts.unresolved(desk.journal.connection)] == [1003]


@pytest.mark.parametrize("outcome", [None, Outcome.APPROVED])
def test_a_till_that_stopped_at_the_terminal_asks_how_it_ended(
    desk: LocalDesk, tmp_path: Path, outcome: Outcome | None
) -> None:
    """Also where the outcome was told, and the till died before it kept the payment."""
    counter = Counter(desk)
    counter.enter("10.03")
    ask = card(counter, 500)
    if outcome is not None:
        desk.record([PaymentResolved(ask.attempt, outcome, desk.clock.stamp().at)])
    desk.close()
    again = Counter(open_desk(tmp_path / "data", CONFIG))
    assert again.paying.unsettled() == [ask]
    refused = again.paying.begin_card()
    assert not isinstance(refused, AskCard)
    assert "how the last card payment ended" in refused.text
    again.paying.end_card(ask, Outcome.APPROVED)
    assert (again.paying.unsettled(), again.paying.tender.left_minor) == ([], 503)


def test_foreign_cash_is_taken_at_the_shops_rate(desk: LocalDesk, counter: Counter) -> None:
    assert counter.paying.foreign(Currency("CHF"), Money(1000)).text == "CHF is not taken here: USD"
    assert counter.paying.foreign(Currency("USD"), Money(2000)).mood is Mood.SOLD
    (paid,) = last_sale(desk).payments
    assert (paid.tendered_minor, paid.change_minor) == (1820, 815)


def test_what_was_paid_stays_covered_by_goods(counter: Counter) -> None:
    counter.enter("2.00")
    counter.paying.cash(Money(1000))
    refused = counter.void(0)
    assert getattr(refused, "mood", None) is Mood.ERROR
    assert len(counter.basket.lines) == 2
    assert getattr(counter.void(1), "mood", None) is Mood.INFO
    assert counter.paying.give_back().text == "given back"
    assert counter.basket.payments == ()


def test_nothing_is_taken_twice_for_a_basket_that_is_sold(counter: Counter) -> None:
    assert counter.paying.exact().mood is Mood.SOLD
    assert counter.sell(Money(1005)).text.startswith("the basket is empty")


def test_where_nothing_was_taken_nothing_is_given_back(counter: Counter) -> None:
    assert counter.paying.give_back().text == "nothing was taken yet: there is nothing to give back"
