"""Payments add up to what is due, to the coin, whatever is tendered in whatever order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.sales import MAX_PAYMENTS, Exchange, PaymentKind
from contract.values import MAX_MINOR, Currency, Money
from kiosk.core.tender import Tender, TenderError, give_back, resume, take_card, take_cash, take_voucher

STEPS = st.sampled_from([1, 5, 10, 25, 100])
MOVES = st.lists(st.tuples(st.sampled_from(["cash", "card", "voucher", "back"]), st.integers(1, 20_000)), max_size=12)


def paid(tender: Tender) -> list[tuple[str, int, int]]:
    return [(one.kind.value, one.amount_minor, one.change_minor) for one in tender.payments]


@pytest.mark.parametrize(
    ("due", "step", "given_minor", "amount", "change", "rounding"),
    [
        (1533, 1, 2000, 1533, 467, 0),
        (1533, 5, 2000, 1535, 465, 2),
        (1532, 5, 2000, 1530, 470, -2),
        (1532, 5, 1530, 1530, 0, -2),
        (1533, 5, 1535, 1535, 0, 2),
        (2, 5, 0, 0, 0, -2),
        (1550, 100, 1600, 1600, 0, 50),
        (0, 5, 0, 0, 0, 0),
        (3, 5, 3, 3, 0, 0),
        (2, 5, 2, 2, 0, 0),
        (1002, 5, 1001, 1001, 0, -1),
        (1533, 5, 1833, 1533, 300, 0),
        (1534, 5, 1833, 1533, 300, -1),
        (0, 5, 3, 0, 3, 0),
    ],
)
def test_cash_that_covers_the_rest_is_rounded_to_the_coins_there_are(  # noqa: PLR0917 - a row of the table
    due: int, step: int, given_minor: int, amount: int, change: int, rounding: int
) -> None:
    done = take_cash(Tender(Money(due), step), Money(given_minor))
    assert (paid(done), done.rounding_minor, done.is_paid) == ([("cash", amount, change)], rounding, True)


def test_a_party_shares_a_bill() -> None:
    one = take_card(Tender(Money(5003), 5), Money(2000), attempt="a1", reference="T1-1")
    two = take_voucher(one, "GIFT-1", Money(1000))
    assert (two.left_minor, two.left_in_cash_minor) == (2003, 2005)
    three = take_cash(two, Money(500))
    done = take_cash(three, Money(2000))
    assert paid(done) == [("card", 2000, 0), ("voucher", 1000, 0), ("cash", 500, 0), ("cash", 1505, 495)]
    assert (done.rounding_minor, done.change_minor, done.is_paid) == (2, 495, True)


def test_foreign_cash_is_worth_what_the_shop_says_and_its_change_is_ours() -> None:
    dollars = Exchange(Currency("USD"), Money(2000), Money(91), 100)
    done = take_cash(Tender(Money(1533)), dollars.worth_minor, dollars)
    assert paid(done) == [("cash", 1533, 287)]
    assert done.payments[0].exchange == dollars


def test_a_voucher_is_used_up_to_what_is_left() -> None:
    done = take_voucher(Tender(Money(700)), "GIFT-1", Money(1000))
    assert (paid(done), done.is_paid) == ([("voucher", 700, 0)], True)


def many(one: Tender) -> Tender:
    return resume(Money(1000), 1, [*take_cash(one, Money(1)).payments] * MAX_PAYMENTS)


REFUSED: dict[str, tuple[Callable[[Tender], Tender], str]] = {
    "more than is left": (lambda one: take_card(one, Money(1001), attempt="a"), "type less"),
    "no money by card": (lambda one: take_card(one, Money(0), attempt="a"), "type less"),
    "no cash": (lambda one: take_cash(one, Money(0)), "type what you are given"),
    "twice": (lambda one: take_voucher(take_voucher(one, "G", Money(1)), "G", Money(1)), "each pays once"),
    "twice, in capitals": (lambda one: take_voucher(take_voucher(one, "g1", Money(1)), "G1", Money(1)), "each pays"),
    "paid already": (lambda one: take_voucher(take_cash(one, Money(1000)), "G", Money(1)), "nothing left"),
    "nothing to undo": (give_back, "nothing was taken"),
    "a charged card": (lambda one: give_back(take_card(one, Money(1), attempt="a")), "on the terminal"),
    "paid in full": (lambda one: take_cash(take_cash(one, Money(1000)), Money(1)), "it is paid"),
    "no coins": (lambda _: take_cash(Tender(Money(3), 5), Money(4)), "no coins for the change"),
    "too much": (lambda one: take_cash(one, Money(MAX_MINOR + 1)), "more than this till can hold"),
    "too many": (lambda one: take_cash(many(one), Money(2000)), "in one"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_is_refused_and_says_what_to_do(what: str) -> None:
    refused, why = REFUSED[what]
    with pytest.raises(TenderError, match=why):
        refused(Tender(Money(1000)))


def test_cash_and_vouchers_can_be_given_back() -> None:
    one = take_voucher(take_cash(Tender(Money(1000)), Money(300)), "G", Money(100))
    assert give_back(give_back(one)) == Tender(Money(1000))


@given(st.integers(0, 50_000), STEPS, MOVES)
def test_whatever_is_tendered_adds_up(due: int, step: int, moves: list[tuple[str, int]]) -> None:
    tender = Tender(Money(due), step)
    for number, (how, amount) in enumerate(moves):
        try:
            match how:
                case "cash":
                    tender = take_cash(tender, Money(amount))
                case "card":
                    tender = take_card(tender, Money(amount), attempt=f"a{number}")
                case "voucher":
                    tender = take_voucher(tender, f"G{number}", Money(amount))
                case _:
                    tender = give_back(tender)
        except TenderError:
            continue
        assert tender.left_minor >= 0
        assert abs(tender.rounding_minor) * 2 <= step
        assert not tender.rounding_minor or tender.is_paid, "what is not paid yet is not rounded"
        assert not tender.change_minor or tender.is_paid
        again = resume(tender.total_minor, step, tender.payments)
        assert tender.is_paid or again == tender, "a till that stopped goes on where it was"
    if not tender.is_paid:
        tender = take_cash(tender, tender.left_in_cash_minor)
    assert sum(one.amount_minor for one in tender.payments) == due + tender.rounding_minor
    assert {one.kind for one in tender.payments if one.change_minor} <= {PaymentKind.CASH}
