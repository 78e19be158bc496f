"""Whether a bridge is running: a lock that the system takes away from a process that dies, however it dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kiosk.journal.database import open_lock, translated
from kiosk.journal.errors import JournalError

_NAME: Final = "bridge.lock"
_TRIES: Final = 20  # a till looks for a moment each second; a second of trying outlasts every look
_TRY_S: Final = 0.05


@contextmanager
def only_bridge(data_dir: Path) -> Iterator[None]:
    """Hold the folder's link: two bridges would send as one kiosk.

    Raises: JournalError if another bridge has it; StorageFailed.
    """
    with open_lock(data_dir / _NAME) as lock:
        for _ in range(_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_TRY_S)  # noqa: TID251 - tries with a bound
        else:
            raise JournalError(f"{data_dir}: another bridge is running here: stop it first")
        yield


def bridge_runs(data_dir: Path) -> bool:
    """Return whether a bridge holds the folder's link.

    Raises: StorageFailed.
    """
    path = data_dir / _NAME
    if not path.exists():
        return False
    with translated(path), path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
