"""One transaction's worth of batches: each placed, read and judged, then written together.

What goes to the desk in one transaction is summed in memory, so that a thousand sales of one sku are one row's update.
If the database refuses what some fact says, the same batches are taken again carefully: each fact in a savepoint of
its own, and only the guilty one is quarantined.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from contract.codec import digest
from contract.envelope import LaneSource
from contract.streams import Gap, place
from contract.values import Address
from hub.core.inbox import LaneState, Refused, Taken, advance, printable, read
from hub.core.reconcile import effects_of
from hub.intake.arrivals import UpBatch
from hub.intake.deliveries import DeliveryDesk
from hub.intake.refusals import FATES, Fate, Refusal
from hub.intake.rights_desk import RightsDesk
from hub.store import books, bounds, inbox
from hub.store.books import Trouble
from hub.store.bounds import Bounds, Rooms
from hub.store.database import sorted_errors
from hub.store.errors import ContentRefused
from hub.store.inbox import KioskRow, LaneKey
from hub.store.tables import quarantine
from hub.store.upsert import Row, insert_new


@dataclass(slots=True)
class Work:
    """One lane while its batches are taken."""

    key: LaneKey
    source: LaneSource
    began: LaneState
    now: LaneState
    newest: int = 0
    broken_at: int = 0
    gapped: bool = False
    digests: dict[int, str] = field(default_factory=dict)  # of the positions taken in this transaction
    batches: list[str] = field(default_factory=list)  # those taken whole whose sender a position alone may mislead

    @property
    def subject(self) -> str:
        """Return how an exception names this lane."""
        return f"{self.source.address} {self.source.lane}@{self.source.epoch}"


class Desk:
    """Takes batches inside one transaction."""

    def __init__(self, connection: Connection, now: str, *, careful: bool, limits: Bounds, rooms: Rooms) -> None:
        """Begin with nothing taken."""
        self._limits = limits
        self._rooms = rooms
        self._connection = connection
        self._now = now
        self._careful = careful
        self._facts: list[dict[str, Any]] = []
        self._receipts: list[dict[str, Any]] = []
        self._rights = RightsDesk(connection, now)
        self._deliveries = DeliveryDesk(connection, now)
        self._kiosks: dict[int, KioskRow] = {}
        self._set_aside: list[dict[str, Any]] = []
        self._troubles: list[Trouble] = []
        self._lanes: dict[
            int, tuple[int, int]
        ] = {}  # how many a kiosk has, and its newest epoch; where one was asked for
        self.works: dict[LaneKey, Work] = {}
        self.fates: Counter[Fate] = Counter()
        self.refused: list[Refusal] = []

    def take(self, batches: Iterable[UpBatch], kiosks: Mapping[Address, KioskRow]) -> None:
        """Take ``batches`` in the order they came in; ``kiosks`` are their senders, locked."""
        placed = [(_key(kiosks[batch.address], batch), batch) for batch in batches]
        states = inbox.read_lanes(self._connection, (key for key, _ in placed)) if placed else {}
        self._rights.expect((kiosk_id, epoch) for (kiosk_id, epoch, _), _ in placed)
        for key, batch in placed:
            work = self.works.get(key)
            if work is None:
                state = states.get(key, LaneState())
                self._kiosks[key[0]] = kiosks[batch.address]
                work = Work(key, LaneSource(batch.address, batch.epoch, batch.lane), state, state)
                self.works[key] = work
            self.fates[self._place(work, batch)] += 1

    def hear(self, kiosk: KioskRow, epoch: int) -> None:
        """Learn that a kiosk says it is in its life ``epoch``; one beyond belief is not heeded."""
        if 0 < epoch <= kiosk.epoch + self._limits.epoch_leap:
            self._rights.hear(kiosk, epoch)

    def write(self) -> None:
        """Write what was taken; raises ContentRefused or WorldFailed through the transaction."""
        self._write_facts()
        insert_new(self._connection, quarantine, self._set_aside)
        for work in self.works.values():
            if work.broken_at and not work.began.broken:
                self._troubles.append(Trouble("chain_broken", work.subject, work.key[0], {"seq": work.broken_at}))
        books.open_exceptions(self._connection, self._troubles, self._now)
        self._write_lanes()

    def _place(self, work: Work, batch: UpBatch) -> Fate:
        """Take what is new of ``batch``; return the worst that came to any of its facts."""
        head = batch.batch.head
        work.newest = max(work.newest, head.newest)
        spot = place(work.now.position, head.first, head.count)
        work.gapped = isinstance(spot, Gap)
        if isinstance(spot, Gap):
            return "gapped"
        if not work.now.position and not self._may_begin(work):
            return "refused"
        self._rights.hear(self._kiosks[work.key[0]], work.key[1])
        fates: set[Fate] = {"repeated"}
        if spot.repeats:
            fates.add(self._compare(work, head.first, batch.batch.facts[: spot.repeats]))
        for seq, raw in enumerate(batch.batch.facts[spot.repeats :], head.first + spot.repeats):
            outcome = read(raw, source=work.source, seq=seq, prev=work.now.digest)
            if isinstance(outcome, Taken):
                outcome = self._book(work, outcome)
            if isinstance(outcome, Refused):
                fates.add(self._quarantine(work, outcome))
                if "refused" in fates:
                    break
            else:
                fates.add("taken")
                if not outcome.chained and not work.broken_at:
                    work.broken_at = seq
            work.digests[seq] = outcome.digest
            work.now = advance(work.now, outcome)
        if "refused" not in fates and (spot.repeats or work.now.broken):
            work.batches.append(head.digest)
        return max(fates, key=FATES.index)

    def _may_begin(self, work: Work) -> bool:
        """Return whether there is room for one more lane of this kiosk, and its epoch follows from those before."""
        kiosk_id, epoch, _ = work.key
        if kiosk_id not in self._lanes:
            self._lanes[kiosk_id] = bounds.count_lanes(self._connection, kiosk_id)
        count, newest = self._lanes[kiosk_id]
        if count >= self._limits.lanes:
            self._refuse(work, "lanes", f"more than {self._limits.lanes} lanes")
            return False
        if epoch > newest + self._limits.epoch_leap:
            self._refuse(work, "epochs", f"an epoch of {epoch} after {newest}")
            return False
        self._lanes[kiosk_id] = count + 1, max(newest, epoch)
        return True

    def _compare(self, work: Work, first: int, repeats: tuple[bytes, ...]) -> Fate:
        """Tell repeats, which change nothing, from forks, which are kept once.

        An empty place among them is one that its journal has lost since, not another fact.
        """
        known = dict(work.digests)
        if first <= work.began.position:
            last = min(first + len(repeats) - 1, work.began.position)
            known |= inbox.stored_digests(self._connection, work.key, first, last)
        forks = [
            (seq, raw, found)
            for seq, raw in enumerate(repeats, first)
            if raw and (found := digest(raw)) != known.get(seq, found)
        ]
        return self._keep_forks(work, forks) if forks else "repeated"

    def _keep_forks(self, work: Work, forks: list[tuple[int, bytes, str]]) -> Fate:
        room = self._rooms.forks(self._connection, work.key[0])
        rows = [
            _set_aside(work.key, Refused(seq, raw, found, "refused", "its number was taken with other bytes", "$.id"))
            | {"kind": "fork", "at": self._now}
            for seq, raw, found in forks
        ]
        new = inbox.new_forks(self._connection, work.key, rows)
        kept = [row for row in new if room.take(len(row["bytes"]))]
        insert_new(self._connection, quarantine, kept)
        self._rights.fork(self._kiosks[work.key[0]], work.key[1])
        booked = sum(self._book_fork(work, row) for row in kept)
        self._troubles.append(Trouble("fork", work.subject, work.key[0], {"seq": forks[0][0], "booked": booked}))
        if len(kept) < len(new):
            self._refuse(work, "forks", "more facts whose number was taken than are kept")
            return "refused"
        return "forked"

    def _book_fork(self, work: Work, row: Row) -> bool:
        """Note what a fact changes whose number was taken: what it says of goods and money happened all the same."""
        outcome = read(row["bytes"], source=work.source, seq=row["seq"], prev="")
        if not isinstance(outcome, Taken):
            return False
        effects = effects_of(outcome.fact)
        if effects.receipt:
            again = books.again_of_fork(outcome.digest)
            self._receipts.append(books.receipt_row(work.key, outcome.seq, effects.receipt) | {"again": again})
        self._rights.note_fork(self._kiosks[work.key[0]], effects)
        return self._try_to_write() is None if self._careful else True

    def _quarantine(self, work: Work, refused: Refused) -> Fate:
        """Set a fact aside; without room for it its lane stays before it, and nothing is lost."""
        if not self._rooms.unfit(self._connection, work.key[0]).take(len(refused.raw)):
            self._refuse(work, "quarantine", "more facts that do not fit than are kept")
            return "refused"
        self._set_aside.append(_set_aside(work.key, refused) | {"at": self._now})
        detail = {"seq": refused.seq, "kind": refused.kind, "what": refused.what, "where": refused.path}
        self._troubles.append(Trouble("quarantined", work.subject, work.key[0], detail))
        return "quarantined"

    def _refuse(self, work: Work, why: str, sentence: str) -> None:
        """Tell that a bound was met."""
        who = str(work.source.address)
        self.refused.append(Refusal(who, why, sentence))
        self._troubles.append(Trouble("bound_met", f"{who} {why}", work.key[0], {"what": sentence}))

    def _book(self, work: Work, taken: Taken) -> Taken | Refused:
        """Note what ``taken`` changes; carefully: write it at once, in a savepoint."""
        self._note(work, taken)
        if self._careful and (why := self._try_to_write()) is not None:
            return Refused(taken.seq, taken.raw, taken.digest, "refused", printable(why), "$.data")
        return taken

    def _try_to_write(self) -> str | None:
        """Write what was noted in a savepoint; return why the database would not have it."""
        try:
            with sorted_errors(), self._connection.begin_nested():
                self._write_facts()
        except ContentRefused as error:
            self._forget_facts(undone=True)
            return str(error)
        self._forget_facts()
        return None

    def _note(self, work: Work, taken: Taken) -> None:
        self._facts.append(inbox.fact_row(work.key, taken, self._now))
        effects = effects_of(taken.fact)
        if effects.receipt:
            self._receipts.append(books.receipt_row(work.key, taken.seq, effects.receipt))
        self._rights.note(self._kiosks[work.key[0]], work.key[1], work.source.lane, taken, effects)
        self._deliveries.note(self._kiosks[work.key[0]], work.key[1], work.source.lane, taken)

    def _write_facts(self) -> None:
        inbox.add_facts(self._connection, self._facts)
        self._rights.write()
        self._deliveries.write()
        for row in books.add_receipts(self._connection, self._receipts):
            detail = {"receipt": row["receipt"], "seq": row["seq"]}
            subject = f"{self._kiosks[row['kiosk_id']].address} {row['receipt']}"
            self._troubles.append(Trouble("receipt_reused", subject, row["kiosk_id"], detail))

    def _forget_facts(self, *, undone: bool = False) -> None:
        self._facts.clear()
        self._receipts.clear()
        self._rights.forget(undone=undone)
        self._deliveries.forget()

    def _write_lanes(self) -> None:
        moved = [work for work in self.works.values() if work.now != work.began]
        inbox.save_lanes(self._connection, [_lane_row(work, self._now) for work in moved])
        unmoved = [work for work in self.works.values() if work.now == work.began]
        inbox.tell_newest(
            self._connection,
            [{"of_kiosk": w.key[0], "of_epoch": w.key[1], "of_lane": w.key[2], "reaches": w.newest} for w in unmoved],
        )


def _key(kiosk: KioskRow, batch: UpBatch) -> LaneKey:
    return kiosk.id, batch.epoch, batch.lane.value


def _lane_row(work: Work, now: str) -> dict[str, Any]:
    kiosk_id, epoch, lane = work.key
    return {
        "kiosk_id": kiosk_id,
        "epoch": epoch,
        "lane": lane,
        "position": work.now.position,
        "digest": work.now.digest,
        "newest": max(work.newest, work.now.position),
        "chain_broken_at": now if work.now.broken else None,
    }


def _set_aside(key: LaneKey, refused: Refused) -> dict[str, Any]:
    kiosk_id, epoch, lane = key
    return {
        "kiosk_id": kiosk_id,
        "epoch": epoch,
        "lane": lane,
        "seq": refused.seq,
        "kind": refused.kind,
        "what": refused.what,
        "path": refused.path,
        "digest": refused.digest,
        "bytes": refused.raw,
    }
