"""Promises of goods that this till has no right to: asked for here, decided by the hub. Pure.

Rules
-----
1.  A promise is *pending* until the hub has answered, and whatever is printed or shown says so. No till confirms it.
2.  It is asked for under an id of its own, said at once and recorded as a fact; however often the hub hears it, it
    decides once.
3.  The answer is the hub's, words for the shopper included: confirmed, elsewhere, later, a substitute, or sorry.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contract.down_rights import PromiseResolved, Remedy
from contract.errors import Malformed
from contract.facts import StockLine
from contract.messages import check_language
from contract.rights import Answer, ReservationRequested
from contract.values import Currency, Money, SiteId
from kiosk.core.errors import Refused
from kiosk.core.goods import merged
from kiosk.core.words import Amount, say

MAX_WAIT: Final = timedelta(days=14)  # as goods are held: beyond it no popup stands where it stood
WINDOW: Final = timedelta(seconds=90)  # a hub that is reached has answered by then; the longest a shopper waits


class PromiseError(Refused):
    """The promise cannot be asked for like this; nothing happened. The message says what to do."""


class Meaningless(PromiseError):
    """That cannot be asked for, however things stand. The message says what to give instead."""


class State(StrEnum):
    """How far a promise is."""

    PENDING = "pending"
    TOLD = "told"


class Promise(Struct, frozen=True):
    """A promise as this till knows it. ``request`` is None where a lost card had asked; ``answer`` is the hub's."""

    id: str
    state: State
    request: ReservationRequested | None
    answer: PromiseResolved | None = None


def decide_ask(
    lines: Iterable[StockLine],
    *,
    promise: str,
    language: str,
    currency: Currency,
    at: datetime,
    paid_minor: Money = Money(0),
    site: SiteId | None = None,
    wait: timedelta | None = None,
) -> ReservationRequested:
    """Return the fact that a shopper asks for goods; ``site`` is where they want them, ``wait`` how long they would.

    Raises: PromiseError for a language or a time that is none; GoodsError without goods.
    """
    try:
        check_language(language)
    except Malformed as error:
        raise Meaningless(say("{what}: give one such as en", what=error.what)) from error
    if wait is not None and wait <= timedelta(0):
        raise Meaningless(say("goods cannot be wanted before now: give a time to come"))
    if wait is not None and wait > MAX_WAIT:
        raise Meaningless(say("no shopper waits for more than {most} days: give a shorter time", most=MAX_WAIT.days))
    by = None if wait is None else at + wait
    return ReservationRequested(promise, merged(lines), language, currency, at, paid_minor, site, by)


def is_overdue(promise: Promise, *, at: datetime) -> bool:
    """Return whether a hub that was reached would have answered by now: tell the shopper that the link is away."""
    asked = promise.request
    return promise.state is State.PENDING and asked is not None and at - asked.requested_at > WINDOW


def headline(promise: Promise) -> str:
    """Return the one word for staff: pending, confirmed, elsewhere, later, substitute or sorry."""
    return str(promise.answer.answer) if promise.answer is not None else "pending"


def is_good(promise: Promise) -> bool:
    """Return whether goods are promised."""
    return promise.answer is not None and promise.answer.answer is not Answer.SORRY


def remedy_text(promise: Promise) -> str:
    """Return what the shopper gets back, empty for nothing: ``refund 12.00 EUR``."""
    answer = promise.answer
    if answer is None or answer.remedy is Remedy.NONE or answer.amount_minor is None or answer.currency is None:
        return ""
    amount = Amount(answer.amount_minor, answer.currency, named=True)
    if answer.remedy is Remedy.REFUND:
        return say("refund {amount}", amount=amount)
    return say("voucher {amount}", amount=amount)
