"""Templates of a shop's own barcodes: which digits name the goods, and which are weight, price or number. Pure.

Rules
-----
1.  A template is written digit by digit, ``21IIIIIPPPPPC``: digits stand for themselves, I names the goods, one of W
    (grams), P (minor units) or Q (pieces) is the measure, V checks the measure, X is passed over, C is the check digit.
2.  ``*10`` behind it says what one of the measure counts: ``24IIIIIIWWWWC *10`` weighs in tens of grams.
3.  It has 8, 12 or 13 digits and begins as GS1 leaves to shops: 2, 02 or 04 of thirteen digits, 2 or 4 of twelve, 0 or
    2 of eight. Whatever else it began with, it would swallow somebody's goods.
4.  No code may match two templates; they are refused when they are loaded.
5.  The letters of a country stand for all templates of its rules (:mod:`kiosk.core.labels.national`).

Source: GS1 General Specifications, sections 2.1.11, 2.1.12 (restricted circulation) and 7.9.2 to 7.9.4 (V).
"""

import re
from collections.abc import Iterable
from itertools import combinations, groupby
from typing import Final

from msgspec import Struct

from contract.errors import Malformed
from contract.gtin import check_digit, shown
from contract.values import Gtin, Quantity, Unit
from kiosk.core.labels.elements import WrongCheckDigit
from kiosk.core.labels.label import Label, LabelKind, Price
from kiosk.core.labels.national import NATIONAL
from kiosk.core.words import say

MAX_TEMPLATES: Final = 64  # every prefix that GS1 leaves to shops, several times over
MAX_SCALE: Final = 1000  # one of the measure: a kilogram, or ten units of money; coarser labels weigh and price nothing
WHERE: Final = "label template"

_WRITTEN: Final = re.compile(r"(?P<code>[0-9IWPQVXC]{1,40})(?:\s*\*\s*(?P<scale>[1-9][0-9]{0,5}))?")
_HOW: Final = (
    "write it in digits and the letters I W P Q V X C, such as 21IIIIIPPPPPC, "
    f"or name a country whose rules are known: {', '.join(NATIONAL)}"
)
_PREFIXES: Final = {8: ("0", "2"), 12: ("2", "4"), 13: ("02", "04", "2")}
_MEASURES: Final = "WPQ"
_CHECKED_SIZES: Final = (4, 5)  # digits that GS1 has a check digit V for
_GTIN_DIGITS: Final = 14


class Template(Struct, frozen=True):
    """One way of this shop's to number goods. ``code`` has 8 or 13 places; ``text`` is as the shop wrote it."""

    text: str
    code: str
    scale: int = 1

    @property
    def letter(self) -> str:
        """Return the letter of the measure, or nothing if the code names goods only."""
        return next((letter for letter in _MEASURES if letter in self.code), "")


