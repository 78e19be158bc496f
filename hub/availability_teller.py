"""Tells kiosks what other sites have, from what is in memory. Rules: :mod:`hub.store.availability_log`."""

import logging
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from contract.availability import cap_of
from contract.down import MAX_LEVELS, Level, SiteHeard
from contract.values import SiteId, Sku
from hub.availability import Availability
from hub.clock import Clock
from hub.core.shelf_view import Found
from hub.store import availability_log as log
from hub.store.changes import read_changes
from hub.store.database import Store

LOOK_EVERY_S: Final = 1.0  # whether a fact is due: one row a region
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
        now = self._clock.now()
        with self._store.read() as connection:
            if not log.is_due(log.lock(connection, region), now):
                return False
        with self._store.write() as connection:
            told = log.lock(connection, region)
            if not log.is_due(told, now):
                return False  # another hub was faster
            if told is None or log.must_begin(connection, told, now):
                self._begin(connection, region, told, now)
                return True
            return self._go_on(connection, region, told, now)

    def _begin(self, connection: Connection, region: str, told: log.Told | None, now: datetime) -> None:
        number = self._availability.number
        found = self._availability.ask(lambda view: list(islice(view.in_stock(region), log.MAX_TOLD + 1)))
        if len(found) > log.MAX_TOLD:
            _log.warning("availability: kiosks of %s are told of the first %d levels only", region, log.MAX_TOLD)
        levels = map(self._level, found[: log.MAX_TOLD])
        log.begin(connection, region, told, levels, self._heard(region), number, now)

    def _go_on(self, connection: Connection, region: str, told: log.Told, now: datetime) -> bool:
        page = read_changes(connection, after=told.number, limit=MAX_LEVELS)
        page = [change for change in page if change.number <= self._availability.number]
        keys = [(one.site, str(one.what.sku), one.what.unit) for one in page if one.region == region]
        found = self._availability.ask(lambda view: [view.at(region, *key) for key in keys])
        levels = [self._level(one) for one in found if one is not None]
        heard = self._heard(region) if log.ages_due(told, now) else []
        if not page and not heard:
            return False  # a quiet night costs no commit a second
        log.go_on(connection, region, told, levels, heard, page[-1].number if page else told.number, now)
        return True

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
