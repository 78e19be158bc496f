"""A hub of eight workers on one PostgreSQL: whatever the rights machine asks of its hub, eight do at once.

One does what was asked. Four more ingests are dealt the messages, each kiosk's to its own in their order, and part of
them to a second one as well, as brokers repeat them; where a steward or a program was asked, part of what is under way
arrives at that moment. Two stewards do what is due, and a program holds and cancels. Then all of them rest, so that
books, kiosks and shelf can be compared.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from machine_hub import CrashPoint
from machine_network import MachineClock, Network
from postgres import PostgresServer
from rights_books import Reader
from rights_hub import FragileStore, RightsHub
from rights_kiosk import PowerCut
from sqlalchemy import Connection, Engine, event

from contract.stock import StockKey
from contract.values import Sku
from hub.core import redistribute
from hub.intake.arrivals import Message
from hub.intake.ingest import Ingest, Outcome
from hub.promises import holds
from hub.promises.holds import Hold, Holds
from hub.promises.reserving import Present
from hub.steward.steward import Steward
from hub.store import down
from hub.store.database import open_store
from hub.store.errors import WorldFailed
from hub.store.migrate import migrate

WORKERS: Final = 8
INGESTS: Final = 4  # beside the worker that is asked
STEWARDS: Final = 2
TRIES: Final = 20  # of those that wait in a ring one is told to try again; each time another is done
WHERE: Final = (("market", "tea"), ("market", "cups"), ("depot", "tea"))  # a program holds one of
T = TypeVar("T")


class PostgresReader:
    """What books in PostgreSQL are read with, in the words that SQLite takes."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        said = "BEGIN ISOLATION LEVEL REPEATABLE READ" if sql == "BEGIN" else sql.replace("?", "%s")
        return self._connection.execute(said.encode(), values or None)

    def close(self) -> None:
        self._connection.close()


class Room:
    """What crowds share one after the other: a server with an empty, migrated database, an engine, and eight threads.

    The engine connects to ``database``, whatever that is: a new one for each life would compile every statement again.
    """

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.threads = ThreadPoolExecutor(WORKERS)
        self._made: list[str] = []
        self.template = self.database = self.copy("template1")
        store = open_store(server.url(self.template))
        migrate(store)
        self.engine = store.engine
        event.listen(self.engine, "do_connect", self._name_database)
        self.enter(self.template)

    def _name_database(self, _dialect: object, _record: object, _unnamed: object, named: dict[str, Any]) -> None:
        named["dbname"] = self.database

    def enter(self, database: str) -> None:
        """Let the engine connect to ``database`` from now on, and nowhere else."""
        self.engine.dispose()
        self.database = database

    def copy(self, source: str) -> str:
        """Return the name of a copy; nobody may be connected to ``source``."""
        name = self.server.create_database(source)
        self._made.append(name)
        return name

    def clear(self) -> None:
        """Remove what lives left behind."""
        self.enter(self.template)
        while len(self._made) > 1:
            self.server.drop_database(self._made.pop())

    def close(self) -> None:
        self.threads.shutdown()
        self.engine.dispose()
        self.clear()
        self.server.drop_database(self.template)


