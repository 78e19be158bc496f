"""``elsewhere.db``: what is available at the region's sites, as the hub told, and how old that is.

Written by the backroom, read by whoever asks. It may be lost: it is applied again from ``link.db``. So it is not synced
at each commit (``synchronous=NORMAL``), unlike anything that a sale rests on.

Rules
-----
1.  Levels of a newer generation of the log stand beside those of the one before until a fact says ``complete``; then
    what only the older one told is gone. A reader never sees a shop half empty because half of it was told.
2.  A sale is never decided from here.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from contract.availability import ASK_AFTER_S, shown
from contract.down import AvailabilityChanged
from contract.streams import AVAILABILITY
from contract.values import Sku, Unit
from kiosk.journal.database import checkpoint, immediate, open_database, open_reader, translated

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE: Final = "elsewhere.db"
_UNITS: Final = {unit.value: unit for unit in Unit}
_COMPLETE: Final = "complete"  # the cursor of what was told in full: no generation below it is in the file
_FIND: Final = (
    "SELECT l.site, l.unit, l.amount, l.more, s.at_s FROM levels l LEFT JOIN heard s ON s.site = l.site "
    "WHERE l.sku = ? ORDER BY l.site, l.unit"
)

_SITES: Final = "SELECT site FROM heard UNION SELECT site FROM levels ORDER BY site"


def elsewhere_tables(db: "Database") -> None:
    """What is available, when sites were heard, and how far the log was applied."""
    db.execute(
        "CREATE TABLE levels (sku TEXT NOT NULL, site TEXT NOT NULL, unit TEXT NOT NULL, amount INTEGER NOT NULL, "
        "more INTEGER NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (sku, site, unit)) STRICT, WITHOUT ROWID"
    )  # found by its key in one seek: all of a sku's sites lie side by side
    db.table("meta").create({"key": str, "value": str}, pk="key", strict=True)
    db.table("heard").create({"site": str, "at_s": int}, pk="site", not_null={"at_s"}, strict=True)
    db.table("cursors").create({"log": str, "generation": int, "position": int}, pk="log", strict=True)


ELSEWHERE: Final = (elsewhere_tables,)


class There(Struct, frozen=True):
    """What is said of one sku at one site. ``shown`` is "ask" where it is too old; ``age_s`` None where never told."""

    site: str
    unit: Unit
    shown: str
    age_s: float | None


class Elsewhere:
    """The file, for the backroom that writes it."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it if it is not there; raises StorageFailed, NotADatabase, NewerDatabase."""
        self.path = path
        self.connection = open_database(path, ELSEWHERE, full=False)

    def cursor(self) -> tuple[int, int]:
        """Return how far the log was applied: generation and position."""
        with translated(self.path):
            return _cursor(self.connection, AVAILABILITY)

    def apply(self, generation: int, position: int, data: AvailabilityChanged | None) -> None:
        """Apply one fact with its cursor, or only pass over one that could not be read. Raises StorageFailed."""
        with immediate(self.connection, self.path) as db:
            if data is not None:
                _apply(db, generation, data)
            db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (AVAILABILITY, generation, position))

    def tidy(self) -> None:
        """Keep the file's log short."""
        checkpoint(self.connection, self.path)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class ElsewhereReader:
    """The file, for those who ask; it is opened once it is there."""

    def __init__(self, path: Path) -> None:
        """Remember the file."""
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def find(self, sku: Sku, now: datetime, *, ask_after_s: float = ASK_AFTER_S) -> Sequence[There]:
        """Return what each site that ever had a sku is told to have, by name.

        Raises: StorageFailed, NotADatabase, NewerDatabase.
        """
        connection = self._open()
        if connection is None:
            return []
        with translated(self._path):
            rows = connection.execute(_FIND, (sku,)).fetchall()
        now_s = now.timestamp()
        return [_there(*row, now_s=now_s, ask_after_s=ask_after_s) for row in rows]

    def sites(self) -> list[str]:
        """Return the sites that anything was told of, by name; raises as :meth:`find`."""
        connection = self._open()
        if connection is None:
            return []
        with translated(self._path):
            return [site for (site,) in connection.execute(_SITES)]

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self._path.exists():
            self._connection = open_reader(self._path, len(ELSEWHERE))
        return self._connection

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()


def _cursor(db: sqlite3.Connection, name: str) -> tuple[int, int]:
    row = db.execute("SELECT generation, position FROM cursors WHERE log = ?", (name,)).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _apply(db: sqlite3.Connection, generation: int, data: AvailabilityChanged) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO levels (sku, site, unit, amount, more, generation) VALUES (?, ?, ?, ?, ?, ?)",
        ((one.sku, one.site, one.unit.value, one.amount, one.more, generation) for one in data.levels),
    )
    db.executemany(
        "INSERT OR REPLACE INTO heard VALUES (?, ?)", ((one.site, int(one.at.timestamp())) for one in data.heard)
    )
    if data.complete and _cursor(db, _COMPLETE)[0] < generation:
        db.execute("DELETE FROM levels WHERE generation < ?", (generation,))
        db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, 0)", (_COMPLETE, generation))


def _there(
    site: str, unit: str, amount: int, more: int, at_s: int | None, *, now_s: float, ask_after_s: float
) -> There:
    age_s = None if at_s is None else now_s - at_s
    if age_s is not None and age_s < -ask_after_s:
        age_s = None  # this kiosk's clock is far behind: it knows no age
    of = _UNITS[unit]
    cap = amount if more else amount + 1
    return There(site, of, shown(amount, of, age_s, cap=cap, ask_after_s=ask_after_s), age_s)
