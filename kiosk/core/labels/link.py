"""GS1 Digital Link: elements in a web address, ``https://example.com/01/09520123456788/10/A7?17=271231``. Pure.

Rules
-----
1.  The path ends in pairs of identifier and value; the first of them is a key, and qualifiers follow in their order.
2.  The query holds further identifiers of digits; what is no digits is somebody else's and passed over.
3.  A GTIN that lost its leading zeros, as older links have it, gets them back.

Source: GS1 Digital Link Standard: URI Syntax, release 1.6. Names in place of digits (``/gtin/``) were withdrawn by it;
compressed links name no key that one could read.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from contract.gtin import GTIN_LENGTHS
from kiosk.core.labels.elements import MAX_ELEMENTS, Element, LabelError, make_element
from kiosk.core.labels.identifiers import find
from kiosk.core.words import say

_LINK: Final = re.compile(
    r"(?:https?|HTTPS?)://[A-Za-z0-9.:\[\]-]+(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.DOTALL
)
_ALLOWED: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_GTIN: Final = "01"
_GTIN_DIGITS: Final = 14
_NULL: Final = "\x00"
_DIGITS: Final = re.compile(r"[0-9]+")


def is_address(text: str) -> bool:
    """Return whether ``text`` begins as a web address, in lower or upper case."""
    return text.startswith(("https://", "http://", "HTTPS://", "HTTP://"))


def has_key(text: str) -> bool:
    """Return whether a web address has a GS1 key in its path; without one it is just an address."""
    match = _LINK.fullmatch(text)
    return match is not None and _find_key(match["path"].split("/")) is not None


def read_link(text: str) -> tuple[Element, ...]:
    """Return the elements of a link, those of the path first.

    Raises: LabelError.
    """
    match = _LINK.fullmatch(text)
    if match is None or not _ALLOWED.fullmatch(text):
        raise LabelError(say("that is no web address with a GS1 key"))
    led = _read_path(match["path"].split("/"))
    found = [*led, *_read_query(match["query"] or "")]
    if len(found) > MAX_ELEMENTS:
        raise LabelError(say("there are more than {most} AIs", most=MAX_ELEMENTS))
    _check_query([one.ai for one in led], [one.ai for one in found[len(led) :]])
    return tuple(found)


def unescape(text: str, *, query: bool = False) -> str:
    """Return ``text`` with its percent escapes, and the plus signs of a query, turned into what they stand for."""
    spaced = text.replace("+", " ") if query else text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), spaced)


def _read_path(segments: Sequence[str]) -> list[Element]:
    begin = _find_key(segments)
    if begin is None:
        raise LabelError(say("the address has no GS1 key in its path"))
    found = [_element(ai, unescape(value)) for ai, value in _pairs(segments[begin:])]
    if not _is_path([one.ai for one in found]):
        raise LabelError(say("{path} is no path of a link", path=" ".join(f"({one.ai})" for one in found)))
    return found


def _find_key(segments: Sequence[str]) -> int | None:
    """Return where the last key of the path stands, if known identifiers lead there from the end."""
    for place in range(len(segments) - 2, 0, -2):
        identifier = find(segments[place])
        if identifier is None:
            return None
        if identifier.paths is not None:
            return place
    return None


def _read_query(query: str) -> Iterator[Element]:
    for word in query.split("&"):
        ai, equals, value = word.partition("=")
        if equals and _DIGITS.fullmatch(ai):
            yield _element(ai, unescape(value, query=True))


def _element(ai: str, value: str) -> Element:
    if _NULL in value:
        raise LabelError(say("({ai}) holds a character that may not stand there", ai=ai[:8]))
    if ai == _GTIN and len(value) in GTIN_LENGTHS:
        value = value.zfill(_GTIN_DIGITS)
    return make_element(ai, value)


def _check_query(led: Sequence[str], query: Sequence[str]) -> None:
    """Check that what stands in the query may, stands once, and does not belong in the path."""
    for place, ai in enumerate(query):
        identifier = find(ai)
        if identifier is None or not identifier.in_query:
            raise LabelError(say("({ai}) may not stand in the query of a link", ai=ai))
        if ai in led or ai in query[:place]:
            raise LabelError(say("({ai}) stands there twice", ai=ai))
        if any(_is_path([*led[:at], ai, *led[at:]]) for at in range(1, len(led) + 1)):
            raise LabelError(say("({ai}) belongs in the path of a link", ai=ai))


def _is_path(ais: Sequence[str]) -> bool:
    """Return whether the first leads a path that the others may follow, in their order."""
    identifier = find(ais[0])
    paths = identifier.paths if identifier is not None else None
    return any(_is_in_order(ais[1:], path) for path in paths or ())


def _is_in_order(ais: Sequence[str], path: Sequence[str]) -> bool:
    if not all(ai in path for ai in ais):
        return False
    return all(path.index(one) < path.index(other) for one, other in pairwise(ais))


def _pairs(segments: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(segments[::2], segments[1::2], strict=True)
