"""The kiosk's part in sharing rights with the site's other tills (rules: :mod:`kiosk.core.neighbours`).

It takes what the bridge heard from ``link.db``, records what is decided in the till's lane, and leaves there what the
bridge is to say. A half of a move and its effect are one transaction, and the move's id is booked in it once.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from contract.codec import Stamp
from contract.errors import Malformed
from contract.facts import StockLine
from contract.lan import Ask, AskLine, decode_acceptance, decode_ask, decode_move
from contract.rights import RightsAccepted, RightsMoved, RightsReleased
from contract.stock import StockKey
from contract.values import Address, Epoch, KioskId, Seq
from kiosk.core.basket import leaving
from kiosk.core.neighbours import (
    ASK_FRESH_S,
    HUB_WAIT_S,
    Neighbour,
    decide_asks,
    decide_give,
    decide_heir,
    decide_leave,
    decide_settled,
    decide_wants,
    is_restated,
    move_id,
)
from kiosk.core.ports import Clock
from kiosk.core.rights import Need
from kiosk.journal import accounts, asked, passages
from kiosk.journal.baskets import Baskets
from kiosk.journal.database import immediate, translated
from kiosk.journal.journal import Journal
from kiosk.journal.lan import Heard, LanReader
from kiosk.journal.lan_view import Place, TillRuns

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = (
    0.5  # how soon a shopper's goods are asked for; what is asked is written down, at a sync of the disk
)
ANSWER_EVERY_S: Final = 2.0  # how often a question that was answered with nothing is thought about again
MAX_SETTLED: Final = 256  # moves looked at in one round: as many as are said at once
_NAMED: Final = 3  # goods that one line of the log bears


class NeighbourRoom:
    """One kiosk's dealings with the tills beside it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        lan: LanReader,
        *,
        needs: Callable[[], Mapping[StockKey, Need]],
        new_id: Callable[[], str],
        linked: Callable[[], bool],
        held: Callable[[], Mapping[Epoch, Seq]],
    ) -> None:
        """Take the parts.

        ``needs`` says what shoppers want here, ``linked`` whether the hub would hear a request, ``held`` how far it
        holds the lives of this till.
        """
        self._journal = journal
        self._clock = clock
        self._lan = lan
        self._needs_of_late = needs
        self._new_id = new_id
        self._linked = linked
        self._held = held
        self._baskets = Baskets(journal)
        self._runs = TillRuns()
        self._looked_ns: int | None = None
        self._asks: tuple[int, dict[KioskId, list[AskLine]]] = (0, {})  # of which life, and what; 0: none yet
        self._thought: dict[KioskId, tuple[str, int]] = {}  # of which question of a neighbour, and when
        self._released: Place | None = None

    def step(self) -> int:
        """Do what is due; return how many messages of neighbours took effect.

        Raises: StorageFailed.
        """
        now = self._clock.stamp()
        taken = sum(self._accept(one, now) for one in self._lan.heard("move", now))
        taken += sum(self._note(one) for one in self._lan.heard("accepted", now))
        neighbours = self._lan.neighbours(now)
        taken += self._give_all(neighbours, now)
        if self._looked_ns is None or now.mono_ns - self._looked_ns >= LOOK_EVERY_S * 1e9:
            self._looked_ns = now.mono_ns
            self._look_round(neighbours, now)
        return taken

    def _look_round(self, neighbours: list[Neighbour], now: Stamp) -> None:
        with translated(self._journal.path):
            self._runs.follow(self._journal.connection, self._journal.follow_epoch())
        self._settle(neighbours)
        if self._runs.stopped_at:
            self._leave(neighbours, self._runs.stopped_at, now)
        if self._runs.stopped_at or not any(one.present for one in neighbours):
            self._put_asks({})
        else:
            self._put_asks(decide_asks(self._wants(now), neighbours))

    def _settle(self, neighbours: list[Neighbour]) -> None:
        """Say no more what was given to lives that are over: the hub has it, and settles it."""
        with translated(self._journal.path):
            given = passages.open_moves(self._journal.connection, MAX_SETTLED)
        for move in decide_settled(given, neighbours, self._held()):
            with immediate(self._journal.connection, self._journal.path) as db:
                passages.note_settled(db, move)
            log.warning("what was given by %s was for a life that is over: the hub's next count here frees it", move)

    def _accept(self, one: Heard, now: Stamp) -> bool:
        """Take rights over; return whether they were."""
        try:
            move = decode_move(one.raw, self._neighbour(one.kiosk), self._journal.address.kiosk)
        except Malformed as error:
            log.warning("set aside a move of %s: %s", one.kiosk, error)
            return False
        data, journal = move.data, self._journal
        if passages.acceptance(journal.connection, data.move) is not None:
            return False  # the bridge answers it, and forgets it
        with journal.writing() as writing:
            known = passages.acceptance(writing.connection, data.move) is not None  # another process was first
            if known or data.to_epoch != journal.epoch:  # rights of a life that is over stay on their way
                return False
            writing.add([RightsAccepted(data.move, move.giver, move.epoch, data.lines, now.at)])
        log.info("took %s from %s", _said(data.lines), move.giver)
        return True

    def _note(self, one: Heard) -> bool:
        """Note that a move arrived; return whether that is news."""
        try:
            told = decode_acceptance(one.raw, self._neighbour(one.kiosk), self._journal.address.kiosk)
        except Malformed as error:
            log.warning("set aside an acceptance of %s: %s", one.kiosk, error)
            return False
        with immediate(self._journal.connection, self._journal.path) as db:
            return passages.note_accepted(db, told.data.move, told.receiver, told.epoch, told.seq)

    def _give_all(self, neighbours: list[Neighbour], now: Stamp) -> int:
        present = {one.kiosk: one for one in neighbours if one.present}
        fresh = [one for one in self._lan.heard("ask", now) if one.age_s is not None and one.age_s < ASK_FRESH_S]
        return sum(self._give(one.raw, present[one.kiosk], now) for one in fresh if one.kiosk in present)

    def _give(self, raw: bytes, to: Neighbour, now: Stamp) -> bool:
        """Answer a question, once; return whether anything was given."""
        try:
            ask = decode_ask(raw)
        except Malformed as error:
            log.warning("set aside a question of %s: %s", to.kiosk, error)
            return False
        if ask.epoch != to.epoch or not self._is_due(ask, to, now):  # of a life that is over, or not told of yet
            return False
        name = move_id(ask.ask, self._journal.address, self._journal.follow_epoch(), to.kiosk, ask.epoch)
        needs = self._needs()
        if not self._offer(ask, to, needs, name):
            return False
        with self._journal.writing() as writing:
            lines = self._offer(ask, to, needs, name)  # again: the till sells meanwhile
            if lines:
                writing.add([RightsMoved(name, to.kiosk, to.epoch, lines, now.at)])
                log.info("gave %s to %s", _said(lines), to.kiosk)
        return bool(lines)

    def _is_due(self, ask: Ask, to: Neighbour, now: Stamp) -> bool:
        """Return whether to think about a question: a new one at once, one that stands now and then."""
        of, at_ns = self._thought.get(to.kiosk, ("", 0))
        if of == ask.ask and now.mono_ns - at_ns < ANSWER_EVERY_S * 1e9:
            return False
        self._thought[to.kiosk] = (ask.ask, now.mono_ns)
        return True

    def _offer(self, ask: Ask, to: Neighbour, needs: Mapping[StockKey, Need], name: str) -> list[StockLine]:
        db = self._journal.connection
        with translated(self._journal.path):
            if passages.was_moved(db, name):
                return []
            held = {line.key: accounts.read(db, line.key) for line in ask.lines}
            given = passages.given_beyond(db, to.kiosk, to.epoch, ask.position)
        return decide_give(ask.lines, held, needs, given=given)

    def _leave(self, neighbours: list[Neighbour], since: Place, now: Stamp) -> None:
        """Give what a till that stopped has left to one that goes on; to the hub if that is there, once a stop."""
        heir, linked = decide_heir(neighbours), self._linked()
        if heir is None or (linked and self._released == since) or not self._left():
            return
        with self._journal.writing() as writing:
            lines = self._left()
            if not lines:
                return
            if linked:
                writing.add([RightsReleased(lines, now.at)])
                self._released = since
            else:
                writing.add([RightsMoved(self._new_id(), heir.kiosk, heir.epoch, lines, now.at)])
        log.info("the till stopped: left %s to %s", _said(lines), "the hub" if linked else heir.kiosk)

    def _left(self) -> list[StockLine]:
        with translated(self._journal.path):
            return decide_leave(dict(accounts.every(self._journal.connection)))

    def _wants(self, now: Stamp) -> list[AskLine]:
        needs = self._needs()
        with translated(self._journal.path):
            held = {key: accounts.read(self._journal.connection, key) for key in needs}
        return decide_wants(needs, held, silent=self._silent(now))

    def _silent(self, now: Stamp) -> set[StockKey] | None:
        """Return the accounts that the hub was asked for and did not answer; None if it cannot be heard."""
        if not self._linked():
            return None
        with translated(self._journal.path):
            requests = asked.open_requests(self._journal.connection)
        return {key for key, one in requests.items() if (now.at - one.asked_at).total_seconds() >= HUB_WAIT_S}

    def _needs(self) -> dict[StockKey, Need]:
        """Return what shoppers want: of late, and the one at the counter, whose goods were scanned already."""
        needs = dict(self._needs_of_late())
        basket = self._baskets.open_basket()
        scanned: Counter[StockKey] = Counter()
        for sku, quantity in leaving(basket) if basket else ():
            scanned[StockKey(sku, unit=quantity.unit)] += quantity.amount
        for key, amount in scanned.items():
            need = needs.get(key, Need())
            needs[key] = Need(max(need.waiting, amount), need.per_h)
        return needs

    def _put_asks(self, wanted: dict[KioskId, list[AskLine]]) -> None:
        """Make these the questions that stand, each under a new id, for it is answered once."""
        of, before = self._asks
        if of == self._journal.follow_epoch() and not is_restated(before, wanted):
            return
        with immediate(self._journal.connection, self._journal.path) as db:
            epoch, position = self._journal.follow_epoch(), self._journal.newest()
            passages.put_asks(db, {to: Ask(self._new_id(), epoch, position, lines) for to, lines in wanted.items()})
        if wanted:
            log.info("asks %s", ", ".join(f"{to} for {_asked(lines)}" for to, lines in wanted.items()))
        self._asks = (epoch, wanted)

    def _neighbour(self, kiosk: KioskId) -> Address:
        here = self._journal.address
        return Address(here.region, here.site, kiosk)


def _said(lines: list[StockLine]) -> str:
    return _joined([f"{line.quantity.amount} of {line.sku}" for line in lines])


def _asked(lines: list[AskLine]) -> str:
    return _joined([f"{line.waiting + line.ahead} of {line.sku}" for line in lines])


def _joined(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
