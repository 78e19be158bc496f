"""How the open basket of a counter is paid: cash, foreign cash, vouchers, cards, or several of them. No screen, no IO.

Rules
-----
1.  What does not cover the bill yet is kept with the basket, synced: a till that stops gives basket and payments back.
2.  While something is paid, the basket may grow; it never falls below what was taken.
3.  A card attempt is on record before the terminal is used. A person says how it ended: approved and unknown pay, the
    unknown one marked as such; declined pays nothing. An attempt without an outcome is asked about before anything
    else is paid: the till may have stopped at the terminal.
4.  What is said of an attempt later changes its payment: declined, or given back on the terminal, it is gone; approved
    it is sure. A card that paid more than is left by now pays nothing here: its money is to be given back there.
5.  The sale is made by the payment that covers the bill; by exact cash where goods were taken out until nothing is
    left.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from contract.payments import Outcome, PaymentAttempted, PaymentResolved
from contract.sales import Exchange, PaymentKind
from contract.shop import ExchangeRate
from contract.values import Currency, Money
from kiosk.core.attempts import Attempt
from kiosk.core.notices import AskCard, Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.tender import Tender, TenderError, give_back, resume, take_card, take_cash, take_voucher
from kiosk.core.words import Amount, Text, say

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
        tender = self.tender
        if tender.is_paid and tender.payments:
            return self._counter.finish(tender)
        return self._take(lambda tender: take_cash(tender, tender.left_in_cash_minor))

    def foreign(self, currency: Currency, received: Money) -> Notice:
        """Take foreign cash at the shop's rate; change is given at home."""
        rate = self.rate(currency)
        if rate is None:
            taken = ", ".join(one.currency for one in self._counter.shop.exchange) or say("no foreign cash")
            return Notice(Mood.ERROR, say("{currency} is not taken here: {taken}", currency=currency, taken=taken))
        if received < 1:
            return Notice(Mood.ERROR, say("no money is no payment: type what you are given"))
        exchange = Exchange(currency, received, rate.home_minor, rate.per)
        return self._take(lambda tender: take_cash(tender, exchange.worth_minor, exchange))

    def rate(self, currency: Currency) -> ExchangeRate | None:
        """Return what foreign cash is worth here; None where it is not taken."""
        return next((one for one in self._counter.shop.exchange if one.currency == currency), None)

    def voucher(self, code: str, worth: Money) -> Notice:
        """Take a voucher, or as much of it as is left to pay."""
        return self._take(lambda tender: take_voucher(tender, code, worth))

    def begin_card(self, amount: Money | None = None) -> Notice | AskCard:
        """Put an attempt on record, of ``amount`` or of all that is left: only then may the terminal be used."""
        if self.unsettled():
            return Notice(Mood.ERROR, say("say first how the last card payment ended"))
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
            return Notice(Mood.INFO, say("declined: nothing was paid. Take another card, or cash"))
        if ask.amount_minor > self.tender.left_minor:
            return Notice(Mood.ERROR, _too_much(ask) if outcome is Outcome.APPROVED else _look_up(ask))
        unsure = outcome is Outcome.UNKNOWN
        paid = {"attempt": ask.attempt, "reference": reference, "unsure": unsure}
        return self._take(lambda tender: take_card(tender, ask.amount_minor, **paid))  # type: ignore[arg-type]

    def unsettled(self) -> Sequence[AskCard]:
        """Return the attempts for this basket that pay nothing yet and may have: a person must say how they ended."""
        paid, left = {one.attempt for one in self._counter.basket.payments}, self.tender.left_minor
        found = [one for one in self._counter.desk.attempts(self._counter.basket.id) if _is_open(one, paid, left)]
        return [AskCard(one.id, one.amount_minor, one.currency) for one in found]

    def open_attempts(self) -> Sequence[Attempt]:
        """Return the card payments of any basket that a person must look at; raises DeskError."""
        return self._counter.desk.open_attempts()

    def charged(self) -> Sequence[Attempt]:
        """Return the approved cards that pay this basket: a shopper may change their mind; raises DeskError."""
        desk, basket = self._counter.desk, self._counter.basket.id
        return [one for one in desk.attempts(basket) if one.is_unused and self._pays(one.id)]

    def resolve(self, attempt: Attempt, outcome: Outcome, *, reference: str = "") -> Notice:
        """Note what a person found out of an attempt; if this basket is to be paid by it, it is."""
        counter, desk = self._counter, self._counter.desk
        ask = AskCard(attempt.id, attempt.amount_minor, attempt.currency)
        if ask in self.unsettled():
            return self.end_card(ask, outcome, reference=reference)
        try:
            desk.record([PaymentResolved(attempt.id, outcome, desk.clock.stamp().at, reference)])
        except DeskError as error:
            return Notice(Mood.ERROR, str(error))
        if kept := self.look_again():
            return kept
        if attempt.sold and outcome is Outcome.DECLINED:
            return Notice(
                Mood.ERROR, say("a sale was not paid: {amount} are missing, tell the manager", amount=_of(ask))
            )
        if outcome is not Outcome.APPROVED or attempt.sold or self._pays(attempt.id):
            return Notice(Mood.INFO, say("noted"))
        if any(one.basket.id == attempt.basket for one in desk.parked()):
            return Notice(Mood.INFO, say("noted: recall its basket, and it pays"))
        return Notice(Mood.ERROR, _too_much(ask) if attempt.basket == counter.basket.id else _unused(ask))

    def look_again(self) -> Notice | None:
        """Change this basket's card payments to what was said of their attempts since (rule 4)."""
        counter = self._counter
        known = {one.id: one.outcome for one in counter.desk.attempts(counter.basket.id)}
        payments = tuple(
            replace(one, unsure=one.unsure and known.get(one.attempt or "") is not Outcome.APPROVED)
            for one in counter.basket.payments
            if known.get(one.attempt or "") is not Outcome.DECLINED
        )
        if payments == counter.basket.payments:
            return None
        return counter.change(replace(counter.basket, payments=payments))

    def give_back(self) -> Notice:
        """Give the last cash or voucher back."""
        try:
            less = give_back(self.tender)
        except TenderError as error:
            return Notice(Mood.ERROR, str(error))
        kept = self._counter.change(replace(self._counter.basket, payments=less.payments))
        return kept or Notice(Mood.INFO, say("given back"))

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
        left = Amount(tender.left_minor, counter.basket.currency, named=True)
        return Notice(Mood.INFO, say("taken; left to pay {left}", left=left))

    def _pays(self, attempt: str) -> bool:
        return any(one.attempt == attempt for one in self._counter.basket.payments)


def _is_open(attempt: Attempt, paid: set[str | None], left: Money) -> bool:
    if attempt.id in paid or attempt.outcome is Outcome.DECLINED:
        return False
    return attempt.outcome is None or attempt.amount_minor <= left  # else its money cannot pay here (rule 4)


def _of(ask: AskCard) -> Amount:
    return Amount(ask.amount_minor, ask.currency, named=True)


def _too_much(ask: AskCard) -> Text:
    return say("the card paid {amount}, more than is left: give it back on the terminal", amount=_of(ask))


def _look_up(ask: AskCard) -> Text:
    return say("{amount} is more than is left: nothing was paid by it. Look it up on the terminal", amount=_of(ask))


def _unused(ask: AskCard) -> Text:
    return say("no sale was paid by these {amount}: give them back on the terminal", amount=_of(ask))


def cash_of(tender: Tender) -> Money:
    """Return the cash that was taken, at home's worth."""
    return Money(sum(one.tendered_minor for one in tender.payments if one.kind is PaymentKind.CASH))


def otherwise_of(tender: Tender) -> Money:
    """Return what cards and vouchers paid."""
    return Money(sum(one.tendered_minor for one in tender.payments if one.kind is not PaymentKind.CASH))
