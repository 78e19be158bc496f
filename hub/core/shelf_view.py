"""What is available at every site, in memory: small enough to hold 600,000 numbers, fast enough to answer from.

Each sku has one array with a place for every site. A name is looked up, never searched for; pages of a site go along
the sorted skus. Whoever shares a view between threads holds a lock around each call.
"""

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from math import asin, cos, inf, radians, sin, sqrt
from typing import Final, NamedTuple

from msgspec import Struct

from contract.values import Unit

UNKNOWN: Final = -1  # there is no such sku at that site
_EARTH_KM: Final = 6371.0
Point = tuple[float, float]  # latitude, longitude, in degrees


class Place(Struct, frozen=True):
    """A site: where it is, if that is known, and when all of its kiosks that hold stock had last been heard."""

    region: str
    site: str
    heard_at_s: float | None = None  # seconds since 1970; None where no kiosk holds stock
    point: Point | None = None
    geo: str = ""  # the cell of the map that it is in, "" where that is not known


class Level(NamedTuple):
    """What is available of a sku, how fast it sells (units an hour), and the number of its newest change."""

    amount: int
    rate: float
    number: int


class Found(NamedTuple):
    """One answer."""

    place: Place
    sku: str
    unit: Unit
    level: Level
    km: float | None = None


class _Row:
    """One sku in one unit, at every site."""

    __slots__ = ("amounts", "numbers", "rates")

    def __init__(self) -> None:
        self.amounts = array("q")
        self.numbers = array("q")
        self.rates = array("f")

    def set(self, at: int, level: Level) -> None:
        missing = at + 1 - len(self.amounts)
        if missing > 0:
            self.amounts.extend([UNKNOWN] * missing)
            self.numbers.extend([0] * missing)
            self.rates.extend([0.0] * missing)
        self.amounts[at], self.rates[at], self.numbers[at] = level

    def get(self, at: int) -> Level | None:
        if at >= len(self.amounts) or self.amounts[at] == UNKNOWN:
            return None
        return Level(self.amounts[at], self.rates[at], self.numbers[at])


class ShelfView:
    """What is available at every site."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._places: list[Place] = []
        self._index: dict[tuple[str, str], int] = {}
        self._rows: dict[str, dict[Unit, _Row]] = {}
        self._skus: list[str] = []

    def set_places(self, places: Iterable[Place]) -> None:
        """Learn what is known of sites now; those that are not named stay as they are."""
        for place in places:
            self._places[self._at(place.region, place.site)] = place

    def set_level(self, region: str, site: str, sku: str, unit: Unit, level: Level) -> None:
        """Learn what is available of a sku at a site now."""
        at = self._at(region, site)
        units = self._rows.get(sku)
        if units is None:
            units = self._rows[sku] = {}
            insort(self._skus, sku)
        row = units.get(unit)
        if row is None:
            row = units[unit] = _Row()
        row.set(at, level)

    def geo_of(self, region: str, site: str) -> str:
        """Return the cell of the map that a site is in, "" where that is not known."""
        at = self._index.get((region, site))
        return "" if at is None else self._places[at].geo

    def of_sku(self, sku: str, sites: frozenset[str], region: str | None, near: Point | None) -> list[Found]:
        """Return every site that has, or had, a sku: nearest first, else by name. Of all sites where none is named."""
        units = self._rows.get(sku, {})
        found = [
            Found(place, sku, unit, level, _km(near, place.point))
            for at, place in self._wanted(sites, region)
            for unit, row in units.items()
            if (level := row.get(at))
        ]
        return sorted(found, key=_by_distance)

    def of_sites(self, sites: frozenset[str], region: str | None, after: str, limit: int) -> list[Found]:
        """Return what sites have, by sku, beginning after ``after``: at most ``limit`` and the rest of the last sku."""
        places = list(self._wanted(sites, region))
        found: list[Found] = []
        for sku in self._skus[bisect_right(self._skus, after) :]:
            if len(found) >= limit:
                break
            for unit, row in self._rows[sku].items():
                found += [Found(place, sku, unit, level) for at, place in places if (level := row.get(at))]
        return found

    def _wanted(self, sites: frozenset[str], region: str | None) -> Iterator[tuple[int, Place]]:
        for at, place in enumerate(self._places):
            if (not sites or place.site in sites) and (region is None or place.region == region):
                yield at, place

    def _at(self, region: str, site: str) -> int:
        at = self._index.get((region, site))
        if at is None:
            at = self._index[region, site] = len(self._places)
            self._places.append(Place(region, site))
        return at


def _by_distance(found: Found) -> tuple[float, str, str, str]:
    return inf if found.km is None else found.km, found.place.region, found.place.site, found.unit


def _km(one: Point | None, other: Point | None) -> float | None:
    """Return the distance over a round earth, which errs by half a percent; None where a point is not known."""
    if one is None or other is None:
        return None
    (lat1, lon1), (lat2, lon2) = ((radians(lat), radians(lon)) for lat, lon in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, half)))
