"""When this kiosk asks the hub for rights, and what it gives back when the hub recalls. Pure.

Rules
-----
1.  How much is :mod:`contract.asking`'s to say; here stands which accounts, how often, and in which order.
2.  Each account has one open request at a time. It is repeated only after a time that doubles with each try, and begins
    anew when the hub grants: a hub that has nothing is not asked every minute.
3.  What runs dry soonest is asked for first. What a shopper was refused, or what left beyond this till's rights, is
    asked for at once, each account once in :data:`RETRY_S`; from then on it is kept for them, whoever recalls it, for
    :data:`PATIENCE_S`. What one shopper would not want, more than :data:`MOST_WANTED`, is a slip of the hand: it is not
    asked for, and a shopper who does want it is promised it (``kiosk promise ask``). What was refused counts as demand,
    at most :data:`MOST_COUNTED` of it, and once for who asks again; what left was counted with its sale.
4.  Nothing is asked while the link is away: the hub would hear old wishes, and grant where nobody wants goods any more.
5.  A recall is answered once, whatever there is; that of another life with nothing, for its rights are gone.
6.  Rights that it may not promise, for an overdraft of its own is not settled, go with an urgent recall first: they are
    what the hub settles it with. A kiosk that kept them would be asked for ever.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from contract import asking
from contract.asking import Meter
from contract.facts import StockLine
from contract.stock import NOTHING, Account, StockKey
from contract.values import MAX_AMOUNT, Quantity, Unit

OUTAGE_S: Final = 2700.0  # the mean outage that the simulator plans with; a kiosk cannot know what the next one will be
RETRY_S: Final = 60.0  # a hub that granted has answered in seconds; goods that come back at the hub do so in minutes
MAX_RETRY_S: Final = 3600.0
_DOUBLINGS: Final = 10  # which is beyond the longest time already
MAX_LINES: Final = 200  # of one request: 30 KiB, so that it may go ahead of the facts
PATIENCE_S: Final = (
    75.0  # who tries again is asked for again after 60, without a gap; a promise elsewhere waits 90 and outlasts it
)
MOST_WANTED: Final = 100  # pieces that a shopper lacks: more than one carries away, less than a barcode or a year
MOST_COUNTED: Final = 5  # pieces of one refusal: what one shopper wants for a feast, the next will not want again
SMALL: Final = 1000  # grams, millilitres and millimetres for each of those pieces: a kilogram, a litre, a metre
FORGET: Final = 0.05  # units an hour: goods that sell one in twenty hours run dry in no outage


class Need(Struct, frozen=True):
    """What shoppers want of one account here: so many wait for it, and so many an hour buy it."""

    waiting: int = 0
    per_h: float = 0.0


class Tried(Struct, frozen=True):
    """An open request: asked ``tries`` times, the last one ``age_s`` ago."""

    tries: int
    age_s: float


class Demand(Struct):
    """Recent demand by account, from what was sold and what was asked for."""

    meters: dict[StockKey, Meter] = {}
    refused: dict[StockKey, tuple[float, int]] = {}  # when last, and how much counts for whoever it was

    def count(self, key: StockKey, units: int, *, at_s: float) -> None:
        """Note that shoppers wanted so much."""
        self.meters[key] = asking.count(self.meters.get(key, asking.begin(0.0, at_s=at_s)), units, at_s=at_s)

    def refuse(self, key: StockKey, units: int, *, at_s: float) -> None:
        """Note that a shopper was refused so much: rule 3."""
        last_s, counted = self.refused.get(key, (at_s, 0))
        if not 0 <= at_s - last_s < PATIENCE_S:
            counted = 0  # another shopper, or a clock that went back
        units = max(counted, min(units, bound_of(key, MOST_COUNTED)))
        self.refused[key] = (at_s, units)
        self.count(key, units - counted, at_s=at_s)

    def per_h(self, key: StockKey, *, at_s: float) -> float:
        """Return recent demand in units an hour."""
        meter = self.meters.get(key)
        return asking.per_h(meter, at_s=at_s) if meter else 0.0

    def forget(self, *, at_s: float) -> None:
        """Let go of what nobody buys any more."""
        for key in [key for key in self.meters if self.per_h(key, at_s=at_s) < FORGET]:
            del self.meters[key]
        for key in self.refused.keys() - self.meters.keys():
            del self.refused[key]


def bound_of(key: StockKey, pieces: int) -> int:
    """Return what a bound in pieces is in the unit of an account."""
    return pieces if key.unit is Unit.PIECE else pieces * SMALL


def decide_ask(
    needs: Mapping[StockKey, Need], accounts: Mapping[StockKey, Account], tried: Mapping[StockKey, Tried]
) -> list[StockLine]:
    """Return what to ask for now, what runs dry soonest first."""
    found = list[tuple[float, StockLine]]()
    for key, need in needs.items():
        if need.waiting or not _is_due(tried.get(key)):
            continue
        there = accounts.get(key, NOTHING).promisable
        ask = asking.decide_ask(there, waiting=0, demand_per_h=need.per_h, outage_s=OUTAGE_S)
        if ask.ahead:
            found.append((there / need.per_h, _line(key, ask.ahead)))
    found.sort(key=lambda one: (one[0], one[1].sku))
    return [line for _, line in found[:MAX_LINES]]


def decide_wanted(lacking: Iterable[tuple[StockKey, int]], asked_s: Mapping[StockKey, float]) -> list[StockLine]:
    """Return what to ask for at once of what a shopper lacks: rule 3.

    ``asked_s`` is how long ago what is not granted yet was asked for, for a shopper; a clock that went back asks again.
    """
    sums: Counter[StockKey] = Counter()
    for key, amount in lacking:
        if amount > 0 and not 0 <= asked_s.get(key, -1.0) < RETRY_S:
            sums[key] += amount
    wanted = [(key, amount) for key, amount in sums.items() if amount <= bound_of(key, MOST_WANTED)]
    return [_line(key, amount) for key, amount in wanted[:MAX_LINES]]


def decide_answer(
    wanted: Iterable[tuple[StockKey, int]],
    accounts: Mapping[StockKey, Account],
    needs: Mapping[StockKey, Need],
    *,
    urgent: bool,
) -> list[StockLine]:
    """Return what to give back of what a recall wants: lines of nothing are left out."""
    given = []
    for key, amount in wanted:
        need = needs.get(key, Need())
        account = accounts.get(key, NOTHING)
        there = account.promisable
        idle = min(amount, account.available - there) if urgent else 0  # rule 6
        gives = idle + asking.decide_release(
            there, wanted=amount - idle, urgent=urgent, waiting=need.waiting, demand_per_h=need.per_h, outage_s=OUTAGE_S
        )
        if gives:
            given.append(_line(key, gives))
    return given


def retry_s(tries: int) -> float:
    """Return how long an account is let be after it was asked for ``tries`` times."""
    return min(RETRY_S * 2.0 ** min(tries - 1, _DOUBLINGS), MAX_RETRY_S)


def _is_due(tried: Tried | None) -> bool:
    """Return whether an account may be asked for; a clock that went back has nobody wait for it."""
    return tried is None or tried.age_s < 0 or tried.age_s >= retry_s(tried.tries)


def _line(key: StockKey, amount: int) -> StockLine:
    return StockLine(key.sku, Quantity(min(amount, MAX_AMOUNT), key.unit), key.condition)
