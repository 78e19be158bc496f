"""Quantities, prices and the status line in words and figures."""

from datetime import UTC, datetime, timedelta
from typing import Final

from contract.codec import Stamp
from contract.down import Item
from contract.money import format_minor
from contract.values import Address, Currency, Money, Quantity, Unit
from kiosk.core.ports import LinkState

BIG_UNIT: Final = {Unit.GRAM: "kg", Unit.MILLILITRE: "l", Unit.MILLIMETRE: "m"}
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400


def quantity(value: Quantity) -> str:
    """Return a quantity as people say it: ``3``, ``0.250 kg``."""
    if value.unit is Unit.PIECE:
        return str(value.amount)
    whole, rest = divmod(value.amount, value.unit.per)
    return f"{whole}.{rest:03d} {BIG_UNIT[value.unit]}"


def unit_price(minor: Money, per: int, unit: Unit, currency: Currency) -> str:
    """Return a price for one piece, kg, l or m, exact also below the smallest coin: ``1.20``, ``0.0625``."""
    scale = per // unit.per if per % unit.per == 0 else 0
    mark = "" if unit is Unit.PIECE else f"/{BIG_UNIT[unit]}"
    if scale == 1:
        return format_minor(minor, currency) + mark
    if scale > 1 and str(scale).strip("0") == "1":
        zeros = len(str(scale)) - 1
        text = format_minor(minor, currency)
        whole, _, cents = text.partition(".")
        digits = f"{whole}{cents}".zfill(zeros + len(cents) + 1)
        point = len(digits) - zeros - len(cents)
        return f"{digits[:point]}.{digits[point:]}{mark}"
    return f"{format_minor(minor, currency)} for {per}"


def item_price(item: Item, currency: Currency) -> str:
    """Return an item's price, or that it has none."""
    if item.price_minor is None:
        return "ask price"
    return unit_price(item.price_minor, item.price_per, item.unit, currency)


def age(span: timedelta) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    return f"{seconds // _HOUR_S} h" if seconds < _DAY_S else f"{seconds // _DAY_S} d"


def local_time(at: datetime) -> str:
    """Return date and time of day as the machine's zone has them."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def status(address: Address, link: LinkState, stamp: Stamp, width: int) -> str:
    """Return the status line: who, the link, what is unsent, the last acknowledgement, the clock. Words, cut to fit."""
    acked = f"ack {age(stamp.at - link.acked_at.astimezone(UTC))} ago" if link.acked_at else "no ack yet"
    clock = "clock ok" if stamp.clock == "trusted" else "CLOCK UNTRUSTED"
    begin = f"{address.kiosk} {address.site} | "
    end = f" | {link.unsent} unsent, {acked} | {clock} {local_time(stamp.at)[11:16]}"
    room = width - len(begin) - len(end)
    told = link_words(link)
    return begin + (told if len(told) <= room else told[: max(1, room - 1)] + "…") + end


def link_words(link: LinkState) -> str:
    """Return the state of the link, with the reason in full."""
    if not link.configured:
        return "no hub set up" if not link.problem else f"no hub set up: {link.problem}"
    if link.connected:
        return f"hub connected, but {link.problem}" if link.problem else "hub connected"
    return f"hub OFFLINE: {link.problem}" if link.problem else "hub OFFLINE"
