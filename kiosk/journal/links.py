"""``link.db``: what the bridge knows. Others only read it."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from contract.codec import digest
from contract.streams import AVAILABILITY, parse_lane_stream
from contract.values import Address, Epoch, Lane, Seq, instant_text
from kiosk.core.epochs import Heard
from kiosk.core.ports import LinkState
from kiosk.journal.bridge_lock import bridge_runs
from kiosk.journal.database import has_table, immediate, open_database, open_reader, translated
from kiosk.journal.errors import WrongKiosk
from kiosk.journal.schema import LINK

_INCARNATION = "incarnation"
_CONNECTED = "connected"
_PROBLEM = "problem"
_ACKED_AT = "acked_at"
_OWNER = "owner"
_LOG_PAGES: Final = 1000  # 4 MB of log, some 500 acknowledgements: nobody but the bridge tidies this file
_SHARED_LOGS: Final = "SELECT DISTINCT log FROM down_facts WHERE log NOT LIKE '%/%' ORDER BY log"
_BEYOND: Final = """SELECT log, generation, position, bytes FROM down_facts
WHERE log = ? AND (generation, position) > (?, ?) ORDER BY generation, position LIMIT ?"""
_NO_BRIDGE = "the bridge is not running"


class LinkStore:
    """The bridge's own file: acknowledgements, down facts as they came, the state of the link."""

    def __init__(self, path: Path, address: Address | None = None) -> None:
        """Open the file, making it if it is not there; what is acknowledged in it is ``address``'s.

        Raises: StorageFailed, NotADatabase, NewerDatabase; WrongKiosk, for another's acknowledgements would hide facts.
        """
        self.path = path
        self.connection = open_database(path, LINK)
        self.connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        self._owner = {_OWNER: str(address)} if address else {}
        self._check_owner()

    def incarnation(self) -> int:
        """Return the highest incarnation of the hub that was heard, 0 for none."""
        return int(read_meta(self.connection, _INCARNATION) or "0")

    def acks(self) -> dict[str, int]:
        """Return the acknowledged position of every stream."""
        with translated(self.path):
            return dict(self.connection.execute("SELECT stream, position FROM acks"))

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        """Store what the hub acknowledged, synced."""
        with immediate(self.connection, self.path) as db:
            db.executemany("INSERT OR REPLACE INTO acks (stream, position) VALUES (?, ?)", positions.items())
            _put(db, {_INCARNATION: str(incarnation), _ACKED_AT: instant_text(at), **self._owner})

    def save_state(self, *, connected: bool, problem: str) -> None:
        """Store what the status line says of the link."""
        with immediate(self.connection, self.path) as db:
            _put(db, {_CONNECTED: "1" if connected else "0", _PROBLEM: problem})

    def save_strayed(self, lane: str, epoch: int, position: int) -> None:
        """Store, synced, that the hub holds up to ``position`` of an epoch what the lane's journal does not."""
        with immediate(self.connection, self.path) as db:
            put_strayed(db, lane, epoch, position)

    def down_positions(self) -> dict[tuple[str, int], int]:
        """Return how far each log of each generation was received."""
        with translated(self.path):
            rows = self.connection.execute("SELECT log, generation, max(position) FROM down_facts GROUP BY 1, 2")
            return {(log, generation): position for log, generation, position in rows}

    def down_bytes(self) -> int:
        """Return how many bytes of down facts are stored."""
        with translated(self.path):
            return int(self.connection.execute("SELECT total(length(bytes)) FROM down_facts").fetchone()[0])

    def accept(self, log: str, generation: int, first: int, facts: tuple[bytes, ...]) -> None:
        """Store down facts from position ``first`` on, synced; the caller has placed them.

        Of the log of availability, generations before this one go: each begins with everything, every day.
        """
        rows = ((log, generation, first + index, raw, digest(raw)) for index, raw in enumerate(facts))
        with immediate(self.connection, self.path) as db:
            if log == AVAILABILITY:
                db.execute("DELETE FROM down_facts WHERE log = ? AND generation < ?", (log, generation))
            db.executemany("INSERT INTO down_facts VALUES (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _check_owner(self) -> None:
        with translated(self.path):
            found = read_meta(self.connection, _OWNER)
        wanted = self._owner.get(_OWNER, found)
        if found and wanted and found != wanted:
            self.close()
            raise WrongKiosk(self.path, found, wanted)


class LinkReader:
    """``link.db`` for those who only look: the till's status line and the backroom."""

    def __init__(self, path: Path) -> None:
        """Remember the file; it is opened once it is there, for a till may start before its bridge."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._heard: dict[Lane, Heard] = {}

    def state(self, newest: Mapping[str, int], *, configured: bool) -> LinkState:
        """Return what the status line says; ``newest`` is the last position of each stream of this kiosk."""
        db = self._open()
        no_bridge = _NO_BRIDGE if configured else ""
        if db is None:
            return LinkState(configured=configured, unsent=sum(newest.values()), problem=no_bridge)
        with translated(self._path):
            acked = dict(db.execute("SELECT stream, position FROM acks"))
            meta = dict(db.execute("SELECT key, value FROM meta"))
        at, runs = meta.get(_ACKED_AT), bridge_runs(self._path.parent)
        return LinkState(
            configured=configured,
            connected=configured and runs and meta.get(_CONNECTED) == "1",
            unsent=sum(max(0, position - acked.get(stream, 0)) for stream, position in newest.items()),
            acked_at=datetime.fromisoformat(at) if at else None,
            problem=meta.get(_PROBLEM, "") if runs else no_bridge,
        )

    def heard(self, lane: Lane) -> Heard:
        """Return what the hub holds of a lane; asks the tables only when the bridge has written."""
        db = self._open()
        if db is None:
            return Heard()
        with translated(self._path):
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._heard.clear()
                self._version = version
            if lane not in self._heard:
                self._heard[lane] = _read_heard(db, lane)
        return self._heard[lane]

    def down_facts(self, after: Mapping[str, tuple[int, int]], limit: int) -> list[tuple[str, int, int, bytes]]:
        """Return (log, generation, position, bytes) of facts beyond each log's (generation, position), in order.

        These are the logs that many kiosks read; the one with a slash in its name is this kiosk's own.
        """
        db = self._open()
        if db is None:
            return []
        with translated(self._path):
            found = []
            for (log,) in db.execute(_SHARED_LOGS).fetchall():
                generation, position = after.get(log, (0, 0))
                found += db.execute(_BEYOND, (log, generation, position, limit)).fetchall()
        return found

    def own_facts(self, log: str, after: tuple[int, int], limit: int) -> list[tuple[int, int, bytes]]:
        """Return (generation, position, bytes) of the kiosk's own log beyond a (generation, position), in order."""
        db = self._open()
        if db is None:
            return []
        with translated(self._path):
            rows = db.execute(_BEYOND, (log, *after, limit)).fetchall()
        return [(generation, position, raw) for _, generation, position, raw in rows]

    def close(self) -> None:
        """Close the file; it is opened again when it is asked for."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._version = None, -1

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.exists():
            connection = open_reader(self._path, len(LINK))
            if has_table(connection, "down_facts"):
                self._connection = connection
        return self._connection


def read_meta(connection: sqlite3.Connection, key: str) -> str | None:
    """Return a setting of one of our files."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def put_strayed(db: sqlite3.Connection, lane: str, epoch: int, position: int) -> None:
    """Note that others hold up to ``position`` of an epoch what the lane's journal does not; the newest epoch stays."""
    db.execute(
        "INSERT INTO strayed (lane, epoch, position) VALUES (?, ?, ?) ON CONFLICT (lane) DO UPDATE "
        "SET epoch = excluded.epoch, position = excluded.position WHERE excluded.epoch >= strayed.epoch",
        (lane, epoch, position),
    )


def _read_heard(db: sqlite3.Connection, lane: Lane) -> Heard:
    acked = [
        (parse_lane_stream(stream, "acks"), seq) for stream, seq in db.execute("SELECT stream, position FROM acks")
    ]
    strayed = None
    if has_table(db, "strayed"):  # an earlier release's bridge made none
        strayed = db.execute("SELECT max(epoch) FROM strayed WHERE lane = ?", (lane,)).fetchone()[0]
    return Heard({epoch: Seq(seq) for (epoch, of), seq in acked if of is lane}, Epoch(strayed or 0))


def _put(db: sqlite3.Connection, values: Mapping[str, str]) -> None:
    db.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values.items())
