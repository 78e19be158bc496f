"""Seeded bugs: each breaks one rule that nothing else stands in for. The machine must catch every one of them, always.

A bug that the machine no longer catches means that the machine has become blind, or that the rule has become idle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FunctionType
from typing import Any, Final

from machine_openings import (
    answered,
    cloned,
    disordered,
    echoed,
    emptied,
    joined,
    killed,
    one_behind,
    restored,
    sending,
    silent,
    working,
)
from machine_parts import Parts
from machine_rules import Opening
from msgspec.structs import replace
from sqlalchemy import Connection

from contract.batch import StreamPosition, decode_ack, encode_message
from contract.facts import UpFact
from contract.values import Seq
from hub.answers import hello
from hub.arrivals import Arrival, Message, UpBatch
from hub.core.inbox import LaneState, Taken, read
from hub.core.incarnation import Life
from hub.desk import Desk, Work
from hub.ingest import Ingest, Outcome
from hub.life import LifeFile
from hub.refusals import Fate
from hub.store.database import Store
from hub.store.life import count_commit, read_life, write_life
from kiosk.core.ports import Recorded
from kiosk.journal.database import immediate
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from mqtt_bridge.session import Send, Session

# -------------------------------------------------------------------------------------------------- the kiosk's journal


class ReusesNumbers(Journal):
    """Gives the last fact's number again, now and then, as a card does that lost its tail."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        newest = self.newest()
        if newest and newest % 4 == 0:
            with immediate(self.connection, self.path):
                self.connection.execute("DELETE FROM facts WHERE seq = ?", (newest,))
        return super().record(facts)


class ReusesReceipts(Journal):
    """Forgets which receipt number it gave last."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        recorded = super().record(facts)
        if recorded[-1].receipt and recorded[-1].seq % 2 == 0:
            with immediate(self.connection, self.path):
                self.connection.execute("DELETE FROM receipts WHERE seq = ?", (recorded[-1].seq,))
        return recorded


class RewritesFacts(Journal):
    """Touches up a fact after it was recorded."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        recorded = super().record(facts)
        with immediate(self.connection, self.path):
            self.connection.execute(
                "UPDATE facts SET bytes = CAST(replace(bytes, 'tea', 'pea') AS BLOB) WHERE seq < ?", (recorded[0].seq,)
            )
        return recorded


# --------------------------------------------------------------------------------------------------- the kiosk's bridge


class SentIsAcknowledged(Session):
    """Takes what was handed to the broker for acknowledged."""

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self.acknowledged({stream: first + count - 1}, incarnation=max(1, self.incarnation), now_s=now_s)


class BelievesLower(Session):
    """Believes a lower acknowledgement of the same incarnation."""

    def _move(self, stream: str, position: int, *, reborn: bool) -> bool:
        return super()._move(stream, position, reborn=True)


class BelievesOldIncarnations(Session):
    """Believes what a hub said before it went back."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        incarnation = max(incarnation, self.incarnation)
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class IgnoresRebirth(Session):
    """Knows one incarnation only, the first that it heard."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        if self.incarnation not in {0, incarnation}:
            return False
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class KeepsUnnamedStreams(Session):
    """Thinks that a reborn hub which does not name a stream still has it."""

    def _rewind_unnamed(self, positions: Mapping[str, int]) -> bool:
        return False


