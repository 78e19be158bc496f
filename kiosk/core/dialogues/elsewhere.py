"""The dialogue about what other sites have: news, not a promise."""

from datetime import timedelta
from typing import Final

from contract.availability import ASK
from contract.down import Item
from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes
from kiosk.core.dialogues.naming import Named, pick_item
from kiosk.core.dialogues.promising import ask_for
from kiosk.core.station import Station, There
from kiosk.core.words import Text, say, say_many

_TITLE: Final = say("ELSEWHERE")
_PROMISE: Final = ":promise"
_HOUR: Final = timedelta(hours=1)
_DAYS: Final = timedelta(days=2)  # from then on nobody counts in hours
_MINUTE: Final = timedelta(minutes=1)


def elsewhere(station: Station) -> Dialogue:
    """Tell what each site has of an item, and how old that is, item after item; what is wanted can be asked for."""
    while True:
        item = yield from pick_item(station, _TITLE, say("back to the sale"))
        if item is None:
            return None
        options = (Option(_PROMISE, say("Ask the hub for it")),)
        told, empty = _told(station, item), say("another item")
        prompt = Prompt(say("Enter goes on"), Takes.CHOICE, options, title=_TITLE, told=told, empty=empty)
        if (yield prompt) == _PROMISE:
            one = Named(item, item.unit.per)
            return (yield from ask_for(station, (one,)))


def _told(station: Station, item: Item) -> tuple[Text, ...]:
    found = station.elsewhere.find(item.sku)
    name = say("{name} ({sku})", name=item.name, sku=item.sku)
    if not found:
        return (name, say("nothing was told of it yet: ask the other site"))
    return (name, *map(_row, found))


def _row(there: There) -> Text:
    if there.shown == ASK:
        return say("{site}: ask there, {age}", site=there.site, age=_age(there.age))
    return say("{site}: {shown}, {age}", site=there.site, shown=there.shown, age=_age(there.age))


def _age(age: timedelta | None) -> Text:
    if age is None:
        return say("never heard")
    if age < _HOUR:
        return say("told {n} min ago", n=max(0, age // _MINUTE))
    if age >= _DAYS:
        return say("told {n} days ago", n=age.days)
    return say_many("told {n} hour ago", "told {n} hours ago", age // _HOUR)
