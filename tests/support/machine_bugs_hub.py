"""Seeded bugs of the hub: its one transaction, and what outlives its database."""

from collections.abc import Callable, Sequence
from types import FunctionType

from msgspec.structs import replace
from sqlalchemy import Connection

from contract.batch import StreamPosition, decode_ack, encode_message
from contract.values import Seq
from hub.core.inbox import LaneState, Taken, read
from hub.core.incarnation import Life
from hub.intake.answers import hello
from hub.intake.arrivals import Arrival, Message, UpBatch
from hub.intake.desk import Desk, Work
from hub.intake.ingest import Ingest, Outcome
from hub.intake.refusals import Fate
from hub.life import LifeFile
from hub.store.database import Store
from hub.store.life import count_commit, read_life, write_life


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


class NeverSaysBroken(AlteredIngest):
    """Acknowledges a lane of two journals as if it were of one."""

    def answer(self, outcome: Outcome, arrivals: Sequence[Arrival]) -> Outcome:
        said = []
        for message in outcome.answers:
            ack = decode_ack(message.payload)
            positions = [replace(one, broken=False) for one in ack.positions]
            said.append(replace(message, payload=encode_message(replace(ack, positions=positions))))
        return replace(outcome, answers=said)
