"""Sentences for the people at a counter, which can be said in another language. Pure.

A :class:`Text` is its English sentence, and still knows what it was made of: whoever shows it may make it again, in the
language of the counter, with its numbers and dates. So rules and errors speak English, and only the screen knows more.

Rules
-----
1.  A template is a literal in the code: its English is the key of the translations, and tools collect it from there.
2.  What varies is a named field. Money, quantities and moments go in as such, never as text.
3.  A sentence within a sentence is a field, and is translated for itself.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Final, Self

from msgspec import Struct

from contract.money import format_minor
from contract.values import Currency, Money, Quantity, Unit

BIG_UNIT: Final = {Unit.GRAM: "kg", Unit.MILLILITRE: "l", Unit.MILLIMETRE: "m"}


class Amount(Struct, frozen=True):
    """Money, to be written as the language does; ``named`` with its currency."""

    minor: Money
    currency: Currency
    named: bool = False


_EXPIRED: Final = "expired on"  # the one reason that names a day
Field = str | int | Decimal | Amount | Quantity | datetime | date
Show = Callable[[Field], str]
Translate = Callable[[str, str, int], str]  # (template, its plural or "", how many) -> the template in a language


class Text(str):
    """An English sentence that knows its template and its fields."""

    __slots__ = ("fields", "plural", "template")
    template: str
    plural: str
    fields: Mapping[str, Field]

    def __new__(cls, template: str, fields: Mapping[str, Field], plural: str = "") -> Self:
        """Make the English sentence; ``plural`` is said unless the field ``n`` is 1."""
        chosen = plural if plural and fields.get("n") != 1 else template
        made = super().__new__(cls, _filled(chosen, fields, in_english))
        made.template, made.fields, made.plural = template, fields, plural
        return made

    def __str__(self) -> str:
        """Return itself: an error that holds a text gives it back whole."""
        return self

    def said(self, translate: Translate, show: Show) -> str:
        """Return the sentence in another language."""
        many = self.fields.get("n", 1)
        chosen = translate(self.template, self.plural, many if isinstance(many, int) else 1)

        def shown(field: Field) -> str:
            return field.said(translate, show) if isinstance(field, Text) else show(field)

        return _filled(chosen, self.fields, shown)


def say(template: str, **fields: Field) -> Text:
    """Return a sentence."""
    return Text(template, fields)


def recorded(text: str) -> Text:
    """Return what stands in the books in English, such as a usual reason, to be said in the counter's language.

    What somebody typed is no template that anybody translated, and stays as it is.
    """
    what, _, day = text.rpartition(" ")
    if what == _EXPIRED:
        with suppress(ValueError):  # somebody typed words that begin so
            return Text("expired on {day}", {"day": date.fromisoformat(day)})
    return Text(text, {})


def say_many(one: str, many: str, n: int, **fields: Field) -> Text:
    """Return a sentence about ``n`` things: ``{n} line``, ``{n} lines``."""
    return Text(one, {**fields, "n": n}, many)


def listed(parts: Sequence[str]) -> Text:
    """Return what is named one after the other, as one sentence's part: ``a, b, c``."""
    first = say("{what}", what=parts[0] if parts else "")
    return reduce(lambda before, after: say("{before}, {after}", before=before, after=after), parts[1:], first)


def joined(parts: Sequence[str]) -> Text:
    """Return sentences one after the other, as one: ``a; b``. Empty ones are left out."""
    said = [part for part in parts if part]
    first = say("{what}", what=said[0]) if said else say("")
    return reduce(lambda before, after: say("{before}; {after}", before=before, after=after), said[1:], first)


def in_english(field: Field) -> str:
    """Return a field as English has it, with a point and without groups."""
    match field:
        case Amount(minor, currency, named):
            return f"{format_minor(minor, currency)} {currency}" if named else format_minor(minor, currency)
        case Quantity(amount, unit):
            if unit is Unit.PIECE:
                return str(amount)
            whole, rest = divmod(amount, unit.per)
            return f"{whole}.{rest:03d} {BIG_UNIT[unit]}"
        case datetime():
            return field.astimezone().strftime("%Y-%m-%d %H:%M")
        case Decimal():
            return f"{field:f}"
        case _:
            return str(field)


def _filled(template: str, fields: Mapping[str, Field], show: Show) -> str:
    return template.format_map({name: show(field) for name, field in fields.items()}) if fields else template
