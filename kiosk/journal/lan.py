"""What the bridge heard of the site's other tills, in ``link.db``: the bridge writes it, the others only read.

Nothing of it must outlive a power cut, for everything is said again: a move until it is accepted. So it is written
without a sync of its own, and the till sells on undisturbed. But for one thing, which is said once: that the till's
card lost facts.
"""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.codec import Stamp
from contract.errors import Malformed
from contract.goods import MAX_TILLS
from contract.lan import Holds, Presence, decode_holds, decode_presence, encode_lan
from contract.stock import StockKey
from contract.values import KioskId, Lane, instant_text
from kiosk.core.neighbours import Neighbour
from kiosk.journal.database import has_table, immediate, open_database, open_reader, translated
from kiosk.journal.links import put_strayed
from kiosk.journal.schema import LINK

MAX_HEARD: Final = 256  # messages of one kind that wait: the backroom takes them in within a second
_LOG_PAGES: Final = 1000  # as the bridge's other connection to this file
_TILLS: Final = "SELECT kiosk, presence, holds, boot, mono FROM lan_tills ORDER BY kiosk"
_TOLD: Final = (
    "INSERT INTO lan_tills (kiosk, presence, boot, mono, heard_at) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (kiosk) DO UPDATE SET presence = excluded.presence, boot = ifnull(excluded.boot, boot), "
    "mono = ifnull(excluded.mono, mono), heard_at = ifnull(excluded.heard_at, heard_at)"
)
_DROP_OLDEST: Final = (
    "DELETE FROM lan_tills WHERE kiosk IN (SELECT kiosk FROM lan_tills WHERE CAST(presence AS TEXT) ->> '$.online' = 0 "
    "ORDER BY heard_at IS NOT NULL, heard_at LIMIT 1)"
)


class Heard(Struct, frozen=True):
    """A message that waits for the backroom; ``age_s``: heard so long ago, None if before this machine began."""

    kiosk: KioskId
    id: str
    raw: bytes
    age_s: float | None


