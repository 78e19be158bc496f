"""Opening a kiosk database: durability, versions, and errors that say what to do.

WAL with ``synchronous=FULL``: with NORMAL, a commit that was shown as done may be gone after a power cut.
Checkpoints happen outside the sale (see :func:`checkpoint`), which keeps a commit at one data sync.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from kiosk.journal.errors import JournalError, NewerDatabase, NotADatabase, StorageFailed

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_TIMEOUT_MS: Final = 5000  # longer than any writer of the same file holds it; beyond that something hangs
_PRIVATE: Final = 0o600
_PRIMARY: Final = 0xFF  # of an extended result code

Migration = Callable[["Database"], None]
Row = tuple[Any, ...]


def open_database(path: Path, migrations: Sequence[Migration], *, full: bool = True) -> sqlite3.Connection:
    """Open ``path``, made and brought to the newest schema if needed, in autocommit mode.

    ``full`` asks for ``synchronous=FULL``; only telemetry may do without.

    Raises: NewerDatabase, StorageFailed, NotADatabase.
    """
    with translated(path):
        if not path.exists():
            _make_folder(path.parent, 0o700)
            os.close(_open_private(path))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            connection.close()
            raise NewerDatabase(path, version, len(migrations))
        connection.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        if version < len(migrations) or connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            _sync_folder(path.parent)
            _migrate(connection, path, migrations)
        return connection


def open_reader(path: Path, known: int) -> sqlite3.Connection:
    """Open an existing database for reading only; ``known`` is how many migrations this release has for it.

    Raises: NewerDatabase, StorageFailed, NotADatabase.
    """
    with translated(path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > known:
            connection.close()
            raise NewerDatabase(path, version, known)
        return connection


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether the file has a table: who makes it may not have come so far, or be of an earlier release."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


@contextmanager
def immediate(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """Run one write transaction: committed and synced at the end, or nothing of it.

    Raises: StorageFailed when the disk does not take it.
    """
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the database's and the system's errors into ours.

    Raises: StorageFailed, NotADatabase.
    """
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a rule was broken; the caller knows which
    except sqlite3.OperationalError as error:
        raise StorageFailed(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise NotADatabase(path, str(error)) from error
    except OSError as error:
        raise StorageFailed(path, error.strerror or str(error)) from error


def checkpoint(connection: sqlite3.Connection, path: Path) -> int:
    """Move committed pages into the main file if no one is reading; return how many frames the log still holds.

    The first commit after the log begins anew syncs its header as well; that commit is made here, so that no sale
    pays for it.
    """
    with translated(path):
        busy, log, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if not busy and log == moved and log > 0:
        begin_log(connection, path)
    return int(log - moved)


def begin_log(connection: sqlite3.Connection, path: Path) -> None:
    """Make the first commit of a log that begins anew, unless somebody else keeps the file and makes it."""
    with translated(path), unless_busy():
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('checkpoint', 'done')")


@contextmanager
def unless_busy() -> Iterator[None]:
    """Leave off where another process holds the lock for longer than anybody waits: the disk is well."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
            raise


def open_lock(path: Path) -> IO[bytes]:
    """Return the file of a lock, made if it is not there, for this user alone: who can open a lock can hold it.

    Raises: StorageFailed.
    """
    with translated(path):
        return os.fdopen(_open_private(path), "wb")


def _open_private(path: Path) -> int:
    """Open a file that only its user may; what root makes belongs to the folder's user at once, who needs it next."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, _PRIVATE)
    owner = path.parent.stat()
    if owner.st_uid != os.geteuid() == os.fstat(file).st_uid == 0:
        os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def _make_folder(folder: Path, mode: int) -> None:
    """Make a folder and those above it; a power cut takes none of their names, for POSIX promises only synced ones.

    Also for one that is there: who made it may have been killed before its name was certain.
    """
    if not folder.exists():
        _make_folder(folder.parent, 0o777)
        folder.mkdir(mode, exist_ok=True)
    if folder.stat().st_dev == folder.parent.stat().st_dev:  # the name of a mount point is not on this disk
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return  # who may not look into a folder made nothing in it
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot sync folders has no more to promise
            raise
    finally:
        os.close(handle)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    from sqlite_utils import Database, Migrations  # noqa: PLC0415 - 13 MB that a started kiosk does not need

    steps = Migrations("popup_kiosk")
    for number, migration in enumerate(migrations, 1):
        steps(name=f"{number:04d}_{migration.__name__}")(migration)
    with open_lock(path.with_suffix(".lock")) as lock:  # the till, the bridge and the backroom may all be first
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection.execute("PRAGMA journal_mode=WAL")  # it does not wait for others who ask for it: the lock does
        steps.apply(Database(connection, recursive_triggers=False))
        connection.execute(f"PRAGMA user_version={len(migrations)}")


__all__ = [
    "BUSY_TIMEOUT_MS",
    "JournalError",
    "Migration",
    "Row",
    "begin_log",
    "checkpoint",
    "has_table",
    "immediate",
    "open_database",
    "open_lock",
    "open_reader",
    "translated",
    "unless_busy",
]
