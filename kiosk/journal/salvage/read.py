"""Everything that a copy of a lane's file, or of a mirror's, still holds, onto the shelf."""

import mmap
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kiosk.journal.salvage.carve import carve
from kiosk.journal.salvage.find import Database, Lines
from kiosk.journal.salvage.lines import read_lines
from kiosk.journal.salvage.log import Bytes
from kiosk.journal.salvage.shelf import Place, Proof, Shelf

LOG = "-wal"
_ORDERS = ("ASC", "DESC")  # what one end cannot reach, the other may


def read_copy(copy: Path, file: Database | Lines, shelf: Shelf) -> str | None:
    """Offer every fact of a copied file; return whom the file says it belongs to."""
    if isinstance(file, Lines):
        for line in read_lines(copy):
            shelf.offer(line, Place(file.lane, file.epoch), Proof.BARE)
        return None
    _carve(copy, file, shelf)  # first: SQLite will tidy away the log of the copy
    return _query(copy, file, shelf)


def _carve(copy: Path, file: Database, shelf: Shelf) -> None:
    with _mapped(copy) as pages, _mapped(copy.with_name(copy.name + LOG)) as log:
        for found in carve(pages, log):
            proof = Proof.DIGEST if found.sure else Proof.DOUBTFUL
            shelf.offer(found.raw, Place(file.lane, found.epoch, found.seq), proof, found.digest)


def _query(copy: Path, file: Database, shelf: Shelf) -> str | None:
    """Read with SQLite, which recovers the log of the copy; whatever stops it, the pages were searched before."""
    try:
        with closing(sqlite3.connect(copy)) as db:
            db.text_factory = bytes
            owner = _owner(db)
            for order in _ORDERS:
                if _read_rows(db, order, file, shelf):
                    break
            return owner
    except sqlite3.Error:
        return None


def _owner(db: sqlite3.Connection) -> str | None:
    try:
        row = db.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()
    except sqlite3.Error:
        return None
    return row[0].decode("utf-8", "replace") if row and isinstance(row[0], bytes) else None


def _read_rows(db: sqlite3.Connection, order: str, file: Database, shelf: Shelf) -> bool:
    """Offer rows until the first that cannot be read; return whether that was the end."""
    try:
        for row in db.execute(f"SELECT epoch, seq, bytes, digest FROM facts ORDER BY rowid {order}"):  # noqa: S608
            _offer_row(row, file, shelf)
    except sqlite3.Error:
        return False
    return True


def _offer_row(row: tuple[object, ...], file: Database, shelf: Shelf) -> None:
    match row:
        case (int(epoch), int(seq), bytes(raw), bytes(mark)):
            shelf.offer(raw, Place(file.lane, epoch, seq), Proof.READ, mark.decode("ascii", "replace"))
        case _:
            return  # damage made something else of it; its position is named as missing


@contextmanager
def _mapped(path: Path) -> Iterator[Bytes]:
    """Give a file's bytes without reading them all into memory; none for a file that is not there."""
    if not path.exists() or path.stat().st_size == 0:
        yield b""
        return
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        yield view
