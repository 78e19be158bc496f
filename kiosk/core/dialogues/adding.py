"""Dialogues that bring goods into the basket, asking for what they lack: leave to sell them, an amount, a price."""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from contract.down import Item
from contract.values import Money, Unit
from kiosk.core.basket import confirmed_age
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.approving import approve
from kiosk.core.entry import parse_amount, parse_price, parse_times
from kiosk.core.errors import Refused
from kiosk.core.finding import line_of
from kiosk.core.notices import Mood, Notice, Wanted
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say

HOW_MUCH: Final = {
    Unit.PIECE: say("How many"),
    Unit.GRAM: say("How many kg, such as 0.250"),
    Unit.MILLILITRE: say("How many litres, such as 0.250"),
    Unit.MILLIMETRE: say("How many metres, such as 1.500"),
}
_YES, _NO = "yes", "no"


def add_item(station: Station, wanted: Wanted) -> Dialogue:
    """Sell goods once nothing is open: are they still good, is the shopper old enough, how much, at which price."""
    counter, item = station.counter, wanted.item
    by, reason = "", ""
    left = say("not added: {item}", item=item.name)
    if wanted.expired_on is not None:
        by = yield from _sell_expired(station, wanted, left)
        reason = str.__str__(say("expired on {day}", day=wanted.expired_on))  # as the books have it
        if not by:
            return Notice(Mood.INFO, left)
    if wanted.age > confirmed_age(counter.basket) and not (yield from _is_old_enough(wanted, left)):
        return Notice(Mood.INFO, left)
    weighed = False
    if wanted.amount is None:
        amount = _on_the_scale(station, item.unit)
        weighed = amount is not None
        if amount is None:
            amount, weighed = yield from ask_amount(station, item.name, item.unit, left)
        wanted = replace(wanted, amount=amount)
    if wanted.price_minor is None:
        wanted = yield from _priced(station, wanted, left)
    return counter.add(line_of(wanted, by=by, reason=reason, weighed=weighed), wanted.missing)


def favourites(station: Station) -> Dialogue:
    """Sell one of the shop's favourites; a quantity may be typed before."""
    counter, times = station.counter, take_times(station)
    found = [item for sku in counter.shop.favourites if (item := counter.desk.item(sku))]
    if not found:
        raise Refused(say("there are no favourites: name their skus in the shop's settings, as favourites"))
    options = tuple(Option(item.sku, item.name, _price(station, item)) for item in found)
    chosen = yield Prompt(say("Which one"), Takes.CHOICE, options, title=say("FAVOURITES"), grid=True)
    item = next(one for one in found if one.sku == chosen)
    return (yield from add_item(station, counter.finder.want(item, times)))


def take_times(station: Station) -> Decimal | None:
    """Return the quantity that was typed before a key, with Enter or without; None if none was.

    Raises: EntryError for what is no quantity.
    """
    typed, times = station.take_typed(), station.counter.times
    station.counter.times = None
    return parse_times(typed) if typed else times


def ask_amount(
    station: Station, name: str, unit: Unit, left: Text | None = None, *, typed: str = ""
) -> Asking[tuple[int, bool]]:
    """Return how much of it, and whether a scale said so; Enter alone weighs."""

    def amount(text: str) -> tuple[int, bool]:
        if text or unit is not Unit.GRAM:
            return parse_amount(parse_times(text), unit), False
        weight = station.devices.weigh()
        if weight.amount < 1:
            raise Refused(say("nothing lies on the scale: put it there and press Enter, or type the weight"))
        return weight.amount, True

    title = say("WEIGHT NEEDED: {item}", item=name) if unit is Unit.GRAM else say("AMOUNT NEEDED: {item}", item=name)
    weigh = say("weigh it") if unit is Unit.GRAM else None
    prompt = Prompt(HOW_MUCH[unit], Takes.NUMBER, title=title, empty=weigh, holds_goods=True, left=left)
    return (yield from ask(prompt, amount, typed=typed))


def _on_the_scale(station: Station, unit: Unit) -> int | None:
    """Return what lies at rest on the scale, so that nobody is asked what it says; None if that must be asked."""
    if unit is not Unit.GRAM:
        return None
    try:
        weight = station.devices.weigh().amount
    except Refused:
        return None  # Enter at the question weighs again, and says why not
    return weight if weight > 0 else None


def _sell_expired(station: Station, wanted: Wanted, left: Text) -> Asking[str]:
    """Return who allows to sell what is no longer good; nobody if it is left out."""
    item, day = wanted.item.name, wanted.expired_on
    assert day is not None  # noqa: S101 - asked of expired goods only
    title = say("EXPIRED: {item} was good until {day}", item=item, day=day)
    options = (Option(_NO, say("Leave it out")), Option(_YES, say("Sell it, with a manager")))
    asking = Prompt(say("Sell it anyway?"), Takes.CHOICE, options, title=title, holds_goods=True, left=left)
    if (yield asking) != _YES:
        return ""
    why = say("expired on {day}: {item}", day=day, item=item)
    return (yield from _holding(approve(station, why), left))


def _holding(asking: Asking[str], left: Text) -> Asking[str]:
    """Ask the same, while goods are held: a scan must not make anybody forget them."""
    try:
        prompt = next(asking)
        while True:
            prompt = asking.send((yield replace(prompt, holds_goods=True, left=left)))
    except StopIteration as end:
        return str(end.value)


def _is_old_enough(wanted: Wanted, left: Text) -> Asking[bool]:
    title = say("AGE {age}: {item}", age=wanted.age, item=wanted.item.name)
    question = say("Is the shopper at least {age}?", age=wanted.age)
    options = (Option(_YES, say("Yes")), Option(_NO, say("No, leave it out")))
    return (yield Prompt(question, Takes.CHOICE, options, title=title, holds_goods=True, left=left)) == _YES


def _priced(station: Station, wanted: Wanted, left: Text) -> Asking[Wanted]:
    """Return the goods with their price: the label's, or a typed one."""
    currency = station.counter.basket.currency
    if wanted.label_minor is not None and wanted.amount:
        return replace(wanted, price_minor=wanted.label_minor, price_per=wanted.amount)

    def price(text: str) -> Money:
        return parse_price(text, currency)

    title = say("PRICE NEEDED: {item}", item=wanted.item.name)
    asking = Prompt(say("Price, such as 4.50"), Takes.MONEY, title=title, holds_goods=True, left=left)
    return replace(wanted, price_minor=(yield from ask(asking, price)))


def _price(station: Station, item: Item) -> str:
    if item.price_minor is None:
        return say("ask price")
    if item.price_per != item.unit.per:  # finer than the smallest coin
        return ""
    amount = Amount(item.price_minor, station.counter.basket.currency)
    match item.unit:
        case Unit.PIECE:
            return say("{price}", price=amount)
        case Unit.GRAM:
            return say("{price} a kg", price=amount)
        case Unit.MILLILITRE:
            return say("{price} a litre", price=amount)
        case _:
            return say("{price} a metre", price=amount)
