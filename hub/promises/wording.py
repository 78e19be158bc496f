"""How figures, goods and moments are written in a message for a shopper.

Moments are in the zone of the site that they are about, where one was told, else in that of the hub's machine (``TZ``):
a shopper reads the shop's clock.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import LOCALTZ, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal

from contract.messages import DAY, ENGLISH_DAY, HOUR
from contract.money import exponent
from contract.values import Currency, Money, Unit

_KILO: Final = {Unit.GRAM: "kg", Unit.MILLILITRE: "l", Unit.MILLIMETRE: "m"}


def locale_of(language: str) -> Locale:
    """Return how ``language`` writes figures; English where nothing is known of it."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def money(amount: Money, currency: Currency, language: str) -> str:
    """Return an amount with its currency, as people write it there: ``1.135,50 €``."""
    return format_currency(Decimal(amount).scaleb(-exponent(currency)), currency, locale=locale_of(language))


def moment(at: datetime, language: str, zone: tzinfo | None = None) -> str:
    """Return a moment with its weekday: ``Sa., 14. März 2026, 17:40``."""
    locale, there = locale_of(language), zone or LOCALTZ
    if locale.language == "en":
        return format_datetime(at, f"{ENGLISH_DAY}, {HOUR}", tzinfo=there, locale=locale)
    day = format_skeleton(DAY, at, tzinfo=there, locale=locale)
    return f"{day}, {format_datetime(at, HOUR, tzinfo=there, locale=locale)}"


def zone_of(name: str) -> tzinfo | None:
    """Return a site's zone; None where none was told, or this machine does not know it."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def goods(lines: Iterable[tuple[str, int, Unit]], language: str) -> str:
    """Return goods by name with their amounts: ``2 × Green tea, 0.5 kg Olives``."""
    return ", ".join(_line(name, amount, unit, language) for name, amount, unit in lines)


def _line(name: str, amount: int, unit: Unit, language: str) -> str:
    if unit is Unit.PIECE:
        return f"{amount} × {name}"
    figure = format_decimal(Decimal(amount) / unit.per, locale=locale_of(language))
    return f"{figure} {_KILO[unit]} {name}"
