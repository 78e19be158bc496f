"""Global Trade Item Numbers: the check digit, and what stripped zeros can be given back.

Source: GS1 General Specifications, section 7.9 (standard check digit calculation).
"""

from typing import Final

from contract.errors import Malformed
from contract.values import Gtin

GTIN_LENGTHS: Final = (8, 12, 13, 14)
_PADDED: Final = 14
_SHORTEST: Final = 8


def check_digit(payload: str) -> int:
    """Return the check digit for the digits before it; weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(payload)))
    return -total % 10


def is_valid(digits: str) -> bool:
    """Return whether ``digits`` has a GTIN's length and ends in its right check digit."""
    return (
        len(digits) in GTIN_LENGTHS
        and digits.isascii()
        and digits.isdigit()
        and check_digit(digits[:-1]) == int(digits[-1])
    )


def parse_gtin(text: str) -> Gtin:
    """Return the code as fourteen digits.

    Raises: Malformed if it is no GTIN of 8, 12, 13 or 14 digits with a right check digit.
    """
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f"{text[:40]!r} is not digits only", "barcode")
    if len(text) not in GTIN_LENGTHS:
        raise Malformed(f"{text[:40]!r} has {len(text)} digits; a barcode has 8, 12, 13 or 14", "barcode")
    if check_digit(text[:-1]) != int(text[-1]):
        raise Malformed(f"{text!r} has a wrong check digit", "barcode")
    return Gtin(text.zfill(_PADDED))


def restore_gtin(text: str) -> Gtin:
    """Return the code a spreadsheet stripped of its leading zeros: the shortest zero-padding that is a valid GTIN.

    A code of fewer than eight digits as given is never restored: padded to eight, one in ten would pass by chance.

    Raises: Malformed as :func:`parse_gtin`, for the code as given.
    """
    if _SHORTEST <= len(text) < _PADDED and text.isascii() and text.isdigit():
        for length in GTIN_LENGTHS:
            if length > len(text) and is_valid(text.zfill(length)):
                return Gtin(text.zfill(_PADDED))
    return parse_gtin(text)


def shown(gtin: Gtin) -> str:
    """Return the code as printed under its bars: eight digits for a GTIN-8, else thirteen, else fourteen."""
    if gtin.startswith("000000"):
        return gtin[6:]
    return gtin.removeprefix("0")
