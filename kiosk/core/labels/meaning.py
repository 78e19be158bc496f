"""What the elements of a label mean at a till: which goods, how much of them, their price and their days. Pure.

Source: GS1 General Specifications, sections 3.6 (measures), 3.6.6 (amounts payable) and 7.12 (days and centuries).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import structs

from contract.money import round_half_up
from contract.values import Currency, Gtin, Quantity, Unit
from kiosk.core.labels.checks import read_day
from kiosk.core.labels.currencies import CURRENCIES
from kiosk.core.labels.elements import Element, LabelError
from kiosk.core.labels.label import Label, Price
from kiosk.core.words import say

# The first three digits of a measure's AI; the fourth says how many decimals. In order of what a till weighs by.
_GRAMS: Final = (1000, 1)  # of a kilogram
_GRAMS_A_POUND: Final = (45_359_237, 100_000)  # exact, by the yard and pound agreement of 1959
_THOUSANDTHS: Final = (1000, 1)  # of a litre, of a metre
_MEASURES: Final = (
    ("310", _GRAMS, Unit.GRAM),
    ("320", _GRAMS_A_POUND, Unit.GRAM),
    ("315", _THOUSANDTHS, Unit.MILLILITRE),
    ("311", _THOUSANDTHS, Unit.MILLIMETRE),
)
_PRICE: Final = "392"
_PRICE_WITH_CURRENCY: Final = "393"
_CURRENCY_DIGITS: Final = 3
_DAY_CHARS: Final = 6
# More digits are no price at a counter. A scanner that drops the separator runs the next value into the price: a day,
# with its AI, makes it longer than this.
MAX_PRICE_DIGITS: Final = 9


def with_meaning(label: Label, elements: Sequence[Element]) -> Label:
    """Return ``label`` with what ``elements`` say; each is right by itself and beside the others.

    Raises: LabelError if the price is none that anybody pays.
    """
    values = {element.ai: element.value for element in elements}
    gtin, contains, count = values.get("01"), values.get("02"), values.get("30", values.get("37"))
    return structs.replace(
        label,
        gtin=Gtin(gtin) if gtin else label.gtin,
        contains=Gtin(contains) if contains else None,
        count=int(count) if count else label.count,
        measure=_read_measure(values) or label.measure,
        price=_read_price(values) or label.price,
        batch=values.get("10", ""),
        serial=values.get("21", ""),
        best_before=_day(values, "15"),
        sell_by=_day(values, "16"),
        use_by=min(filter(None, (_day(values, "17"), _day(values, "7003"))), default=None),
        elements=tuple(elements),
    )


def _day(values: Mapping[str, str], ai: str) -> date | None:
    return read_day(values.get(ai, "")[:_DAY_CHARS], whole_month=True)


def _read_measure(values: Mapping[str, str]) -> Quantity | None:
    for family, (numerator, denominator), unit in _MEASURES:
        for ai, value in values.items():
            if ai.startswith(family):
                return Quantity(round_half_up(int(value) * numerator, denominator * 10 ** int(ai[3])), unit)
    return None


def _read_price(values: Mapping[str, str]) -> Price | None:
    for ai, value in values.items():
        if ai.startswith(_PRICE):
            return _price(ai, value)
        if ai.startswith(_PRICE_WITH_CURRENCY):
            return _price(ai, value[_CURRENCY_DIGITS:], CURRENCIES[value[:_CURRENCY_DIGITS]])
    return None


def _price(ai: str, digits: str, currency: Currency | None = None) -> Price:
    if int(digits) >= 10**MAX_PRICE_DIGITS:
        raise LabelError(say("({ai}) is too large for a price: does the scanner send the separator FNC1?", ai=ai))
    return Price(int(digits), int(ai[3]), currency)
