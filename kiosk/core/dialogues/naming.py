"""Goods that a person names one after the other: scanned, typed, weighed; all dialogues about stock take them here.

Rules
-----
1.  ``3*`` in front is a quantity, as at the sale; of weighed goods the weight is asked for, unless the label says it.
2.  What is named twice is added up; the goods named last stand last. The last entry can be undone.
3.  What is refused changes nothing: the list stands, and says why.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from contract.down import Item
from contract.facts import MAX_LINES, StockLine
from contract.goods import ShelfLine
from contract.stock import StockKey
from contract.values import MAX_AMOUNT, Condition, Quantity, Unit
from kiosk.core.counter import Counter
from kiosk.core.dialogue import Asking, Option, Prompt, Takes, ask
from kiosk.core.entry import is_code, parse_amount, parse_entry, parse_times
from kiosk.core.errors import Refused
from kiosk.core.finding import UnknownGoods
from kiosk.core.ports import Desk
from kiosk.core.station import Station
from kiosk.core.words import BIG_UNIT, Text, say, say_many

UNDO: Final = ":undo"  # ids of what can be done beside naming goods: no sku that anybody scans
DAMAGED: Final = ":damaged"
SELLABLE: Final = ":sellable"
WEIGH: Final = ":weigh"
NONE: Final = ":none"
MAX_FOUND: Final = 20  # of one name: who has to read more types another letter
MAX_ROWS: Final = 100  # of a list that is being made: more than any screen has
_SHOWN: Final = 24  # characters of a code that a refusal shows: what one row bears
_ZERO: Final = re.compile(r"\s*0+\s*\*\s*(.+)")  # in a count: there is none of it


Sums = dict[StockKey, tuple[Item, int]]  # by account, in the order of their last mention


class NoGoods(Refused):
    """Nothing by that text is in the catalogue, or it cannot be added; the message says what to do."""


class Named(Struct, frozen=True):
    """One entry: so much of an item, in its own unit."""

    item: Item
    amount: int
    condition: Condition = Condition.SELLABLE

    @property
    def key(self) -> StockKey:
        """Return the account that it is about."""
        return StockKey(self.item.sku, self.condition, self.item.unit)


class Listing(Struct, frozen=True):
    """What is asked for. ``ends`` is what Enter does once something is named; ``zero``: there may be none of it.

    ``damaged`` offers to keep damaged goods apart. ``told`` stands above the goods.
    """

    title: Text
    ends: Text
    zero: bool = False
    damaged: bool = False
    told: tuple[str, ...] = ()


def collect_lines(
    station: Station, listing: Listing, named: Sequence[Named] = (), *, refused: str = ""
) -> Asking[tuple[Named, ...]]:
    """Return what a person names, at least one entry; begins with what is ``named`` already."""
    there, condition, pending = list(named), Condition.SELLABLE, ""
    sums = _sums(there)
    while True:
        text = yield _prompt(listing, there, sums, condition=condition, pending=pending, refused=refused)
        refused = ""
        if text == UNDO:
            there, pending = there[:-1], ""
            sums = _sums(there)
        elif text in {DAMAGED, SELLABLE}:
            condition = Condition.DAMAGED if text == DAMAGED else Condition.SELLABLE
        elif text.strip():
            try:
                if _is_quantity(text, zero=listing.zero):
                    pending = text.strip()
                    continue
                entered, pending = text if "*" in text else pending + text, ""
                found = yield from name_goods(station, entered, listing.title, zero=listing.zero)
                if found:
                    _add(there, sums, Named(*found, condition))
            except Refused as error:
                refused, pending = str(error), ""
        elif there:
            return tuple(there)


def name_goods(station: Station, text: str, title: Text, *, zero: bool = False) -> Asking[tuple[Item, int] | None]:
    """Return what a text means and how much of it; asks which, and for the weight. None: a person takes none of them.

    Raises: Refused.
    """
    none = _ZERO.fullmatch(text) if zero else None
    entry = parse_entry(none[1] if none else text)
    item, measured = yield from _which(station, entry.text, title)
    if item is None:
        return None
    if none:
        return item, 0
    if entry.times is not None:
        times = entry.times
        return item, parse_amount(times, item.unit) if measured is None else measured * _packets(times)
    if measured is not None or item.unit is Unit.PIECE:
        return item, 1 if measured is None else measured
    return item, (yield from _ask_amount(station, item, title))


def pick_item(station: Station, title: Text, ends: Text) -> Asking[Item | None]:
    """Return the one item that a person names; None for Enter alone."""
    refused = ""
    while True:
        text = yield Prompt(say("Scan, code or name"), Takes.GOODS, title=title, empty=ends, refused=refused)
        if not text.strip():
            return None
        try:
            item, _ = yield from _which(station, text.strip(), title)
        except Refused as error:
            refused = str(error)
        else:
            refused = ""
            if item is not None:
                return item


def stock_lines(named: Sequence[Named]) -> list[StockLine]:
    """Return entries as facts name goods, each account once."""
    sums = _sums(named)
    return [StockLine(key.sku, Quantity(amount, key.unit), key.condition) for key, (_, amount) in sums.items()]


def shelf_lines(named: Sequence[Named]) -> list[ShelfLine]:
    """Return entries as a count names them."""
    sums = _sums(named)
    return [ShelfLine(key.sku, Quantity(amount, key.unit), key.condition) for key, (_, amount) in sums.items()]


def told_lines(named: Sequence[Named]) -> tuple[Text, ...]:
    """Return a row for each of the goods, those named last at the end."""
    return tuple(told_goods(item, amount, key.condition) for key, (item, amount) in _sums(named).items())


def told_goods(item: Item, amount: int, condition: Condition = Condition.SELLABLE) -> Text:
    """Return one row: how much, and of what."""
    quantity = Quantity(amount, item.unit)
    if item.unit is Unit.PIECE:
        row = say("{amount} × {name}", amount=quantity, name=item.name)
    else:
        row = say("{amount} {name}", amount=quantity, name=item.name)
    return say("{goods} (damaged)", goods=row) if condition is Condition.DAMAGED else row


def told_stock(desk: Desk, lines: Sequence[StockLine]) -> tuple[Text, ...]:
    """Return a row for each line of a fact: by name where the catalogue has it in that unit."""
    return tuple(_told_line(desk.item(line.sku), line) for line in lines)


def _told_line(item: Item | None, line: StockLine) -> Text:
    if item is None or item.unit is not line.quantity.unit:
        return say("{amount} {sku}", amount=line.quantity, sku=line.sku)
    return told_goods(item, line.quantity.amount, line.condition)


def _which(station: Station, text: str, title: Text) -> Asking[tuple[Item | None, int | None]]:
    """Return the item that a text means, and how much its label says; asks where there are several."""
    counter = station.counter
    if (item := counter.finder.sku(text)) is not None:
        return item, None
    if (labelled := _labelled(counter, text)) is not None:
        return labelled
    found = list(counter.desk.search(text, MAX_FOUND))
    if not found:
        raise NoGoods(say("NOT FOUND {text}: type less of it", text=repr(text[:_SHOWN])))
    if len(found) == 1 and not is_code(text):
        return found[0], None
    options = (*(Option(one.sku, one.name, one.sku) for one in found), Option(NONE, say("None of these")))
    chosen = yield Prompt(say("Which one"), Takes.CHOICE, options, title=title, holds_goods=True)
    return next((one for one in found if one.sku == chosen), None), None


def _ask_amount(station: Station, item: Item, title: Text) -> Asking[int]:
    def amount(text: str) -> int:
        if text != WEIGH:
            return parse_amount(parse_times(text), item.unit)
        weighed = station.devices.weigh()
        if weighed.unit is not item.unit or not weighed.amount:
            raise NoGoods(say("nothing lies on the scale: lay {name} on it, or type how much", name=item.name))
        return weighed.amount

    scale = (Option(WEIGH, say("Weigh it")),) if item.unit is Unit.GRAM else ()
    text = say("How much {name}, in {unit}", name=item.name, unit=BIG_UNIT[item.unit])
    prompt = Prompt(text, Takes.NUMBER, scale, title=title, holds_goods=True)
    return (yield from ask(prompt, amount))


def _prompt(
    listing: Listing, there: Sequence[Named], sums: Sums, *, condition: Condition, pending: str, refused: str
) -> Prompt:
    options = [Option(UNDO, say("Undo last"), key="void", whole=True)] if there else []
    if listing.damaged:
        options.append(
            Option(DAMAGED, say("Damaged goods"), whole=True)
            if condition is Condition.SELLABLE
            else Option(SELLABLE, say("Goods to sell"), whole=True)
        )
    text = say("Scan, code or name") if condition is Condition.SELLABLE else say("Damaged: scan, code or name")
    return Prompt(
        say("{what}: {times} ×", what=text, times=pending.rstrip("* ")) if pending else text,
        Takes.GOODS,
        tuple(options),
        title=listing.title,
        told=(*listing.told, *_newest(sums)),
        refused=refused,
        empty=listing.ends if there else None,
        left=say("nothing of the list was recorded") if there else None,
        doubt=say("once more, and the list is thrown away") if len(there) > 1 else None,
    )


def _newest(sums: Sums) -> tuple[Text, ...]:
    """Return the rows of a long list that a person may want to see: a count of thousands must not slow its scans."""
    newest = list(islice(reversed(sums.items()), MAX_ROWS))
    rows = tuple(told_goods(item, amount, key.condition) for key, (item, amount) in reversed(newest))
    before = len(sums) - len(rows)
    return (say_many("{n} line before these", "{n} lines before these", before), *rows) if before else rows


def _add(there: list[Named], sums: Sums, one: Named) -> None:
    """Add an entry and its sum; raises NoGoods for what no fact can hold."""
    _, before = sums.get(one.key, (one.item, 0))
    if one.key not in sums and len(sums) >= MAX_LINES:
        raise NoGoods(say("a list holds {most} goods: finish it, then begin another", most=MAX_LINES))
    if before + one.amount > MAX_AMOUNT:
        raise NoGoods(say("{sku} is more than {most} in all: name less", sku=one.item.sku, most=MAX_AMOUNT))
    there.append(one)
    sums.pop(one.key, None)
    sums[one.key] = one.item, before + one.amount


def _sums(named: Sequence[Named]) -> Sums:
    """Return how much there is of each account, in the order of their last mention."""
    sums: Sums = {}
    for one in named:
        _, before = sums.pop(one.key, (one.item, 0))
        sums[one.key] = one.item, before + one.amount
    return sums


def _labelled(counter: Counter, text: str) -> tuple[Item, int | None] | None:
    """Return the goods of a label and how much it says; None for words, which are searched for.

    Raises: EntryError, NoGoods for a label that is none of goods.
    """
    try:
        wanted = counter.finder.label(text, None, counter.today())
    except UnknownGoods as error:
        raise NoGoods(say("UNKNOWN CODE {code}: not added. Type its name", code=text[:_SHOWN])) from error
    if wanted is None and text.isdigit():
        raise NoGoods(say("UNKNOWN CODE {code}: not added. Type its name", code=text[:_SHOWN]))
    says_nothing = wanted is not None and wanted.amount == 1 and wanted.item.unit is Unit.PIECE
    return None if wanted is None else (wanted.item, None if says_nothing else wanted.amount)


def _is_quantity(text: str, *, zero: bool) -> bool:
    """Return whether a text is a quantity for what comes next; raises EntryError for one that cannot be."""
    if not text.strip().endswith("*"):
        return False
    return (zero and _ZERO.fullmatch(text + "x") is not None) or bool(parse_times(text))


def _packets(times: Decimal) -> int:
    return parse_amount(times, Unit.PIECE)