class MixesStreams(Session):
    """Takes one stream's acknowledgement for every stream's."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        if positions:
            positions = dict.fromkeys(self.positions(), max(positions.values()))
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class ForgetsFlights(Session):
    """Goes back without sending again what was in flight."""

    def _go_back(self, now_s: float) -> None:
        for state in self._streams.values():
            state.flights.clear()


class NeverFreesWindow(Session):
    """Counts every batch as in flight for ever."""

    def __init__(self, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._batches = 0

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self._batches += 1

    def _has_room(self) -> bool:
        return self._batches < 2 * self._limits.window_batches and super()._has_room()


class GivesUp(Session):
    """Sends a batch three times again, then never more."""

    def __init__(self, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._tries: dict[tuple[str, int], int] = {}

    def due(self, now_s: float) -> Send | None:
        send = super().due(now_s)
        return send if send and self._tries.get((send.stream, send.first), 0) < 4 else None

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self._tries[stream, first] = self._tries.get((stream, first), 0) + 1


class ForgetsAcknowledgements(LinkStore):
    """Says that an acknowledgement is stored when it is not."""

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        pass


class StoresNoIncarnation(LinkStore):
    """Stores positions without saying which hub acknowledged them."""

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        super().save_acks(positions, incarnation=self.incarnation() or incarnation, at=at)


# -------------------------------------------------------------------------------------------------------------- the hub


class AlteredIngest(Ingest):
    """The ingest's own transaction, run with another desk, and with something done just before its commit."""

    desk: type[Desk] = Desk
    publish: Callable[[Sequence[Message]], None] = staticmethod(len)  # type: ignore[assignment]  # the hub's twin sets it

    def _commit(self, arrivals: Sequence[Arrival], *, careful: bool) -> Outcome:
        names = {"Desk": self.desk, "count_commit": self._count_commit}
        commit = FunctionType(Ingest._commit.__code__, Ingest._commit.__globals__ | names)
        commit.__kwdefaults__ = Ingest._commit.__kwdefaults__
        outcome: Outcome = commit(self, arrivals, careful=careful)
        return self.answer(outcome, arrivals)

    def _count_commit(self, connection: Connection) -> Life:
        self.before_commit(connection)
        return count_commit(connection)

    def answer(self, outcome: Outcome, arrivals: Sequence[Arrival]) -> Outcome:
        return outcome

    def before_commit(self, connection: Connection) -> None:
        pass


class AnswersBeforeCommit(AlteredIngest):
    """Acknowledges, then commits."""

    def before_commit(self, connection: Connection) -> None:
        self.publish(hello(connection))


class AnswersWhatIsSaid(AlteredIngest):
    """Acknowledges as far as the kiosk says its lane reaches."""

    def answer(self, outcome: Outcome, arrivals: Sequence[Arrival]) -> Outcome:
        reaches = {one.batch.head.stream: one.batch.head.newest for one in arrivals if isinstance(one, UpBatch)}
        said = []
        for message in outcome.answers:
            ack = decode_ack(message.payload)
            positions = [
                StreamPosition(p.stream, max(p.position, reaches.get(p.stream, Seq(0)))) for p in ack.positions
            ]
            said.append(replace(message, payload=encode_message(replace(ack, positions=positions))))
        return replace(outcome, answers=said)


class AppliesTwice(AlteredIngest):
    """A batch that is repeated whole changes the stock again."""

    class desk(Desk):  # noqa: N801
        def _place(self, work: Work, batch: UpBatch) -> Fate:
            fate = super()._place(work, batch)
            head = batch.batch.head
            if head.first + head.count - 1 <= work.began.position:
                _apply_again(self, work, batch, head.count)
            return fate


class AppliesOverlapAgain(AlteredIngest):
    """Of a batch that is partly new, all of it changes the stock."""

    class desk(Desk):  # noqa: N801
        def _place(self, work: Work, batch: UpBatch) -> Fate:
            repeats = max(0, work.now.position + 1 - batch.batch.head.first)
            fate = super()._place(work, batch)
            if repeats < batch.batch.head.count:
                _apply_again(self, work, batch, repeats)
            return fate


def _apply_again(desk: Desk, work: Work, batch: UpBatch, count: int) -> None:
    kept = len(desk._facts), len(desk._receipts)
    for seq, raw in enumerate(batch.batch.facts[:count], batch.batch.head.first):
        taken = read(raw, source=work.source, seq=seq, prev="")
        if isinstance(taken, Taken):
            desk._note(work, taken)
    del desk._facts[kept[0] :], desk._receipts[kept[1] :]


class SkipsGaps(AlteredIngest):
    """Takes a batch that begins beyond the next position."""

    class desk(Desk):  # noqa: N801
        def _place(self, work: Work, batch: UpBatch) -> Fate:
            first = batch.batch.head.first
            if first > work.now.position + 1:
                work.now = LaneState(first - 1, work.now.digest, work.now.broken)
            return super()._place(work, batch)


