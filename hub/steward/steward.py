"""The steward: does the chores that ingest left, one site at a time, each in a transaction of its own.

What ingest cannot decide from one kiosk's facts is left here: settling, closing counts, placing reservations, granting
and recalling (:mod:`hub.steward.round`). Besides, the steward has every life report to a hub that went back (I11), ends
holds whose time is over, answers promises that had to wait, and notes how fast accounts sell.

Several stewards may work on one store: the site's kiosks are locked. A chore that fails is put off and told to a
person; it never stops the others. When the world fails, call again.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection

from contract.values import Address, instant_text
from hub.clock import Clock
from hub.core.incarnation import Life
from hub.core.redistribute import Policy
from hub.promises import asked, breaking
from hub.promises.reserving import Present
from hub.steward.round import SiteRound
from hub.steward.unsaid import presume_at
from hub.store import bookings, books, breaks, chores, holdings, inbox, own_log, sweeps, unsaid, unsent, waits
from hub.store.books import Trouble
from hub.store.chores import Site
from hub.store.database import Store
from hub.store.errors import WorldFailed
from hub.store.life import count_commit, read_life
from hub.store.own_log import StaleLife
from hub.store.pools import PoolKey

MAX_SITES: Final = 2  # in one step: some 30 ms each, for which a shopper's promise may wait; the next step follows
MAX_KEYS: Final = 25  # accounts in one transaction, for the same reason
MAX_LOGS: Final = 20  # own logs begun in one step: a snapshot of thousands of sums each
MAX_WAITING: Final = 100  # kiosks whose promises wait, looked at in one sweep
MAX_BROKEN: Final = 20  # reservations placed anew in one sweep, each in a transaction of its own: some 10 ms
MAX_LATER: Final = 20  # promises of goods that are on their way, looked at in one sweep
UNSAID_S: Final = 10.0  # between two looks at moves of which half is missing: it must be missing for minutes
SWEEP_S: Final = 1.0  # how soon a hold that is over, and a promise that had to wait, are seen
PUT_OFF: Final = timedelta(minutes=5)  # of a chore that fails: a person, or the next release, must come first
_log = logging.getLogger(__name__)


class Steward:
    """Looks after every site of one store. One thread owns it."""

    def __init__(
        self, store: Store, clock: Clock, *, keep: Callable[[Life], None], new_id: Callable[[], str], policy: Policy
    ) -> None:
        """Take the parts; ``keep`` puts the life of the database where it outlives the database."""
        self._store = store
        self._clock = clock
        self._keep = keep
        self._new_id = new_id
        self._policy = policy
        self._swept_at_s = float("-inf")
        self._unsaid_at_s = float("-inf")
        self._marked: Site | None = None
        self._serves = False
        self._told: set[Address] = set()

    def step(self, limit: int = MAX_SITES) -> int:
        """Do what is due at ``limit`` sites at most; return how many transactions that took.

        At least ``limit`` where more is due: then it is time for the next step. Raises WorldFailed.
        """
        done = 0
        if self._clock.monotonic_s() - self._swept_at_s >= SWEEP_S:
            self._swept_at_s = self._clock.monotonic_s()
            done += self._sweep(keeps_up=len(self._due(limit)) < limit)
        due = self._due(limit)
        for site in due:
            done += 0 if self._tend(site) else limit
        if self._serves:  # what somebody waits for came free: the answer is not left for the next sweep
            self._serves = False
            done += self._answer_all(for_goods=True)
        return done + len(due)

    def _due(self, limit: int) -> list[Site]:
        with self._store.read() as connection:
            return chores.sites(connection, self._now(), limit=limit)

    def take_told(self) -> set[Address]:
        """Return the kiosks that were told something since this was asked last."""
        told, self._told = self._told, set()
        return told

    # --------------------------------------------------------------------------------------------------------- chores

    def _tend(self, site: Site) -> bool:
        """Do what is due at a site, a round of it; return whether that was all."""
        with self._store.read() as connection:
            keys = chores.due(connection, site, self._now(), limit=MAX_KEYS)
        if not self._try(site, keys) and len(keys) > 1:
            for key in keys:
                self._try(site, [key])
        return len(keys) < MAX_KEYS

    def _try(self, site: Site, keys: Sequence[PoolKey]) -> bool:
        """Do one round; what fails alone is put off and told to a person."""
        try:
            self._round(site, keys)
        except WorldFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one chore trips over must not stop the others
            if len(keys) == 1:
                _log.exception("%s: a chore failed", keys[0])
                self._fail(keys[0], error)
            return False
        return True

    def _round(self, site: Site, keys: Sequence[PoolKey]) -> None:
        def work(connection: Connection, present: Present) -> list[Address]:
            one = SiteRound(connection, site, present, new_id=self._new_id, policy=self._policy)
            told = one.tend(keys)
            self._serves |= one.serves
            return told

        self._write(work)

    def _fail(self, key: PoolKey, error: Exception) -> None:
        what = f"{type(error).__name__}: {error}"[:300]
        subject = f"{key.region}/{key.site} {key.what.sku} {key.what.condition} {key.what.unit}"

        def work(connection: Connection, present: Present) -> list[Address]:
            chores.put_off(connection, [key], instant_text(present.at + PUT_OFF))
            books.open_exceptions(connection, [Trouble("chore_failed", subject, None, {"what": what})], present.now)
            return []

        self._write(work)

    # ---------------------------------------------------------------------------------------------------------- sweeps

    def _sweep(self, *, keeps_up: bool) -> int:
        """Do what no fact asks for. To share what sold makes chores: that waits where there are enough already."""
        done = self._begin_logs() + self._end_holds() + self._presume() + self._answer_all()
        return done + (self._mark_rates() if keeps_up else 0)

    def _answer_all(self, *, for_goods: bool = False) -> int:
        """Answer who waits: first those who were promised goods already, and lost them or have them on their way."""
        now = self._now()
        with self._store.read() as connection:
            broken = breaks.pending(connection, now, limit=MAX_BROKEN)
            later = waits.due(connection, now, limit=MAX_LATER)
        for name in broken:
            self._write(partial(breaking.place_anew, name))
        for name in later:
            self._write(partial(breaking.fetch_later, name))
        return len(broken) + len(later) + self._answer_waiting(for_goods=for_goods)

    def _begin_logs(self) -> int:
        with self._store.read() as connection:
            life = read_life(connection)
            found = own_log.behind(connection, life.incarnation, limit=MAX_LOGS) if life else []
        for kiosk in found:

            def work(connection: Connection, present: Present, at: Address = kiosk.address) -> list[Address]:
                locked = inbox.lock_kiosks(connection, [at], present.now, most=0)
                return [at] if own_log.begin(connection, locked[at], present.at, present.incarnation) else []

            self._write(work)
        return len(found)

    def _end_holds(self) -> int:
        with self._store.read() as connection:
            found = bookings.expired(connection, self._now(), limit=MAX_KEYS)
            keys = [PoolKey(one.region, one.site, what) for one in found for what in one.goods]
            new = sweeps.not_noted(connection, keys, "place")
        if not new:
            return 0

        def work(connection: Connection, present: Present) -> list[Address]:
            chores.add(connection, [(key, "place") for key in new], present.now)
            return []

        self._write(work)
        return 1

    def _presume(self) -> int:
        """Book what tills cannot tell of, for their card was put back; and tell of what nobody says to have sent."""
        if self._clock.monotonic_s() - self._unsaid_at_s < UNSAID_S:
            return 0
        self._unsaid_at_s = self._clock.monotonic_s()
        with self._store.read() as connection:
            found = unsaid.sites(connection, self._clock.now())
        for site in found:
            self._write(partial(presume_at, site=site))
        return len(found) + self._tell_unsent()

    def _tell_unsent(self) -> int:
        """Tell a person of goods that arrived, and that nobody says to have sent."""
        with self._store.read() as connection:
            found = unsent.find(connection, self._clock.now())
        if not found:
            return 0

        def work(connection: Connection, present: Present) -> list[Address]:
            books.open_exceptions(connection, found, present.now)
            return []

        self._write(work)
        return 1

    def _answer_waiting(self, *, for_goods: bool) -> int:
        with self._store.read() as connection:
            found = sweeps.waiting(connection, self._now(), for_goods=for_goods, limit=MAX_WAITING)
        if not found:
            return 0

        def work(connection: Connection, present: Present) -> list[Address]:
            locked = inbox.lock_kiosks(connection, found, present.now, most=0)
            answered = asked.answer_waiting(connection, locked.values(), present.now, for_goods=for_goods)
            return found if answered else []

        self._write(work)
        return 1

    def _mark_rates(self) -> int:
        """Note how fast the accounts of one site sell, the next site each time, and share what sold anew."""
        with self._store.read() as connection:
            site = self._marked = sweeps.next_site(connection, self._marked)
            if site is None or not holdings.to_mark(connection, site, self._clock.now()):
                return 0

        def work(connection: Connection, present: Present) -> list[Address]:
            holdings.lock_site(connection, site)
            found = holdings.to_mark(connection, site, present.at)
            holdings.mark(connection, found, present.at, present.now)
            keys = {PoolKey(site.region, site.site, one.what) for one in found}
            chores.add(connection, [(key, "share") for key in keys], present.now)
            return []

        self._write(work)
        return 1

    # --------------------------------------------------------------------------------------------------- transactions

    def _write(self, work: Callable[[Connection, Present], list[Address]]) -> None:
        """Run ``work`` in a transaction that counts; the incarnation it began in is still ours at its end."""
        at = self._clock.now()
        with self._store.write() as connection:
            life = read_life(connection)
            if life is None:
                return
            told = work(connection, Present(instant_text(at), at, life.incarnation))
            after = count_commit(connection)
            if after.incarnation != life.incarnation:
                raise StaleLife(f"incarnation {after.incarnation} has begun")
        self._keep(after)
        self._told.update(told)

    def _now(self) -> str:
        return instant_text(self._clock.now())
