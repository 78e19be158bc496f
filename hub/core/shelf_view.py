"""What is available at every site, in memory: small enough to hold 600,000 numbers, fast enough to answer from.

Each sku has one array with a place for every site. A name is looked up, never searched for; pages of a site go along
the sorted skus. Whoever shares a view between threads holds a lock around each call.
"""

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from math import acos, cos, radians, sin
from typing import Final, NamedTuple

from msgspec import Struct

from contract.values import Unit

UNKNOWN: Final = -1  # there is no such sku at that site
_EARTH_KM: Final = 6371.0
_FAR: Final = 2.0  # beyond any distance, for those whose place is not known
Point = tuple[float, float]  # latitude, longitude, in degrees
_Vector = tuple[float, float, float]  # from the middle of the earth, of length 1: nearness is one sum of products


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

    def has(self, at: int) -> bool:
        return at < len(self.amounts) and self.amounts[at] != UNKNOWN

    def level(self, at: int) -> Level:
        return Level(self.amounts[at], self.rates[at], self.numbers[at])


class ShelfView:
    """What is available at every site."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._places: list[Place] = []
        self._vectors: list[_Vector | None] = []
        self._ranks: list[int] = []  # by name; empty where it must be counted anew
        self._index: dict[tuple[str, str], int] = {}
        self._rows: dict[str, dict[Unit, _Row]] = {}
        self._skus: list[str] = []

    def set_places(self, places: Iterable[Place]) -> None:
        """Learn what is known of sites now; those that are not named stay as they are."""
        for place in places:
            at = self._at(place.region, place.site)
            self._places[at] = place
            self._vectors[at] = None if place.point is None else _vector(place.point)

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

    def knows(self, region: str, site: str) -> bool:
        """Return whether anything was ever told of a site."""
        return (region, site) in self._index

    def regions(self) -> list[str]:
        """Return every region, by name."""
        return sorted({place.region for place in self._places})

    def places(self, region: str) -> list[Place]:
        """Return a region's sites, by name."""
        return sorted((place for place in self._places if place.region == region), key=lambda place: place.site)

    def at(self, region: str, site: str, sku: str, unit: Unit) -> Found | None:
        """Return what a site has of a sku, None where it never had any."""
        row = self._rows.get(sku, {}).get(unit)
        at = self._index.get((region, site))
        return None if row is None or at is None or not row.has(at) else self._found(at, sku, unit)

    def in_stock(self, region: str, after: str, skus: int) -> tuple[list[Found], str | None]:
        """Return what sites have of the next ``skus`` after ``after``, and where to go on; None at the end."""
        start = bisect_right(self._skus, after)
        page = self._skus[start : start + skus]
        wanted = self._wanted(frozenset(), region)
        found = [
            self._found(at, sku, unit)
            for sku in page
            for unit, row in self._rows[sku].items()
            for at in wanted
            if row.has(at) and row.amounts[at] > 0
        ]
        return found, page[-1] if len(page) == skus else None

    def of_sku(
        self, sku: str, sites: frozenset[str], region: str | None, near: Point | None, limit: int
    ) -> list[Found]:
        """Return at most ``limit`` sites that have, or had, a sku: nearest first, else by name."""
        units = self._rows.get(sku, {})
        ranks = self._by_name()
        fars = self._fars(near)
        found = [
            (fars[at], ranks[at], unit, at)
            for at in self._wanted(sites, region)
            for unit, row in units.items()
            if row.has(at)
        ]
        nearest = nsmallest(limit, found) if limit < len(found) else sorted(found)
        return [self._found(at, sku, unit, far, near) for far, _, unit, at in nearest]

    def of_sites(self, sites: frozenset[str], region: str | None, after: str, limit: int) -> list[Found]:
        """Return what sites have, by sku, beginning after ``after``: at most ``limit`` and the rest of the last sku."""
        wanted = self._wanted(sites, region)
        found: list[Found] = []
        for at_sku in range(bisect_right(self._skus, after), len(self._skus)):
            if len(found) >= limit:
                break
            sku = self._skus[at_sku]
            for unit, row in self._rows[sku].items():
                found += [self._found(at, sku, unit) for at in wanted if row.has(at)]
        return found

    def _found(self, at: int, sku: str, unit: Unit, far: float = _FAR, near: Point | None = None) -> Found:
        known = near is not None and far < _FAR
        km = _EARTH_KM * acos(max(-1.0, min(1.0, -far))) if known else None
        return Found(self._places[at], sku, unit, self._rows[sku][unit].level(at), km)

    def _wanted(self, sites: frozenset[str], region: str | None) -> Sequence[int]:
        if not sites and region is None:
            return range(len(self._places))
        return [
            at
            for at, place in enumerate(self._places)
            if (not sites or place.site in sites) and (region is None or place.region == region)
        ]

    def _fars(self, near: Point | None) -> Sequence[float]:
        """Return a number for each site that grows with its distance: minus the cosine of the angle between."""
        if near is None:
            return [_FAR] * len(self._places)
        x, y, z = _vector(near)
        return [-(v[0] * x + v[1] * y + v[2] * z) if v else _FAR for v in self._vectors]

    def _by_name(self) -> Sequence[int]:
        if not self._ranks:
            ordered = sorted(self._index.items())
            self._ranks = [0] * len(ordered)
            for rank, (_, at) in enumerate(ordered):
                self._ranks[at] = rank
        return self._ranks

    def _at(self, region: str, site: str) -> int:
        at = self._index.get((region, site))
        if at is None:
            at = self._index[region, site] = len(self._places)
            self._places.append(Place(region, site))
            self._vectors.append(None)
            self._ranks = []
        return at


def _vector(point: Point) -> _Vector:
    """Return where on a round earth a point is, which errs by half a percent of a distance."""
    lat, lon = radians(point[0]), radians(point[1])
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)
