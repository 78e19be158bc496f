"""What the parts of a GS1 value may say: character sets, check digits, dates, hours, codes. Pure.

Source: GS1 General Specifications, section 3 and figure 7.11 (character sets); the names are those of the GS1 Barcode
Syntax Dictionary. Names in :data:`UNCHECKED` are known and let everything pass.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

from contract.gtin import check_digit
from kiosk.core.labels.countries import LETTERS, NUMBERS
from kiosk.core.labels.currencies import CURRENCIES

CENTURY: Final = (
    2000  # of two digits of a year; GS1 slides it with today, but no goods expired in 1999: good until 2049
)
CHECK_DIGIT: Final = "csum"  # the one whose failure has its own answer
# Nothing that a till meets: company prefixes change weekly, packages are told of parcels, coupons are North American.
UNCHECKED: Final = frozenset({"gcppos1", "gcppos2", "packagetype", "couponcode", "couponposoffer"})

_DIGITS: Final = re.compile(r"[0-9]+")
_CHARACTERS: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
_KEYS: Final = re.compile(r"[#\-/0-9A-Z]+")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9_-]{3})*(?:[A-Za-z0-9_-]{2}=|[A-Za-z0-9_-]==)|[A-Za-z0-9_-]+")
_CHARSETS: Final = {"N": _DIGITS, "X": _CHARACTERS, "Y": _KEYS, "Z": _BASE64}

_SHAPES: Final = {
    "hasnondigit": r"[0-9]*[^0-9].*",
    "hh": r"[01][0-9]|2[0-3]",
    "hhmi": r"(?:[01][0-9]|2[0-3])[0-5][0-9]",
    "hyphen": r"-+",
    "importeridx": r"[A-Za-z0-9_-]",
    "iso5218": r"[0129]",
    "mediatype": r"0[1-9]|10|[89][0-9]",
    "mi": r"[0-5][0-9]",
    "nonzero": r"[0-9]*[1-9][0-9]*",
    "nozeroprefix": r"|0|[1-9][0-9]*",
    "pcenc": r"(?:[^%]|%[0-9A-Fa-f]{2})*",
    "ss": r"[0-5][0-9]",
    "winding": r"[019]",
    "yesno": r"[01]",
    "zero": r"0+",
}
_RATIO: Final = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
_MOST_LATITUDE: Final = 1_800_000_000  # ten-millionths of a degree from the south pole
_MOST_LONGITUDE: Final = 3_600_000_000
_ANGLE_DIGITS: Final = 10
_DAY_CHARS: Final = 6  # YYMMDD
_ANY_COUNTRY: Final = "999"  # of where goods were processed: several
_IBAN: Final = re.compile(r"([A-Z]{2})([0-9]{2})([0-9A-Z]{1,30})")
_IBAN_BASE: Final = 97  # ISO 7064: the remainder of a right one is 1
# GS1 General Specifications 7.9.5: values are places in the character set, weights the primes from the right.
_ALPHABET: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_WEIGHTS: Final = tuple(n for n in range(2, 510) if all(n % by for by in range(2, int(n**0.5) + 1)))  # 97 of them
_PAIR_BASE: Final = 1021
_PAIR: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def has_charset(name: str, text: str) -> bool:
    """Return whether all of ``text`` is of the set N, X, Y or Z; nothing is of every set."""
    return not text or _CHARSETS[name].fullmatch(text) is not None


def passes(name: str, text: str) -> bool:
    """Return whether ``text`` passes the check of this name.

    Raises: KeyError for a name that is none.
    """
    return name in UNCHECKED or _CHECKS[name](text)


def read_day(text: str, *, whole_month: bool = False) -> date | None:
    """Return the day that ``YYMMDD`` names; None if there is none.

    Day 00 means the last of the month where ``whole_month`` allows it.
    """
    return _read_day(f"{CENTURY // 100}{text}", whole_month=whole_month) if len(text) == _DAY_CHARS else None


def _read_day(text: str, *, whole_month: bool = False) -> date | None:
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    try:
        return date(year, month, day) if day or not whole_month else _last_of_month(date(year, month, 1))
    except ValueError:
        return None


def _last_of_month(first: date) -> date:
    return (first + timedelta(31)).replace(day=1) - timedelta(1)


def _has_check_digit(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None and check_digit(text[:-1]) == int(text[-1])


def _has_check_pair(text: str) -> bool:
    body, pair = text[:-2], text[-2:]
    if len(pair) < 2 or len(body) > len(_WEIGHTS) or not has_charset("X", body):  # noqa: PLR2004 - a pair
        return False
    total = (
        sum(_ALPHABET.index(one) * weight for one, weight in zip(reversed(body), _WEIGHTS, strict=False)) % _PAIR_BASE
    )
    return pair == _PAIR[total >> 5] + _PAIR[total & 31]


def _is_iban(text: str) -> bool:
    found = _IBAN.fullmatch(text)
    if found is None or found[1] not in LETTERS:
        return False
    turned = "".join(str(int(one, 36)) for one in found[3] + found[1] + found[2])
    return int(turned) % _IBAN_BASE == 1


def _is_piece_of_total(text: str) -> bool:
    half, odd = divmod(len(text), 2)
    return bool(text) and not odd and _DIGITS.fullmatch(text) is not None and 0 < int(text[:half]) <= int(text[half:])


def _is_position(text: str) -> bool:
    ratio = _RATIO.fullmatch(text)
    return ratio is not None and int(ratio[1]) <= int(ratio[2])


def _is_angle(text: str, most: int) -> bool:
    return len(text) == _ANGLE_DIGITS and _DIGITS.fullmatch(text) is not None and int(text) <= most


def _shape(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern, re.DOTALL)
    return lambda text: found.fullmatch(text) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    **{name: _shape(pattern) for name, pattern in _SHAPES.items()},
    CHECK_DIGIT: _has_check_digit,
    "csumalpha": _has_check_pair,
    "iban": _is_iban,
    "iso3166": lambda text: text in NUMBERS,
    "iso3166999": lambda text: text in NUMBERS or text == _ANY_COUNTRY,
    "iso3166alpha2": lambda text: text in LETTERS,
    "iso4217": lambda text: text in CURRENCIES,
    "latitude": lambda text: _is_angle(text, _MOST_LATITUDE),
    "longitude": lambda text: _is_angle(text, _MOST_LONGITUDE),
    "pieceoftotal": _is_piece_of_total,
    "posinseqslash": _is_position,
    "yymmd0": lambda text: read_day(text, whole_month=True) is not None,
    "yymmdd": lambda text: read_day(text) is not None,
    "yyyymmdd": lambda text: _read_day(text) is not None,
}
