"""From messages to books: inbox position, facts, effects and answers in one transaction; acknowledged after it.

A message that is taken twice, late, out of order or never changes nothing that it should not: the inbox's rules
(:mod:`hub.core.inbox`) place every batch. Nothing is acknowledged before the commit, nor before the life file knows
of it (:mod:`hub.life`). When the world fails, nothing was written and nothing is acknowledged: call again.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection

from contract.errors import Malformed
from contract.values import instant_text
from hub.answers import Answers, hello
from hub.arrivals import Arrival, DownAcked, Message, Told, UpBatch, parse, reason
from hub.claims import Claims
from hub.clock import Clock
from hub.desk import MAX_FORKS, Desk
from hub.life import LifeFile
from hub.refusals import Refusals
from hub.senders import note
from hub.store import books, inbox
from hub.store.database import Store
from hub.store.errors import ContentRefused
from hub.store.life import count_commit

NewLife = Callable[[Connection, int], None]


class Outcome(Struct, frozen=True):
    """What taking messages came to: answers to publish, and what the downlink wants to know."""

    answers: list[Message] = []
    told: list[Told] = []
    acked: list[DownAcked] = []


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
        max_forks: int = MAX_FORKS,
    ) -> None:
        """Take what else belongs into the transaction that begins a new incarnation as ``new_life``."""
        self._store = store
        self._life = life
        self._clock = clock
        self._careful = careful
        self._max_forks = max_forks
        self._claims = Claims(clock, new_life)
        self._answers = Answers(clock)
        self.refusals = Refusals()
        self.positions_taken = 0

    def take(self, messages: Iterable[Message]) -> Outcome:
        """Take ``messages`` in one transaction and return what to answer, once it is committed.

        Raises: WorldFailed, and then nothing was taken.
        """
        arrivals = [arrival for message in messages if (arrival := self._parse(message))]
        if not arrivals:
            return Outcome()
        try:
            return self._commit(arrivals, careful=self._careful)
        except ContentRefused:
            return self._commit(arrivals, careful=True)

    def hello(self) -> list[Message]:
        """Return every known kiosk's acknowledgement, asking it to resume: at the start and after each connection."""
        with self._store.read() as connection:
            return hello(connection)

    def _parse(self, message: Message) -> Arrival | None:
        try:
            return parse(message)
        except Malformed as error:
            who = "/".join(message.topic.split("/", 5)[2:5])
            self.refusals.count(who, reason(message), str(error))
            return None

    def _commit(self, arrivals: Sequence[Arrival], *, careful: bool) -> Outcome:
        now = instant_text(self._clock.now())
        told = [arrival for arrival in arrivals if isinstance(arrival, Told)]
        with self._store.write() as connection:
            senders = inbox.lock_kiosks(connection, (arrival.address for arrival in arrivals), now)
            desk = Desk(connection, now, self.refusals, careful=careful, max_forks=self._max_forks)
            desk.take([arrival for arrival in arrivals if isinstance(arrival, UpBatch)], senders)
            desk.write()
            note(connection, arrivals, senders, now)
            held = inbox.positions(connection, (kiosk.id for kiosk in senders.values()))
            raised, troubles = self._claims.heed(connection, told, senders, held)
            books.open_exceptions(connection, troubles, now)
            resumed = hello(connection) if raised else []
            life = count_commit(connection)
        self._life.keep(life)
        self.positions_taken += sum(work.now.position - work.began.position for work in desk.works.values())
        answers = resumed or self._answers.make(arrivals, senders, desk.works, held, life)
        return Outcome(answers, told, [arrival for arrival in arrivals if isinstance(arrival, DownAcked)])
