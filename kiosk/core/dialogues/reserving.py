"""Dialogues about goods set aside for a shopper: reserve, collect, let go. All of it works offline."""

from functools import reduce
from typing import Final

from msgspec.structs import replace

from kiosk.core.basket import Collects, add, collected, confirmed_age
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.goods import MAX_REASON, check_words
from kiosk.core.dialogues.naming import Listing, Named, collect_lines, stock_lines, told_stock
from kiosk.core.dialogues.paying import take_payment
from kiosk.core.dialogues.promising import LANGUAGE_NAMES, ask_for, items_of, read_wait
from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.reservations import (
    DEFAULT_HOLD,
    STATES,
    NotPromisable,
    Reservation,
    ReservationError,
    State,
    fill_basket,
)
from kiosk.core.slips import LANGUAGES, reservation_slip
from kiosk.core.station import Station
from kiosk.core.words import Text, listed, say

_ASK: Final = ":ask"
_LESS: Final = ":less"
_COLLECT: Final = ":collect"
_CANCEL: Final = ":cancel"
_SLIP: Final = ":slip"
_YES: Final = ":yes"
_NO: Final = ":no"
_HOUR_S: Final = 3600


def reserve(station: Station) -> Dialogue:
    """Set goods aside by this till's own rights and show the slip; what is beyond them can be asked of the hub."""
    title, refused = say("RESERVE"), ""
    named: tuple[Named, ...] = ()
    while True:
        named = yield from collect_lines(station, Listing(title, say("that is all they want")), named, refused=refused)
        try:
            held = yield from _hold(station, named, title)
        except NotPromisable as error:
            options = (
                Option(_ASK, say("Ask the hub: a promise, no more than asked for")),
                Option(_LESS, say("Hold less, or other goods")),
            )
            prompt = Prompt(say("What now"), Takes.CHOICE, options, title=title, refused=str(error), holds_goods=True)
            if (yield prompt) == _ASK:
                return (yield from ask_for(station, named, listing=False))
            refused = ""
        else:
            yield from show_slip(station, held)
            return Notice(Mood.INFO, say("set aside until {until}: code {code}", until=held.until, code=held.code))


def collect(station: Station) -> Dialogue:
    """Sell what is set aside under a code, typed or scanned from its slip, or chosen from the list."""
    found = yield from _ask_which(station, say("COLLECT"))
    return (yield from _sell(station, found))


def collect_code(station: Station, code: str) -> Dialogue:
    """Sell what is set aside under ``code`` to the shopper who collects it."""
    return (yield from _sell(station, station.stockroom.reservation(code)))


def reserved(station: Station) -> Dialogue:
    """List what is set aside; show the slip of one again, hand it over, or let it go."""
    title = say("RESERVED")
    found = yield from _ask_which(station, title)
    options = (
        Option(_COLLECT, say("Collect")),
        Option(_SLIP, say("Show the slip")),
        Option(_CANCEL, say("Cancel: nobody wants it")),
    )
    chosen = yield Prompt(say("What to do"), Takes.CHOICE, options, title=title, told=_told(station, found))
    if chosen == _COLLECT:
        return (yield from _sell(station, found))
    if chosen == _CANCEL:
        return (yield from _cancel(station, found))
    yield from show_slip(station, found)
    return None


def show_slip(station: Station, found: Reservation) -> Asking[None]:
    """Show the slip, in another language if that is chosen, until the shopper has it."""
    language = station.language
    while True:
        slip = reservation_slip(found, items_of(station, found.lines), station.figures, language=language)
        options = tuple(Option(code, LANGUAGE_NAMES[code]) for code in LANGUAGES if code != language)
        language = yield Prompt(
            say("For the shopper"),
            options=options,
            title=say("CODE {code}", code=found.code),
            told=slip.lines,
            empty=say("the shopper has it"),
        )
        if language not in LANGUAGES:
            return


