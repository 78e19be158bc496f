"""Money is integers in minor units; every rounding is half up and happens here."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from contract.errors import Malformed
from contract.values import MAX_AMOUNT, MAX_MINOR, Currency, Money

# ISO 4217 list one: the currencies whose minor unit is not a hundredth.
_NO_DECIMALS: Final = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_EXPONENTS: Final = {
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_DECIMAL_RE: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?")


def exponent(currency: Currency) -> int:
    """Return how many decimals the currency's minor unit has: 2 unless ISO 4217 says otherwise."""
    return _EXPONENTS.get(currency, 2)


def round_half_up(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` rounded to the nearest integer, halves away from zero.

    Raises: ValueError if ``denominator`` is not positive.
    """
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def line_amount(amount: int, price: Money, per: int) -> Money:
    """Return what ``amount`` units cost when ``per`` units cost ``price``, rounded half up to a minor unit."""
    return Money(round_half_up(amount * price, per))


def parse_decimal(text: str, where: str) -> Decimal:
    """Return a plain decimal such as ``12``, ``-0.5`` or ``3.25``; no exponent, no thousands mark, no other script.

    Raises: Malformed, naming ``where``.
    """
    stripped = text.strip()
    if not _DECIMAL_RE.fullmatch(stripped):
        raise Malformed(f"{text[:40]!r} is not a plain number such as 3.25", where)
    try:
        return Decimal(stripped)
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only what Decimal reads
        raise Malformed(f"{text[:40]!r} is not a plain number", where) from error


def to_minor(value: Decimal, currency: Currency, where: str = "amount") -> Money:
    """Return an amount of major units as minor units.

    Raises: Malformed if it is finer than a minor unit, or beyond ``MAX_MINOR``.
    """
    minor = value.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise Malformed(f"{value} is finer than the smallest unit of {currency}", where)
    if abs(minor) > MAX_MINOR:
        raise Malformed(f"{value} is more than this till can hold", where)
    return Money(int(minor))


def to_price(value: Decimal, currency: Currency, unit_per: int, where: str = "price") -> tuple[Money, int]:
    """Return a unit price as ``(minor, per)``: what ``per`` units cost, exact also below a minor unit.

    A price of 0.0625 per piece is 625 minor units for 100 pieces. ``unit_per`` is the unit's own scale (1 or 1,000).

    Raises: Malformed if the price is too large.
    """
    scaled, per = value.scaleb(exponent(currency)), unit_per
    while scaled != scaled.to_integral_value():
        scaled, per = scaled * 10, per * 10
    if abs(scaled) > MAX_MINOR or per > MAX_AMOUNT:
        raise Malformed(f"{value} is more than this till can hold", where)
    return Money(int(scaled)), per


def format_minor(amount: Money, currency: Currency) -> str:
    """Return the amount with a decimal point and no currency mark, for machines and logs: ``-3.05``."""
    digits = exponent(currency)
    sign, magnitude = ("-" if amount < 0 else ""), abs(amount)
    if digits == 0:
        return f"{sign}{magnitude}"
    major, minor = divmod(magnitude, 10**digits)
    return f"{sign}{major}.{minor:0{digits}d}"
