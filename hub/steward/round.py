"""One round of the steward at one site, in one transaction: what is placed, counted, settled, granted and recalled.

Rules
-----
1.  Locks come in one order: the site's kiosks by name, reservations by id, pools by key, the hub's life row last.
2.  Nothing is granted, placed, settled or closed at a site before each open life there has reported (I11).
3.  A right moves from one term to another in this transaction or not at all; what a till must know of it is told in
    its own log in the same transaction.
4.  What cannot be finished now (a till that is away, a count that waits) is looked at again, the later the older.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from contract.down_rights import RecallRequested, ReservationRefused, RightsGranted
from contract.every import OwnFact
from contract.facts import StockLine
from contract.rights import MAX_TOTALS
from contract.stock import StockKey
from contract.values import Address, Epoch, Quantity, instant_text
from hub.core.redistribute import Policy
from hub.core.settle import Booked, Owed, Settlement, Till, decide_settlement
from hub.promises.reserving import Present, give_back, place
from hub.steward import share
from hub.steward.counting import Counting
from hub.steward.online import Online, read_online
from hub.steward.share import Share, note_met, of_account, wait_s
from hub.steward.telling import broken, missing, subject_of, turn, was_booked_in
from hub.store import (
    bookings,
    books,
    changes,
    chores,
    holdings,
    lives,
    own_log,
    passages,
    pools,
    recalls,
    troubles,
    waits,
)
from hub.store.books import Trouble
from hub.store.chores import Site
from hub.store.holdings import Held, Post, Want
from hub.store.pools import Pool, PoolDelta, PoolKey, Term
from hub.store.recalls import Recall, Standing, standing
from hub.store.reservations import Reservation

SILENT: Final = timedelta(seconds=5)  # a life that has not reported: its report brings the site's turn soon enough
REST: Final = timedelta(seconds=10)  # for a till that gave less than it seems to have: it may serve its queue first
DEMANDED: Final = timedelta(seconds=10)  # until what is kept for programs is looked at again: it ends by time
OWED: Final = timedelta(seconds=10)  # until what is owed is looked at again: goods may have come where nobody wrote it
MAX_PLACED: Final = 100  # reservations placed in one round: a third of a second
NEEDED_ELSEWHERE: Final = "the goods are needed elsewhere"


class SiteRound:
    """What one transaction does at one site."""

    def __init__(
        self, connection: Connection, site: Site, present: Present, *, new_id: Callable[[], str], policy: Policy
    ) -> None:
        """Lock the site's kiosks."""
        self._connection = connection
        self._site = site
        self._present = present
        self._moment = instant_text(present.at - REST)
        self._new_id = new_id
        self._policy = policy
        self.posts = holdings.lock_site(connection, site)
        self._tills = {post.kiosk.id: post for post in self.posts if post.is_current}
        self._pools: dict[PoolKey, Pool] = {}
        self._accounts: dict[StockKey, list[Held]] = {}
        self._booked: dict[str, Reservation] = {}
        self._recalls: dict[tuple[int, StockKey], list[Recall]] = {}
        self._wants: list[Want] = []
        self._online, self._waited = Online({}, {}, {}), dict[StockKey, int]()
        self.serves = False  # a promise can be answered: what it waits for is free, or it was broken
        self._facts: dict[int, list[OwnFact]] = {}
        self._granted: dict[int, dict[StockKey, int]] = {}
        self._settled: dict[int, set[StockKey]] = {}
        self._touched: set[PoolKey] = set()
        self._again: list[tuple[PoolKey, str, timedelta]] = []

    def tend(self, keys: Sequence[PoolKey]) -> list[Address]:
        """Do what is due for ``keys``; return the kiosks that were told something."""
        now = self._present.now
        if not lives.may_grant(self._connection, self._site.region, self._site.site):
            chores.put_off(self._connection, keys, self._later(SILENT))
            return []
        whats = [key.what for key in keys]
        self._read(whats)
        self._strand(whats)
        self._end_and_place()
        for key in sorted(keys):
            self._tend_one(key)
        told = self._tell()
        changes.note(self._connection, self._touched, now)
        chores.done(self._connection, keys, now)
        for key, why, wait in self._again:
            chores.add(self._connection, [(key, why)], self._later(wait))
        return told

    # ------------------------------------------------------------------------------------------------------- reading

    def _read(self, whats: Sequence[StockKey]) -> None:
        """Read what the round looks at, reservations and pools locked."""
        connection, site = self._connection, self._site
        found = bookings.lock_open(connection, site, whats)
        self._booked = {one.id: one for one in found}
        all_whats = sorted({*whats, *(what for one in found if one.state == "reserved" for what in one.goods)})
        self._pools = pools.lock(connection, [holdings.pool_key(site, what) for what in all_whats])
        self._accounts = holdings.read(connection, site, all_whats)
        self._counting = Counting(connection, site, whats, self._present.at)
        self._online = read_online(connection, site, whats, self._present)
        self._waited = waits.at_site(connection, site, whats)
        self._wants = holdings.read_wants(connection, sorted(self._tills), whats)
        for one in recalls.recent(connection, sorted(self._tills), all_whats, moment=self._moment):
            if one.epoch == self._tills[one.kiosk_id].life:
                self._recalls.setdefault((one.kiosk_id, one.what), []).append(one)

    def _strand(self, whats: Sequence[StockKey]) -> None:
        """Move rights to limbo that a till gave to a life of another that is closed."""
        for what, amount in passages.strand(self._connection, self._site, whats).items():
            key = holdings.pool_key(self._site, what)
            pools.add(self._connection, {key: PoolDelta(limbo=amount)})
            self._pools[key] = self._pools[key].plus(PoolDelta(limbo=amount))
            self._touched.add(key)

    # ------------------------------------------------------------------------------------------ reservations of the hub

    def _end_and_place(self) -> None:
        """End what nobody confirmed or came for in time, and place what is confirmed with a till that is there."""
        waiting = [one for one in self._booked.values() if one.state == "reserved"]
        for one in waiting:
            if one.until <= self._present.now:
                self._lapse(one)
        confirmed = [one for one in waiting if one.id in self._booked and one.confirmed_at is not None]
        for nth, one in enumerate(confirmed):
            post = self._best_for(one)
            if post is not None and nth < MAX_PLACED:
                self._place(one, post)
            else:
                again = OWED if post is None else timedelta()
                self._again += [(holdings.pool_key(self._site, what), "place", again) for what in one.goods]

    def _lapse(self, one: Reservation) -> None:
        give_back(self._connection, one, self._present.now)
        bookings.end(self._connection, one.id, "lapsed", self._present.now)
        self._forget_booked(one, freed=True)

    def _best_for(self, one: Reservation) -> Post | None:
        """Return the till that is there and has most of the goods."""

        def has(post: Post) -> tuple[int, str]:
            return -sum(min(amount, self._spare(post, what)) for what, amount in one.goods.items()), str(
                post.kiosk.address
            )

        return min((post for post in self._tills.values() if post.online), key=has, default=None)

    def _place(self, one: Reservation, post: Post) -> None:
        self._facts.setdefault(post.kiosk.id, []).append(place(self._connection, one, post.kiosk, self._present))
        self._forget_booked(one, freed=False)

    def _forget_booked(self, one: Reservation, *, freed: bool) -> None:
        """Bring what is known here in line with a reservation that left the pool."""
        del self._booked[one.id]
        for what, amount in one.goods.items():
            key = holdings.pool_key(self._site, what)
            pool = self._pools[key]
            back = amount if freed else 0
            self._pools[key] = pool._replace(reserved=pool.reserved - amount, free=pool.free + back)
            self._touched.add(key)

    # --------------------------------------------------------------------------------------------------- one account

    def _tend_one(self, key: PoolKey) -> None:
        clears = self._count(key)
        pool = self._pools[key]
        if pool.unsettled or pool.deficit:
            self._settle(key)
        if clears:
            self._take(key, "limbo", self._pools[key].limbo, "free")
        pool = self._pools[key]
        if not pool.unsettled and not pool.deficit:
            self._share(key)

    def _count(self, key: PoolKey) -> bool:
        """Close the account's counts; return whether its limbo is cleared."""
        accounts = [held.account for held in self._accounts[key.what]]
        found = self._counting.close(key.what, accounts, self._pools[key].adjusted, self._present.now)
        if any(found.delta):
            pools.add(self._connection, {key: found.delta})
            self._pools[key] = self._pools[key].plus(found.delta)
            self._touched.add(key)
        if found.wait_s is not None:
            self._again.append((key, "count", timedelta(seconds=found.wait_s)))
        return found.clears

    def _share(self, key: PoolKey) -> None:
        """Grant and recall as the policy says."""
        shares = [self._share_of(post, key.what) for post in self._tills.values()]
        online, waited = self._online, self._waited.get(key.what, 0)
        demanded, kept = online.demanded.get(key.what, 0), online.kept(key.what)
        hub = share.Hub(self._pools[key].free, online.per_h(key.what), waited, demanded, kept)
        self.serves |= min(hub.free, hub.waited) > 0
        plan = share.decide(self._policy, hub, shares, self._present.at)
        wants = {str(one.post.kiosk.id): one.wants for one in shares}
        for grant in plan.grants:
            self._grant(int(grant.to), key, grant.units)
            note_met(lambda want, amount: holdings.met(self._connection, want, amount), wants[grant.to], grant.units)
        for recall in plan.recalls:
            self._recall(int(recall.of), key.what, recall.units, urgent=recall.urgent)
        wanted = sum(want.amount for one in shares for want in one.wants)
        if wanted > sum(grant.units for grant in plan.grants):
            self._again.append((key, "want", timedelta(seconds=wait_s(shares, self._present.at))))
        if demanded:
            self._again.append((key, "want", DEMANDED))

    def _share_of(self, post: Post, what: StockKey) -> Share:
        kiosk_id = post.kiosk.id
        return Share(
            post,
            self._balance(kiosk_id, what),
            self._in_flight(kiosk_id, what),
            self._standing(kiosk_id, what),
            self._held(kiosk_id, what),
            of_account(what, self._wants, post),
        )

    def _settle(self, key: PoolKey) -> None:
        done = decide_settlement(self._owed(key))
        self._retire(key, done)
        for name in done.broken:
            self._break(self._booked[name], key)
        for ask in done.recalls:
            self._recall(int(ask.till), key.what, ask.amount, urgent=True)
        for name in done.refused:
            self._refuse(self._booked[name])
        if done.to_deficit:
            self._take(key, "unsettled", done.to_deficit, "deficit")
        pool = self._pools[key]
        is_kept = was_booked_in(held.account for held in self._accounts[key.what])
        if pool.deficit:
            self._open([missing(key, pool.deficit, is_kept=is_kept)])
        else:
            troubles.resolve(self._connection, "deficit", subject_of(key), self._present.now)
        if pool.unsettled or (pool.deficit and is_kept):
            self._again.append((key, "settle", OWED))

    def _owed(self, key: PoolKey) -> Owed:
        pool, what = self._pools[key], key.what
        tills = []
        for kiosk_id, post in self._tills.items():
            recalled = self._standing(kiosk_id, what)
            has = self._balance(kiosk_id, what), self._in_flight(kiosk_id, what)
            tills.append(Till(str(kiosk_id), *has, recalled.asked, recalled.fell_short, post.online))
        return Owed(pool.free, pool.limbo, pool.unsettled, pool.deficit, tuple(self._bookings(what)), tuple(tills))

    def _bookings(self, what: StockKey) -> Iterable[Booked]:
        for one in self._booked.values():
            if what in one.goods:
                placed, refused = one.state != "reserved", one.state == "broken"
                yield Booked(one.id, one.goods[what], one.source, one.paid, one.at, placed, refused)

    def _retire(self, key: PoolKey, done: Settlement) -> None:
        """Retire rights: what is owed falls by as much, the deficit first, and the tills are told what was settled."""
        from_deficit = min(self._pools[key].deficit, done.retired)
        self._take(key, "free", done.from_free)
        self._take(key, "limbo", done.from_limbo)
        self._take(key, "reserved", done.from_reserved)
        self._take(key, "deficit", from_deficit)
        self._take(key, "unsettled", done.retired - from_deficit)
        self._take(key, "reserved", done.freed, "free")
        first = sorted(self._accounts[key.what], key=lambda held: held.kiosk_id not in self._tills)
        for held in holdings.credit(self._connection, first, done.retired):
            post = self._tills.get(held.kiosk_id)
            if post is not None and post.life == held.epoch:
                self._settled.setdefault(held.kiosk_id, set()).add(key.what)

    def _break(self, one: Reservation, key: PoolKey) -> None:
        """End a reservation whose goods at ``key`` are taken; the rest of its goods is free again."""
        for what, amount in one.goods.items():
            other = holdings.pool_key(self._site, what)
            if other != key:
                self._take(other, "reserved", amount, "free")
                self._again.append((other, "want", timedelta()))
        bookings.end(self._connection, one.id, "broken", self._present.now)
        self.serves = True
        del self._booked[one.id]
        self._open([broken(one, None)])

    def _refuse(self, one: Reservation) -> None:
        """Ask a till to give up what it has set aside; it ends with the till's own fact."""
        post = self._tills.get(one.kiosk_id or 0)
        if post is None or post.life != one.epoch:
            return
        self._begin(post)
        bookings.give_up(self._connection, one.id, self._present.now)
        self._facts.setdefault(post.kiosk.id, []).append(ReservationRefused(one.id, NEEDED_ELSEWHERE))
        self._open([broken(one, post.kiosk.id)])

    # ------------------------------------------------------------------------------------- what the steps lean on

    def _take(self, key: PoolKey, term: Term, amount: int, to: Term | None = None) -> None:
        """Take from a term what is known to be there: the row is locked."""
        if not amount:
            return
        if not pools.take(self._connection, key, term, amount, to):
            raise AssertionError(f"{key}: {amount} is not in {term}")  # a bug: the transaction must not go on
        pool = self._pools[key]
        pool = pool._replace(**{term: getattr(pool, term) - amount})
        self._pools[key] = pool._replace(**{to: getattr(pool, to) + amount}) if to else pool
        self._touched.add(key)

    def _grant(self, kiosk_id: int, key: PoolKey, amount: int) -> None:
        """Grant from what is free; told at the end of the round."""
        self._take(key, "free", amount)
        of_till = self._granted.setdefault(kiosk_id, {})
        of_till[key.what] = of_till.get(key.what, 0) + amount

    def _recall(self, kiosk_id: int, what: StockKey, amount: int, *, urgent: bool) -> None:
        """Ask a till to give rights back; it is asked once at a time."""
        epoch = self._tills[kiosk_id].life or 0
        recall = Recall(self._new_id(), kiosk_id, epoch, what, amount, urgent, self._present.now)
        self._begin(self._tills[kiosk_id])
        recalls.add(self._connection, recall)
        self._recalls.setdefault((kiosk_id, what), []).append(recall)
        line = StockLine(what.sku, Quantity(amount, what.unit), what.condition)
        self._facts.setdefault(kiosk_id, []).append(RecallRequested(recall.id, Epoch(epoch), [line], urgent))

    def _held(self, kiosk_id: int, what: StockKey) -> Held | None:
        life = self._tills[kiosk_id].life
        return next((one for one in self._accounts[what] if (one.kiosk_id, one.epoch) == (kiosk_id, life)), None)

    def _balance(self, kiosk_id: int, what: StockKey) -> int:
        held = self._held(kiosk_id, what)
        return held.account.available if held else 0

    def _in_flight(self, kiosk_id: int, what: StockKey) -> int:
        """Return what is on its way to a till and not for a reservation."""
        held = self._held(kiosk_id, what)
        coming = held.in_flight if held else 0
        placed = (one for one in self._booked.values() if one.kiosk_id == kiosk_id and one.state == "placed")
        return max(0, coming - sum(one.goods.get(what, 0) for one in placed))

    def _spare(self, post: Post, what: StockKey) -> int:
        return max(0, self._balance(post.kiosk.id, what)) + self._in_flight(post.kiosk.id, what)

    def _standing(self, kiosk_id: int, what: StockKey) -> Standing:
        return standing(self._recalls.get((kiosk_id, what), ()), moment=self._moment)

    def _open(self, found: Sequence[Trouble]) -> None:
        books.open_exceptions(self._connection, found, self._present.now)

    def _later(self, wait: timedelta) -> str:
        return instant_text(self._present.at + wait)

    # -------------------------------------------------------------------------------------------------------- telling

    def _tell(self) -> list[Address]:
        """Tell each till what it must know: what is placed with it, its sums, and what it is asked for."""
        told = []
        for kiosk_id, post in self._tills.items():
            facts = [*self._sums(post), *self._facts.get(kiosk_id, ())]
            if facts:
                facts.sort(key=turn)
                own_log.tell(self._connection, post.kiosk, facts, self._present.at, self._present.incarnation)
                told.append(post.kiosk.address)
        return told

    def _begin(self, post: Post) -> None:
        """Begin the till's own log before what it is to be told is written down: its snapshot would tell it twice."""
        own_log.begin(self._connection, post.kiosk, self._present.at, self._present.incarnation)

    def _sums(self, post: Post) -> Iterable[OwnFact]:
        granted = self._granted.get(post.kiosk.id, {})
        epoch = Epoch(post.life or 0)
        if granted:
            at, incarnation = self._present.at, self._present.incarnation
            own_log.grant(self._connection, post.kiosk, epoch, granted, at, incarnation)
        changed = sorted({*granted, *self._settled.get(post.kiosk.id, ())})
        sums = own_log.totals(self._connection, post.kiosk.id, epoch, changed)
        for start in range(0, len(sums), MAX_TOTALS):
            yield RightsGranted(epoch, sums[start : start + MAX_TOTALS])
