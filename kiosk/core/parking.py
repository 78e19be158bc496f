"""Baskets put aside at the counter, for a shopper who fetches something. Pure; they touch no stock and hold none.

Rules
-----
1.  To park is to begin a new basket; the old one keeps its id, its lines and their prices, and survives a crash as the
    open one does.
2.  A basket is recalled only into an empty one: two shoppers' goods never mix.
3.  It is sold once, wherever it was meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from kiosk.core.basket import Basket
from kiosk.core.errors import Refused
from kiosk.core.words import say

MAX_PARKED: Final = 50  # more shoppers than one counter can have waiting; a list that still fits a person's head
MAX_LABEL: Final = 40  # one row of the list


class ParkingError(Refused):
    """The basket cannot be parked or recalled; everything is as it was. The message says what to do."""


class Parked(Struct, frozen=True):
    """A basket put aside."""

    basket: Basket
    label: str
    parked_at: datetime


def check_park(basket: Basket, label: str, parked: Sequence[Parked]) -> None:
    """Refuse to park what is empty, a label that does not fit, and more than the counter can keep.

    Raises: ParkingError.
    """
    if not basket.lines:
        raise ParkingError(say("the basket is empty: there is nothing to park"))
    if len(label) > MAX_LABEL or not label.isprintable():
        raise ParkingError(say("a label has at most {most} printable characters: give a shorter one", most=MAX_LABEL))
    if len(parked) >= MAX_PARKED:
        raise ParkingError(say("{most} baskets are parked: recall one and finish or empty it", most=MAX_PARKED))


def find_parked(wanted: str, parked: Sequence[Parked]) -> Parked:
    """Return the one basket that ``wanted`` means: its label, or the beginning of its id; empty for the only one.

    Raises: ParkingError if it is none, or not clear which.
    """
    found = [one for one in parked if wanted in {one.label, ""}] or [
        one for one in parked if one.basket.id.startswith(wanted)
    ]
    if not found:
        nothing = say("no parked basket is {wanted}: see the list", wanted=repr(wanted[:MAX_LABEL]))
        raise ParkingError(nothing if wanted else say("none is parked"))
    if len(found) > 1:
        raise ParkingError(say("several baskets are meant: give the id of one, see the list"))
    return found[0]


def check_recall(now: Basket) -> None:
    """Refuse to recall over goods that are being rung up.

    Raises: ParkingError.
    """
    if now.lines:
        raise ParkingError(say("there are goods in the basket: sell or park it first, then recall"))
