"""Dialogues about baskets put aside."""

from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes
from kiosk.core.notices import Mood, Notice
from kiosk.core.parking import MAX_LABEL, Parked, check_recall
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say, say_many


def hold(station: Station) -> Dialogue:
    """Put the basket aside at once, under the name that was typed before, if one was: a queue is waiting."""
    yield from ()
    counter = station.counter
    if not counter.basket.lines:
        return Notice(Mood.ERROR, say("the basket is empty: there is nothing to put aside"))
    return counter.park(station.take_typed()[:MAX_LABEL])


def recall(station: Station) -> Dialogue:
    """Take up a basket that was put aside: the one whose name was typed before, the only one, or the one chosen."""
    counter = station.counter
    check_recall(counter.basket)
    waiting = counter.desk.parked()
    if not waiting:
        return Notice(Mood.ERROR, say("no basket is put aside"))
    if typed := station.take_typed():
        return counter.recall(typed)
    if len(waiting) == 1:
        return counter.recall(waiting[0].basket.id)
    options = tuple(Option(one.basket.id, _name(one), _goods(one)) for one in waiting)
    chosen = yield Prompt(say("Which one"), Takes.CHOICE, options, title=say("RECALL"))
    return counter.recall(chosen)


def _name(parked: Parked) -> str:
    return parked.label or say("from {at}", at=parked.parked_at)


def _goods(parked: Parked) -> Text:
    basket = parked.basket
    total = Amount(basket.total_minor, basket.currency)
    return say_many("{n} line, {total}", "{n} lines, {total}", len(basket.lines), total=total)
