"""The physical shelf: what really lies at each site. Nothing in the books reads it; only hands move it.

Goods lie on the display, aside for one shopper, in somebody's hands, or on a van. A shopper can take only what is on
the display. Rules:

1.  Hands take goods for a *deed*: a basket, waste, a hold, a van to load, or goods that come in. Each deed has an id
    that the till records with it.
2.  Whoever records holds the site's door; so one who counts finds nobody between the journal and the shelf. A deed
    whose recorder died there stays *busy* until somebody looks it up in the journal: nobody counts before.
3.  A kill is no power cut: the file is whole without syncs.
"""

import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

BUSY_S: Final = 20.0  # another's turn takes a millisecond; a machine that is busy, longer
_INCOMING: Final = {"delivery", "refund", "arrive"}
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS display (site, sku, amount INT DEFAULT 0, came INT DEFAULT 0, PRIMARY KEY (site, sku));
CREATE TABLE IF NOT EXISTS deeds (deed PRIMARY KEY, site, kiosk, kind, dest, busy INT DEFAULT 0);
CREATE TABLE IF NOT EXISTS hands (deed, sku, amount INT, PRIMARY KEY (deed, sku));
CREATE TABLE IF NOT EXISTS aside (reservation, site, kiosk, sku, amount INT, PRIMARY KEY (reservation, sku));
CREATE TABLE IF NOT EXISTS vans (van PRIMARY KEY, origin, dest, sku, amount INT, late INT, unloading DEFAULT '');
CREATE TABLE IF NOT EXISTS unbooked (site, sku, amount INT);
"""
_LYING: Final = """SELECT site, sku, amount FROM display UNION ALL SELECT site, sku, amount FROM aside
UNION ALL SELECT d.site, h.sku, h.amount FROM hands h JOIN deeds d USING (deed)
    WHERE d.kind NOT IN ('delivery', 'refund', 'arrive')"""
Goods = Mapping[str, int]


class Deed(NamedTuple):
    """Something begun that may or may not be recorded."""

    deed: str
    kind: str
    goods: dict[str, int]


class Van(NamedTuple):
    """Goods on their way to a site."""

    van: str
    origin: str
    sku: str
    amount: int


class Shelf:
    """One site's shelf, as the people at one kiosk see it."""

    def __init__(self, path: Path, site: str, kiosk: str) -> None:
        """Open the file; made if it is not there."""
        self.site, self.kiosk = site, kiosk
        self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_TABLES)
        self._door = os.open(path.with_name(f"{site}.door"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    @contextmanager
    def door(self) -> Iterator[None]:
        """Let nobody else at the site record what moves goods."""
        fcntl.flock(self._door, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._door, fcntl.LOCK_UN)

    def take(self, deed: str, kind: str, wanted: Goods, dest: str = "") -> dict[str, int]:
        """Take from the display what is there of ``wanted``; return it."""
        got = {}
        with self._change():
            self._begin(deed, kind, dest)
            for sku, amount in wanted.items():
                there = self._on_display(sku)
                if taken := min(amount, there):
                    self._move(sku, -taken)
                    self._hold(deed, sku, taken)
                    got[sku] = taken
        return got

    def expect(self, deed: str, kind: str, goods: Goods) -> None:
        """Begin to take goods in; they are on the display once the deed is done."""
        with self._change():
            self._begin(deed, kind, "")
            for sku, amount in goods.items():
                self._db.execute("INSERT OR REPLACE INTO hands VALUES (?, ?, ?)", (deed, sku, amount))

    def mark(self, deed: str) -> None:
        """Say that the deed is about to be recorded."""
        with self._change():
            self._db.execute("UPDATE deeds SET busy = 1 WHERE deed = ?", (deed,))

    def done(self, deed: str) -> None:
        """Move the goods of a deed that is recorded where they are now; a repetition moves nothing."""
        with self._change():
            found = self._find(deed)
            if found is None:
                return
            kind, dest, goods = found
            for sku, amount in goods.items():
                if kind in _INCOMING:
                    self._move(sku, amount, came=amount if kind != "arrive" else 0)
                elif kind == "send":
                    row = (deed, self.site, dest, sku, amount, int(dest.endswith("!")))
                    self._db.execute("INSERT INTO vans VALUES (?, ?, rtrim(?, '!'), ?, ?, ?, '')", row)
                elif kind == "hold":
                    self._set_aside(deed, sku, amount)
            if kind == "arrive":
                self._db.execute("DELETE FROM vans WHERE van = ?", (deed.removeprefix("arrive "),))
            self._forget(deed)

    def undo(self, deed: str) -> None:
        """Put the goods of a deed that is not recorded back to where they were."""
        with self._change():
            found = self._find(deed)
            if found is None:
                return
            kind, _, goods = found
            for sku, amount in goods.items() if kind not in _INCOMING else ():
                self._move(sku, amount)
            if kind == "arrive":
                self._db.execute("UPDATE vans SET unloading = '' WHERE van = ?", (deed.removeprefix("arrive "),))
            self._forget(deed)

    def keep_only(self, deed: str, goods: Goods) -> None:
        """Put back what hands took for a deed beyond ``goods``; the deed goes on."""
        with self._change():
            found = self._find(deed)
            for sku, amount in found[2].items() if found else ():
                if over := amount - goods.get(sku, 0):
                    self._move(sku, over)
                    self._hold(deed, sku, -over)
            self._db.execute("UPDATE deeds SET busy = 0 WHERE deed = ?", (deed,))

    def open_deeds(self) -> list[Deed]:
        """Return what people at this kiosk have begun."""
        rows = self._db.execute("SELECT deed, kind FROM deeds WHERE kiosk = ?", (self.kiosk,)).fetchall()
        return [Deed(deed, kind, self._goods(deed)) for deed, kind in rows]

    def is_busy(self) -> bool:
        """Return whether somebody at the site died while recording, and nobody has looked it up."""
        sql = "SELECT 1 FROM deeds WHERE site = ? AND busy LIMIT 1"
        return self._db.execute(sql, (self.site,)).fetchone() is not None

    # ------------------------------------------------------------------------------------------ aside for shoppers

    def set_aside(self, reservation: str, goods: Goods) -> bool:
        """Put behind the counter what the display has of ``goods``; return whether all of it lies there."""
        with self._change():
            there = self._aside(reservation)
            owner = (self.kiosk, reservation)  # another till of the site may be the one that hands them over now
            self._db.execute("UPDATE aside SET kiosk = ? WHERE reservation = ?", owner)
            for sku, amount in goods.items():
                if taken := min(amount - there.get(sku, 0), self._on_display(sku)):
                    self._move(sku, -taken)
                    self._set_aside(reservation, sku, taken)
                    there[sku] = there.get(sku, 0) + taken
            return all(there.get(sku, 0) >= amount for sku, amount in goods.items())

    def end_aside(self, reservation: str, *, collected: bool) -> None:
        """Take what lay aside away: with the shopper, or back to the display."""
        with self._change():
            for sku, amount in self._aside(reservation).items() if not collected else ():
                self._move(sku, amount)
            self._db.execute("DELETE FROM aside WHERE reservation = ?", (reservation,))

    def asides(self) -> set[str]:
        """Return the reservations whose goods lie aside at this kiosk."""
        return {row[0] for row in self._db.execute("SELECT reservation FROM aside WHERE kiosk = ?", (self.kiosk,))}

    # ---------------------------------------------------------------------------------------------------------- vans

    def claim_van(self, *, late: bool) -> Van | None:
        """Begin to unload a van that came here; one that is late comes only when ``late``."""
        with self._change():
            sql = "SELECT van, origin, sku, amount FROM vans WHERE dest = ? AND unloading = '' AND late <= ? LIMIT 1"
            row = self._db.execute(sql, (self.site, int(late))).fetchone()
            if row is None:
                return None
            self._db.execute("UPDATE vans SET unloading = ? WHERE van = ?", (self.kiosk, row[0]))
            self._begin(f"arrive {row[0]}", "arrive", "")
            self._hold(f"arrive {row[0]}", row[2], row[3])
            return Van(*row)

    # -------------------------------------------------------------------------------------------------------- totals

    def lose(self, sku: str, amount: int) -> int:
        """Let thieves take, or with a negative ``amount`` let goods turn up; return what really went."""
        with self._change():
            gone = min(amount, self._on_display(sku))
            if gone:
                self._move(sku, -gone)
                self._db.execute("INSERT INTO unbooked VALUES (?, ?, ?)", (self.site, sku, -gone))
            return gone

    def skus(self) -> list[str]:
        """Return what was ever on the display."""
        return [row[0] for row in self._db.execute("SELECT sku FROM display WHERE site = ? ORDER BY 1", (self.site,))]

    def total(self, sku: str) -> int:
        """Return what lies at the site of a sku, wherever."""
        return totals(self._db).get((self.site, sku), 0)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()
        os.close(self._door)

    @contextmanager
    def _change(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _begin(self, deed: str, kind: str, dest: str) -> None:
        row = (deed, self.site, self.kiosk, kind, dest)
        self._db.execute("INSERT OR IGNORE INTO deeds (deed, site, kiosk, kind, dest) VALUES (?, ?, ?, ?, ?)", row)

    def _hold(self, deed: str, sku: str, amount: int) -> None:
        sql = "INSERT INTO hands VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"
        self._db.execute(sql, (deed, sku, amount))

    def _set_aside(self, reservation: str, sku: str, amount: int) -> None:
        sql = "INSERT INTO aside VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"
        self._db.execute(sql, (reservation, self.site, self.kiosk, sku, amount))

    def _move(self, sku: str, amount: int, came: int = 0) -> None:
        sql = (
            "INSERT INTO display VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, came = came + excluded.came"
        )
        self._db.execute(sql, (self.site, sku, amount, came))

    def _on_display(self, sku: str) -> int:
        sql = "SELECT amount FROM display WHERE site = ? AND sku = ?"
        row = self._db.execute(sql, (self.site, sku)).fetchone()
        return int(row[0]) if row else 0

    def _find(self, deed: str) -> tuple[str, str, dict[str, int]] | None:
        row = self._db.execute("SELECT kind, dest FROM deeds WHERE deed = ?", (deed,)).fetchone()
        return (row[0], row[1], self._goods(deed)) if row else None

    def _goods(self, deed: str) -> dict[str, int]:
        return dict(self._db.execute("SELECT sku, amount FROM hands WHERE deed = ?", (deed,)).fetchall())

    def _aside(self, reservation: str) -> dict[str, int]:
        sql = "SELECT sku, amount FROM aside WHERE reservation = ?"
        return dict(self._db.execute(sql, (reservation,)).fetchall())

    def _forget(self, deed: str) -> None:
        for table in ("hands", "deeds"):
            self._db.execute(f"DELETE FROM {table} WHERE deed = ?", (deed,))  # noqa: S608 - two names, above


def totals(db: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """Return what lies at each site of each sku: on display, aside, and in hands; what comes in is not there yet."""
    found: Counter[tuple[str, str]] = Counter()
    for site, sku, amount in db.execute(_LYING):
        found[site, sku] += amount
    return found
