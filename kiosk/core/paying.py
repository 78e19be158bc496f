"""How the open basket of a counter is paid: cash, foreign cash, vouchers, cards, or several of them. No screen, no IO.

Rules
-----
1.  What does not cover the bill yet is kept with the basket, synced: a till that stops gives basket and payments back.
2.  While something is paid, the basket may grow; it never falls below what was taken.
3.  A card attempt is on record before the terminal is used. A person says how it ended: approved and unknown pay, the
    unknown one marked as such; declined pays nothing. An attempt without an outcome is asked about before anything
    else is paid: the till may have stopped at the terminal.
4.  The sale is made by the payment that covers the bill, and by no key of its own.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from contract.money import format_minor
from contract.payments import Outcome, PaymentAttempted, PaymentResolved
from contract.sales import Exchange, PaymentKind
from contract.values import Currency, Money
from kiosk.core.attempts import Attempt
from kiosk.core.notices import AskCard, Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.tender import Tender, TenderError, give_back, resume, take_card, take_cash, take_voucher

if TYPE_CHECKING:
    from kiosk.core.counter import Counter


Take = Callable[[Tender], Tender]


class Paying:
    """The payments of one counter's open basket."""

    def __init__(self, counter: "Counter") -> None:
        """Pay what ``counter`` has."""
        self._counter = counter

    @property
    def tender(self) -> Tender:
        """Return what is to be paid, and what was taken so far."""
        counter = self._counter
        return resume(counter.bill.total_minor, counter.prices.cash_step_minor, counter.basket.payments)

    def cash(self, received: Money) -> Notice:
        """Take cash; what covers the rest makes the sale."""
        return self._take(lambda tender: take_cash(tender, received))

    def exact(self) -> Notice:
        """Take what is left, exactly: one key."""
        return self._take(lambda tender: take_cash(tender, tender.left_in_cash_minor))

    def foreign(self, currency: Currency, received: Money) -> Notice:
        """Take foreign cash at the shop's rate; change is given at home."""
        rate = next((one for one in self._counter.shop.exchange if one.currency == currency), None)
        if rate is None:
            taken = ", ".join(one.currency for one in self._counter.shop.exchange) or "no foreign cash"
            return Notice(Mood.ERROR, f"{currency} is not taken here: {taken}")
        if received < 1:
            return Notice(Mood.ERROR, "no money is no payment: type what you are given")
        exchange = Exchange(currency, received, rate.home_minor, rate.per)
        return self._take(lambda tender: take_cash(tender, exchange.worth_minor, exchange))

    def voucher(self, code: str, worth: Money) -> Notice:
        """Take a voucher, or as much of it as is left to pay."""
        return self._take(lambda tender: take_voucher(tender, code, worth))

    def begin_card(self, amount: Money | None = None) -> Notice | AskCard:
        """Put an attempt on record, of ``amount`` or of all that is left: only then may the terminal be used."""
        if self.unsettled():
            return Notice(Mood.ERROR, "say first how the last card payment ended")
        tender, desk = self.tender, self._counter.desk
        wanted = tender.left_minor if amount is None else amount
        try:
            attempt = desk.new_attempt_id()
            take_card(tender, wanted, attempt=attempt)
            at, currency = desk.clock.stamp().at, self._counter.basket.currency
            desk.record([PaymentAttempted(attempt, self._counter.basket.id, currency, wanted, at)])
        except (TenderError, DeskError) as error:
            return Notice(Mood.ERROR, str(error))
        return AskCard(attempt, wanted, currency)

    def end_card(self, ask: AskCard, outcome: Outcome, *, reference: str = "", by: str = "") -> Notice:
        """Note how a card payment ended; what was approved, or may have been, pays."""
        desk = self._counter.desk
        try:
            desk.record([PaymentResolved(ask.attempt, outcome, desk.clock.stamp().at, reference, by)])
        except DeskError as error:
            return Notice(Mood.ERROR, str(error))
        if outcome is Outcome.DECLINED:
            return Notice(Mood.INFO, "declined: nothing was paid. Take another card, or cash")
        unsure = outcome is Outcome.UNKNOWN
        paid = {"attempt": ask.attempt, "reference": reference, "unsure": unsure}
        return self._take(lambda tender: take_card(tender, ask.amount_minor, **paid))  # type: ignore[arg-type]

    def unsettled(self) -> Sequence[AskCard]:
        """Return the attempts for this basket that pay nothing yet and may have: a person must say how they ended."""
        paid = {one.attempt for one in self._counter.basket.payments}
        found = [one for one in self._counter.desk.attempts(self._counter.basket.id) if _is_open(one, paid)]
        return [AskCard(one.id, one.amount_minor, one.currency) for one in found]

    def give_back(self) -> Notice:
        """Give the last cash or voucher back."""
        try:
            less = give_back(self.tender)
        except TenderError as error:
            return Notice(Mood.ERROR, str(error))
        kept = self._counter.change(replace(self._counter.basket, payments=less.payments))
        return kept or Notice(Mood.INFO, "given back")

    def _take(self, how: Take) -> Notice:
        counter = self._counter
        try:
            tender = how(self.tender)
        except TenderError as error:
            return Notice(Mood.ERROR, str(error))
        if tender.is_paid:
            return counter.finish(tender)
        if kept := counter.change(replace(counter.basket, payments=tender.payments)):
            return kept
        left = format_minor(tender.left_minor, counter.basket.currency)
        return Notice(Mood.INFO, f"taken; left to pay {left} {counter.basket.currency}")


def _is_open(attempt: Attempt, paid: set[str | None]) -> bool:
    return attempt.id not in paid and (attempt.outcome is None or attempt.outcome is not Outcome.DECLINED)


def cash_of(tender: Tender) -> Money:
    """Return the cash that was taken, at home's worth."""
    return Money(sum(one.tendered_minor for one in tender.payments if one.kind is PaymentKind.CASH))
