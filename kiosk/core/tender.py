"""Paying: several tenders, cash rounding, change, foreign cash, vouchers, cards. Pure.

Rules
-----
1.  A sale is paid when nothing is left to pay. Cash alone gives change, in the shop's own currency.
2.  Where the rest is paid in cash it is rounded to the coins there are: half up to the step. What a card or a voucher
    pays is never rounded, and neither is cash that does not cover the rest, or is exactly the rest: some have coins.
    Change is what there are coins for as well, also where foreign cash is worth some odd sum.
3.  A card pays no more than what is left. A voucher that is worth more than that is used up to what is left.
4.  A voucher is taken once in a sale, scanned or typed, in small letters or capitals. Whether it was redeemed
    elsewhere only the hub can tell.
5.  Cash and vouchers can be given back before the sale is made, the last first; a card's money is at the terminal, and
    stays until somebody says that it was given back there.
6.  Where more was paid than it costs by now (a tax fell meanwhile), nothing is taken until something was given back.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from contract.money import round_half_up
from contract.sales import MAX_PAYMENTS, Exchange, Payment, PaymentKind
from contract.values import MAX_MINOR, Money
from kiosk.core.errors import Refused
from kiosk.core.words import Text, say


class TenderError(Refused):
    """That cannot be taken like this; nothing changed. The message says what to do."""


class Tender(Struct, frozen=True):
    """What is to be paid and what was taken so far. ``step_minor`` is the smallest coin."""

    total_minor: Money
    step_minor: int = 1
    payments: tuple[Payment, ...] = ()
    rounding_minor: Money = Money(0)

    @property
    def left_minor(self) -> Money:
        """Return what is left to pay, by card or voucher."""
        return Money(self.total_minor + self.rounding_minor - sum(one.amount_minor for one in self.payments))

    @property
    def left_in_cash_minor(self) -> Money:
        """Return what is left to pay if all of it is paid in cash (rule 2)."""
        left = self.left_minor
        return Money(round_half_up(left, self.step_minor) * self.step_minor) if left else left

    @property
    def is_paid(self) -> bool:
        """Return whether the sale can be made: a total of nothing needs no payment."""
        return self.left_minor == 0

    @property
    def returnable(self) -> Payment | None:
        """Return the payment that can be given back next (rule 5)."""
        return next((one for one in reversed(self.payments) if one.kind is not PaymentKind.CARD), None)

    @property
    def change_minor(self) -> Money:
        """Return what the shopper gets back."""
        return Money(sum(one.change_minor for one in self.payments))


def take_cash(tender: Tender, tendered: Money, exchange: Exchange | None = None) -> Tender:
    """Return the tender with cash taken, and change if it covers the rest.

    Raises: TenderError.
    """
    _check(not (tender.is_paid and tender.payments), say("it is paid: there is nothing left to take"))
    due, left = tender.left_in_cash_minor, tender.left_minor
    if tendered < due:
        _check(tendered > 0, say("no money is no payment: type what you are given"))
        _check(tendered <= left, say("there are no coins for the change: take a little more, or exactly what is due"))
        return _with(tender, Payment(PaymentKind.CASH, tendered, tendered, Money(0), exchange=exchange))
    change = _in_coins(tendered, left, due, tender.step_minor)
    amount = Money(tendered - change)
    rounded = replace(tender, rounding_minor=Money(tender.rounding_minor + amount - left))
    return _with(rounded, Payment(PaymentKind.CASH, amount, tendered, change, exchange=exchange))


def _in_coins(tendered: Money, left: Money, due: Money, step: int) -> Money:
    """Return the change on what is due; if there are no coins for that, the nearest to the change on what is left."""
    change = tendered - due
    nearest = round_half_up(tendered - left, step) * step
    return Money(change if change % step == 0 or nearest > tendered else nearest)


def take_card(tender: Tender, amount: Money, *, attempt: str, reference: str = "", unsure: bool = False) -> Tender:
    """Return the tender with what a card paid.

    Raises: TenderError.
    """
    _check(0 < amount <= tender.left_minor, say("a card pays what is left or less, and no change: type less"))
    return _with(tender, Payment(PaymentKind.CARD, amount, amount, Money(0), reference, attempt, unsure))


def take_voucher(tender: Tender, code: str, worth: Money) -> Tender:
    """Return the tender with a voucher's worth, or as much of it as is left to pay.

    Raises: TenderError.
    """
    known = {one.reference.casefold() for one in tender.payments if one.kind is PaymentKind.VOUCHER}
    _check(code.casefold() not in known, say("voucher {code} is taken already: each pays once", code=code))
    amount = Money(min(worth, tender.left_minor))
    _check(amount > 0, say("there is nothing left for a voucher to pay"))
    return _with(tender, Payment(PaymentKind.VOUCHER, amount, amount, Money(0), code))


def give_back(tender: Tender) -> Tender:
    """Return the tender without its last cash or voucher.

    Raises: TenderError where there is none.
    """
    _check(bool(tender.payments), say("nothing was taken yet: there is nothing to give back"))
    last = tender.returnable
    _check(last is not None, say("a card was charged: give it back on the terminal, or finish the sale"))
    left = tuple(one for one in tender.payments if one is not last)
    return replace(tender, payments=left, rounding_minor=Money(0))


def resume(total: Money, step_minor: int, payments: Sequence[Payment]) -> Tender:
    """Return the tender of a basket that was being paid when the till stopped: nothing of it was final."""
    return Tender(total, step_minor, tuple(payments))


def _with(tender: Tender, payment: Payment) -> Tender:
    _check(
        not tender.payments or tender.left_minor >= 0,
        say("more was paid than that would cost: give a payment back first"),
    )
    _check(
        len(tender.payments) < MAX_PAYMENTS,
        say("a sale has at most {most} payments: take the rest in one", most=MAX_PAYMENTS),
    )
    _check(payment.tendered_minor <= MAX_MINOR, say("that is more than this till can hold: type less"))
    return replace(tender, payments=(*tender.payments, payment))


def _check(holds: object, why: Text) -> None:
    if not holds:
        raise TenderError(why)
