"""The language of the counter: sentences, money, quantities and moments as its people write them.

Figures follow CLDR, which the tests ask through babel. The till keeps the few signs it needs itself: babel's tables
cost a sixth of an empty screen's start. English here is everybody's: a point, no groups, and days as ISO has them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Self

from msgspec import Struct

from contract.values import Quantity
from kiosk.core.words import Amount, Field, Text, in_english
from kiosk.till.translations import SOURCE, Translations, load

_GROUP: Final = 3


class Signs(Struct, frozen=True):
    """How a language writes figures. ``least`` is how many digits come before groups are made."""

    point: str = "."
    group: str = ""
    least: int = 4
    day: str = "%Y-%m-%d"


SIGNS: Final = {
    SOURCE: Signs(),
    "de": Signs(",", ".", day="%d.%m.%Y"),
    "es": Signs(",", ".", least=5, day="%d/%m/%Y"),
    "fr": Signs(",", "\u202f", day="%d/%m/%Y"),
}


class Speech:
    """One language."""

    def __init__(self, language: str = SOURCE, translations: Translations | None = None) -> None:
        """Speak one of :data:`~kiosk.till.translations.LANGUAGES`; without translations, English in its figures."""
        self.language = language
        self._signs = SIGNS[language]
        self._translations = translations or Translations()

    @classmethod
    def of(cls, language: str) -> Self:
        """Return a language with its translations."""
        return cls(language, load(language))

    def say(self, text: str) -> str:
        """Return a sentence in this language; what is no :class:`~kiosk.core.words.Text` is left as it is."""
        return text.said(self._translations.find, self.show) if isinstance(text, Text) else text

    def show(self, field: Field) -> str:
        """Return what a sentence names."""
        match field:
            case Amount(minor, currency, named):
                figures = self.number(in_english(Amount(minor, currency)))
                return f"{figures} {currency}" if named else figures
            case Quantity():
                figures, mark, unit = in_english(field).partition(" ")
                return self.number(figures) + mark + unit
            case datetime():
                return field.astimezone().strftime(f"{self._signs.day} %H:%M")
            case date():
                return field.strftime(self._signs.day)
            case Decimal():
                return self.number(in_english(field))
            case _:
                return str(field)

    def money(self, amount: Amount) -> str:
        """Return an amount of money."""
        return self.show(amount)

    def number(self, english: str) -> str:
        """Return figures such as ``-1234.50`` with this language's point and groups."""
        signs = self._signs
        whole, point, rest = english.partition(".")
        return self._grouped(whole) + (signs.point if point else "") + rest

    def _grouped(self, whole: str) -> str:
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        if not self._signs.group or len(digits) < self._signs.least:
            return whole
        first = len(digits) % _GROUP
        groups = [digits[:first]] * bool(first) + [digits[at : at + _GROUP] for at in range(first, len(digits), _GROUP)]
        return sign + self._signs.group.join(groups)


ENGLISH: Final = Speech()
