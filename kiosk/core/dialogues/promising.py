"""Dialogues about promises: goods that this till has no right to, asked of the hub. Pending until it answers."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contract.down import Item
from contract.errors import Malformed
from contract.facts import StockLine
from contract.messages import check_language
from contract.rights import Answer
from contract.values import Money, Sku
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.goods import ask_site
from kiosk.core.dialogues.naming import Listing, Named, collect_lines, stock_lines, told_stock
from kiosk.core.entry import parse_price
from kiosk.core.notices import Mood, Notice
from kiosk.core.promises import Promise, PromiseError, headline, is_overdue, remedy_text
from kiosk.core.reservations import ReservationError, related
from kiosk.core.slips import LANGUAGES, SHORT_ID, promise_slip
from kiosk.core.station import Station
from kiosk.core.words import Text, listed, say

LANGUAGE_NAMES: Final = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}  # each in its own
_LOOK: Final = ":look"
_TIME: Final = re.compile(r"(?P<number>[0-9]{1,6})\s*(?P<unit>[mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_HEADLINES: Final = {
    "pending": say("pending"),
    Answer.CONFIRMED.value: say("confirmed"),
    Answer.ELSEWHERE.value: say("elsewhere"),
    Answer.LATER.value: say("later"),
    Answer.SUBSTITUTE.value: say("substitute"),
    Answer.SORRY.value: say("sorry"),
}


def promise(station: Station) -> Dialogue:
    """Ask the hub for goods that are elsewhere, or more than this till may promise."""
    return (yield from ask_for(station))


def ask_for(station: Station, named: tuple[Named, ...] = (), *, listing: bool = True) -> Dialogue:
    """Ask the hub for goods; ``named`` are wanted already, and with ``listing`` more can be named."""
    title = say("PROMISE")
    if listing or not named:
        named = yield from collect_lines(station, Listing(title, say("that is all they want")), named)
    lines = stock_lines(named)
    language = yield from _ask_language(title, station.language)
    site = yield from ask_site(station, say("Where they want it"), title, empty=say("wherever it is"))
    paid = yield from _ask_paid(station, title)

    def asks(text: str) -> Promise:
        wait = read_wait(text) if text.strip() else None
        return station.stockroom.ask(lines, language=language, paid_minor=paid, site=site or None, wait=wait)

    told = (*told_stock(station.counter.desk, lines), _in_language(language))
    empty = say("however long it takes")
    prompt = Prompt(say("How long they would wait, as 2h or 3d"), title=title, told=told, empty=empty, holds_goods=True)
    asked = yield from ask(prompt, asks)
    found = yield from show_promise(station, asked)
    return Notice(Mood.INFO, say("promise {id}: {state}", id=found.id[:SHORT_ID], state=_state(found)))


def promises(station: Station) -> Dialogue:
    """List the promises, those that wait and those that have an answer, and show the slip of one."""
    while True:
        found = list(station.stockroom.promises(told=True))
        if not found:
            return Notice(Mood.INFO, say("no promise was asked for here"))
        options = tuple(Option(one.id, _goods(station, one), _state(one)) for one in reversed(found))
        prompt = Prompt(say("Which one"), options=options, title=say("PROMISES"), empty=say("back to the sale"))
        chosen = yield from ask(prompt, lambda text: station.stockroom.promise(text) if text.strip() else None)
        if chosen is None:
            return None
        yield from show_promise(station, chosen)


def show_promise(station: Station, found: Promise) -> Asking[Promise]:
    """Show the slip of a promise, pending or answered; it may be looked at again while the shopper waits."""
    while True:
        slip = promise_slip(found, _items(station, found), station.figures)
        late = is_overdue(found, at=station.counter.desk.clock.stamp().at)
        told = [*slip.lines, *filter(None, [remedy_text(found)])]
        if late:
            told.append(say("The hub is late: is it connected? The promise stays asked for."))
        options = () if found.answer else (Option(_LOOK, say("Look for the answer")),)
        title = say("PROMISE: {state} {code}", state=_state(found), code=slip.qr)
        empty = say("the shopper has it")
        prompt = Prompt(say("For the shopper"), Takes.CHOICE, options, title=title, told=tuple(told), empty=empty)
        if (yield prompt) != _LOOK:
            return found
        found = station.stockroom.promise(found.id)


def read_wait(text: str) -> timedelta:
    """Return a length of time such as ``90m``, ``2h`` or ``3d``.

    Raises: ReservationError.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise ReservationError(say("{text} is not a time: type one such as 90m, 2h or 3d", text=repr(text[:24])))
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def _ask_language(title: Text, usual: str) -> Asking[str]:
    def language(text: str) -> str:
        code = text.strip().lower() or usual
        try:
            check_language(code)
        except Malformed as error:
            raise PromiseError(say("{text} is no language: type its code, such as en", text=repr(text[:16]))) from error
        return code

    options = tuple(Option(code, LANGUAGE_NAMES[code]) for code in LANGUAGES)
    empty = say("{language}", language=LANGUAGE_NAMES[usual])
    prompt = Prompt(say("The shopper's language"), options=options, title=title, empty=empty, holds_goods=True)
    return (yield from ask(prompt, language))


def _ask_paid(station: Station, title: Text) -> Asking[Money]:
    currency = station.counter.basket.currency
    prompt = Prompt(
        say("What they paid for it already"), Takes.MONEY, title=title, empty=say("nothing"), holds_goods=True
    )
    return (yield from ask(prompt, lambda text: parse_price(text, currency) if text.strip() else Money(0)))


def _in_language(language: str) -> Text:
    if language in LANGUAGES:
        return say("slip in {language}", language=LANGUAGE_NAMES[language])
    return say("the slip is in English: there are no words in {language} here", language=language)


def _state(found: Promise) -> Text:
    return _HEADLINES[headline(found)]


def _goods(station: Station, found: Promise) -> Text:
    if found.request is None:
        return say("promise {id}", id=found.id[:SHORT_ID])
    return listed(told_stock(station.counter.desk, found.request.lines))


def _items(station: Station, found: Promise) -> dict[Sku, Item]:
    lines = [*(found.request.lines if found.request else []), *(found.answer.lines if found.answer else [])]
    return items_of(station, lines)


def items_of(station: Station, lines: Sequence[StockLine]) -> dict[Sku, Item]:
    """Return the items of the catalogue that lines name, and what is sold with them."""
    desk = station.counter.desk
    named = [item for line in lines if (item := desk.item(line.sku)) is not None]
    more = [item for sku in related(named) if (item := desk.item(sku)) is not None]
    return {item.sku: item for item in (*more, *named)}