def _hold(station: Station, named: tuple[Named, ...], title: Text) -> Asking[Reservation]:
    """Ask how long, and set the goods aside. Raises: NotPromisable."""
    lines = stock_lines(named)
    refused = ""
    while True:
        text = yield Prompt(
            say("For how long, as 90m, 2h or 3d"),
            title=title,
            told=told_stock(station.counter.desk, lines),
            refused=refused,
            empty=say("for {n} hours", n=DEFAULT_HOLD.seconds // _HOUR_S),
            holds_goods=True,
        )
        try:
            return station.stockroom.hold(lines, wait=read_wait(text) if text.strip() else DEFAULT_HOLD)
        except NotPromisable:
            raise
        except (ReservationError, DeskError) as error:
            refused = str(error)


def _ask_which(station: Station, title: Text) -> Asking[Reservation]:
    held = station.stockroom.reservations()
    options = tuple(Option(one.code, one.code, _hint(station, one)) for one in held)
    prompt = Prompt(say("Code"), Takes.CODE, options, title=title)
    return (yield from ask(prompt, station.stockroom.reservation, typed=station.take_typed()))


def _sell(station: Station, found: Reservation) -> Dialogue:
    """Put what is set aside into the basket and take payment; its hold ends in the transaction of that sale."""
    if found.state not in {State.HELD, State.PAST}:
        was = STATES[found.state]
        raise ReservationError(say("{code} was {state} already: sell the goods as others", code=found.code, state=was))
    counter = station.counter
    if other := collected(counter.basket):
        raise ReservationError(say("{code} is in the basket: take payment, then collect the next", code=other.code))
    if not counter.basket.lines:
        counter.look_at_shop()  # as for the first scan of a shopper: prices and taxes may have changed since
    items = items_of(station, found.lines)
    lines = fill_basket(found, basket=counter.basket.id, currency=counter.basket.currency, items=items).lines
    age = max((item.age for item in items.values()), default=0)
    if age > confirmed_age(counter.basket) and not (yield from _is_old_enough(found, age)):
        return Notice(Mood.ERROR, say("not sold: the shopper is not {age}. The goods stay set aside", age=age))
    filled = reduce(add, lines, counter.basket)
    if found.state is State.PAST:
        station.stockroom.hand_over_past(found)
    else:
        filled = replace(filled, collects=Collects(found.id, found.code, found.lines))
    counter.sold = None
    return counter.change(filled) or (yield from take_payment(station))


def _is_old_enough(found: Reservation, age: int) -> Asking[bool]:
    options = (Option(_YES, say("Yes, {age} or older", age=age)), Option(_NO, say("No, or not sure: do not sell")))
    title = say("COLLECT {code}", code=found.code)
    asks = say("Is the shopper {age} or older", age=age)
    return (yield Prompt(asks, Takes.CHOICE, options, title=title, holds_goods=True)) == _YES


def _cancel(station: Station, found: Reservation) -> Dialogue:
    """Let goods go that nobody wants any more."""
    title = say("CANCEL {code}", code=found.code)
    prompt = Prompt(say("Why"), title=title, told=_told(station, found), empty=say("cancel it, no reason"))

    def cancel(text: str) -> Notice:
        station.stockroom.cancel(found, reason=check_words(text, MAX_REASON))
        if found.state is State.PAST:
            return Notice(
                Mood.INFO,
                say("{code} is of an earlier life of this till: put its goods back, and count them", code=found.code),
            )
        return Notice(Mood.INFO, say("{code} is cancelled: its goods can be sold again", code=found.code))

    return (yield from ask(prompt, cancel))


def _told(station: Station, found: Reservation) -> tuple[Text, ...]:
    goods = told_stock(station.counter.desk, found.lines)
    until = say("set aside until {until}", until=found.until)
    return (*goods, until if found.state is State.HELD else say("of an earlier life of this till"))


def _hint(station: Station, found: Reservation) -> Text:
    return listed(told_stock(station.counter.desk, found.lines))
