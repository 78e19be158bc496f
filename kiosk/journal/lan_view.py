"""The till's lane as the bridge reads it for the site's other tills: where it is, what it holds, asks and gives."""

import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from contract.codec import decode
from contract.errors import Malformed
from contract.facts import StockLine
from contract.lan import MAX_HOLDS, Holds, Mark, Presence
from contract.values import MAX_AMOUNT, Address, Epoch, Lane, Quantity, Seq
from kiosk.journal import accounts, passages
from kiosk.journal.database import has_table, open_reader, translated
from kiosk.journal.errors import WrongKiosk
from kiosk.journal.schema import TILL
from mqtt_bridge.lan_ports import Moving, Standing

MAX_MOVES: Final = 256  # that are on their way at once; the rest follows
_NEWEST: Final = "SELECT ifnull(max(seq), 0) FROM facts WHERE epoch = ?"
_DIGEST: Final = "SELECT digest FROM facts WHERE epoch = ? AND seq = ?"
_LAST: Final = "SELECT seq, type, bytes FROM facts WHERE epoch = ? AND seq > ? ORDER BY seq"
_RUNS: Final = {"kiosk.started.v1": True, "kiosk.stopping.v1": False}
_SOLD: Final = "sale.recorded.v1"
_LOOK_BACK: Final = 2000  # facts, when this begins: some hours; a till that neither sold nor began since is not selling


class Place(NamedTuple):
    """Where a fact stands."""

    epoch: int
    seq: int


class TillReader:
    """One till's file, for reading; see ``mqtt_bridge.lan_ports.TillView``. Not shared between threads."""

    def __init__(self, path: Path, address: Address) -> None:
        """Remember the file; it is opened once it is there."""
        self._path = path
        self._owner = f"{address}/{Lane.TILL}"
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._standing: Standing | None = None
        self._runs = TillRuns()

    def standing(self) -> Standing | None:
        """Return what the till has to say; asks the tables only when another process has written."""
        db = self._open()
        if db is None:
            return None
        with translated(self._path):
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                db.execute("BEGIN")  # one snapshot
                try:
                    self._standing = self._read(db)
                finally:
                    db.execute("COMMIT")
                self._version = version
        return self._standing

    def acceptance(self, move: str) -> bytes | None:
        """Return the stored fact by which a move was accepted, empty if it is lost; None if it was not."""
        db = self._open()
        if db is None:
            return None
        with translated(self._path):
            return passages.acceptance(db, move)

    def gave(self, move: str) -> bool:
        """Return whether rights ever left under this id, in whichever life."""
        db = self._open()
        if db is None:
            return False
        with translated(self._path):
            return passages.was_moved(db, move)

    def digest(self, epoch: int, position: int) -> str | None:
        """Return the digest of the fact at ``position``, if there is one."""
        db = self._open()
        if db is None:
            return None
        with translated(self._path):
            row = db.execute(_DIGEST, (epoch, position)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._version = None, -1

    def _read(self, db: sqlite3.Connection) -> Standing:
        row = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        epoch = Epoch(int(row[0]) if row else 1)
        newest = Seq(db.execute(_NEWEST, (epoch,)).fetchone()[0])
        runs = self._runs
        runs.follow(db, epoch)
        presence = Presence(online=True, epoch=epoch, position=newest, selling=runs.selling, sold_at=runs.sold_at)
        moves = {
            one.move: Moving(one.receiver, one.to_epoch, one.raw)
            for one in passages.open_moves(db, MAX_MOVES)
            if one.raw is not None
        }
        last = db.execute(_DIGEST, (epoch, newest)).fetchone()
        mark = Mark(epoch, newest, last[0]) if last else None
        return Standing(presence, _holds(db, epoch), passages.asks(db), moves, mark)

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.exists():
            connection = open_reader(self._path, len(TILL))
            with translated(self._path):
                if not has_table(connection, "asks"):
                    connection.close()
                    return None
                self._check_owner(connection)
            self._connection = connection
        return self._connection

    def _check_owner(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()
        if found and found[0] != self._owner:
            connection.close()
            raise WrongKiosk(self._path, found[0], self._owner)


class TillRuns:
    """Whether a till sells, by its facts: it said that it began, or sold, and did not say since that it stops."""

    def __init__(self) -> None:
        """Begin without having heard of it."""
        self.selling = False
        self.stopped_at: Place | None = None  # since it stopped, and neither began nor sold
        self.sold_at: datetime | None = None
        self._walked = Place(0, 0)

    def follow(self, db: sqlite3.Connection, epoch: int) -> None:
        """Learn from the facts of the present epoch since the last look."""
        (newest,) = db.execute(_NEWEST, (epoch,)).fetchone()
        after = self._walked.seq
        if self._walked.epoch != epoch or after > newest:
            after = max(0, newest - _LOOK_BACK)
        for seq, kind, raw in db.execute(_LAST, (epoch, after)):
            self._learn(Place(epoch, seq), kind, raw)
            after = seq
        self._walked = Place(epoch, after)

    def _learn(self, place: Place, kind: str, raw: bytes) -> None:
        if kind in _RUNS:
            self.selling = _RUNS[kind]
            self.stopped_at = None if self.selling else place
        elif kind == _SOLD:
            self.selling, self.stopped_at = True, None
            with suppress(Malformed):  # `kiosk journal verify` names it
                self.sold_at = decode(raw).stamp.at


def _holds(db: sqlite3.Connection, epoch: Epoch) -> Holds:
    """Return what may be promised by right, what lies deepest first."""
    held = [(key, one.promisable) for key, one in accounts.every(db) if one.promisable > 0]
    held.sort(key=lambda one: (-one[1], one[0]))
    lines = [
        StockLine(key.sku, Quantity(min(amount, MAX_AMOUNT), key.unit), key.condition)
        for key, amount in held[:MAX_HOLDS]
    ]
    return Holds(epoch, lines, more=len(held) > MAX_HOLDS)
