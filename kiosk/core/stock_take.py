"""What a person says of stock on the command line, as facts. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from contract.csv_rows import read_number
from contract.doubt import is_doubtful
from contract.facts import CountLine, StockCounted, StockLine, StockReceived
from contract.goods import ShelfLine
from contract.stock import StockKey
from contract.values import MAX_AMOUNT, Quantity, Seq, Sku, Unit
from kiosk.core.errors import Refused
from kiosk.core.goods import GoodsError, merged
from kiosk.core.words import listed, say

_AMOUNT: Final = re.compile(r"(?P<number>[-+]?[0-9.]+)\s*(?P<unit>[a-z]*)")
_NAMED: Final = 3  # goods that one line of error bears
_SCALES: Final = {
    "pc": (Unit.PIECE, 1),
    "g": (Unit.GRAM, 1),
    "kg": (Unit.GRAM, 1000),
    "ml": (Unit.MILLILITRE, 1),
    "l": (Unit.MILLILITRE, 1000),
    "mm": (Unit.MILLIMETRE, 1),
    "m": (Unit.MILLIMETRE, 1000),
}


class BadQuantity(Refused):
    """The quantity is none; the message says what it should be."""


def read_quantity(text: str, unit: Unit, *, least: int) -> Quantity:
    """Return ``text`` (``12``, ``500g``, ``1.5kg``) in the unit that the goods are kept in; without one it is that.

    Raises: BadQuantity if it is no number, not whole, below ``least``, too much, or in a unit of something else.
    """
    match = _AMOUNT.fullmatch(text.strip().lower())
    number = read_number(match["number"]) if match else None
    if match is None or number is None:
        raise BadQuantity(say("{text} is not a quantity: give a number such as 12 or 1.5kg", text=repr(text[:40])))
    of, scale = _SCALES.get(match["unit"] or unit, (None, 1))
    if of is not unit:
        raise BadQuantity(
            say(
                "{text} is not in {unit}, which these goods are kept in: give it in {unit}",
                text=repr(text[:40]),
                unit=unit,
            )
        )
    amount = number * Decimal(scale)
    if amount < least:
        raise BadQuantity(say("a quantity of {text} cannot be: give {least} or more", text=text[:40], least=least))
    if amount > MAX_AMOUNT or amount % 1:
        told = say(
            "a quantity of {text} cannot be: give a whole number of {unit}, at most {most}",
            text=text[:40],
            unit=unit,
            most=MAX_AMOUNT,
        )
        raise BadQuantity(told)
    return Quantity(int(amount), unit)


class CountDoubted(GoodsError):
    """What was counted is far from what the books say; nothing was recorded. It tells neither what nor which way."""

    def __init__(self, skus: Iterable[Sku]) -> None:
        """Name the goods, the first few."""
        named = tuple(skus)
        goods, more = listed(named[:_NAMED]), len(named) - _NAMED
        goods = say("{goods} and {more} more", goods=goods, more=more) if more > 0 else goods
        super().__init__(say("{goods}: far from what the books say, nothing was recorded", goods=goods))
        self.skus = named


def check_count(
    lines: Iterable[ShelfLine], expected: Mapping[StockKey, int], rights: Mapping[StockKey, int], *, sure: bool
) -> None:
    """Refuse a count that is a slip of the hand by all that is known here, unless the person is ``sure``.

    ``expected`` is by this till's books and its last count, ``rights`` what it and its neighbours may sell: of a shelf
    that is others' too, its own books know a part. Raises: CountDoubted.
    """
    doubted = [
        line.sku
        for line in lines
        if all(
            is_doubtful(line.counted.amount, known.get(_key(line), 0), line.counted.unit)
            for known in (expected, rights)
        )
    ]
    if doubted and not sure:
        raise CountDoubted(doubted)


def decide_receive(sku: Sku, quantity: Quantity, at: datetime, advice: str = "") -> StockReceived:
    """Return the fact that goods arrived."""
    return StockReceived([StockLine(sku, quantity)], at, advice=advice)


def decide_receive_lines(lines: Iterable[StockLine], at: datetime, advice: str = "") -> StockReceived:
    """Return the fact that goods arrived; ``advice`` names the delivery that announced them.

    Raises: GoodsError without goods.
    """
    return StockReceived(merged(lines), at, advice=advice)


def decide_count(sku: Sku, counted: Quantity, *, expected: int, covers: Seq, at: datetime, reason: str) -> StockCounted:
    """Return the fact of a count that covers all that was recorded up to ``covers``."""
    return StockCounted([CountLine(sku, counted, expected)], at, covers, reason)


def _key(line: ShelfLine) -> StockKey:
    return StockKey(line.sku, line.condition, line.counted.unit)
