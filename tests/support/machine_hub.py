"""The hub of the machine: real ingest over a real database, which can end anywhere and go back."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from machine_network import MachineClock, Network
from machine_parts import Parts

from hub.intake.arrivals import Message
from hub.store import down
from hub.store.database import Store, open_store

CrashPoint = Literal["", "before commit", "after commit", "after life"]


class PowerCutError(Exception):
    """The hub's process ended here."""


class FragileStore(Store):
    """A store whose process can end at a chosen point of a transaction."""

    crash: CrashPoint = ""

    @contextmanager
    def write(self) -> Iterator[Any]:
        with super().write() as connection:
            yield connection
            if self.crash == "before commit":
                raise PowerCutError
        if self.crash == "after commit":
            raise PowerCutError


class HubTwin:
    """The hub: real ingest over a SQLite file with its life file, which can be killed, copied and restored."""

    def __init__(self, folder: Path, network: Network, clock: MachineClock, parts: Parts) -> None:
        self.folder = folder
        self.file = folder / "hub.db"
        self.network = network
        self.clock = clock
        self.parts = parts
        self.copies: list[Path] = []
        self.starts = 0
        self.restored = 0
        self.start()

    def start(self) -> None:
        """Start as the hub does, and greet every kiosk."""
        self.starts += 1
        self.store = FragileStore(open_store(f"sqlite:///{self.file}").engine)
        self.life = self.parts.life_file(self.folder / "incarnation.json")
        self.parts.begin(self.store, self.life)
        self.ingest = self.parts.ingest(
            self.store,
            self.life,
            self.clock,
            new_life=lambda connection, incarnation: down.begin_generations(connection, incarnation, self.clock.now()),
        )
        if hasattr(self.ingest, "publish"):
            self.ingest.publish = self.network.send_down
        self.reader = sqlite3.connect(self.file, isolation_level=None)
        self.network.send_down(self.ingest.hello())

    def take(self, messages: Sequence[Message], crash: CrashPoint = "") -> None:
        """Take messages in one transaction and answer; or end at ``crash``, and start again."""
        self.store.crash = crash
        try:
            outcome = self.ingest.take(messages)
        except PowerCutError:
            self.restart()
            return
        if crash == "after life":
            self.restart()
        else:
            self.network.send_down(outcome.answers)
        self.store.crash = ""

    def restart(self) -> None:
        self.close()
        self.start()

    def copy(self) -> None:
        target = self.folder / f"copy{len(self.copies)}.db"
        copy = sqlite3.connect(target)
        self.reader.backup(copy)
        copy.close()
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
