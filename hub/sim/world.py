"""The world of the rights simulation: who wants a unit when, and whose link is down when. One world for all policies.

Shoppers come by chance at a steady pace (Poisson) and want one unit each: a share of them online, the rest at kiosks.
Some kiosks are busier than others (log-normal), and each has its own best time of the day (a cosine). Each kiosk's link
is up and down by turns, for exponential lengths of time, and may begin the day down. A message takes a second while the
link is up; what is on its way when the link fails is sent again when it is back. A link that is up beats each 30 s. A
shopper waits ten seconds at most, while the counter asks.

The free parameters were set once to reproduce published figures (links down 47 % of the time: deciding at the hub alone
accepts 59.9 % and refuses 37.4 % while stock exists; replicated counters oversell 21.4 units; static shares accept
61.7 %), before any policy of ours was tuned, and were left alone since:

- demand 1.6 times the supply: 240 of 384 shoppers can be served, and perfect links would accept 62.7 %;
- 18 % of demand online: what deciding at the hub refuses is 0.47 × 0.82 of what comes before the stock is gone;
- outages of 45 minutes on average: counters oversell what is sold unseen around the end of the stock, which grows
  with the length of outages;
- busyness spread by 20 % and moved by 20 % over the day: what static shares leave unsold.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Final

from msgspec import Struct

ONLINE: Final = -1  # where the shopper is who comes to the hub's web shop, in place of a kiosk's number
DELAY_S: Final = 1.0  # one way, a broker between: on a slow mobile link
PATIENCE_S: Final = 10.0  # what a queue bears while the counter asks; two rounds between hub and kiosks take four
BEAT_S: Final = 30.0  # between two signs of life of a link that is up


class World(Struct, frozen=True, kw_only=True):
    """The parameters; lengths of time in seconds, ``demand`` in supplies, ``down`` and ``online`` shares of 0..1.

    ``skew`` is the standard deviation of the logarithm of a kiosk's busyness, ``drift`` the swing of it over the day.
    """

    kiosks: int = 12
    units: int = 240
    day_s: float = 36_000.0
    demand: float = 1.6
    down: float = 0.47
    outage_s: float = 2_700.0
    online: float = 0.18
    skew: float = 0.2
    drift: float = 0.2


class Spells(Struct, frozen=True):
    """One link's day: whether it begins up, and when it changes."""

    up_first: bool
    flips: tuple[float, ...]


class Day(Struct, frozen=True):
    """One day: shoppers as (instant, kiosk or :data:`ONLINE`), and each kiosk's link."""

    shoppers: tuple[tuple[float, int], ...]
    links: tuple[Spells, ...]


def draw(world: World, seed: int) -> Day:
    """Return the day of ``seed``; links do not change with demand, nor demand with links."""
    links = Random(f"links {seed}")  # noqa: S311 - a day that never happened
    shoppers = Random(f"shoppers {seed}")  # noqa: S311
    return Day(tuple(_shoppers(world, shoppers)), tuple(_spells(world, links) for _ in range(world.kiosks)))


def _shoppers(world: World, chance: Random) -> Iterator[tuple[float, int]]:
    busy = [chance.gauss(0, world.skew) for _ in range(world.kiosks)]
    peaks_s = [chance.uniform(0, world.day_s) for _ in range(world.kiosks)]
    per_s = world.units * world.demand / world.day_s
    at_s = chance.expovariate(per_s)
    while at_s < world.day_s:
        if chance.random() < world.online:
            yield at_s, ONLINE
        else:
            swings = [world.drift * math.cos(2 * math.pi * (at_s - peak_s) / world.day_s) for peak_s in peaks_s]
            weights = [math.exp(usual + swing) for usual, swing in zip(busy, swings, strict=True)]
            yield at_s, chance.choices(range(world.kiosks), weights)[0]
        at_s += chance.expovariate(per_s)


def _spells(world: World, chance: Random) -> Spells:
    up = up_first = chance.random() >= world.down
    if world.down == 0:
        return Spells(up_first, ())
    mean_s = {False: world.outage_s, True: world.outage_s * (1 - world.down) / world.down}
    flips: list[float] = []
    at_s = chance.expovariate(1 / mean_s[up])
    while at_s < world.day_s:
        flips.append(at_s)
        up = not up
        at_s += chance.expovariate(1 / mean_s[up])
    return Spells(up_first, tuple(flips))
