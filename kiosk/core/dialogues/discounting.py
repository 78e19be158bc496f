"""Dialogues about other prices: a discount on a line or on the basket, and a line's price itself.

A discount that was typed before its key is given without a reason, as long as staff may give it: three keys.
"""

from typing import Final

from msgspec.structs import replace

from contract.money import round_half_up
from contract.values import Money
from kiosk.core import basket as baskets
from kiosk.core.basket import Basket, Line
from kiosk.core.dialogue import Asking, Dialogue, Prompt, Takes, ask
from kiosk.core.dialogues.approving import approve
from kiosk.core.dialogues.selling import ask_reason
from kiosk.core.discounts import Discount, parse_discount
from kiosk.core.entry import parse_price
from kiosk.core.errors import Refused
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say

REASONS: Final = (say("damaged"), say("good until soon"), say("regular shopper"), say("wrong price on the shelf"))


def discount(station: Station) -> Dialogue:
    """Take something off the selected line; above what staff may give, a manager allows it."""
    counter, at = station.counter, station.selected
    line = counter.line(at)
    if not line.discountable or line.empties:
        raise Refused(say("{item} has no discounts", item=line.name))

    def given(off: Discount | None) -> Basket:
        return baskets.put(counter.basket, at, replace(line, discount=off))

    title, typed = say("DISCOUNT on {item}", item=line.name), _percent(station.take_typed())
    off = yield from _ask_off(station, title, line.gross_minor, line.discount, typed)
    if off is None:
        return counter.change(given(None)) or Notice(Mood.INFO, say("the discount is taken off"))
    above = baskets.exceeds(given(off), counter.shop.discount_ppm)
    if above or not typed:
        off = replace(off, reason=(yield from ask_reason(title, REASONS)))
    if above:
        off = replace(off, by=(yield from approve(station, _what(station, off.off(line.gross_minor), line.name))))
    return counter.change(given(off))


def discount_all(station: Station) -> Dialogue:
    """Take something off the whole basket; above what staff may give, a manager allows it."""
    counter = station.counter
    basket = counter.basket
    if not basket.discountable_minor:
        raise Refused(say("there is nothing in the basket that has discounts"))
    title, typed = say("DISCOUNT on everything"), _percent(station.take_typed())
    off = yield from _ask_off(station, title, basket.discountable_minor, basket.discount, typed)
    if off is None:
        return counter.change(baskets.give(basket, None)) or Notice(Mood.INFO, say("the discount is taken off"))
    above = baskets.exceeds(replace(basket, discount=off), counter.shop.discount_ppm)
    if above or not typed:
        off = replace(off, reason=(yield from ask_reason(title, REASONS)))
    if above:
        most = off.off(basket.discountable_minor)
        off = replace(off, by=(yield from approve(station, _what(station, most, say("everything")))), most_minor=most)
    return counter.change(baskets.give(basket, off))


def price(station: Station) -> Dialogue:
    """Sell the selected line at another price, which a manager allows; the catalogue's stays on record."""
    counter, at = station.counter, station.selected
    line = counter.line(at)
    if line.empties:
        raise Refused(say("{item} is worth what the catalogue says: take the line out", item=line.name))
    currency = counter.basket.currency
    title = say("NEW PRICE for {item}", item=line.name)
    asking = Prompt(say("New price, such as 4.50"), Takes.MONEY, title=title)
    new = yield from ask(asking, lambda text: parse_price(text, currency), typed=station.take_typed())
    reason = yield from ask_reason(title, REASONS)
    why = say("{price} for {item}", price=Amount(new, currency, named=True), item=line.name)
    by = yield from approve(station, why)
    return counter.put(at, _priced(line, new, by=by, reason=reason))


def _percent(typed: str) -> str:
    """Return what was typed before the key of a discount: a number alone is per cent there, as on a % key."""
    return f"{typed}%" if typed.isdigit() else typed


def _ask_off(
    station: Station, title: Text, price: Money, before: Discount | None, typed: str
) -> Asking[Discount | None]:
    """Return what is to be taken off ``price``; None for nothing, where something was before."""
    currency = station.counter.basket.currency

    def off(text: str) -> Discount | None:
        if not text and before is not None:
            return None
        found = parse_discount(text, currency)
        if found.amount_minor > price:
            raise Refused(say("that is more than it costs, {price}: type less", price=Amount(price, currency)))
        return found

    none = say("no discount") if before is not None else None
    return (yield from ask(Prompt(say("10% or 2.00"), title=title, empty=none), off, typed=typed))


def _what(station: Station, off: Money, item: str) -> Text:
    amount = Amount(off, station.counter.basket.currency, named=True)
    return say("{amount} off {item}", amount=amount, item=item)


def _priced(line: Line, new: Money, *, by: str, reason: str) -> Line:
    """Return a line at a price for one piece, kg, l or m; what a label said no longer counts."""
    per = line.quantity.unit.per
    before = line.list_minor
    if before is None:
        before = Money(round_half_up(line.price_minor * per, line.price_per))
    return replace(line, price_minor=new, price_per=per, list_minor=before, label_minor=None, by=by, reason=reason)
