"""Card attempts: on record before the terminal is used, resolved by what a person saw, named by the sale."""

from datetime import timedelta
from pathlib import Path

import pytest

from contract.payments import Outcome, PaymentAttempted, PaymentResolved
from contract.values import BasketId, Currency, Money
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.core.attempts import Attempt
from kiosk.core.basket import Basket, make_line
from kiosk.core.checkout import decide_sale
from kiosk.core.counter import OPEN_ITEM
from kiosk.core.tender import Tender, take_card
from kiosk.journal import attempts

EUR = Currency("EUR")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    return open_desk(tmp_path)


def attempt(desk: LocalDesk, name: str = "a1", basket: str = "b1") -> None:
    desk.record([PaymentAttempted(name, BasketId(basket), EUR, Money(1000), desk.clock.stamp().at)])


def resolve(desk: LocalDesk, outcome: Outcome, name: str = "a1", reference: str = "") -> None:
    desk.record([PaymentResolved(name, outcome, desk.clock.stamp().at + timedelta(seconds=9), reference, "ines")])


def found(desk: LocalDesk, name: str = "a1") -> Attempt:
    return attempts.find(desk.journal.connection, name) or pytest.fail("unknown")


def test_a_till_that_stopped_at_the_terminal_finds_the_attempt_and_no_outcome(tmp_path: Path) -> None:
    first = open_desk(tmp_path)
    attempt(first)
    first.close()
    again = open_desk(tmp_path)
    (one,) = attempts.unresolved(again.journal.connection)
    assert (one.id, one.basket, one.amount_minor, one.outcome, one.is_unresolved) == ("a1", "b1", 1000, None, True)
    assert attempts.of_basket(again.journal.connection, BasketId("b1")) == [one]


@pytest.mark.parametrize(
    ("outcomes", "unresolved", "unused"),
    [
        ([Outcome.APPROVED], False, True),
        ([Outcome.DECLINED], False, False),
        ([Outcome.UNKNOWN], True, False),
        ([Outcome.UNKNOWN, Outcome.APPROVED], False, True),
        ([Outcome.UNKNOWN, Outcome.DECLINED], False, False),
    ],
)
def test_the_last_word_on_an_attempt_counts(
    desk: LocalDesk, outcomes: list[Outcome], *, unresolved: bool, unused: bool
) -> None:
    attempt(desk)
    for outcome in outcomes:
        resolve(desk, outcome, reference=f"T1-{outcome}")
    one = found(desk)
    assert (one.is_unresolved, one.is_unused, one.reference) == (unresolved, unused, f"T1-{outcomes[-1]}")
    assert bool(attempts.unresolved(desk.journal.connection)) is unresolved


def test_money_that_a_sale_names_is_accounted_for(desk: LocalDesk) -> None:
    basket = Basket(BasketId("b1"), EUR, (make_line(OPEN_ITEM, 1, asked_minor=Money(1000)),))
    desk.keep(basket)
    attempt(desk)
    resolve(desk, Outcome.APPROVED)
    paid = take_card(Tender(Money(1000)), Money(1000), attempt="a1")
    desk.record([decide_sale(basket, paid.payments, sold_at=desk.clock.stamp().at)])
    assert found(desk).sold
    assert not found(desk).is_unused


def test_what_another_card_tried_changes_nothing(desk: LocalDesk) -> None:
    resolve(desk, Outcome.APPROVED, "unknown")
    assert attempts.find(desk.journal.connection, "unknown") is None
    assert attempts.unresolved(desk.journal.connection) == []
