"""The hub of the rights machine: ingest, steward, promises and downlink over one database, killed or put back."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from machine_hub import CrashPoint
from machine_network import MachineClock, Network
from machine_parts import LIMITS
from mosquitto_record import seeded
from rights_books import Reader
from rights_kiosk import PowerCut
from sqlalchemy import Connection, Engine

from contract.values import Address
from hub.core import redistribute
from hub.downlink.downlink import Downlink
from hub.intake.arrivals import Message
from hub.intake.ingest import Ingest
from hub.life import LifeFile, begin_life
from hub.promises.holds import Holds
from hub.promises.reserving import Present
from hub.steward import by_operator
from hub.steward.steward import Steward
from hub.store import down
from hub.store.database import Store, open_store

T = TypeVar("T")


class FragileStore(Store):
    """A store whose process can end at a chosen point of a transaction."""

    crash: CrashPoint = ""

    @contextmanager
    def write(self) -> Iterator[Any]:
        with super().write() as connection:
            yield connection
            if self.crash == "before commit":
                raise PowerCut
        if self.crash == "after commit":
            raise PowerCut


class RightsHub:
    """The real parts, run by hand."""

    def __init__(self, folder: Path, network: Network, clock: MachineClock, new_id: Callable[[], str]) -> None:
        self.folder = folder
        self.file = folder / "hub.db"
        self.network = network
        self.clock = clock
        self.new_id = new_id
        self.copies: list[Path] = []
        self.restored = 0
        self.start()

    def start(self) -> None:
        """Start as the hub does, and greet every kiosk."""
        self.store = FragileStore(self.open_books())
        self.life = LifeFile(self.folder / "incarnation.json")
        begun = begin_life(self.store, self.life)
        with self.store.write() as connection:
            down.begin_generations(connection, begun.incarnation, self.clock.now())
        self.ingest = Ingest(
            self.store,
            self.life,
            self.clock,
            new_life=lambda connection, incarnation: down.begin_generations(connection, incarnation, self.clock.now()),
        )
        self.downlink = Downlink(self.store, seeded(2), limits=LIMITS)
        self.steward = Steward(
            self.store, self.clock, keep=self.life.keep, new_id=self.new_id, policy=redistribute.plan_ours
        )
        self.holds = Holds(self.store, self.clock, new_id=self.new_id, keep=self.life.keep)
        self.reader = self.open_reader()
        self.network.send_down(self.ingest.hello())

    def open_books(self) -> Engine:
        return open_store(f"sqlite:///{self.file}").engine

    def open_reader(self) -> Reader:
        return sqlite3.connect(self.file, isolation_level=None)

    def take_all(self, messages: Sequence[Message]) -> None:
        """Take messages, each in a transaction of its own."""
        for message in messages:
            self.take([message])

    def take(self, messages: Sequence[Message], crash: CrashPoint = "") -> None:
        """Take messages in one transaction, answer, and tell kiosks what is new; or end at ``crash``."""
        self.store.crash = crash
        try:
            outcome = self.ingest.take(messages)
        except PowerCut:
            self.restart()
            return
        if crash == "after life":
            self.restart()
            return
        self.store.crash = ""
        self.network.send_down(outcome.answers)
        self.downlink.heard(outcome.told, outcome.acked, self.clock.monotonic_s())
        self.look()

    def look(self) -> None:
        """Tell kiosks what they do not have yet."""
        now_s = self.clock.monotonic_s()
        self.downlink.look(now_s, at_once=True)
        self.downlink.send(self._publish, now_s)

    def _publish(self, message: Message) -> bool:
        self.network.send_down([message])
        return True

    def step(self, crash: CrashPoint = "") -> int:
        """Let the steward do what is due."""
        done = self._fragile(self.steward.step, crash)
        self.look()
        return done or 0

    def act(self, do: Callable[[Connection, Present], T], crash: CrashPoint = "") -> T | None:
        """Run what a program asks for over the API; raises what ``do`` raises."""
        return self._fragile(lambda: self.holds.run(do), crash)

    def close_life(self, at: Address) -> None:
        """Close the open life of a kiosk, as an operator does who gives it up; nothing where there is none."""
        with suppress(by_operator.NotDone):
            self.act(lambda connection, present: by_operator.close_kiosk(connection, present, at, "given up"))
        self.look()

    def _fragile(self, do: Callable[[], T], crash: CrashPoint) -> T | None:
        self.store.crash = crash
        try:
            done = do()
        except PowerCut:
            self.restart()
            return None
        self.store.crash = ""
        if crash == "after life":
            self.restart()
        return done

    def restart(self) -> None:
        self.close()
        self.start()

    def copy(self) -> None:
        target = self.folder / f"copy{len(self.copies)}.db"
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        self.copies.append(target)

    def restore(self, index: int) -> None:
        """Put an older copy in the database's place; the life file stays."""
        self.restored += 1
        self.close()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.copies[index % len(self.copies)], self.file)
        self.start()

    def close(self) -> None:
        self.reader.close()
        self.life.close()
        self.store.close()
