"""Dialogues about the lines of the open basket: how many, once more, with a note, or not at all."""

from typing import Final

from msgspec.structs import replace

from contract.values import Quantity
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.adding import ask_amount, take_times
from kiosk.core.errors import Refused
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Text, say, say_many

MAX_WORDS: Final = 60  # characters of a note or a reason: two rows of a narrow receipt
_CLEAR, _KEEP = "clear", "keep"


def void(station: Station) -> Dialogue:
    """Take the selected line out."""
    yield from ()
    return station.counter.void(station.selected)


def repeat(station: Station) -> Dialogue:
    """Sell the selected line's goods once more, or as often as was typed before."""
    yield from ()
    return station.counter.repeat(station.selected, take_times(station))


def quantity(station: Station) -> Dialogue:
    """Sell another amount of the selected line's goods: what was typed before, else it is asked for."""
    counter, at = station.counter, station.selected
    line = counter.line(at)
    if line.label_minor is not None:
        raise Refused(say("a label says how much {item} is: take the line out, or repeat it", item=line.name))
    times, counter.times = counter.times, None
    typed = station.take_typed() or (str(times) if times is not None else "")
    amount, weighed = yield from ask_amount(station, line.name, line.quantity.unit, typed=typed)
    return counter.put(at, replace(line, quantity=Quantity(amount, line.quantity.unit), weighed=weighed))


def note(station: Station) -> Dialogue:
    """Write a note on the selected line; it is printed and kept with the sale."""
    counter, at = station.counter, station.selected
    line = counter.line(at)
    none = say("no note") if line.note else None
    asking = Prompt(say("Note"), title=say("NOTE on {item}", item=line.name), told=_told(line.note), empty=none)
    text = yield from ask(asking, words, typed=station.take_typed())
    return counter.put(at, replace(line, note=text))


def clear(station: Station) -> Dialogue:
    """Take everything out of the basket, once somebody is sure."""
    counter = station.counter
    lines = len(counter.basket.lines)
    if not lines:
        raise Refused(say("the basket is empty: there is nothing to take out"))
    options = (Option(_CLEAR, say("Take everything out")), Option(_KEEP, say("Keep the basket")))
    title = say_many("VOID {n} line", "VOID {n} lines", lines)
    chosen = yield Prompt(say("Take everything out?"), Takes.CHOICE, options, title=title)
    return counter.clear() if chosen == _CLEAR else Notice(Mood.INFO, say("the basket is kept"))


def ask_reason(title: Text, usual: tuple[Text, ...]) -> Asking[str]:
    """Return why something is done: a usual reason, or one that is typed."""
    options = tuple(Option(str.__str__(one), one) for one in usual)

    def reason(text: str) -> str:
        if not text.strip():
            raise Refused(say("type a reason, or choose one with ↓ and Enter"))
        return words(text)

    return (yield from ask(Prompt(say("Reason"), Takes.WORDS, options, title=title), reason))


def words(text: str) -> str:
    """Return what was typed as it is kept.

    Raises: Refused if it is too long, or holds what cannot be printed.
    """
    cleaned = text.strip()
    if len(cleaned) > MAX_WORDS or not cleaned.isprintable():
        raise Refused(say("type at most {most} characters", most=MAX_WORDS))
    return cleaned


def _told(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
