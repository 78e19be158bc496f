"""What the cells of a catalogue's rows mean, one kind each: see :mod:`contract.catalogue_csv`."""

import html
import re
from decimal import Decimal
from typing import Final

from contract.csv_rows import read_number
from contract.down import MAX_PARTS
from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, restore_gtin
from contract.sales import MAX_AGE
from contract.shop import MAX_PART, BundlePart
from contract.values import Gtin, Sku, Unit, parse_sku

_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PART: Final = re.compile(r"(?:([0-9]{1,7})\s*\*)?\s*(.+)")
_YES_NO: Final = {
    **dict.fromkeys(("", "yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}
_UNITS: Final = {
    **dict.fromkeys(("", "pc", "pcs", "piece", "pieces", "each", "ea"), Unit.PIECE),
    **dict.fromkeys(("g", "kg"), Unit.GRAM),
    **dict.fromkeys(("ml", "l"), Unit.MILLILITRE),
    **dict.fromkeys(("mm", "m"), Unit.MILLIMETRE),
}


class Rejected(Exception):
    """The row is not an item, for a reason of one word and why in words."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why


def clean_text(text: str) -> str:
    """Return text for people: whole HTML entities resolved, line breaks and control characters as one space."""
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if _CONTROL.search(text):
        text = " ".join(_CONTROL.sub(" ", text).split())
    return text.strip()


def read_gtin(text: str, *, has_sku: bool) -> Gtin | None:
    """Return the barcode of a cell; a wrong one is none where the row has a sku. Raises Rejected."""
    if not text:
        return None
    try:
        return restore_gtin(text)
    except Malformed as error:
        if has_sku:
            return None
        raise Rejected(barcode_fault(text), error.what) from error


def read_sku(text: str) -> Sku:
    """Return a sku; raises Rejected."""
    try:
        return parse_sku(text)
    except Malformed as error:
        raise Rejected("sku_unreadable", error.what) from error


def read_words(field: str, text: str, longest: int) -> str:
    """Return cleaned text of at most ``longest`` characters; raises Rejected."""
    cleaned = clean_text(text)
    if len(cleaned) > longest:
        raise Rejected(f"{field}_too_long", f"its {field} has {len(cleaned)} characters, {longest} are allowed")
    if field == "name" and not cleaned:
        raise Rejected("name_missing", "it has no name")
    return cleaned


def read_price(text: str) -> Decimal | None:
    """Return a price in major units, None for an empty cell; raises Rejected."""
    if not text.strip():
        return None
    price = read_number(text)
    if price is None:
        raise Rejected("price_unreadable", f"{text[:40]!r} is not a plain number such as 3.25")
    if price < 0:
        raise Rejected("price_negative", f"{text.strip()} is below zero")
    return price


def read_unit(text: str) -> Unit:
    """Return a unit, the piece for an empty cell; raises Rejected."""
    unit = _UNITS.get(text.strip().lower())
    if unit is None:
        raise Rejected("unit_unknown", f"{text[:40]!r} is none of pc, g, kg, ml, l, mm, m")
    return unit


def read_deposit(text: str) -> Sku | None:
    """Return the sku of the deposit item, if there is one; raises Rejected."""
    return read_sku(text.strip()) if text.strip() else None


def read_parts(text: str) -> list[BundlePart]:
    """Return what a bundle is made of: ``2*MUG; TEA``. Raises Rejected."""
    parts = [_part(one.strip()) for one in text.split(";") if one.strip()]
    if len(parts) > MAX_PARTS:
        raise Rejected("too_many_parts", f"it has {len(parts)} parts, {MAX_PARTS} are allowed")
    return parts


def _part(text: str) -> BundlePart:
    match = _PART.fullmatch(text)
    amount = int(match[1] or 1) if match else 0
    if not match or not 1 <= amount <= MAX_PART:
        raise Rejected("part_unreadable", f"{text[:40]!r} is not a part such as 2*MUG")
    return BundlePart(read_sku(match[2].strip()), amount)


def read_age(text: str) -> int:
    """Return the least age in years, 0 for an empty cell; raises Rejected."""
    cleaned = text.strip() or "0"
    if not (cleaned.isascii() and cleaned.isdigit() and int(cleaned[:4]) <= MAX_AGE):
        raise Rejected("age_unreadable", f"{text[:40]!r} is not an age of 0 to {MAX_AGE} years")
    return int(cleaned)


def read_yes(text: str) -> bool:
    """Return yes or no, yes for an empty cell; raises Rejected."""
    said = _YES_NO.get(text.strip().lower())
    if said is None:
        raise Rejected("discountable_unknown", f"{text[:40]!r} is neither yes nor no")
    return said


def barcode_fault(text: str) -> str:
    """Return what is wrong with a barcode, in one word."""
    if not (text.isascii() and text.isdigit()):
        return "not_digits"
    return "wrong_check_digit" if len(text) in GTIN_LENGTHS else "wrong_length"
