"""Keeps the till's write-ahead log short from beside, while it may be selling without a pause.

Rules
-----
1.  The counter comes first. Pages are moved into the main file without any lock that a sale needs. Alone this never
    ends while somebody keeps writing: SQLite begins the log anew only where a write finds all of it moved.
2.  So a log longer than ``LOG_BYTES`` is finished under the writer's lock, once its bulk was moved without: a sale may
    have to wait for two syncs of little data. Under that lock nothing is waited for, no reader and no writer.
3.  Where a reader holds back much of the log, the lock is not asked for; the log is looked at again later.
4.  The first commit of a log that begins anew syncs its header as well. It is made here, so that no sale pays for it.
5.  Nothing is written where nothing was written since: an idle kiosk must not wear its card out.
"""

from collections.abc import Callable
from typing import Final

from kiosk.journal.database import begin_log, checkpoint, open_database, translated, unless_busy
from kiosk.journal.journal import Journal
from kiosk.journal.schema import OF_LANE

LOG_BYTES: Final = 16 * 2**20  # some 170 sales, so that not one sale in a hundred meets rule 2
EVERY_S: Final = 5.0  # the same pages are then written once for several sales; a till that rests tidies by itself
LONG_EVERY_S: Final = 1.0  # for a log that is long: at 100 sales a second it grows by 9 MB meanwhile
_HELD_BACK: Final = 500  # frames, 2 MB: more than is written while the bulk is moved, and moved within milliseconds


class Tidier:
    """Tidies one journal's log from a process beside the one that writes it."""

    def __init__(self, journal: Journal, monotonic: Callable[[], float], *, log_bytes: int = LOG_BYTES) -> None:
        """Open ``journal``'s file twice: a connection cannot move pages while it holds the lock.

        Raises: StorageFailed, NotADatabase.
        """
        self._path = journal.path
        self._db, self._mover = (open_database(journal.path, OF_LANE[journal.lane]) for _ in range(2))
        self._log = journal.path.with_name(f"{journal.path.name}-wal")
        self._monotonic = monotonic
        self._log_bytes = log_bytes
        self._version = -1  # no version: what an earlier process left is tidied first
        self._looked_s = float("-inf")
        self._db.execute(f"PRAGMA journal_size_limit={log_bytes}")  # a log that begins anew is cut to this

    def turn(self) -> None:
        """Do what is due; call it several times a second.

        Raises: StorageFailed.
        """
        now_s, long = self._monotonic(), self._is_long()
        if now_s - self._looked_s < (LONG_EVERY_S if long else EVERY_S):
            return
        self._looked_s = now_s
        version = self._written()
        if version != self._version and (self._finish() if long else not checkpoint(self._db, self._path)):
            self._version = version

    def close(self) -> None:
        """Let the file go."""
        self._db.close()
        self._mover.close()

    def _is_long(self) -> bool:
        with translated(self._path):
            return self._log.exists() and self._log.stat().st_size > self._log_bytes

    def _written(self) -> int:
        """Return a number that changes when another process has written."""
        with translated(self._path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _finish(self) -> bool:
        """Let the log begin anew although somebody keeps writing; return whether all of it was moved.

        Between the lock and the commit that begins anew lie microseconds; who waits for the lock asks for it again
        after a millisecond at the soonest.
        """
        if self._move() > _HELD_BACK or not self._lock():
            return False
        left = self._move()
        with translated(self._path):
            self._db.execute("ROLLBACK")
        if not left:
            begin_log(self._db, self._path)
        return not left

    def _lock(self) -> bool:
        with translated(self._path), unless_busy():
            self._db.execute("BEGIN IMMEDIATE")
        return self._db.in_transaction

    def _move(self) -> int:
        """Move pages into the main file as far as readers let us; return how many frames are left."""
        with translated(self._path):
            _, log, moved = self._mover.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(log - moved)
