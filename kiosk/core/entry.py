"""The entry line: what one line of typing or scanning means. Pure; looking codes up is the counter's.

Rules
-----
1.  ``N*`` in front is a quantity: ``3*`` for what comes next, ``3*4006381333931``, ``0.250*`` of weighed goods.
2.  Digits alone are a code (a barcode, or a sku of digits), never money and never a quantity.
3.  Digits with one point or comma are a price: ``4.50``, ``4,5``, ``.50``, ``4.``. A barcode has neither mark.
4.  Anything else is words: a sku, a label that is not digits alone, or the beginnings of a name's words. ``+`` alone
    is the last line again.
5.  Where money is asked for, eight or more digits without a mark are a barcode that came at the wrong moment: no
    screen takes them for an amount. Whatever else looks like a label is a scan as well.
6.  The separator of GS1 labels (FNC1) is no space: it is never taken off an end.
"""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, is_valid, restore_gtin
from contract.money import exponent, to_minor
from contract.values import Currency, Gtin, Money, Unit
from kiosk.core.errors import Refused
from kiosk.core.labels.elements import FNC1
from kiosk.core.labels.label import LabelKind
from kiosk.core.labels.reading import MAX_LABEL, SHORTEST_ELEMENTS, read_label
from kiosk.core.words import Amount, say

MAX_ENTRY: Final = MAX_LABEL + 8  # a quantity and the largest QR code: a label that is cut means something else
MAX_SHOWN: Final = 40  # characters of a code in a message: two rows of the screen hold it and what to do
REPEAT: Final = "+"
SHORTEST_BARCODE: Final = 8  # GTIN-8; no amount of cash at a counter needs as many digits
_MAX_TIMES_DIGITS: Final = 5  # of a quantity; shorter than any barcode, so that a scan never becomes one
_MAX_MONEY_DIGITS: Final = 7  # of an amount without a mark; shorter than any barcode
_MAX_MARKED_DIGITS: Final = 9  # before the mark of an amount; more is no price in any currency

_SPACES: Final = " \t\r\n"  # and not str.strip()'s own, to which the separator is a space as well
_TIMES: Final = re.compile(r"[ \t]*([0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)[ \t]*\*[ \t]*(.*)", re.DOTALL)
_LABELS: Final = frozenset(
    {LabelKind.ELEMENTS, LabelKind.LINK, LabelKind.IN_STORE, LabelKind.WRONG_CHECK_DIGIT, LabelKind.FAULTY}
)
_PRICE: Final = re.compile(r"[0-9]*[.,][0-9]*")
_DIGITS: Final = re.compile(r"[0-9]+")
_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T]+(\d{1,2})[:.](\d{2})")
_DATE_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}) +(\d{1,2})[:.](\d{2})")


class EntryError(Refused):
    """What was typed means nothing here; the message says what to type instead."""


class Kind(StrEnum):
    """What an entry is."""

    NOTHING = "nothing"
    DIGITS = "digits"
    PRICE = "price"
    WORDS = "words"


class Entry(Struct, frozen=True):
    """One line as understood. ``times`` is the quantity before the ``*``, in pieces or whole kg, l, m."""

    kind: Kind
    text: str = ""
    times: Decimal | None = None


def parse_entry(line: str) -> Entry:
    """Return what a line of the entry field means.

    Raises: EntryError for a quantity that cannot be one.
    """
    match = _TIMES.fullmatch(line)
    if match and len(match[1]) >= SHORTEST_ELEMENTS:
        match = None  # element strings may hold a star
    times = _parse_times(match[1]) if match else None
    text = (match[2] if match else line).strip(_SPACES)
    return Entry(_kind(text), text, times)


def is_code(text: str) -> bool:
    """Return whether words look like a code that a scanner read: no spaces, and a digit in them."""
    return " " not in text and any(char.isdigit() for char in text)


def as_gtin(digits: str) -> Gtin | None:
    """Return the GTIN of a scan, stripped leading zeros restored; None if it is none or its check digit is wrong."""
    try:
        return restore_gtin(digits)
    except Malformed:
        return None


def has_wrong_check_digit(digits: str) -> bool:
    """Return whether digits have a barcode's length but not its check digit."""
    return len(digits) in GTIN_LENGTHS and not is_valid(digits)


