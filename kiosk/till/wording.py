"""Prices, ages and the status line in words and figures, as the counter's language has them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from contract.codec import Stamp
from contract.down import Item
from contract.money import format_minor
from contract.values import Address, Currency, Money, Quantity, Unit
from kiosk.core.ports import LinkState
from kiosk.core.words import BIG_UNIT, Text, say
from kiosk.till.speech import ENGLISH, Speech

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400
_LEAST_LINK: Final = 14  # cells of the link's state: enough for its first words in each language


def quantity(value: Quantity, speech: Speech = ENGLISH) -> str:
    """Return a quantity as people write it: ``3``, ``0.250 kg``."""
    return speech.show(value)


def unit_price(minor: Money, per: int, unit: Unit, currency: Currency, speech: Speech = ENGLISH) -> str:
    """Return a price for one piece, kg, l or m, exact also below the smallest coin: ``1.20``, ``0.0625``."""
    scale = per // unit.per if per % unit.per == 0 else 0
    mark = "" if unit is Unit.PIECE else f"/{BIG_UNIT[unit]}"
    text = format_minor(minor, currency)
    if scale == 1:
        return speech.number(text) + mark
    if scale > 1 and str(scale).strip("0") == "1":
        return speech.number(_shifted(text, len(str(scale)) - 1)) + mark
    return speech.say(say("{price} for {n}", price=speech.number(text), n=per))


def item_price(item: Item, currency: Currency, speech: Speech = ENGLISH) -> str:
    """Return an item's price, or that it has none."""
    if item.price_minor is None:
        return speech.say(say("ask price"))
    return unit_price(item.price_minor, item.price_per, item.unit, currency, speech)


def age(span: timedelta) -> Text:
    """Return how long ago something was, in its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE_S:
        return say("{n} s", n=seconds)
    if seconds < _HOUR_S:
        return say("{n} min", n=seconds // _MINUTE_S)
    return say("{n} h", n=seconds // _HOUR_S) if seconds < _DAY_S else say("{n} d", n=seconds // _DAY_S)


def status(address: Address, link: LinkState, stamp: Stamp, width: int, speech: Speech = ENGLISH) -> str:
    """Return the status line: who, the link, what is unsent, the last acknowledgement, the clock. Words, cut to fit.

    Where there is no room, the link's reason is cut first; then go the acknowledgement and the site.
    """
    clock = speech.say(say("clock ok") if stamp.clock == "trusted" else say("CLOCK UNTRUSTED"))
    unsent = speech.say(say("{n} unsent", n=link.unsent))
    end = f" | {unsent}, {speech.say(acknowledged(link, stamp.at))} | {clock} {_time(stamp.at)}"
    begin = f"{address.kiosk} {address.site} | "
    if len(begin) + _LEAST_LINK + len(end) > width:
        begin, end = f"{address.kiosk} | ", f" | {unsent} | {clock} {_time(stamp.at)}"
    room, told = width - len(begin) - len(end), speech.say(link_words(link))
    return begin + (told if len(told) <= room else told[: max(1, room - 1)] + "…") + end


def acknowledged(link: LinkState, now: datetime) -> Text:
    """Return when the hub acknowledged last."""
    if link.acked_at is None:
        return say("no ack yet")
    return say("ack {age} ago", age=age(now - link.acked_at.astimezone(UTC)))


def link_words(link: LinkState) -> Text:
    """Return the state of the link, with the reason in full."""
    if not link.configured:
        return say("no hub set up: {problem}", problem=link.problem) if link.problem else say("no hub set up")
    if link.connected:
        return say("hub connected, but {problem}", problem=link.problem) if link.problem else say("hub connected")
    return say("hub OFFLINE: {problem}", problem=link.problem) if link.problem else say("hub OFFLINE")


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M")


def _shifted(text: str, places: int) -> str:
    """Return an amount divided by ten so many times, exact."""
    whole, _, cents = text.partition(".")
    digits = f"{whole}{cents}".zfill(places + len(cents) + 1)
    point = len(digits) - places - len(cents)
    return f"{digits[:point]}.{digits[point:]}"
