"""From messages to books: inbox position, facts, effects and answers in one transaction; acknowledged after it.

A message that is taken twice, late, out of order or never changes nothing that it should not: the inbox's rules
(:mod:`hub.core.inbox`) place every batch. Nothing is acknowledged before the commit, nor before the life file knows
of it (:mod:`hub.life`). When the world fails, nothing was written and nothing is acknowledged: call again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field
from sqlalchemy import Connection

from contract.errors import Malformed
from contract.values import Address, instant_text
from hub.clock import Clock
from hub.intake.answers import Answers, hello
from hub.intake.arrivals import Arrival, Asking, DownAcked, Message, Told, UpBatch, parse, reason
from hub.intake.claims import Claims
from hub.intake.desk import Desk
from hub.intake.refusals import Fate, Refusal, Refusals
from hub.intake.senders import fenced_heard, newest_epoch, note
from hub.intake.urgent import heed
from hub.life import LifeFile
from hub.promises.asked import answer_waiting
from hub.store import books, inbox
from hub.store.bounds import Bounds, Rooms
from hub.store.database import Store
from hub.store.errors import ContentRefused
from hub.store.life import count_commit

NewLife = Callable[[Connection, int], None]


class Outcome(Struct, frozen=True):
    """What taking messages came to: answers to publish, and what the downlink wants to know."""

    answers: list[Message] = []
    told: list[Told] = []
    acked: list[DownAcked] = []
    fates: Counter[Fate] = field(default_factory=Counter)
    refused: list[Refusal] = []
    positions_taken: int = 0
    requests: int = 0
    more: bool = False  # a kiosk has recorded more than it could send so far

    @property
    def has_news(self) -> bool:
        """Return whether something was taken that kiosks may have been told of, or that left chores."""
        return bool(self.positions_taken or self.requests or self.told)


class Ingest:
    """Takes messages into one store. Several may work on one store at once, in threads or in processes."""

    def __init__(
        self,
        store: Store,
        life: LifeFile,
        clock: Clock,
        *,
        new_life: NewLife,
        careful: bool = False,
        limits: Bounds | None = None,
    ) -> None:
        """Take what else belongs into the transaction that begins a new incarnation as ``new_life``."""
        self._store = store
        self._life = life
        self._clock = clock
        self._careful = careful
        self._limits = limits or Bounds()
        self._rooms = Rooms(self._limits, clock.monotonic_s)
        self._claims = Claims(clock, new_life)
        self._answers = Answers(clock)
        self.refusals = Refusals()
        self.fates: Counter[Fate] = Counter()  # of every message that was ever taken
        self.positions_taken = 0

    def take(self, messages: Iterable[Message]) -> Outcome:
        """Take ``messages`` in one transaction and return what to answer, once it is committed.

        Raises: WorldFailed, and then nothing was taken.
        """
        arrivals: list[Arrival] = []
        before = Outcome()
        for message in messages:
            self._read(message, arrivals, before)
        outcome = self._commit_all(arrivals) if arrivals else Outcome()
        for one in (before, outcome):  # after the commit: what fails is taken again, and counted then
            self.fates.update(one.fates)
            for refusal in one.refused:
                self.refusals.count(*refusal)
        self.positions_taken += outcome.positions_taken
        return outcome

    def hello(self) -> list[Message]:
        """Return every known kiosk's acknowledgement, asking it to resume: at the start and after each connection."""
        with self._store.read() as connection:
            return hello(connection)

    def _read(self, message: Message, arrivals: list[Arrival], before: Outcome) -> None:
        """Add what ``message`` says to ``arrivals``, or what became of it to ``before``."""
        try:
            arrival = parse(message)
        except Malformed as error:
            who = "/".join(message.topic.split("/", 5)[2:5])
            before.refused.append(Refusal(who, reason(message), str(error)))
            before.fates["refused"] += 1
            return
        if arrival is None:
            before.fates["unheard"] += 1
        else:
            arrivals.append(arrival)

    def _commit_all(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Commit together if the database takes it so, else fact by fact, else message by message."""
        try:
            return self._commit(arrivals, careful=self._careful)
        except ContentRefused:
            pass
        try:
            return self._commit(arrivals, careful=True)
        except ContentRefused as error:
            refused = str(error)
        if len(arrivals) == 1:
            return Outcome(fates=Counter(["refused"]), refused=[Refusal(str(arrivals[0].address), "database", refused)])
        return _joined([self._commit_all([one]) for one in arrivals])

    def _commit(self, arrivals: Sequence[Arrival], *, careful: bool) -> Outcome:
        now = instant_text(self._clock.now())
        with self._store.write() as connection:
            addresses = (arrival.address for arrival in arrivals)
            senders = inbox.lock_kiosks(connection, addresses, now, most=self._limits.kiosks)
            strangers = [arrival for arrival in arrivals if arrival.address not in senders]
            arrivals = [arrival for arrival in arrivals if arrival.address in senders]
            told = [arrival for arrival in arrivals if isinstance(arrival, Told)]
            desk = Desk(connection, now, careful=careful, limits=self._limits, rooms=self._rooms)
            for one in told:
                desk.hear(senders[one.address], newest_epoch(one.status))
            desk.take([arrival for arrival in arrivals if isinstance(arrival, UpBatch)], senders)
            desk.write()
            asking = [arrival for arrival in arrivals if isinstance(arrival, Asking)]
            unheeded = heed(connection, asking, senders, now)
            answer_waiting(connection, senders.values(), now)
            note(connection, arrivals, senders, now)
            held = inbox.positions(connection, (kiosk.id for kiosk in senders.values()))
            raised, troubles = self._claims.heed(connection, told, senders, held)
            books.open_exceptions(connection, [*troubles, *fenced_heard(arrivals, senders)], now)
            resumed = hello(connection) if raised else []
            life = count_commit(connection)
        self._claims.committed()
        self._life.keep(life)
        acked = [arrival for arrival in arrivals if isinstance(arrival, DownAcked)]
        return Outcome(
            resumed or self._answers.make(arrivals, senders, desk.works, held, life),
            told,
            acked,
            desk.fates
            + Counter(_fates("heard", len(told) + len(acked) + len(asking) - len(unheeded)))
            + Counter(_fates("refused", len(strangers) + len(unheeded))),
            [*desk.refused, *unheeded, *(_stranger(one.address, self._limits.kiosks) for one in strangers)],
            sum(work.now.position - work.began.position for work in desk.works.values()),
            len(asking),
            any(work.newest > work.now.position for work in desk.works.values()),
        )


def _fates(fate: Fate, count: int) -> dict[Fate, int]:
    return {fate: count}


def _stranger(address: Address, most: int) -> Refusal:
    return Refusal(str(address), "kiosks", f"more than {most} kiosks")


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        [answer for one in outcomes for answer in one.answers],
        [told for one in outcomes for told in one.told],
        [acked for one in outcomes for acked in one.acked],
        sum((one.fates for one in outcomes), Counter()),
        [refusal for one in outcomes for refusal in one.refused],
        sum(one.positions_taken for one in outcomes),
        sum(one.requests for one in outcomes),
        any(one.more for one in outcomes),
    )