def is_scan(text: str) -> bool:
    """Return whether text that came where something else was asked for is a barcode (rule 5)."""
    if _DIGITS.fullmatch(text):
        return len(text) >= SHORTEST_BARCODE
    return read_label(text).kind in _LABELS


def shown_code(text: str) -> str:
    """Return a code for a message: what cannot be printed is marked, what is long is cut."""
    visible = text.replace(FNC1, "^")
    return visible if len(visible) <= MAX_SHOWN else visible[: MAX_SHOWN - 1] + "…"


def parse_price(text: str, currency: Currency) -> Money:
    """Return an amount typed in major units: ``4.50``, ``4,5``, ``.50``, ``4.``, ``20``.

    Raises: EntryError, saying what to type.
    """
    cleaned = text.strip().replace(",", ".")
    whole, mark, _ = cleaned.partition(".")
    if not re.fullmatch(r"[0-9]*\.?[0-9]*", cleaned) or not any(char.isdigit() for char in cleaned):
        raise EntryError(
            say("{text} is not an amount: type one such as {such}", text=_short(text), such=_such(currency))
        )
    if len(whole) > (_MAX_MARKED_DIGITS if mark else _MAX_MONEY_DIGITS):
        raise EntryError(
            say("{text} is too large for an amount: type one such as {such}", text=_short(text), such=_such(currency))
        )
    try:
        return to_minor(Decimal(cleaned), currency)
    except Malformed as error:
        raise EntryError(
            say(
                "{text} is finer than the smallest coin: type one such as {such}",
                text=_short(text),
                such=_such(currency),
            )
        ) from error


def parse_amount(times: Decimal, unit: Unit) -> int:
    """Return a typed quantity in the unit that stock counts: pieces, or thousandths of a kg, l or m.

    Raises: EntryError if it is not a whole number of those.
    """
    amount = times * unit.per
    if amount != amount.to_integral_value():
        if unit is Unit.PIECE:
            raise EntryError(say("{times} pieces cannot be sold: type a whole number", times=str(times)))
        raise EntryError(say("{times} is too fine: type at most three decimals, such as 0.250", times=str(times)))
    return int(amount)


def parse_times(text: str) -> Decimal:
    """Return a quantity typed where one is asked for: ``0.250``, ``3``, with or without ``*``.

    Raises: EntryError.
    """
    match = _TIMES.fullmatch(text.strip().rstrip("*") + "*")
    if not match or match[2]:
        raise EntryError(say("{text} is not a quantity: type one such as 3 or 0.250", text=_short(text)))
    return _parse_times(match[1])


def parse_moment(text: str) -> datetime:
    """Return a date and time without a zone: ``2026-11-21 14:05``, ``21.11.2026 14:05`` or ``21/11/2026 14:05``.

    Raises: EntryError.
    """
    if match := _DATE.fullmatch(text.strip()):
        year, month, day, hour, minute = map(int, match.groups())
    elif match := _DATE_DAY_FIRST.fullmatch(text.strip()):
        day, month, year, hour, minute = map(int, match.groups())
    else:
        raise EntryError(say("{text} is not a date and time: type them such as 2026-11-21 14:05", text=_short(text)))
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the till knows the zone
    except ValueError as error:
        raise EntryError(
            say("{text}: there is no such day or time: type such as 2026-11-21 14:05", text=_short(text))
        ) from error


def _kind(text: str) -> Kind:
    if not text:
        return Kind.NOTHING
    if _DIGITS.fullmatch(text):
        return Kind.DIGITS
    if _PRICE.fullmatch(text) and any(char.isdigit() for char in text):
        return Kind.PRICE
    return Kind.WORDS


def _parse_times(text: str) -> Decimal:
    if len(text.replace(",", ".").partition(".")[0]) > _MAX_TIMES_DIGITS:
        raise EntryError(say("{text} is too large for a quantity: type it before the *, such as 3*", text=_short(text)))
    times = Decimal(text.replace(",", "."))
    if times <= 0:
        raise EntryError(say("a quantity of 0 cannot be sold: type one such as 3*"))
    return times


def _such(currency: Currency) -> Amount:
    return Amount(Money(450 * 10 ** max(0, exponent(currency) - 2)), currency)


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else text[:23] + "…")  # noqa: PLR2004 - one row of the screen
