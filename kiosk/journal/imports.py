"""Replays of this till: which file, which run of it, with which options, and whether it came to its end."""

import fcntl
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.values import instant_text
from kiosk.core.replay import TicketFact
from kiosk.journal.database import immediate, open_lock, translated
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal

_COLUMNS: Final = "run, name, options, at, finished"


class Run(Struct, frozen=True):
    """One replay of a file. ``options`` is what it was read with."""

    number: int
    name: str
    options: str
    at: str
    finished: bool


class AnotherReplay(JournalError):
    """Two replays at once would each take the other's tickets for its own."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        super().__init__(f"{folder}: another replay is running here: wait until it is done")


class Imports:
    """The replays in one till's file, for one process at a time."""

    def __init__(self, journal: Journal) -> None:
        """Use the till journal's file; its transactions and ours do not overlap, for one thread owns both.

        Raises: AnotherReplay, StorageFailed.
        """
        self._connection = journal.connection
        self._path = journal.path
        self._lock = open_lock(self._path.with_name("replay.lock"))
        with translated(self._path):
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                self._lock.close()
                raise AnotherReplay(self._path.parent) from error

    def close(self) -> None:
        """Let another replay begin."""
        self._lock.close()

    def newest(self, digest: str) -> Run | None:
        """Return the last run of the file with this content."""
        with translated(self._path):
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM imports WHERE digest = ? ORDER BY run DESC LIMIT 1",  # noqa: S608
                (digest,),
            ).fetchone()
        if row is None:
            return None
        number, name, options, started_at, finished = row
        return Run(number, name, options, started_at, bool(finished))

    def begin(self, digest: str, number: int, *, name: str, options: str, at: datetime) -> None:
        """Store that a run begins, synced."""
        with immediate(self._connection, self._path) as db:
            db.execute(
                f"INSERT INTO imports (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, 0)",  # noqa: S608
                (digest, number, name, options, instant_text(at)),
            )

    def finish(self, digest: str, number: int) -> None:
        """Store that a run came to its end, synced."""
        with immediate(self._connection, self._path) as db:
            db.execute("UPDATE imports SET finished = 1 WHERE digest = ? AND run = ?", (digest, number))

    def has(self, fact: TicketFact) -> bool:
        """Return whether the fact's basket is closed, by a run that was cut short."""
        kind = type(fact).__name__.removesuffix("Recorded").lower()
        with translated(self._path):
            sql = "SELECT 1 FROM receipts WHERE kind = ? AND basket = ?"
            return self._connection.execute(sql, (kind, fact.basket)).fetchone() is not None
