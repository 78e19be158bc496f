"""Tells kiosks what other sites have, from what is in memory. Rules: :mod:`hub.store.availability_log`."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from contract.availability import cap_of
from contract.down import MAX_LEVELS, Level, SiteHeard
from contract.values import SiteId, Sku
from hub.availability.live import Availability
from hub.clock import Clock
from hub.core.shelf_view import Found, ShelfView
from hub.store import availability_log as log
from hub.store.changes import Change, read_changes
from hub.store.database import Store

LOOK_EVERY_S: Final = 1.0  # whether a fact is due: one row a region
_PAGE: Final = 10  # skus at 120 sites: a few milliseconds
_log = logging.getLogger(__name__)


class Teller:
    """Tells each region's kiosks."""

    def __init__(self, store: Store, clock: Clock, availability: Availability) -> None:
        """Tell nothing before the first look."""
        self._store = store
        self._clock = clock
        self._availability = availability
        self._due_s = float("-inf")

    def step(self) -> int:
        """Tell what is due; return to how many regions. Raises WorldFailed."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s or not self._availability.ready:
            return 0
        self._due_s = now_s + LOOK_EVERY_S
        regions = self._availability.ask(lambda view: view.regions())
        return sum(self._tell(region) for region in regions)

    def _tell(self, region: str) -> bool:
        """Tell a region what is due. All of it is prepared before the lock is taken: facts are booked meanwhile."""
        now, number = self._clock.now(), self._availability.number
        with self._store.read() as connection:
            told = log.read(connection, region)
            if not log.is_due(told, now):
                return False
            anew = told is None or log.must_begin(connection, told, now)
            page = [] if told is None or anew else read_changes(connection, after=told.number, limit=MAX_LEVELS)
        if told is None or anew:
            return self._begin(region, told, number, now)
        return self._go_on(region, told, [one for one in page if one.number <= number], now)

    def _begin(self, region: str, told: log.Told | None, number: int, now: datetime) -> bool:
        chunks, heard = log.chunks(self._everything(region)), self._heard(region)
        with self._store.write() as connection:
            if log.lock(connection, region) != told:
                return False  # another hub was faster
            log.begin(connection, region, told, chunks, heard, number, now)
        return True

    def _go_on(self, region: str, told: log.Told, page: Sequence[Change], now: datetime) -> bool:
        keys = [(one.site, str(one.what.sku), one.what.unit) for one in page if one.region == region]
        found = self._availability.ask(lambda view: [view.at(region, *key) for key in keys])
        levels = [self._level(one) for one in found if one is not None]
        heard = self._heard(region) if log.ages_due(told, now) else []
        if not page and not heard:
            return False  # a quiet night costs no commit a second
        with self._store.write() as connection:
            if log.lock(connection, region) != told:
                return False
            log.go_on(connection, region, told, levels, heard, page[-1].number if page else told.number, now)
        return True

    def _everything(self, region: str) -> list[Level]:
        """Return what is in stock, read in pages, for answers wait for each."""
        levels: list[Level] = []
        after: str | None = ""
        while after is not None and len(levels) <= log.MAX_TOLD:
            found, after = self._availability.ask(partial(ShelfView.in_stock, region=region, after=after, skus=_PAGE))
            levels += map(self._level, found)
        if len(levels) > log.MAX_TOLD:
            _log.warning("availability: kiosks of %s are told of the first %d levels only", region, log.MAX_TOLD)
        return levels[: log.MAX_TOLD]

    def _level(self, found: Found) -> Level:
        cap = cap_of(found.unit, self._availability.rules.exact_below)
        amount = found.level.amount
        return Level(SiteId(found.place.site), Sku(found.sku), min(amount, cap), found.unit, more=amount >= cap)

    def _heard(self, region: str) -> list[SiteHeard]:
        places = self._availability.ask(lambda view: view.places(region))
        return [
            SiteHeard(SiteId(one.site), datetime.fromtimestamp(int(one.heard_at_s), UTC))
            for one in places
            if one.heard_at_s is not None
        ]
