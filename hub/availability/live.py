"""What is available, kept in memory beside the books, and as old as the last look into them.

One thread calls :meth:`Availability.refresh`; any may ask. A look gives numbers to what ingest noted, and reads what
changed since the look before: never the whole, but for the first time. While the books cannot be read, answers go on
from what is in memory and grow old, until they say "ask".
"""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import pygeohash
from sqlalchemy import Connection

from hub.clock import Clock
from hub.core.availability import Rules
from hub.core.shelf_view import Level, Place, ShelfView
from hub.store import availability, changes
from hub.store.availability import Amount
from hub.store.changes import Change
from hub.store.database import Store
from hub.store.errors import WorldFailed
from hub.store.sites import SiteRow, all_sites

LOOK_EVERY_S: Final = 0.25  # a sale shows within half a second of its commit; two small queries a look
REST: Final = 19  # times as long as a look took until the next: where much changes, a twentieth of a processor
LONGEST_REST_S: Final = 5.0  # and answers are no older than that all the same
PLACES_EVERY_S: Final = 1.0  # when kiosks were heard: one row a kiosk; they report every 30 s
GEO_CHARS: Final = 5  # a cell of 5 km: what is "near" for a shopper on foot or on a bicycle
_PAGE: Final = 1000  # changes in one statement
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Availability:
    """Answers what is available where."""

    def __init__(self, store: Store, clock: Clock, rules: Rules | None = None) -> None:
        """Know nothing yet."""
        self.rules = rules or Rules()
        self.ready = False
        self.number = 0  # of the newest change that is in memory
        self._store = store
        self._clock = clock
        self._view = ShelfView()
        self._lock = threading.Lock()
        self._places_due_s = float("-inf")
        self._trouble = False

    def ask(self, question: Callable[[ShelfView], T]) -> T:
        """Return what ``question`` finds in one state of the view."""
        with self._lock:
            return question(self._view)

    def changes(self, *, after: int, limit: int) -> list[tuple[Change, str]]:
        """Return changes beyond ``after``, each with the cell of the map that it is in; raises WorldFailed."""
        with self._store.read() as connection:
            page = changes.read_changes(connection, after=after, limit=limit)
        geos = self.ask(lambda view: [view.geo_of(one.region, one.site) for one in page])
        return list(zip(page, geos, strict=True))

    def now_s(self) -> float:
        """Return the wall time in seconds since 1970, which ages are counted from."""
        return self._clock.now().timestamp()

    def refresh(self) -> int:
        """Take what changed since the last look; return how many changes. Raises WorldFailed."""
        if not self.ready:
            self._load()
        self._look_at_places()
        while changes.give_numbers(self._store) == changes.AT_ONCE:
            pass  # what a whole new incarnation tells anew, or a day's import
        taken = 0
        while page := self._page():
            taken += len(page)
            if len(page) < _PAGE:
                break
        return taken

    def run(self, stopping: threading.Event, then: Callable[[], object]) -> None:
        """Look, and do ``then``, again and again until stopped; a failing world is said once, and is tried again."""
        rest_s = LOOK_EVERY_S
        while not stopping.wait(rest_s):
            began_s = self._clock.monotonic_s()
            try:
                self.refresh()
                then()
            except WorldFailed as error:
                if not self._trouble:
                    _log.error("availability: %s; answers grow old until it works again", error)
                self._trouble = True
            else:
                self._trouble = False
            took_s = self._clock.monotonic_s() - began_s
            rest_s = max(LOOK_EVERY_S, min(LONGEST_REST_S, REST * took_s))

    def _load(self) -> None:
        """Read everything, a site at a time: what changes meanwhile has a number beyond the one read first."""
        with self._store.read() as connection:
            self.number = changes.newest_number(connection)
            where = availability.sites_with_stock(connection)
        for region, site in where:
            with self._store.read() as connection:
                self._set(availability.amounts_at(connection, region, site), {}, self.number)
        self.ready = True

    def _look_at_places(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._places_due_s:
            return
        with self._store.read() as connection:
            places = _places(connection)
        with self._lock:
            self._view.set_places(places)
        self._places_due_s = now_s + PLACES_EVERY_S

    def _page(self) -> list[Change]:
        with self._store.read() as connection:
            page = changes.read_changes(connection, after=self.number, limit=_PAGE)
            numbers = {(c.region, c.site, str(c.what.sku), c.what.unit.value): c.number for c in page}
            if page:
                found = availability.amounts_of(connection, ((c.region, c.site, c.what) for c in page))
                self._set(found, numbers, page[-1].number)
                self.number = page[-1].number
        return page

    def _set(self, amounts: Iterable[Amount], numbers: dict[tuple[str, str, str, str], int], number: int) -> None:
        known = list(amounts)
        with self._lock:
            for one in known:
                newest = numbers.get(one[:4], number)
                self._view.set_level(*one[:4], Level(one.amount, one.rate, newest))


def _places(connection: Connection) -> list[Place]:
    told = {(one.region, one.site): one for one in all_sites(connection)}
    heard = availability.heard(connection)
    return [_place(where, told.get(where), heard.get(where)) for where in sorted(told.keys() | heard.keys())]


def _place(where: tuple[str, str], told: SiteRow | None, heard_at_s: float | None) -> Place:
    if told is None or told.lat is None or told.lon is None:
        return Place(*where, heard_at_s)
    return Place(*where, heard_at_s, (told.lat, told.lon), pygeohash.encode(told.lat, told.lon, GEO_CHARS))
