"""Dialogues about the till itself: all that can be done, and what went wrong lately."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Text, say


class Doable(Protocol):
    """What a menu needs to know of an action."""

    @property
    def id(self) -> str:
        """Return what settings call it."""
        ...

    @property
    def label(self) -> Text:
        """Return what people call it."""
        ...

    @property
    def group(self) -> str:
        """Return what it is about."""
        ...

    @property
    def begin(self) -> Callable[[Station], Dialogue]:
        """Return what begins it."""
        ...


GROUPS: Final = {
    "sale": say("sale"),
    "money": say("money"),
    "shopper": say("shopper"),
    "stock": say("stock"),
    "till": say("till"),
}


def menu(station: Station, actions: Sequence[Doable]) -> Dialogue:
    """Choose one of all actions, by its number, its name or its key, and do it."""
    grouped = list(_grouped(actions))
    options = tuple(Option(one.id, one.label, GROUPS[one.group], one.id) for one in grouped)
    chosen = yield Prompt(say("Number or name"), Takes.CHOICE, options, title=say("MENU"))
    action = next(one for one in grouped if one.id == chosen)
    return (yield from action.begin(station))


def errors(station: Station) -> Dialogue:
    """Show the last things that went wrong, the newest at the end."""
    if not station.errors:
        return Notice(Mood.INFO, say("nothing went wrong since the till was opened"))
    told = tuple(say("{n}. {text}", n=number, text=text) for number, text in enumerate(station.errors, 1))
    yield Prompt(say("Read them"), title=say("ERRORS"), told=told, empty=say("back"))
    return None


def _grouped(actions: Sequence[Doable]) -> Iterator[Doable]:
    for group in GROUPS:
        yield from (one for one in actions if one.group == group and one.id != "menu")