class AcceptsForks(AlteredIngest):
    """Other bytes for a number that was taken take its place."""

    class desk(Desk):  # noqa: N801
        def _keep_forks(self, work: Work, forks: list[tuple[int, bytes, str]]) -> Fate:
            fate = super()._keep_forks(work, forks)
            kiosk, epoch, lane = work.key
            for seq, raw, found in forks:
                self._connection.exec_driver_sql(
                    "UPDATE facts SET bytes = ?, digest = ? WHERE kiosk_id = ? AND epoch = ? AND lane = ? AND seq = ?",
                    (raw, found, kiosk, epoch, lane, seq),
                )
            return fate


class SwallowsForks(AlteredIngest):
    """Other bytes for a number that was taken are thrown away."""

    class desk(Desk):  # noqa: N801
        def _keep_forks(self, work: Work, forks: list[tuple[int, bytes, str]]) -> Fate:
            return "forked"


class LosesLastFact(AlteredIngest):
    """The last fact of a full batch moves the position and is not written."""

    class desk(Desk):  # noqa: N801
        def _place(self, work: Work, batch: UpBatch) -> Fate:
            fate = super()._place(work, batch)
            if len(self._facts) > 2:
                self._facts.pop()
            return fate


class KeepsLifeLate(LifeFile):
    """Is always one commit behind."""

    _late: Life | None = None

    def keep(self, life: Life) -> None:
        late, self._late = self._late, life
        super().keep(late or life)


def keep_incarnation(store: Store, file: LifeFile) -> Life:
    """Begin with what the database says, whatever the life file says."""
    with store.write() as connection:
        life = read_life(connection) or Life(1, 0)
        write_life(connection, life)
    return life


@dataclass(frozen=True)
class Bug:
    """What is put in, and the opening that brings a machine near the place where it hurts."""

    parts: Parts
    opening: Opening


CONTROL: Final = Parts(ingest=AlteredIngest)  # no bug: the copy of the transaction is as good as the real one

BUGS: Final[Mapping[str, Bug]] = {
    "a sequence number is used again": Bug(Parts(journal=ReusesNumbers), joined),
    "a receipt number is used again": Bug(Parts(journal=ReusesReceipts), joined),
    "a recorded fact is changed": Bug(Parts(journal=RewritesFacts), joined),
    "sent counts as acknowledged": Bug(Parts(session=SentIsAcknowledged), joined),
    "a lower acknowledgement is believed": Bug(Parts(session=BelievesLower), disordered),
    "an older incarnation is believed": Bug(Parts(session=BelievesOldIncarnations), echoed),
    "a higher incarnation is ignored": Bug(Parts(session=IgnoresRebirth), restored),
    "a stream unnamed by a reborn hub is kept": Bug(Parts(session=KeepsUnnamedStreams), emptied),
    "an acknowledgement counts for another stream": Bug(Parts(session=MixesStreams), joined),
    "going back forgets what was in flight": Bug(Parts(session=ForgetsFlights), sending),
    "the window is never freed": Bug(Parts(session=NeverFreesWindow), working),
    "sending again gives up": Bug(Parts(session=GivesUp), silent),
    "an acknowledgement is not stored": Bug(Parts(links=ForgetsAcknowledgements), joined),
    "an acknowledgement is stored without its hub": Bug(Parts(links=StoresNoIncarnation), restored),
    "the hub answers before it commits": Bug(Parts(ingest=AnswersBeforeCommit), killed),
    "the hub acknowledges what it does not hold": Bug(Parts(ingest=AnswersWhatIsSaid), joined),
    "a repeated batch is applied again": Bug(Parts(ingest=AppliesTwice), answered),
    "a batch that is partly new is applied whole": Bug(Parts(ingest=AppliesOverlapAgain), answered),
    "a gap is skipped": Bug(Parts(ingest=SkipsGaps), sending),
    "a fork is accepted": Bug(Parts(ingest=AcceptsForks), cloned),
    "a fork is swallowed": Bug(Parts(ingest=SwallowsForks), cloned),
    "the last fact of a batch is lost": Bug(Parts(ingest=LosesLastFact), joined),
    "the life file is late": Bug(Parts(life_file=KeepsLifeLate), one_behind),
    "restored books keep their incarnation": Bug(Parts(begin=keep_incarnation), restored),
}
