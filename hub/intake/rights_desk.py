"""What one transaction's facts mean for stock rights: summed in memory, then written in one order.

Rules
-----
1.  Each kiosk's facts change the mirror of its own accounts, in the life that recorded them.
2.  A life is opened when it is first heard of; a newer one closes those before it: :mod:`hub.store.lives`. What this
    transaction holds of a life that it closes is booked before it is closed.
3.  Facts of a life that is closed already are late, and so are facts whose number was taken by other bytes: a second
    card's, which had no rights. These are booked in life 0 of the kiosk, which is nobody's: :mod:`hub.core.late`.
4.  ``seen`` counts in the generation that the kiosk reported last. Sums up to it are known to be applied.
5.  Order of writing: lives, mirrors, passages, pools by key, and what asks last. The kiosks are locked.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from contract.goods import ShelfCounted
from contract.rights import OverdraftBooked, ReservationHeld, RightsReleased, RightsReported, RightsRequested
from contract.stock import Account, StockKey, add
from contract.values import Lane
from hub.core.inbox import Taken
from hub.core.reconcile import Delta, Effects, Passage, add_up
from hub.intake.rights_pools import PoolWork
from hub.promises import asked
from hub.promises.asked import Asked_
from hub.promises.reserving import take_over
from hub.store import (
    accounts,
    books,
    changes,
    chores,
    counts,
    grants,
    lives,
    passages,
    transfers,
    troubles,
    unsaid,
    unsent,
    wants,
)
from hub.store.accounts import AccountKey
from hub.store.inbox import KioskRow
from hub.store.lives import Life
from hub.store.passages import Again
from hub.store.pools import PoolDelta, PoolKey
from hub.store.unsaid import KIND, Move, subject_of

GHOST: Final = 0  # the life of facts whose number was taken: of cards that are nobody's
_CAME: Final = ("received", "returned", "arrived")  # goods that others may lack
LifeKey = tuple[int, int]  # kiosk id, epoch
Terms = dict[str, int]  # of an account, those that changed


class RightsDesk:
    """Takes effects inside one transaction. What a savepoint undid is forgotten with ``forget(undone=True)``."""

    def __init__(self, connection: Connection, now: str) -> None:
        """Begin with nothing heard."""
        self._connection = connection
        self._now = now
        self._kiosks: dict[int, KioskRow] = {}
        self._heard: dict[LifeKey, None] = {}
        self._expected: frozenset[LifeKey] = frozenset()
        self._lives: dict[LifeKey, Life] = {}
        self._begin_writing()

    def _begin_writing(self) -> None:
        self._opening: list[Life] = []
        self._closing: list[Life] = []
        self._moved: dict[LifeKey, Life] = {}  # lives whose ``seen`` moved
        self._sums: dict[LifeKey, dict[StockKey, Terms]] = {}
        self._passages: list[tuple[str, Passage, int]] = []
        self._forked: set[LifeKey] = set()
        self._asked: list[Asked_] = []
        self._touched: set[PoolKey] = set()  # what may no longer be available as it was

    def expect(self, keys: Iterable[LifeKey]) -> None:
        """Learn whose facts may follow: what is known of these lives is read together, and not one by one."""
        self._expected = frozenset(keys)

    def hear(self, kiosk: KioskRow, epoch: int) -> None:
        """Learn that ``kiosk`` is in its life ``epoch``, whatever of it can be booked."""
        self._kiosks[kiosk.id] = kiosk
        self._heard[kiosk.id, epoch] = None

    def note(self, kiosk: KioskRow, epoch: int, lane: Lane, taken: Taken, effects: Effects) -> None:
        """Note what a fact changes."""
        key = (kiosk.id, epoch)
        if lane is Lane.TILL:
            life = self._lives.get(key) or self._life(kiosk.id, epoch)
            if taken.fact.seen > life.seen and life.generation:
                life.seen = taken.fact.seen
                self._moved[key] = life
            if isinstance(effects.asked, RightsReported):
                life.generation, life.seen = effects.asked.generation, 0
                self._moved[key] = life
        self._add(key, effects.stock)
        self._passages += [(kiosk.address.region, half, kiosk.id) for half in effects.passages]
        if effects.asked is not None:
            self._asked.append(Asked_(kiosk, epoch, taken.seq, effects.asked))

    def fork(self, kiosk: KioskRow, epoch: int) -> None:
        """Learn that a second card speaks in a life: nothing more is granted to it (I5)."""
        self.hear(kiosk, epoch)
        self._forked.add((kiosk.id, epoch))

    def note_fork(self, kiosk: KioskRow, effects: Effects) -> None:
        """Note a fact whose number was taken. It gives back no rights and asks for nothing: it never had any."""
        self.hear(kiosk, GHOST)
        if not isinstance(effects.asked, RightsReleased):
            self._add((kiosk.id, GHOST), effects.stock)
            self._passages += [(kiosk.address.region, half, kiosk.id) for half in effects.passages]

    def write(self) -> None:
        """Write what was noted."""
        for kiosk_id, epoch in self._heard:
            self._life(kiosk_id, epoch)
        connection = self._connection
        for life in self._opening:
            lives.insert_life(connection, life)
        lives.mark_forked(connection, sorted(self._forked), self._now)
        accounts.add(connection, {key: terms for key, terms, _ in self._rows()})
        self._raise_granted()
        passages.add(connection, self._passages, self._now)
        again = passages.find_again(connection, self._passages)
        after_all = unsaid.take_back(connection, self._passages)
        touched = self._write_pools(again, after_all)
        books.open_exceptions(connection, transfers.find_odd(connection, self._passages), self._now)
        unsent.sent_after_all(connection, self._passages, self._now)
        self._answer()
        for kiosk_id, epoch in self._orphaned():
            take_over(self._connection, kiosk_id, epoch, self._now)
        changes.note(connection, touched, self._now)  # last: who holds a row of theirs may wait for a pool

    def forget(self, *, undone: bool = False) -> None:
        """Forget what was written; ``undone``: it was not, and lives are as the database has them."""
        if undone:
            self._lives.clear()
        self._begin_writing()

    # -------------------------------------------------------------------------------------------------------- lives

    def _life(self, kiosk_id: int, epoch: int) -> Life:
        """Return a life, read or opened; a newer one than was open closes what was."""
        key = (kiosk_id, epoch)
        if key not in self._lives:
            wanted = self._expected | self._heard.keys()
            found = lives.read_lives(self._connection, (of for of, _ in wanted), (epoch for _, epoch in wanted))
            for life in found:
                self._lives.setdefault((life.kiosk_id, life.epoch), life)
        if key not in self._lives:
            self._open(kiosk_id, epoch)
        return self._lives[key]

    def _open(self, kiosk_id: int, epoch: int) -> None:
        newest = max(self._kiosks[kiosk_id].epoch, *(of for kiosk, of in self._heard if kiosk == kiosk_id))
        life = lives.new_life(self._connection, kiosk_id, epoch, closed_at=self._now if epoch < newest else None)
        self._lives[kiosk_id, epoch] = life
        self._opening.append(life)
        if life.closed_at is None:
            self._closing += [
                one
                for one in self._lives.values()
                if one.kiosk_id == kiosk_id and one.epoch < epoch and one.closed_at is None
            ]

    def _raise_granted(self) -> None:
        for (kiosk_id, epoch), life in self._moved.items():
            applied = grants.take_seen(self._connection, life)
            at = self._kiosks[kiosk_id].address
            keys = {AccountKey(kiosk_id, epoch, what, at.region, at.site): n for what, n in applied.items()}
            accounts.raise_granted(self._connection, keys)
            self._touched.update(PoolKey(at.region, at.site, what) for what in applied)
        lives.save(self._connection, list(self._moved.values()))

    # --------------------------------------------------------------------------------------------------------- sums

    def _add(self, key: LifeKey, stock: Iterable[tuple[StockKey, Delta]]) -> None:
        sums = self._sums.setdefault(key, {})
        for what, delta in stock:
            known = sums.get(what)
            if known is None:
                known = sums[what] = {}
            add_up(known, delta)

    def _rows(self) -> Iterable[tuple[AccountKey, Terms, Life]]:
        for (kiosk_id, epoch), sums in self._sums.items():
            at = self._kiosks[kiosk_id].address
            life = self._lives[kiosk_id, epoch]
            for what, terms in sums.items():
                yield AccountKey(kiosk_id, epoch, what, at.region, at.site), terms, life

    # -------------------------------------------------------------------------------------------------------- pools

    def _write_pools(self, again: dict[Again, int], after_all: Iterable[Move]) -> set[PoolKey]:
        work = PoolWork(self._connection, self._now)
        came = [(key, "move") for key in passages.to_look_at(self._passages)]
        came += [(self._take_back(work, move), "settle") for move in after_all]
        for key, terms, life in self._rows():
            pool = PoolKey(key.region, key.site, key.what)
            self._touched.add(pool)
            if any(terms.get(term, 0) > 0 for term in _CAME):
                came.append((pool, "share"))
            free, overdraft = terms.get("released", 0), terms.get("overdraft", 0)
            if life.closed_at is not None:
                in_limbo = again.pop(Again(key.kiosk_id, pool), 0)
                since = life.closed_at if key.epoch != GHOST else ""
                work.late(pool, since, add(Account(**terms), Account(moved_out=in_limbo)))
                overdraft = 0
            if free or overdraft:
                work.add(pool, PoolDelta(free=free, unsettled=overdraft))
        for (_, pool), in_limbo in again.items():  # a life that is open has what was taken to be of a closed one
            work.late(pool, self._now, Account(moved_out=in_limbo))
        for one in self._asked:
            if isinstance(one.data, RightsReported):
                work.report(one.kiosk, self._lives[one.kiosk.id, one.epoch], one.data)
        for life in self._opening:
            to = self._kiosks[life.kiosk_id].address
            came += [(key, "move") for key in passages.on_way_to(self._connection, to, before=life.epoch)]
        for life in self._closing:
            self._close(life, work)
        books.open_exceptions(self._connection, work.write(), self._now)
        chores.add(self._connection, came, self._now)
        return self._touched | work.touched

    def _take_back(self, work: PoolWork, move: Move) -> PoolKey:
        """Give back what was paid for a move when it was presumed: its giver's own account pays for it now."""
        work.add(move.key, PoolDelta(free=move.amount))
        troubles.resolve(self._connection, KIND, subject_of(move), self._now)
        return move.key

    def _orphaned(self) -> Iterator[LifeKey]:
        """Yield closed lives that may have goods set aside for shoppers: closed just now, or heard of it only now."""
        late = {(one.kiosk.id, one.epoch) for one in self._asked if isinstance(one.data, ReservationHeld)}
        closing = {(life.kiosk_id, life.epoch) for life in self._closing}
        for key in sorted(closing | late):
            if key in closing or self._lives[key].closed_at is not None:
                yield key

    def _close(self, life: Life, work: PoolWork) -> None:
        kiosk, why = self._kiosks[life.kiosk_id], "a newer life was heard"
        if lives.mark_closed(self._connection, kiosk.id, life.epoch, why, self._now):
            life.closed_at = self._now
            work.close(kiosk, life.epoch, why)

    # --------------------------------------------------------------------------------------------------- what asks

    def _answer(self) -> None:
        todo: list[tuple[PoolKey, str]] = []
        others: list[Asked_] = []
        for one in self._asked:
            todo += self._heed(one, others)
        if todo:
            chores.add(self._connection, todo, self._now)
        if others:
            asked.answer(self._connection, others, self._now)

    def _heed(self, one: Asked_, others: list[Asked_]) -> Iterable[tuple[PoolKey, str]]:
        """Return what the steward must look at because of a fact; what is not decided here goes to ``others``."""
        at = one.kiosk.address
        match one.data:
            case RightsReleased(lines=lines, recall=recall):
                if recall is not None:
                    wants.answered(self._connection, one.kiosk.id, one.data, self._now)
                keys = [StockKey(line.sku, line.condition, line.quantity.unit) for line in lines]
                return [(PoolKey(at.region, at.site, key), "want") for key in keys]
            case RightsRequested(lines=lines):
                if self._lives[one.kiosk.id, one.epoch].closed_at is not None:
                    return []  # nothing is ever granted to it
                wants.want(self._connection, one.kiosk.id, one.epoch, one.data)
                keys = [StockKey(line.sku, line.condition, line.quantity.unit) for line in lines]
                return [(PoolKey(at.region, at.site, key), "want") for key in keys]
            case ShelfCounted():
                noted = counts.note(self._connection, one.kiosk, one.epoch, one.seq, one.data)
                return [(key, "count") for key in noted]
            case RightsReported() | OverdraftBooked():
                return []  # the first is in the pools; the second says who allowed what the sale's lines say
            case _:
                others.append(one)
                return []