def parse_template(text: str) -> Template:
    """Return the template that a shop wrote (rules 1 to 3).

    Raises: Malformed, naming the template and what is wrong.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise _refused(text, _HOW)
    code, scale = match["code"], int(match["scale"] or 1)
    if len(code) not in _PREFIXES:
        raise _refused(text, f"it has {len(code)} places; a barcode of a shop has 8, 12 or 13")
    if not code.startswith(_PREFIXES[len(code)]):
        raise _refused(text, f"a shop's own code of {len(code)} digits begins with {', '.join(_PREFIXES[len(code)])}")
    if fault := _find_fault(code, scale):
        raise _refused(text, fault)
    return Template(text.strip(), code if len(code) in (8, 13) else f"0{code}", scale)


def parse_templates(texts: Iterable[str]) -> tuple[Template, ...]:
    """Return a shop's templates (rules 4 and 5).

    Raises: Malformed, naming the template, or the two that match the same code.
    """
    found = tuple(parse_template(one) for text in texts for one in NATIONAL.get(text.strip(), (text,)))
    if len(found) > MAX_TEMPLATES:
        raise Malformed(f"there are {len(found)} templates; at most {MAX_TEMPLATES} can be told apart", WHERE)
    for one, other in combinations(found, 2):
        if (both := _find_common(one.code, other.code)) is not None:
            raise Malformed(f"{one.text} and {other.text} both match codes such as {both}: keep one", WHERE)
    return found


def read_in_store(gtin: Gtin, templates: Iterable[Template], text: str) -> Label | None:
    """Return what one of the templates makes of a code whose check digit is right; None if none matches.

    Raises: WrongCheckDigit if V is not the check digit of the measure.
    """
    digits = shown(gtin)
    template = next((one for one in templates if _matches(one.code, digits)), None)
    if template is None:
        return None
    measure = _pick(template.code, digits, template.letter)
    if (checked := _pick(template.code, digits, "V")) and int(checked) != measure_check_digit(measure):
        raise WrongCheckDigit(
            say(
                "{digit} is not the check digit of {measure} by {shape}",
                digit=checked,
                measure=measure,
                shape=template.text,
            )
        )
    label = Label(LabelKind.IN_STORE, text, _without_measure(template, digits), _pick(template.code, digits, "I"))
    return _with_measure(label, template, measure)


def is_in_store(gtin: Gtin) -> bool:
    """Return whether GS1 leaves this number to shops: what it means elsewhere says nothing here."""
    digits = shown(gtin)
    return digits.startswith(_PREFIXES.get(len(digits), ()))


def measure_check_digit(digits: str) -> int:
    """Return the check digit V of a measure of four or five digits.

    Raises: ValueError for another size.
    """
    if len(digits) not in _CHECKED_SIZES:
        raise ValueError(f"{digits} has {len(digits)} digits; V checks 4 or 5")
    if len(digits) == _CHECKED_SIZES[0]:
        factors, signs = (2, 2, 3, 5), (-1, -1, 0, -1)
        return 3 * _weigh(digits, factors, signs) % 10
    total = -_weigh(digits, (5, 2, 5, 5, 2), (1, -1, -1, 1, -1)) % 10
    return next(digit for digit in range(10) if _weight(digit, 5, -1) == total)


def _weigh(digits: str, factors: Iterable[int], signs: Iterable[int]) -> int:
    return sum(_weight(int(digit), *how) for digit, *how in zip(digits, factors, signs, strict=True))


def _weight(digit: int, factor: int, sign: int) -> int:
    """Return the product's units, its tens added or taken away: GS1 writes 2-, 3, 5+ and 5- for these."""
    product = digit * factor
    return (product + sign * (product // 10)) % 10


def _find_fault(code: str, scale: int) -> str:
    """Return what is wrong with the letters of a template; nothing if they say all that is needed."""
    runs = [letter for letter, _ in groupby(code) if letter.isalpha()]
    measures = [letter for letter in runs if letter in _MEASURES]
    if not code.endswith("C") or code.count("C") > 1:
        return "it ends in one C, the check digit that every such barcode has"
    if "I" not in runs:
        return "no I says which goods"
    if any(runs.count(letter) > 1 for letter in "IWPQ"):
        return "I, W, P and Q stand in one piece each"
    if len(measures) > 1:
        return "it has one measure: W, P or Q"
    if "V" in runs and (code.count("V") > 1 or not measures or code.count(measures[0]) not in _CHECKED_SIZES):
        return "V is one digit, and checks a measure of 4 or 5"
    if scale > 1 and not measures:
        return f"*{scale} needs a measure: W, P or Q"
    if scale > MAX_SCALE:
        return f"*{scale} is more than {MAX_SCALE}"
    return ""


def _refused(text: str, why: str) -> Malformed:
    return Malformed(f"{text.strip()[:60]!r}: {why}", WHERE)


def _find_common(one: str, other: str) -> str | None:
    """Return a code that both templates match, digits nobody fixed as nought; None if a digit tells them apart."""
    if len(one) != len(other):
        return None
    pairs = list(zip(one, other, strict=True))
    if any(a.isdigit() and b.isdigit() and a != b for a, b in pairs):
        return None
    payload = "".join(next((char for char in pair if char.isdigit()), "0") for pair in pairs[:-1])
    return f"{payload}{check_digit(payload)}"


def _matches(code: str, digits: str) -> bool:
    return len(code) == len(digits) and all(
        place == digit for place, digit in zip(code, digits, strict=True) if place.isdigit()
    )


def _pick(code: str, digits: str, letter: str) -> str:
    return "".join(digit for place, digit in zip(code, digits, strict=True) if place == letter)


def _without_measure(template: Template, digits: str) -> Gtin:
    """Return the code with nought for the measure, its V and what is passed over: the same for all such goods."""
    nought = _MEASURES + "VX"
    payload = "".join("0" if place in nought else digit for place, digit in zip(template.code, digits, strict=True))
    return Gtin(f"{payload[:-1]}{check_digit(payload[:-1])}".zfill(_GTIN_DIGITS))


def _with_measure(label: Label, template: Template, digits: str) -> Label:
    if not digits:
        return label
    amount = int(digits) * template.scale
    kind, text, gtin, item = label.kind, label.text, label.gtin, label.item
    match template.letter:
        case "W":
            return Label(kind, text, gtin, item, measure=Quantity(amount, Unit.GRAM))
        case "P":
            return Label(kind, text, gtin, item, price=Price(amount))
        case _:
            return Label(kind, text, gtin, item, count=amount)
