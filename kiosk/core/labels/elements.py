r"""GS1 element strings: identifiers (AIs) with their values, as a scanner sends them or a person types them. Pure.

Rules
-----
1.  A value whose length every reader knows is followed by the next identifier at once; any other ends at a separator
    (FNC1, which scanners send as the character 1D) or at the end. A separator after any value is harmless.
2.  Typed, each identifier stands in brackets, ``(01)09520123456788(10)A7``; ``\(`` is a bracket inside a value.
3.  An element string is whole or nothing: one value that is wrong, and none of it is believed.
4.  Identifiers repeat only with the same value, exclude and need others (:func:`check_together`).

Source: GS1 General Specifications, sections 4.14 (relations between identifiers) and 7.8 (processing).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from kiosk.core.errors import Refused
from kiosk.core.labels.checks import CHECK_DIGIT, has_charset, passes
from kiosk.core.labels.identifiers import Identifier, find, find_prefix
from kiosk.core.words import Text, say

FNC1: Final = "\x1d"
MAX_ELEMENTS: Final = 64  # identifiers of one label; the fullest symbol that GS1 allows holds fewer
_SHOWN: Final = "^"  # how FNC1 is written for people: in no character set of GS1

_BRACKETED: Final = re.compile(r"\(([^()]*)\)((?:[^(\\]|\\\(|\\(?!\())+)")
_ESCAPED: Final = r"\("
# Keys that a signature needs with their serial part; longer than this is one.
_SERIALISED: Final = {"253": 13, "255": 13, "8003": 14}
_SIGNATURE: Final = "8030"


class LabelError(Refused):
    """The label breaks a rule of GS1; the message says which."""


class WrongCheckDigit(LabelError):
    """A number on the label does not end in its check digit: it was misread or misprinted."""


class Element(Struct, frozen=True):
    """One identifier and its value."""

    ai: str
    value: str


def read_elements(data: str) -> tuple[Element, ...]:
    """Return the elements of what follows a leading FNC1 (rule 1).

    Raises: LabelError.
    """
    found: list[Element] = []
    place = 0
    while place < len(data):
        place = _read_next(data, place, found)
    return _bounded(found)


def read_bracketed(text: str) -> tuple[Element, ...]:
    """Return the elements of a typed label (rule 2); spaces are for the eye.

    Raises: LabelError.
    """
    found: list[Element] = []
    place, typed = 0, text.replace(" ", "")
    while match := _BRACKETED.match(typed, place):
        found.append(make_element(match[1], match[2].replace(_ESCAPED, "(")))
        place = match.end()
    if place < len(typed):
        raise LabelError(say("no (AI) and value at {text}", text=repr(typed[place : place + 8])))
    return _bounded(found)


def make_element(ai: str, value: str) -> Element:
    """Return an element that stands alone.

    Raises: LabelError if there is no such identifier, or the value is none of it.
    """
    identifier = find(ai)
    if identifier is None:
        raise LabelError(say("({ai}) is no AI of GS1", ai=ai[:8]))
    if not identifier.shortest <= len(value) <= identifier.longest:
        raise LabelError(_wrong_size(ai, len(value), identifier.shortest, identifier.longest))
    _measure(identifier, value)
    return Element(ai, value)


def check_together(elements: Sequence[Element]) -> None:
    """Check that the elements may stand on one label (rule 4).

    Raises: LabelError.
    """
    values: dict[str, str] = {}
    for element in elements:
        if values.setdefault(element.ai, element.value) != element.value:
            raise LabelError(say("({ai}) stands there twice, with different values", ai=element.ai))
    for ai in values:
        _check_relations(ai, values)
    if _SIGNATURE in values and any(len(values.get(key, "")) == size for key, size in _SERIALISED.items()):
        raise LabelError(say("({ai}) needs a key with a serial part", ai=_SIGNATURE))


def render(elements: Iterable[Element]) -> str:
    """Return the elements as GS1 writes them in plain text, ``^`` for FNC1: ``^011231231231233310AB^99CD``."""
    text, separated = "", True
    for element in elements:
        identifier = find(element.ai)
        text += f"{_SHOWN if separated else ''}{element.ai}{element.value}"
        separated = identifier is None or not identifier.fixed
    return text


def _read_next(data: str, place: int, found: list[Element]) -> int:
    identifier = find_prefix(data, place)
    if identifier is None:
        raise LabelError(say("no AI of GS1 at {text}", text=repr(data[place : place + 4])))
    begin = place + len(identifier.ai)
    end = data.find(FNC1, begin)
    value = data[begin:] if end < 0 else data[begin:end]
    size = _measure(identifier, value)
    if size != len(value) and not identifier.fixed:
        raise LabelError(say("({ai}) is too long", ai=identifier.ai))
    found.append(Element(identifier.ai, value[:size]))
    return begin + size + (1 if size == len(value) and end >= 0 else 0)


def _measure(identifier: Identifier, value: str) -> int:
    """Return how much of ``value`` is the identifier's, every part checked."""
    place = 0
    for part in identifier.parts:
        piece = value[place : place + part.longest]
        if part.optional and not piece:
            continue
        if len(piece) < part.shortest:
            raise LabelError(say("({ai}) is too short", ai=identifier.ai))
        _check_part(identifier.ai, part.charset, part.checks, piece)
        place += len(piece)
    return place


def _wrong_size(ai: str, n: int, least: int, most: int) -> Text:
    if least == most:
        return say("({ai}) has {n} characters, not {most}", ai=ai, n=n, most=most)
    return say("({ai}) has {n} characters, not {least} to {most}", ai=ai, n=n, least=least, most=most)


def _check_part(ai: str, charset: str, checks: tuple[str, ...], piece: str) -> None:
    if not has_charset(charset, piece):
        raise LabelError(say("({ai}) holds a character that may not stand there", ai=ai))
    for name in checks:
        if not passes(name, piece):
            raise (WrongCheckDigit if name == CHECK_DIGIT else LabelError)(
                say("({ai}) may not say {text}", ai=ai, text=repr(piece[:20]))
            )


def _check_relations(ai: str, present: Iterable[str]) -> None:
    identifier = find(ai)
    if identifier is None:
        return
    others = [other for other in present if other != ai]
    for pattern in identifier.excludes:
        if _is_among(pattern, others):
            raise LabelError(say("({ai}) may not stand beside ({other})", ai=ai, other=pattern))
    for groups in identifier.needs:
        if not any(all(_is_among(pattern, others) for pattern in group) for group in groups):
            raise LabelError(
                say("({ai}) needs {others}", ai=ai, others=" / ".join(f"({'+'.join(group)})" for group in groups))
            )


def _is_among(pattern: str, ais: Iterable[str]) -> bool:
    digits = pattern.rstrip("n")
    return any(ai.startswith(digits) and len(ai) == len(pattern) for ai in ais)


def _bounded(found: list[Element]) -> tuple[Element, ...]:
    if not found:
        raise LabelError(say("there is no AI and value"))
    if len(found) > MAX_ELEMENTS:
        raise LabelError(say("there are more than {most} AIs", most=MAX_ELEMENTS))
    return tuple(found)
