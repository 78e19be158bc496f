"""The kiosk's half of redistribution: how much to ask the hub for, and how much to give back when it recalls.

Rules
-----
1.  What a shopper at the counter waits for is asked for first, and never given away.
2.  A kiosk asks ahead, before it runs dry: as soon as it holds less than its *cover*, it asks for what is missing.
3.  The cover is what its own recent demand takes during one outage, with enough on top that few outages run it dry.
4.  A plain recall takes what lies above the cover. An urgent one – somebody else waits for goods, or the stock is
    nearly gone – takes all that no shopper here waits for. Either way the hub gets what it asked for at most.

Nothing here moves a right: the answer to a recall is a release, and the answer to a request is a grant.
Amounts are whole units, demand is in units an hour, instants and lengths of time are in seconds.
"""

import math
from typing import Final

from msgspec import Struct

HOUR_S: Final = 3600.0
MEMORY_S: Final = 7200.0  # two hours: demand drifts over a day, and a shorter memory takes chance for a trend
SURE: Final = (
    0.999  # of outages that begin with the cover at hand end before the kiosk runs dry; 0.95 was felt in simulation
)


class Meter(Struct, frozen=True):
    """Recent demand: ``units`` asked for, each weighing less the longer ago it was, as of ``at_s``."""

    units: float
    at_s: float


class Ask(Struct, frozen=True):
    """What a kiosk asks for: ``waiting`` units for shoppers at the counter, ``ahead`` units before it runs dry."""

    waiting: int = 0
    ahead: int = 0


def begin(per_h: float, *, at_s: float) -> Meter:
    """Return a meter that believes in ``per_h`` until it has seen about :data:`MEMORY_S` of demand."""
    return Meter(per_h * MEMORY_S / HOUR_S, at_s)


def count(meter: Meter, units: int, *, at_s: float) -> Meter:
    """Return the meter after shoppers asked for ``units``, sold or refused; an instant before the last adds no age."""
    return Meter(_decayed(meter, at_s) + units, max(meter.at_s, at_s))


def per_h(meter: Meter, *, at_s: float) -> float:
    """Return recent demand at ``at_s`` in units an hour."""
    return _decayed(meter, at_s) * HOUR_S / MEMORY_S


def cover(demand_per_h: float, outage_s: float) -> int:
    """Return how many units see a kiosk through an outage of mean length ``outage_s``, in :data:`SURE` of all cases.

    Demand by chance over an outage that may end at any moment is geometric: it exceeds n with probability q ** (n + 1),
    where q is the chance that a shopper comes before the link does.
    """
    expected = demand_per_h * outage_s / HOUR_S
    if expected <= 0:
        return 0
    q = expected / (1 + expected)
    return max(0, math.ceil(math.log(1 - SURE) / math.log(q)) - 1)


def decide_ask(available: int, *, waiting: int, demand_per_h: float, outage_s: float) -> Ask:
    """Return what to ask for: nothing while ``available`` is the cover or more and serves those who wait."""
    left = available - waiting
    return Ask(waiting=max(0, -left), ahead=max(0, cover(demand_per_h, outage_s) - max(0, left)))


def decide_release(
    available: int, *, wanted: int, urgent: bool, waiting: int, demand_per_h: float, outage_s: float
) -> int:
    """Return how much of ``wanted`` to give back, from 0 to ``available``."""
    kept = waiting if urgent else waiting + cover(demand_per_h, outage_s)
    return max(0, min(wanted, available - kept))


def _decayed(meter: Meter, at_s: float) -> float:
    return meter.units * math.exp(-max(0.0, at_s - meter.at_s) / MEMORY_S)
