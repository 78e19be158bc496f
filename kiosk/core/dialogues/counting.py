"""The dialogue of a blind stock take: what is expected is said only after what was counted is on record."""

from collections.abc import Sequence

from msgspec.structs import replace

from contract.errors import Malformed
from contract.goods import ShelfLine, TillPosition
from contract.values import Sku
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.goods import AGAIN, MAX_REASON, SURE, check_words
from kiosk.core.dialogues.naming import Listing, Named, collect_lines, shelf_lines, told_goods, told_lines
from kiosk.core.errors import Refused
from kiosk.core.goods import Discrepancy, GoodsError, read_till
from kiosk.core.neighbours import Neighbour
from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import Counted
from kiosk.core.station import Station
from kiosk.core.stock_take import CountDoubted
from kiosk.core.words import Amount, Text, listed, say, say_many

_TITLE = say("COUNT")


def count(station: Station) -> Dialogue:
    """Count what lies there, goods that are set aside included; then say what differs from the books."""
    named: tuple[Named, ...] = ()
    refused = ""
    while True:
        listing = Listing(_TITLE, say("that is all that lies there"), zero=True, damaged=True)
        named = yield from collect_lines(station, listing, named, refused=refused)
        others = yield from _ask_others(station)
        prompt = Prompt(say("Why it was counted"), title=_TITLE, empty=say("no reason"), holds_goods=True)
        reason = yield from ask(prompt, lambda text: check_words(text, MAX_REASON))
        try:
            counted = yield from _record(station, shelf_lines(named), others, reason)
        except CountDoubted as error:
            named = tuple(one for one in named if one.item.sku not in error.skus)
            refused = say("count these again: {goods}", goods=_names(station, error.skus))
        except Refused as error:
            refused = str(error)
        else:
            return (yield from _show(station, named, counted))


def position(station: Station) -> Dialogue:
    """Say where this till is: whoever counts at another till of the site types it there."""
    yield from ()
    here = station.stockroom.here()
    text = say(
        "this till is at {till}={epoch}@{position}: type it where goods are counted",
        till=here.kiosk,
        epoch=here.epoch,
        position=here.position,
    )
    return Notice(Mood.INFO, text)


def _record(
    station: Station, lines: Sequence[ShelfLine], others: Sequence[TillPosition], reason: str
) -> Asking[Counted]:
    """Record the count. What is far from the books is asked about, and neither what nor which way is said.

    Raises: CountDoubted if it is to be counted again; Refused.
    """
    room = station.stockroom
    try:
        return room.count(lines, others=others, reason=reason)
    except CountDoubted as error:
        sure = (Option(AGAIN, say("Count them again")), Option(SURE, say("They were counted again, and are right")))
        told = (say("far from what the books say: {goods}", goods=_names(station, error.skus)),)
        chosen = yield Prompt(
            say("Is it right"), Takes.CHOICE, sure, title=_TITLE, told=told, refused=str(error), holds_goods=True
        )
        if chosen != SURE:
            raise
    return room.count(lines, others=others, reason=reason, sure=True)


def _ask_others(station: Station) -> Asking[list[TillPosition]]:
    """Return where the site's other tills are: nobody is asked for those that are heard on the site's network."""
    neighbours = station.stockroom.neighbours()
    if neighbours:
        return (yield from _ask_silent([one for one in neighbours if not one.present]))
    others: list[TillPosition] = []
    while True:
        prompt = Prompt(
            say("Another till that sells these goods, as k2=1@812"),
            title=_TITLE,
            told=(say("That till says where it is: its menu, This till."), *map(_position, others)),
            empty=say("there is no other till") if not others else say("those are all"),
            holds_goods=True,
        )
        text = yield from ask(prompt, _read_position)
        if text is None:
            return others
        others.append(text)


def _ask_silent(silent: Sequence[Neighbour]) -> Asking[list[TillPosition]]:
    found: list[TillPosition] = []
    for one in silent:
        there = yield from _ask_till(one.kiosk, f"{one.kiosk}={one.epoch}@{one.position}")
        found.append(there)
    return found


def _ask_till(kiosk: str, last: str) -> Asking[TillPosition]:
    def read(text: str) -> TillPosition:
        found = _read_position(text)
        if found is None or found.kiosk != kiosk:
            raise GoodsError(say("type where till {till} is, as {last}", till=kiosk, last=last))
        return found

    told = (
        say("Till {till} is not heard now. It said last: {last}", till=kiosk, last=last),
        say("That till says where it is: its menu, This till."),
    )
    prompt = Prompt(say("Where till {till} is", till=kiosk), title=_TITLE, told=told, holds_goods=True)
    return (yield from ask(prompt, read))


def _read_position(text: str) -> TillPosition | None:
    if not text.strip():
        return None
    try:
        return read_till(text)
    except Malformed as error:
        raise GoodsError(
            say("{text} is not a till's position: type one such as k2=1@812", text=repr(text[:32]))
        ) from error


def _show(station: Station, named: Sequence[Named], counted: Counted) -> Dialogue:
    """Show what differs, the largest sums first; it is on record, so whatever is answered only looks on or ends."""
    title, text = say("COUNTED"), say("The count is on record")
    if counted.found is None:
        told = (*told_lines(named), say("The hub compares, once it has heard every till that was named."))
        yield Prompt(text, title=title, told=told, empty=say("done"))
        return Notice(Mood.INFO, say("counted: the hub compares"))
    off = sorted((one for one in counted.found if one.difference), key=lambda one: -abs(one.value_minor or 0))
    same = len(counted.found) - len(off)
    told = (say_many("{n} line as expected", "{n} lines as expected", same),)
    if not station.stockroom.neighbours():
        told = (*told, say("Compared with this till's books alone: the hub waits for any other till of the site."))
    options = tuple(Option(str(at), _row(station, one), _worth(station, one)) for at, one in enumerate(off))
    while (yield Prompt(text, Takes.CHOICE, options, title=title, told=told, empty=say("done"))).strip():
        pass  # a row was touched: there is nothing more to say of it
    return Notice(Mood.INFO, say_many("counted; {n} line differs", "counted; {n} lines differ", len(off)))


def _row(station: Station, one: Discrepancy) -> Text:
    item = station.counter.desk.item(one.sku)
    goods = told_goods(item, one.counted.amount, one.condition) if item else say("{sku}", sku=one.sku)
    expected = replace(one.counted, amount=abs(one.expected))
    off = replace(one.counted, amount=abs(one.difference))
    if one.expected < 0:  # more left than the books ever had
        return say("{off} over, for the books lacked {lacked}: {goods}", goods=goods, off=off, lacked=expected)
    if one.difference > 0:
        return say("{off} over, {expected} expected: {goods}", goods=goods, off=off, expected=expected)
    return say("{off} short, {expected} expected: {goods}", goods=goods, off=off, expected=expected)


def _worth(station: Station, one: Discrepancy) -> str:
    """Return what a difference is worth by the catalogue; nothing where it has no price."""
    if one.value_minor is None:
        return ""
    return say("{worth}", worth=Amount(one.value_minor, station.counter.basket.currency, named=True))


def _position(one: TillPosition) -> Text:
    return say("{till}={epoch}@{position}", till=one.kiosk, epoch=one.epoch, position=one.position)


def _names(station: Station, skus: Sequence[Sku]) -> Text:
    items = ((sku, station.counter.desk.item(sku)) for sku in skus)
    return listed([item.name if item else sku for sku, item in items])
