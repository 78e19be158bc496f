"""Goods set aside for a shopper at this till: hold, collect, cancel. Pure; the journal keeps them. Works offline.

Rules
-----
1.  A hold is made from rights that this till has, so it is firm: what is not promisable is refused, line by line, and
    the shopper is offered a promise instead (:mod:`kiosk.core.promises`).
2.  A hold has an end, and it is not put off: goods that wait for nobody are sold.
3.  It ends once: collected with a sale, lapsed, or cancelled. While its goods lie there it may be collected, also when
    its time is over: the shopper is here.
4.  What is collected is sold as every sale is, in the same transaction, so that its goods are never free in between.
5.  What an earlier life of the kiosk held has no rights here, and no fact ends it: they are the hub's. Its goods are
    sold as goods in hand to who comes for them, or put back on the shelf; either is noted here alone, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contract.down import Item
from contract.facts import Payment, StockLine
from contract.rights import ReservationCancelled, ReservationCollected, ReservationHeld
from contract.shop import Shop
from contract.stock import Account, StockKey
from contract.values import BasketId, Currency, Gtin, Money, Sku
from kiosk.core.basket import Basket, collected
from kiosk.core.bill import Prices, decide_bill
from kiosk.core.checkout import PLAIN
from kiosk.core.errors import Refused
from kiosk.core.finding import Finder, line_of
from kiosk.core.goods import listed_goods, merged
from kiosk.core.tender import Tender, TenderError, take_cash
from kiosk.core.words import Text, listed, say

DEFAULT_HOLD: Final = timedelta(hours=2)  # a shopper who is on the way; longer keeps goods from those who are here
MIN_HOLD: Final = timedelta(minutes=1)
MAX_HOLD: Final = timedelta(days=14)  # beyond it no popup stands where it stood


class ReservationError(Refused):
    """The reservation cannot be made or ended like this; nothing happened. The message says what to do."""


class Meaningless(ReservationError):
    """That cannot be, however things stand: it was asked for wrongly. The message says what to give instead."""


class NotPromisable(ReservationError):
    """This till has no right to promise so much. ``lacking`` is what is missing."""

    def __init__(self, lacking: Sequence[tuple[StockLine, int]]) -> None:
        """Say of each of the goods how many there are."""
        named = [
            say("{goods} wanted, {there} can be promised", goods=listed_goods([line]), there=there)
            for line, there in lacking
        ]
        super().__init__(say("{goods}: hold less, or ask the hub for a promise", goods=listed(named)))
        self.lacking = tuple(lacking)


class State(StrEnum):
    """What became of a reservation."""

    HELD = "held"
    COLLECTED = "collected"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    PAST = "past"  # held in an earlier life of this kiosk: the goods lie aside, the rights are the hub's


STATES: Final[Mapping[State, Text]] = {
    State.HELD: say("held"),
    State.COLLECTED: say("collected"),
    State.LAPSED: say("lapsed"),
    State.CANCELLED: say("cancelled"),
    State.PAST: say("past"),
}


class Reservation(Struct, frozen=True):
    """Goods set aside for a shopper. ``placed``: the hub asked for it."""

    id: str
    code: str
    state: State
    lines: tuple[StockLine, ...]
    held_at: datetime
    until: datetime
    placed: bool = False
    ended_at: datetime | None = None


def decide_hold(
    lines: Iterable[StockLine],
    *,
    accounts: Mapping[StockKey, Account],
    reservation: str,
    code: str,
    at: datetime,
    wait: timedelta = DEFAULT_HOLD,
) -> ReservationHeld:
    """Return the fact that goods are set aside for ``wait``.

    Raises: NotPromisable; ReservationError if the time is not 1 minute to 14 days; GoodsError without goods.
    """
    if not MIN_HOLD <= wait <= MAX_HOLD:
        raise Meaningless(say("goods are held for 1 minute to {most} days: give a time between", most=MAX_HOLD.days))
    wanted = merged(lines)
    there = [accounts.get(StockKey(line.sku, line.condition, line.quantity.unit), Account()) for line in wanted]
    lacking = [
        (line, account.promisable)
        for line, account in zip(wanted, there, strict=True)
        if line.quantity.amount > account.promisable
    ]
    if lacking:
        raise NotPromisable(lacking)
    return ReservationHeld(reservation, code, wanted, at, at + wait)


def decide_collect(found: Reservation, *, basket: BasketId, at: datetime) -> list[ReservationCollected]:
    """Return what is recorded right before the sale of ``basket``, by which the shopper takes the goods.

    Nothing, where the hold is of an earlier life: its goods lie there without rights, and are sold as goods in hand.

    Raises: ReservationError if it has ended.
    """
    if found.state is State.PAST:
        return []
    _check_open(found)
    return [ReservationCollected(found.id, list(found.lines), basket, at)]


def decide_collected(basket: Basket, *, at: datetime) -> list[ReservationCollected]:
    """Return what is recorded right before the sale of a basket that holds what was set aside for the shopper."""
    found = collected(basket)
    return [ReservationCollected(found.id, list(found.lines), basket.id, at)] if found else []


def decide_cancel(found: Reservation, *, at: datetime, reason: str = "") -> list[ReservationCancelled]:
    """Return what is recorded when nobody wants the goods any more: nothing, where the hold is of an earlier life.

    Raises: ReservationError if it has ended.
    """
    if found.state is State.PAST:
        return []
    _check_open(found)
    return [ReservationCancelled(found.id, list(found.lines), at, reason)]


def fill_basket(found: Reservation, *, basket: BasketId, currency: Currency, items: Mapping[Sku, Item]) -> Basket:
    """Return a basket of the reserved goods at today's prices, with their deposits; see :func:`related`.

    Raises: ReservationError for goods that are no longer in the catalogue or have no price.
    """
    lines, finder = [], Finder(Listed(items), Shop(), currency)
    for line in found.lines:
        item = items.get(line.sku)
        if item is None or item.price_minor is None or item.unit is not line.quantity.unit:
            raise ReservationError(
                say("{sku} has no price in the catalogue: import one, then collect again", sku=line.sku)
            )
        lines.append(line_of(finder.want(item, Decimal(line.quantity.amount) / item.unit.per)))
    return Basket(basket, currency, tuple(lines))


def related(items: Iterable[Item]) -> list[Sku]:
    """Return what is sold with items: their deposits, and the parts of bundles."""
    return [sku for one in items for sku in (one.deposit, *(part.sku for part in one.parts)) if sku is not None]


def due(found: Reservation, items: Mapping[Sku, Item], prices: Prices = PLAIN) -> Money | None:
    """Return what the goods cost by the catalogue, with tax where it comes on top; None where one has no price."""
    try:
        filled = fill_basket(found, basket=BasketId("due"), currency=Currency("XXX"), items=items)
    except ReservationError:
        return None
    return decide_bill(filled, prices).total_minor


def decide_payment(due_minor: Money, given_minor: Money | None, prices: Prices = PLAIN) -> Payment:
    """Return the cash payment of what is due, rounded to the coins there are; None is given exactly.

    Raises: TenderError if it is too little.
    """
    tender = Tender(due_minor, prices.cash_step_minor)
    tender = take_cash(tender, tender.left_in_cash_minor if given_minor is None else given_minor)
    if not tender.is_paid:
        raise TenderError(say("that is less than the total: take more, or Esc"))
    return tender.payments[0]


class Listed:
    """Items that were looked up before, as a catalogue."""

    def __init__(self, items: Mapping[Sku, Item]) -> None:
        """Hold ``items``."""
        self._items = items

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        return next((one for one in self._items.values() if gtin in one.gtins), None)

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        return self._items.get(sku)


def _check_open(found: Reservation) -> None:
    if found.state is not State.HELD:
        raise ReservationError(
            say("{code} was {state} already: nothing is set aside under it", code=found.code, state=STATES[found.state])
        )
