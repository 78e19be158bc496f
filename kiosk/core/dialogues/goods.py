"""Dialogues about goods that come and go otherwise than by a sale: deliveries, waste, other sites."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import TransferReceived
from contract.values import Quantity, SiteId, parse_name
from kiosk.core.deliveries import Delivery, DeliveryDiffers, Expected
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.approving import approve
from kiosk.core.dialogues.naming import Listing, Named, collect_lines, stock_lines, told_stock
from kiosk.core.errors import Refused
from kiosk.core.goods import ApprovalNeeded, GoodsError
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Text, say, say_many

T = TypeVar("T")

MAX_ID: Final = 32  # of an advice, as facts hold it
MAX_REASON: Final = 200  # the same
MAX_PARTS: Final = 99  # of one transfer: nobody unpacks more vans for one slip
ALL: Final = ":all"
COUNT: Final = ":count"
AGAIN: Final = ":again"
SURE: Final = ":sure"
REASONS: Final = (  # the ids stand in the books, the labels on the screen
    Option("broken", say("Broken")),
    Option("spoilt", say("Spoilt, or past its day")),
    Option("stolen", say("Stolen")),
    Option("own use", say("Own use, or tasted")),
)
_TOKEN: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # as facts hold an id


def receive(station: Station) -> Dialogue:
    """Take in a delivery: by its number as it was advised, or what was counted of it; or what nothing announced."""
    room, title = station.stockroom, say("RECEIVE")
    coming = [one for one in room.expected() if one.is_open]
    options, empty = _advices(coming), say("it has no number")
    prompt = Prompt(say("Number of the delivery"), options=options, title=title, empty=empty)
    advice = yield from ask(prompt, lambda text: check_words(text, MAX_ID))
    mine = [one for one in coming if one.advice == advice]
    if mine:
        told = told_stock(station.counter.desk, [_line(one) for one in mine])
        ways = (Option(ALL, say("All of it came, as advised")), Option(COUNT, say("Scan what came")))
        if (yield Prompt(say("What came"), Takes.CHOICE, ways, title=_titled(advice), told=told)) == ALL:
            return _received(room.deliver(advice), advice)
    done = yield from _receive_counted(station, advice)
    return _received(done, advice)


def waste(station: Station) -> Dialogue:
    """Write off goods that are broken, spoilt or stolen."""
    title = say("WASTE")
    lines = yield from _goods(station, title)
    prompt = Prompt(
        say("Why"), options=REASONS, title=title, told=told_stock(station.counter.desk, lines), holds_goods=True
    )
    reason = yield from ask(prompt, lambda text: check_words(text, MAX_REASON, least=1))
    done = yield from approved(station, lambda by: station.stockroom.waste(lines, reason=reason, by=by))
    lacked = sum(line.overdraft for line in done.lines)
    return _gone(say_many("written off: {n} line", "written off: {n} lines", len(done.lines)), lacked)


def send(station: Station) -> Dialogue:
    """Put goods on the way to another site, and show the id that goes with them."""
    title = say("SEND GOODS")
    site = yield from ask_site(station, say("Which site do they go to"), title)
    lines = yield from _goods(station, title)
    done = yield from approved(station, lambda by: station.stockroom.send(lines, to=site, by=by))
    goods = told_stock(station.counter.desk, lines)
    told = (*goods, "", say("to {site}", site=site), say("transfer {id}", id=done.transfer))
    yield Prompt(say("Write the transfer's id on the slip"), title=title, told=told, empty=say("it is on the slip"))
    lacked = sum(line.overdraft for line in done.lines)
    return _gone(say("sent to {site}: transfer {id}", site=site, id=done.transfer), lacked)


def arrive(station: Station) -> Dialogue:
    """Take in what came from another site: what was there to unpack, whatever its slip says."""
    title = say("GOODS ARRIVE")
    origin = yield from ask_site(station, say("Which site do they come from"), title)
    transfer = yield from ask(Prompt(say("The transfer's id, from its slip"), Takes.CODE, title=title), _token)
    lines = yield from _goods(station, title)
    told = (*told_stock(station.counter.desk, lines), say("transfer {id}", id=transfer))
    empty = say("it all came at once, or this is the first part")
    prompt = Prompt(say("Which part"), Takes.NUMBER, title=title, told=told, empty=empty, holds_goods=True)

    def book(text: str) -> TransferReceived:
        return station.stockroom.arrive(lines, transfer=transfer, origin=origin, part=_part(text))

    done = yield from ask(prompt, book)
    return Notice(
        Mood.INFO,
        say_many(
            "arrived from {site}: {n} line. If nobody there sent it, the hub asks a person",
            "arrived from {site}: {n} lines. If nobody there sent them, the hub asks a person",
            len(done.lines),
            site=origin,
        ),
    )


def approved(station: Station, act: Callable[[str], T]) -> Asking[T]:
    """Do it; where more would leave than the books have, a manager is asked for first. What fails is tried again.

    Goods that were named one by one are not lost by a disk that is full: Enter tries once more.
    """
    by = ""
    while True:
        try:
            return act(by)
        except ApprovalNeeded as error:
            by = yield from approve(station, say("{why}", why=str(error)))
        except Refused as error:
            yield Prompt(say("Try again"), Takes.CHOICE, empty=say("try again"), refused=str(error), holds_goods=True)


def ask_site(station: Station, text: Text, title: Text, *, empty: Text | None = None) -> Asking[SiteId]:
    """Return a site that a person names; one that nothing was told of is asked about. Empty for Enter alone."""
    here = station.counter.desk.address.site
    known = [site for site in station.elsewhere.sites() if site != here]
    options = tuple(Option(site, site) for site in known)
    while True:
        prompt = Prompt(text, options=options, title=title, empty=empty)
        site = yield from ask(prompt, lambda typed: _site(typed, here, empty=empty is not None))
        if not site or not known or site in known:
            return site
        sure = (Option(AGAIN, say("Name another one")), Option(SURE, say("The name is right")))
        doubt = say("nothing was told here of a site {site}", site=site)
        if (yield Prompt(say("Is it right"), Takes.CHOICE, sure, title=title, told=(doubt,))) == SURE:
            return site


def check_words(text: str, longest: int, *, least: int = 0) -> str:
    """Return what was typed, if a fact can hold it.

    Raises: GoodsError.
    """
    cleaned = text.strip()
    if not least <= len(cleaned) <= longest or not cleaned.isprintable():
        raise GoodsError(say("type at most {most} characters", most=longest))
    return cleaned


def _receive_counted(station: Station, advice: str) -> Asking[Delivery]:
    named: tuple[Named, ...] = ()
    refused, title = "", _titled(advice) if advice else say("RECEIVE")
    while True:
        named = yield from collect_lines(station, Listing(title, say("that is all that came")), named, refused=refused)
        try:
            return _book(station, advice, stock_lines(named), sure=False)
        except DeliveryDiffers as error:
            options = (Option(AGAIN, say("Count again")), Option(SURE, say("It was counted again, and is right")))
            told = tuple(one.said for one in error.differs)
            prompt = Prompt(say("It differs from the advice"), Takes.CHOICE, options, title=title, told=told)
            if (yield prompt) == SURE:
                return _book(station, advice, stock_lines(named), sure=True)
        except Refused as error:
            refused = str(error)


def _book(station: Station, advice: str, lines: Sequence[StockLine], *, sure: bool) -> Delivery:
    if advice:
        return station.stockroom.deliver(advice, lines, sure=sure)
    return Delivery(tuple(station.stockroom.receive(lines).lines), known=True)


def _received(done: Delivery, advice: str) -> Notice:
    told = say_many("received: {n} line", "received: {n} lines", len(done.lines))
    if not done.known:
        told = say("{told}. Delivery {advice} is not known here yet: the hub compares", told=told, advice=advice)
    return Notice(Mood.INFO, told)


def _goods(station: Station, title: Text) -> Asking[list[StockLine]]:
    return stock_lines((yield from collect_lines(station, Listing(title, say("that is all"), damaged=True))))


def _gone(told: Text, lacked: int) -> Notice:
    """Return what left; nothing hides what the books lacked of it."""
    return Notice(Mood.INFO, say("{told}; the books lacked {n} of it", told=told, n=lacked) if lacked else told)


def _advices(coming: Sequence[Expected]) -> tuple[Option, ...]:
    lines: dict[str, list[Expected]] = {}
    for one in coming:
        lines.setdefault(one.advice, []).append(one)
    return tuple(Option(advice, advice, _hint(of)) for advice, of in lines.items())


def _hint(lines: Sequence[Expected]) -> Text:
    day = min((one.expected_on for one in lines if one.expected_on), default=None)
    many = say_many("{n} line", "{n} lines", len(lines))
    return say("{lines}, {day}", lines=many, day=day.isoformat()) if day else many


def _line(one: Expected) -> StockLine:
    return StockLine(one.what.sku, Quantity(one.amount or 0, one.what.unit), one.what.condition)


def _titled(advice: str) -> Text:
    return say("RECEIVE {advice}", advice=advice)


def _site(text: str, here: SiteId, *, empty: bool) -> SiteId:
    cleaned = text.strip()
    if empty and not cleaned:
        return SiteId("")
    try:
        site = SiteId(parse_name(cleaned, "site"))
    except Malformed as error:
        raise GoodsError(
            say("{text} is not a site: type its name, such as river-pier", text=repr(text[:32]))
        ) from error
    if site == here:
        raise GoodsError(say("{site} is this site: name another", site=site))
    return site


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text.strip()):
        raise GoodsError(say("{text} is no id of letters, digits and dashes: see its slip", text=repr(text[:40])))
    return text.strip()


def _part(text: str) -> int:
    cleaned = text.strip() or "1"
    if not (cleaned.isdecimal() and len(cleaned) < 4 and 1 <= int(cleaned) <= MAX_PARTS):  # noqa: PLR2004 - any int() bears
        raise GoodsError(say("type the number of the part, 1 to {most}", most=MAX_PARTS))
    return int(cleaned)
