"""Copies of a dying card's files: nothing is ever written to the card, and a bad block costs itself alone."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kiosk.journal.database import open_lock, translated
from kiosk.journal.salvage.errors import Busy, NoRoom, Unreadable

BLOCK: Final = 4096  # an SD card's and a file system's; a smaller one would only be read twice
_CHUNK: Final = 256 * BLOCK  # 1 MiB: read whole while the card is well
_TIMES: Final = 3  # the copy, what is found in it, and the journal's own growth
_SPARE_BYTES: Final = 32 << 20  # what a till wants to see free before it sells
_WORK: Final = "work-"
_PRIVATE: Final = 0o700

Read = Callable[[int, int, int], bytes]


@contextmanager
def workplace(salvage_dir: Path) -> Iterator[Path]:
    """Give a folder for copies, thrown away at the end; what a killed salvage left behind goes with it.

    Raises: Busy if another salvage is at work; StorageFailed.
    """
    with translated(salvage_dir):
        salvage_dir.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    with open_lock(salvage_dir / "salvage.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(salvage_dir) from error
        for left in salvage_dir.glob(f"{_WORK}*"):
            shutil.rmtree(left, ignore_errors=True)
        with translated(salvage_dir), tempfile.TemporaryDirectory(prefix=_WORK, dir=salvage_dir) as work:
            yield Path(work)


def check_room(folder: Path, sizes: Sequence[int]) -> None:
    """Refuse where the copy, and what comes of it, would not fit.

    Raises: NoRoom.
    """
    free, needed = shutil.disk_usage(folder).free, _TIMES * sum(sizes) + _SPARE_BYTES
    if free < needed:
        raise NoRoom(folder, free, needed)


def copy_file(source: Path, target: Path, tell: Callable[[int], None], read: Read = os.pread) -> int:
    """Copy a file block by block; return how many blocks could not be read and are zeros in the copy.

    Raises: Unreadable, StorageFailed.
    """
    try:
        card = os.open(source, os.O_RDONLY)
    except OSError as error:
        raise Unreadable(source, error.strerror or str(error)) from error
    try:
        size = os.fstat(card).st_size
        with translated(target), target.open("wb") as out:
            bad = 0
            for at in range(0, size, _CHUNK):
                data, missed = _read_chunk(card, at, min(_CHUNK, size - at), read)
                out.write(data)
                bad += missed
                tell(len(data))
        return bad
    finally:
        os.close(card)


def _read_chunk(card: int, at: int, length: int, read: Read) -> tuple[bytes, int]:
    """Return a chunk and how many of its blocks are zeros for want of better."""
    data = _try_read(card, at, length, read)
    if data is not None:
        return data, 0
    blocks = []
    bad = 0
    for begin in range(0, length, BLOCK):
        size = min(BLOCK, length - begin)
        block = _try_read(card, at + begin, size, read)
        bad += block is None
        blocks.append(block or bytes(size))
    return b"".join(blocks), bad


def _try_read(card: int, at: int, length: int, read: Read) -> bytes | None:
    """Return exactly ``length`` bytes, or None where the card does not give them."""
    try:
        data = read(card, length, at)
    except OSError:
        return None
    return data if len(data) == length else None
