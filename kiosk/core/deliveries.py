"""Deliveries at the counter: what is expected, and what of it a receipt may name (I8). Pure.

Rules
-----
1.  A line of an advice is received at this kiosk once. What comes besides is received without its number.
2.  The number alone receives every line that is still expected, as it was advised.
3.  With goods named, these are received. Where they differ from the advice somebody must be sure of it.
4.  A number that is not known here is taken all the same: the goods are there, and the hub compares.
"""

from collections.abc import Sequence
from datetime import date
from functools import reduce

from msgspec import Struct

from contract.facts import StockLine
from contract.stock import StockKey
from contract.values import Quantity
from kiosk.core.goods import GoodsError, merged, unit_word
from kiosk.core.words import Text, say


class DeliveryError(GoodsError):
    """The delivery cannot be received like this."""


class DeliveryDiffers(DeliveryError):
    """What came is not what was advised, and nobody is sure of it yet; nothing was recorded."""

    def __init__(self, advice: str, differs: Sequence["Difference"]) -> None:
        """Name the delivery and what differs."""
        what = reduce(lambda before, after: say("{before}; {after}", before=before, after=after), map(_said, differs))
        super().__init__(say("{advice} differs: {what}", advice=advice, what=what))
        self.differs = tuple(differs)


class Expected(Struct, frozen=True):
    """A line of an advice: ``amount`` is None where nobody advised it, ``received`` None until it came."""

    advice: str
    what: StockKey
    amount: int | None
    expected_on: date | None = None
    received: int | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it is still to come."""
        return self.amount is not None and self.received is None


class Difference(Struct, frozen=True):
    """Goods that came otherwise than advised; ``advised`` is None where they are not on the list."""

    what: StockKey
    came: int
    advised: int | None

    @property
    def said(self) -> Text:
        """Return it as a person reads it."""
        sku, unit = self.what.sku, unit_word(self.what.unit)
        if self.advised is None:
            return say("{sku} {came} {unit}, not on it", sku=sku, came=self.came, unit=unit)
        return say("{sku} {came} {unit}, {advised} advised", sku=sku, came=self.came, unit=unit, advised=self.advised)

    def __str__(self) -> str:
        """Return it in English."""
        return self.said


class Delivery(Struct, frozen=True):
    """What is to be recorded of a delivery; ``known``: this kiosk was told of it."""

    lines: tuple[StockLine, ...]
    known: bool
    differs: tuple[Difference, ...] = ()


def decide_delivery(
    advice: str, known: Sequence[Expected], lines: Sequence[StockLine], *, sure: bool = False
) -> Delivery:
    """Return what to record when ``lines`` came under a number; none: all that is still expected.

    ``known`` is what this kiosk has of that number. Raises: DeliveryError, GoodsError.
    """
    told = {one.what: one.amount for one in known if one.amount is not None}
    if not lines:
        return Delivery(tuple(_all_of(advice, known)), known=True)
    came = merged(lines)
    if again := [one for one in known if one.received is not None and one.what in map(_key, came)]:
        raise received_already(advice, again[0].what)
    differs = tuple(_differing(told, came)) if told else ()
    if differs and not sure:
        raise DeliveryDiffers(advice, differs)
    return Delivery(tuple(came), bool(told), differs)


def received_already(advice: str, what: StockKey) -> DeliveryError:
    """Return the refusal of a second receipt (rule 1)."""
    return DeliveryError(
        say(
            "{sku} of {advice} was received here already, nothing was booked twice: "
            "goods that came besides are received without its number",
            sku=what.sku,
            advice=advice,
        )
    )


def _said(one: Difference) -> Text:
    return one.said


def _all_of(advice: str, known: Sequence[Expected]) -> list[StockLine]:
    lines = [
        StockLine(one.what.sku, Quantity(one.amount, one.what.unit), one.what.condition)
        for one in known
        if one.amount is not None and one.is_open
    ]
    if lines:
        return lines
    if known:
        raise DeliveryError(say("all of {advice} was received here already: nothing was booked twice", advice=advice))
    raise DeliveryError(say("no delivery {advice} is known here: name what came, a SKU and QTY each", advice=advice))


def _differing(told: dict[StockKey, int], came: Sequence[StockLine]) -> list[Difference]:
    found = [Difference(_key(line), line.quantity.amount, told.get(_key(line))) for line in came]
    return [one for one in found if one.came != one.advised]


def _key(line: StockLine) -> StockKey:
    return StockKey(line.sku, line.condition, line.quantity.unit)
