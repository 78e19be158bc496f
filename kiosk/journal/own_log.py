"""Applies the kiosk's own down log to the till's lane: each fact with its consequences and its place, once.

Rules
-----
1.  One transaction holds what a fact of the log changes, the facts recorded because of it, and how far the log is
    applied (``seen_generation``, ``seen``). A crash leaves all of it or nothing.
2.  Facts are applied in order and without gaps, for ``seen`` tells the hub that all up to it took effect. What was
    applied before, and what an older generation says once a newer has begun, changes nothing.
3.  The first thing recorded in a generation, and in a life, is what the hub granted to that life (``rights.reported``).
4.  Grants are sums: the larger wins. Rights of another life are not taken, and goods are not set aside for it.
5.  A recall is answered once by its id; goods are set aside once by theirs; an answer to a promise that is known
    already is not told again. What a life before had set aside has rights again; where its shopper has come meanwhile,
    or nobody wants it any more, the hub is told so at once.
6.  A fact that cannot be read is set aside (``refused``) and blocks nothing. Nor does one that cannot be done.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from contract.codec import decode_down
from contract.down_rights import (
    DeliveryAdvised,
    EpochClosed,
    PromiseResolved,
    RecallRequested,
    ReservationConfirmed,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.envelope import LogSource
from contract.errors import Malformed
from contract.every import OwnFact
from contract.rights import (
    MAX_TOTALS,
    GrantTotal,
    PromiseTold,
    ReservationCancelled,
    ReservationHeld,
    RightsReleased,
    RightsReported,
)
from contract.stock import StockKey, grant
from contract.streams import own_log
from contract.values import Epoch, Incarnation
from kiosk.core.reservations import State
from kiosk.core.rights import Need, decide_answer
from kiosk.journal import accounts, advices, asked, promises, reservations
from kiosk.journal.accounts import lines_of
from kiosk.journal.database import translated
from kiosk.journal.journal import SEEN, Journal, Writing, begin_epoch

log = logging.getLogger(__name__)

_GENERATION: Final = "seen_generation"
_REPORTED: Final = "reported"
_REFUSED: Final = "INSERT OR REPLACE INTO refused (generation, position, why) VALUES (?, ?, ?)"
ENDED_BEFORE: Final = "it ended here in a life before, of which the hub had not heard"
CLOSED: Final = "the hub closed this kiosk's rights"
_OWN: Final = (
    RightsGranted,
    RecallRequested,
    ReservationPlaced,
    ReservationConfirmed,
    ReservationRefused,
    PromiseResolved,
    EpochClosed,
    DeliveryAdvised,
)


class OwnLog:
    """The applier of one kiosk's own log."""

    def __init__(self, journal: Journal) -> None:
        """Apply to ``journal``, the till's lane; who recorded in it before need not be asked."""
        self._journal = journal
        self.name = own_log(journal.address)
        self.needs: Mapping[StockKey, Need] = {}  # what shoppers want here, for the next recall

    def cursor(self) -> tuple[int, int]:
        """Return the generation and the position that are applied; (0, 0) before the first.

        Raises: StorageFailed.
        """
        with translated(self._journal.path):
            return int(self._journal.meta(_GENERATION) or "0"), int(self._journal.meta(SEEN) or "0")

    def apply(self, generation: int, position: int, raw: bytes, now: datetime) -> bool:
        """Apply the fact at a place of the log; return False if it is not the next one.

        Raises: StorageFailed; nothing was applied then.
        """
        if not self._is_next(generation, position):
            return False
        data, why = self._read(raw, generation, position)
        with self._journal.writing() as writing:
            if not self._is_next(generation, position):  # another process was first
                return False
            self._begin(writing, generation)
            self._journal.put_meta(SEEN, str(position))
            if data is None:
                log.warning("set aside fact %s of %s@%s: %s", position, self.name, generation, why)
                writing.connection.execute(_REFUSED, (generation, position, why))
            else:
                self._take(writing, data, now)
        return True

    def report(self) -> None:
        """Record what was granted to a life that began amid a generation: the hub waits for it (I11).

        Raises: StorageFailed.
        """
        generation, _ = self.cursor()
        if generation and self._journal.meta(_REPORTED) != _mark(generation, self._journal.follow_epoch()):
            with self._journal.writing() as writing:
                self._begin(writing, generation)

    def _is_next(self, generation: int, position: int) -> bool:
        known, seen = self.cursor()
        return (generation == known and position == seen + 1) or (generation > known and position == 1)

    def _begin(self, writing: Writing, generation: int) -> None:
        """Begin a generation, or a life in it, with what was granted."""
        journal = self._journal
        if generation != self.cursor()[0]:
            journal.put_meta(_GENERATION, str(generation))
            journal.put_meta(SEEN, "0")
        mark = _mark(generation, journal.epoch)
        if journal.meta(_REPORTED) != mark:
            writing.add(list(_report(writing, generation)))
            journal.put_meta(_REPORTED, mark)

    def _take(self, writing: Writing, data: OwnFact, now: datetime) -> None:
        match data:
            case RightsGranted():
                if data.epoch == self._journal.epoch:
                    _grant(writing, data.totals)
            case RecallRequested():
                self._give(writing, data, now)
            case ReservationPlaced() | ReservationConfirmed() | ReservationRefused():
                self._reserve(writing, data, now)
            case PromiseResolved():
                self._tell(writing, data, now)
            case DeliveryAdvised():
                advices.tell(writing.connection, data)
            case EpochClosed():
                if data.epoch == self._journal.epoch:
                    begin_epoch(self._journal, data.epoch, CLOSED)
                    self._begin(writing, self.cursor()[0])

    def _reserve(
        self, writing: Writing, data: ReservationPlaced | ReservationConfirmed | ReservationRefused, now: datetime
    ) -> None:
        match data:
            case ReservationPlaced():
                self._set_aside(writing, data, now)
            case ReservationConfirmed():
                reservations.confirm(writing.connection, data.reservation, data.until, stamp=writing.stamp)
            case ReservationRefused():
                _cancel(writing, data, now)

    def _give(self, writing: Writing, data: RecallRequested, now: datetime) -> None:
        db = writing.connection
        if db.execute("SELECT 1 FROM recalls WHERE id = ?", (data.recall,)).fetchone():
            return
        wanted = list(lines_of(data.lines)) if data.epoch == self._journal.epoch else []
        held = {key: accounts.read(db, key) for key, _ in wanted}
        given = decide_answer(wanted, held, self.needs, urgent=data.urgent)
        writing.add([RightsReleased(given, now, data.recall)])

    def _set_aside(self, writing: Writing, data: ReservationPlaced, now: datetime) -> None:
        db, epoch = writing.connection, self._journal.epoch
        if data.epoch != epoch:
            log.warning("reservation %s is of epoch %s, not %s: not set aside", data.reservation, data.epoch, epoch)
            return
        _grant(writing, data.totals)
        known = reservations.find(db, data.reservation)
        if known and not reservations.is_of_earlier_life(db, known.id, epoch):
            return
        for key, amount in lines_of(data.lines):
            there = accounts.read(db, key).available
            if there < amount:
                log.warning("reservation %s needs %s of %s, %s there", data.reservation, amount, key.sku, there)
                return
        writing.add([ReservationHeld(data.reservation, data.code, data.lines, now, data.until, placed=True)])
        if known and known.state is not State.PAST:
            writing.add([ReservationCancelled(known.id, data.lines, now, ENDED_BEFORE)])

    def _tell(self, writing: Writing, data: PromiseResolved, now: datetime) -> None:
        if promises.answer(writing.connection, data, epoch=self._journal.epoch):
            writing.add([PromiseTold(data.promise, data.answer, now, data.lines, data.site, data.code)])

    def _read(self, raw: bytes, generation: int, position: int) -> tuple[OwnFact | None, str]:
        try:
            fact = decode_down(raw)
        except Malformed as error:
            return None, str(error)
        if fact.source != LogSource(self._journal.address.region, self.name, generation) or fact.seq != position:
            return None, f"it says it is number {fact.seq} of {fact.source}"
        if not isinstance(fact.data, _OWN):
            return None, f"{fact.type} is not for one kiosk alone"
        return fact.data, ""


def _mark(generation: int, epoch: Epoch) -> str:
    return f"{generation}/{epoch}"


def _report(writing: Writing, generation: int) -> Iterator[RightsReported]:
    totals = [
        GrantTotal(key.sku, account.granted, key.condition, key.unit, account.settled)
        for key, account in accounts.every(writing.connection, granted=True)
    ]
    for first in range(0, max(1, len(totals)), MAX_TOTALS):
        last = first + MAX_TOTALS >= len(totals)
        yield RightsReported(Incarnation(generation), totals[first : first + MAX_TOTALS], last)


def _grant(writing: Writing, totals: list[GrantTotal]) -> None:
    for total in totals:
        key = StockKey(total.sku, total.condition, total.unit)
        before = accounts.read(writing.connection, key)
        after = grant(before, total.total, total.settled)
        if after != before:
            accounts.write(writing.connection, key, after)
        if after.granted > before.granted:
            asked.grant(writing.connection, key, after.granted - before.granted)


def _cancel(writing: Writing, data: ReservationRefused, now: datetime) -> None:
    found = reservations.find(writing.connection, data.reservation)
    if found and found.state is State.HELD:
        writing.add([ReservationCancelled(found.id, list(found.lines), now, data.reason)])
