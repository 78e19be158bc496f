"""Which option is meant by what was typed. Pure; the screens and the line mode share it."""

from collections.abc import Sequence
from typing import Final

from kiosk.core.dialogue import Option, Takes

NUMBERED: Final = frozenset({Takes.WORDS, Takes.CHOICE})  # elsewhere a number is the answer itself
_MAX_DIGITS: Final = 3  # of an option's number; nobody reads through a thousand


def meant(takes: Takes, options: Sequence[Option], text: str) -> Option | None:
    """Return the option of a number, where numbers mean nothing else, or the only one whose name begins so."""
    if takes in NUMBERED and text.isdecimal() and len(text) <= _MAX_DIGITS and 1 <= int(text) <= len(options):
        return options[int(text) - 1]
    found = [one for one in options if text and one.label.casefold().startswith(text.casefold())]
    found = [one for one in found if not one.whole or len(one.label) == len(text)]
    exact = [one for one in found if one.label.casefold() == text.casefold()]
    return found[0] if len(found) == 1 else exact[0] if len(exact) == 1 else None