class LanStore:
    """The bridge's side. Not shared between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it if it is not there.

        Raises: StorageFailed, NotADatabase, NewerDatabase.
        """
        self.path = path
        self.connection = open_database(path, LINK, full=False)
        self.connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")

    def hub_connected(self) -> bool:
        """Return whether the link to the hub's broker is up."""
        with translated(self.path):
            row = self.connection.execute("SELECT value FROM meta WHERE key = 'connected'").fetchone()
        return bool(row and row[0] == "1")

    def put_presence(self, kiosk: str, told: Presence, now: Stamp, *, live: bool) -> bool:
        """Store where a till is; return False if there are too many. ``live``: it said so now, not some time ago.

        Of a till that went, what it told last stays, but for its being there.
        """
        with immediate(self.connection, self.path) as db:
            known = db.execute("SELECT presence FROM lan_tills WHERE kiosk = ?", (kiosk,)).fetchone()
            if known is None and not _make_room(db):
                return False
            if known and not told.online:
                told = _gone(known[0]) or told
            heard = (now.boot, now.mono_ns, instant_text(now.at)) if live and told.online else (None, None, None)
            db.execute(_TOLD, (kiosk, encode_lan(told), *heard))
        return True

    def put_holds(self, kiosk: str, told: Holds) -> None:
        """Store what a till holds, if it is known."""
        with immediate(self.connection, self.path) as db:
            db.execute("UPDATE lan_tills SET holds = ? WHERE kiosk = ?", (encode_lan(told), kiosk))

    def forget(self, kiosk: str) -> None:
        """Forget a till: somebody cleared what the broker had kept of it."""
        with immediate(self.connection, self.path) as db:
            db.execute("DELETE FROM lan_tills WHERE kiosk = ?", (kiosk,))

    def put_heard(self, kind: str, kiosk: str, name: str, raw: bytes, now: Stamp) -> bool:
        """Store a message that waits for the backroom; return False if too many wait."""
        with immediate(self.connection, self.path) as db:
            (count,) = db.execute("SELECT count(*) FROM lan_heard WHERE kind = ?", (kind,)).fetchone()
            if count >= MAX_HEARD:
                return False
            db.execute(
                "INSERT OR REPLACE INTO lan_heard VALUES (?, ?, ?, ?, ?, ?)",
                (kind, kiosk, name, raw, now.boot, now.mono_ns),
            )
        return True

    def clear_heard(self) -> None:
        """Forget what waits: all of it is said again."""
        with immediate(self.connection, self.path) as db:
            db.execute("DELETE FROM lan_heard")

    def drop(self, kind: str, kiosk: str, name: str) -> None:
        """Forget a message: it has been dealt with."""
        with immediate(self.connection, self.path) as db:
            db.execute("DELETE FROM lan_heard WHERE kind = ? AND kiosk = ? AND id = ?", (kind, kiosk, name))

    def save_strayed(self, epoch: int, position: int) -> None:
        """Store, synced, that others hold up to ``position`` of an epoch what the till's journal does not."""
        with translated(self.path):
            self.connection.execute("PRAGMA synchronous=FULL")
        try:
            with immediate(self.connection, self.path) as db:
                put_strayed(db, Lane.TILL, epoch, position)
        finally:
            self.connection.execute("PRAGMA synchronous=NORMAL")

    def save_state(self, *, connected: bool, problem: str, refused: int) -> None:
        """Store what a person may want to know of the site's broker."""
        values = {"lan_connected": "1" if connected else "0", "lan_problem": problem, "lan_refused": str(refused)}
        with immediate(self.connection, self.path) as db:
            db.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values.items())

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class LanReader:
    """The side of those who only look: backroom, till and commands."""

    def __init__(self, path: Path) -> None:
        """Remember the file; it is opened once it is there."""
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def neighbours(self, now: Stamp) -> list[Neighbour]:
        """Return the site's other tills, as they told last."""
        db = self._open()
        if db is None:
            return []
        with translated(self._path):
            rows = db.execute(_TILLS).fetchall()
        return [_neighbour(*row, now=now) for row in rows]

    def heard(self, kind: str, now: Stamp) -> list[Heard]:
        """Return the messages of a kind that wait."""
        db = self._open()
        if db is None:
            return []
        with translated(self._path):
            sql = "SELECT kiosk, id, bytes, boot, mono FROM lan_heard WHERE kind = ? ORDER BY kiosk, id"
            rows = db.execute(sql, (kind,)).fetchall()
        return [Heard(kiosk, name, raw, _age_s(boot, mono, now)) for kiosk, name, raw, boot, mono in rows]

    def state(self) -> dict[str, str]:
        """Return what the bridge says of the site's broker."""
        db = self._open()
        if db is None:
            return {}
        with translated(self._path):
            return dict(db.execute("SELECT key, value FROM meta WHERE key LIKE 'lan_%'").fetchall())

    def heard_at(self) -> dict[str, datetime]:
        """Return when each till was heard last, by the wall clock of that time: for a person's eyes only."""
        db = self._open()
        if db is None:
            return {}
        with translated(self._path):
            rows = db.execute("SELECT kiosk, heard_at FROM lan_tills WHERE heard_at IS NOT NULL").fetchall()
        return {kiosk: datetime.fromisoformat(at) for kiosk, at in rows}

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.exists():
            connection = open_reader(self._path, len(LINK))
            if has_table(connection, "lan_heard"):
                self._connection = connection
            else:
                connection.close()
        return self._connection


def _make_room(db: sqlite3.Connection) -> bool:
    """Forget the till that went longest ago where a site may have no more; return whether there is room."""
    (count,) = db.execute("SELECT count(*) FROM lan_tills").fetchone()
    return count < MAX_TILLS or db.execute(_DROP_OLDEST).rowcount == 1


def _gone(known: bytes) -> Presence | None:
    """Return what a till told last, no longer there."""
    try:
        last = decode_presence(known)
    except Malformed:  # of a later release
        return None
    return Presence(online=False, epoch=last.epoch, position=last.position, sold_at=last.sold_at)


def _neighbour(
    kiosk: KioskId, presence: bytes, holds: bytes | None, boot: str | None, mono: int | None, *, now: Stamp
) -> Neighbour:
    told = decode_presence(presence)
    held = decode_holds(holds) if holds else None
    current = held if held and held.epoch == told.epoch else None  # another life holds nothing any more
    return Neighbour(
        kiosk,
        told.epoch,
        told.position,
        told.online,
        _age_s(boot, mono, now),
        told.hub,
        told.selling,
        told.sold_at,
        {StockKey(one.sku, one.condition, one.quantity.unit): one.quantity.amount for one in current.lines}
        if current
        else {},
        current.more if current else False,
    )


def _age_s(boot: str | None, mono: int | None, now: Stamp) -> float | None:
    if mono is None or boot != now.boot:
        return None
    return max(0.0, (now.mono_ns - mono) / 1e9)
