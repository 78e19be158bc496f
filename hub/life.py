"""The life file: what outlives the database, so that a database that went back is noticed (promise 2).

Two slots of one disk block each, written in turn and synced: a power cut tears at most the older one. The file's size
never changes, so that one data sync is enough. It is synced after every commit and before its acknowledgements.
"""

import fcntl
import hashlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Final

from hub.core.incarnation import Life, decide_at_start
from hub.store.database import Store, make_private_folder
from hub.store.errors import FolderTaken, WorldFailed
from hub.store.life import read_life, write_life

SLOT_BYTES: Final = 4096  # a disk block: written whole or torn alone
_SLOTS: Final = 2
_log = logging.getLogger(__name__)


class LifeFile:
    """The newest life that was acknowledged, in a file of its own."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, made if it is not there, readable by its owner only.

        Raises: WorldFailed, also while another hub holds it: two that share a file could each undo the other's.
        """
        self.path = path
        self._turn = threading.Lock()
        try:
            self._file = _open(path)
            slots = [_parse(os.pread(self._file, SLOT_BYTES, n * SLOT_BYTES)) for n in range(_SLOTS)]
        except BlockingIOError as error:
            raise FolderTaken(f"{path}: another hub is running on this folder") from error
        except OSError as error:
            raise WorldFailed(f"{path}: {error.strerror}") from error
        lives = [(life, n) for n, life in enumerate(slots) if life]
        newest: tuple[Life | None, int] = max(lives, default=(None, 1))
        self.life, slot = newest
        self._next = 1 - slot

    def keep(self, life: Life) -> None:
        """Keep ``life`` if it is newer than what is kept; it is on the disk when this returns.

        Raises: WorldFailed.
        """
        with self._turn:
            if self.life is not None and life <= self.life:
                return
            try:
                os.pwrite(self._file, _format(life), self._next * SLOT_BYTES)
                os.fdatasync(self._file)
            except OSError as error:
                raise WorldFailed(f"{self.path}: {error.strerror}") from error
            self.life, self._next = life, 1 - self._next

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)


def begin_life(store: Store, file: LifeFile, *, promoted: bool = False) -> Life:
    """Return the life that this start goes on with, written to the database first and the file second.

    A crash between the two finds a database that is ahead, which is what an ordinary crash leaves as well.
    Raises: WorldFailed.
    """
    with store.write() as connection:
        verdict = decide_at_start(read_life(connection), file.life, promoted=promoted)
        write_life(connection, verdict.life)
    file.keep(verdict.life)
    if verdict.why:
        _log.warning("incarnation %d begins: %s", verdict.life.incarnation, verdict.why)
    return verdict.life


def _open(path: Path) -> int:
    """Open and lock the file; one made now gets its size and its name on the disk at once."""
    make_private_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_size < SLOT_BYTES * _SLOTS:
            os.pwrite(file, b"\n" * SLOT_BYTES * _SLOTS, 0)
            os.fsync(file)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            os.fsync(folder)
            os.close(folder)
    except OSError:
        os.close(file)
        raise
    return file


def _format(life: Life) -> bytes:
    said = {"incarnation": life.incarnation, "commits": life.commits}
    check = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
    return json.dumps({**said, "check": check}).encode().ljust(SLOT_BYTES - 1) + b"\n"


def _parse(slot: bytes) -> Life | None:
    try:
        said = json.loads(slot)
        life = Life(int(said["incarnation"]), int(said["commits"]))
    except (ValueError, KeyError, TypeError):
        return None
    return life if slot == _format(life) else None
