"""Taking empties back: what their deposit is worth comes off the basket."""

from collections import Counter as Tally

from contract.values import Quantity, Sku, Unit
from kiosk.core.basket import Deposit, Line
from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes, ask
from kiosk.core.entry import parse_amount, parse_entry
from kiosk.core.errors import Refused
from kiosk.core.finding import as_deposit
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say

MAX_KINDS = 50  # of deposits in one go: more than any shop has


def empties(station: Station) -> Dialogue:
    """Take empties back: each is scanned, or its deposit chosen, ``6*`` before it for six; Enter alone ends it."""
    counter = station.counter
    known = {item.sku: one for item in counter.desk.deposits() if (one := as_deposit(item))}
    back = Returned(station, known)
    options = tuple(Option(one.sku, one.name, _worth(station, one)) for one in known.values())
    while True:
        title, told = say("EMPTIES: scan the bottle"), tuple(back.told())
        done = say("these are all") if told else None
        asking = Prompt(say("Bottle, or deposit"), Takes.GOODS, options, title, told, empty=done)
        if not (yield from ask(asking, back.take)):
            break
    return counter.add_all(back.lines()) or Notice(Mood.INFO, say("empties taken back"))


class Returned:
    """What came back so far."""

    def __init__(self, station: Station, known: dict[Sku, Deposit]) -> None:
        """Begin with nothing; ``known`` are the deposits of the catalogue."""
        self._station = station
        self._known = known
        self._pieces: Tally[Sku] = Tally()

    def take(self, text: str) -> bool:
        """Take one more, or as many as ``6*`` says; return whether there was any.

        Raises: Refused for what has no deposit.
        """
        entry, counter = parse_entry(text), self._station.counter
        times, counter.times = entry.times or counter.times, None
        if not entry.text:
            counter.times = times
            return times is not None
        one = self._deposit(entry.text)
        self._pieces[one.sku] += parse_amount(times, Unit.PIECE) if times is not None else 1
        return True

    def told(self) -> list[Text]:
        """Return what came back, for the screen."""
        return [say("{n} × {what}", n=n, what=self._known[sku].name) for sku, n in self._pieces.items()]

    def lines(self) -> list[Line]:
        """Return the lines that take their worth off."""
        return [_line(self._known[sku], n) for sku, n in self._pieces.items()]

    def _deposit(self, text: str) -> Deposit:
        counter = self._station.counter
        if known := self._known.get(Sku(text)):
            return known
        item = counter.finder.find(text)
        if item is None:
            raise Refused(say("{text} is not in the catalogue: choose its deposit with ↓ and Enter", text=text))
        one = self._known.get(item.deposit or item.sku)
        if one is None:
            raise Refused(say("{item} has no deposit: it is not taken back", item=item.name))
        return one


def _line(one: Deposit, amount: int) -> Line:
    return Line(one.sku, one.name, Quantity(amount), one.price_minor, 1, one.tax, discountable=False, empties=True)


def _worth(station: Station, one: Deposit) -> Text:
    return say("{price}", price=Amount(one.price_minor, station.counter.basket.currency))