class Crowd(RightsHub):
    """Eight workers that share a database and a life file; what is asked is done by the parts of a single hub."""

    def __init__(
        self, folder: Path, network: Network, clock: MachineClock, new_id: Callable[[], str], *, room: Room
    ) -> None:
        self.room = room
        room.enter(room.copy(room.template))
        self.past: list[str] = []
        self.chance = random.Random(2)  # noqa: S311 - what arrives where, beside what the machine draws
        self.heard: list[Outcome] = []
        super().__init__(folder, network, clock, new_id)

    def open_books(self) -> Engine:
        return self.room.engine

    def open_reader(self) -> Reader:
        return PostgresReader(self.room.server.url(self.room.database))

    def start(self) -> None:
        super().start()
        life, clock, policy = self.life, self.clock, redistribute.plan_ours
        stores = [FragileStore(self.store.engine) for _ in range(WORKERS)]
        begin = lambda connection, incarnation: down.begin_generations(connection, incarnation, clock.now())  # noqa: E731
        self.ingests = [Ingest(stores.pop(), life, clock, new_life=begin) for _ in range(INGESTS)]
        self.stewards = [
            Steward(stores.pop(), clock, keep=life.keep, new_id=self.new_id, policy=policy) for _ in range(STEWARDS)
        ]
        self.program = Holds(stores.pop(), clock, new_id=self.new_id, keep=life.keep)

    # ------------------------------------------------------------------------------------------------- what is asked

    def take(self, messages: Sequence[Message], crash: CrashPoint = "") -> None:
        self._all(partial(self._hear, self.ingest, [messages]), messages, crash)
        self.look()

    def take_all(self, messages: Sequence[Message]) -> None:
        if messages:
            self.take(messages[-1:]) if len(messages) == 1 else self._all(lambda: None, messages, "")
            self.look()

    def _fragile(self, do: Callable[[], T], crash: CrashPoint) -> T | None:
        return self._all(do, self._arriving(), crash)

    def _arriving(self) -> list[Message]:
        """Return what of the messages under way arrives at this moment; part of it comes once more."""
        bag, self.network.up = self.network.up, []
        some = []
        for message in bag:
            arrives = self.chance.random() < 0.5
            some += [message] if arrives else []
            self.network.up += [] if arrives and self.chance.random() < 0.8 else [message]
        return some

    def copy(self) -> None:
        self.reader.close()
        self.store.close()
        self.past.append(self.room.copy(self.room.database))
        self.copies.append(self.file)  # the machine asks whether there are any
        self.reader = self.open_reader()

    def restore(self, index: int) -> None:
        self.restored += 1
        self.close()
        self.room.enter(self.room.copy(self.past[index % len(self.past)]))
        self.start()

    # -------------------------------------------------------------------------------------------------- eight at once

    def _all(self, asked: Callable[[], T], messages: Sequence[Message], crash: CrashPoint) -> T | None:
        """Do what is asked while seven others work; begin anew where the asked one's process ended."""
        self.store.crash = crash
        first, *rest = self._run(asked, messages)
        self.store.crash = ""
        cut, *others = [future.exception() for future in (first, *rest)]
        for error in others:
            if error is not None:
                raise error
        heard, self.heard = self.heard, []
        for outcome in heard:
            self.network.send_down(outcome.answers)
            self.downlink.heard(outcome.told, outcome.acked, self.clock.monotonic_s())
        if isinstance(cut, PowerCut) or (cut is None and crash == "after life"):
            self.restart()
            return None
        done: T = first.result()
        return done

    def _run(self, asked: Callable[[], T], messages: Sequence[Message]) -> list[Any]:
        """Return the futures of eight, all of them done; the first is of what was asked."""
        work: list[Callable[[], Any]] = [
            asked,
            *(
                partial(self._hear, one, self._grouped(hand))
                for one, hand in zip(self.ingests, self._deal(messages), strict=True)
            ),
            *(one.step for one in self.stewards),
            partial(self._hold_and_cancel, *self.chance.choice(WHERE)),
        ]
        start = threading.Barrier(len(work))
        futures = [self.room.threads.submit(_begin, start, one) for one in work]
        for future in futures:
            future.exception()  # waits
        return futures

    def _hear(self, ingest: Ingest, groups: Sequence[Sequence[Message]]) -> None:
        for group in groups:
            self.heard.append(_patiently(partial(ingest.take, group)))

    def _deal(self, messages: Sequence[Message]) -> list[list[Message]]:
        """Return what each ingest takes."""
        hands: list[list[Message]] = [[] for _ in range(INGESTS)]
        for message in messages:
            kiosk = message.topic.split("/")[4]
            hands[int(kiosk[-1]) % (INGESTS - 1)].append(message)
            if self.chance.random() < 0.5:
                hands[-1].append(message)
        return hands

    def _grouped(self, hand: Sequence[Message]) -> list[list[Message]]:
        """Return the messages of each transaction: all of them, or one by one."""
        together = self.chance.random() < 0.3
        return ([list(hand)] if hand else []) if together else [[message] for message in hand]

    def _hold_and_cancel(self, site: str, sku: str) -> None:
        """Hold one piece for a shopper who thinks better of it."""
        name = f"moment-{self.new_id()}"
        wanted = Hold("demo", site, {StockKey(Sku(sku)): 1}, timedelta(minutes=2))

        def hold(connection: Connection, present: Present) -> object:
            return holds.hold(connection, present, wanted, name)

        def cancel(connection: Connection, present: Present) -> object:
            return holds.cancel(connection, present, name)

        with suppress(holds.Refused):
            _patiently(partial(self.program.run, hold))
            _patiently(partial(self.program.run, cancel))


def _begin(start: threading.Barrier, do: Callable[[], T]) -> T:
    start.wait()
    return _patiently(do)


def _patiently(do: Callable[[], T]) -> T:
    """Do what may fail because the world does, as the loops of a hub do: again."""
    for _ in range(TRIES):
        with suppress(WorldFailed):
            return do()
    return do()
