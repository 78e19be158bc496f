"""Looking into a database from outside, with plain sqlite3: whether someone writes in it, and how far it has come."""

import itertools
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

_OTHERS_S: Final = 0.03  # whoever else writes in the file is done by then: one synced commit takes a millisecond
_POLL_S: Final = 0.005
_LOOK_BACK: Final = 400  # facts in which a deed is looked up: it was begun a moment before the kill
_PRIMARY: Final = 0xFF  # of an extended result code
_HELD: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)  # the second: paused while it changes the log's index
_JUMP: Final = timedelta(hours=1)


def in_transaction(path: Path) -> bool:
    """Return whether a paused process holds the write lock of ``path``: it still does after any other writer's turn."""
    deadline = time.monotonic() + _OTHERS_S
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY not in _HELD:
                    raise
                if time.monotonic() > deadline:
                    return True
                time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
            else:
                db.execute("ROLLBACK")
                return False


def acknowledged(link_db: Path, epoch: int = 1) -> int:
    """Return how many facts of the till, from a life of it on, a kiosk's bridge holds for acknowledged."""
    if not link_db.exists():
        return 0
    with closing(reader(link_db)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'acks'").fetchone():
            return 0
        rows = db.execute("SELECT stream, position FROM acks WHERE stream LIKE 'till@%'")
        return sum(int(position) for stream, position in rows if int(stream.partition("@")[2]) >= epoch)


def committed(hub_db: Path) -> Counter[str]:
    """Return how many facts of each kiosk's till the hub has committed, by kiosk."""
    with closing(reader(hub_db)) as db:
        rows = db.execute(
            "SELECT k.kiosk, sum(l.position) FROM lanes l JOIN kiosks k ON k.id = l.kiosk_id "
            "WHERE l.lane = 'till' GROUP BY k.kiosk"
        )
        return Counter({str(kiosk): int(position) for kiosk, position in rows})


def epochs(journal: Path) -> list[int]:
    """Return the epochs that a journal has facts of."""
    with closing(reader(journal)) as db:
        return [int(row[0]) for row in db.execute("SELECT DISTINCT epoch FROM facts ORDER BY epoch")]


def steps_back(journal: Path) -> int:
    """Return how many facts say a time more than an hour before that of the fact before them."""
    with closing(reader(journal)) as db:
        rows = db.execute("SELECT json_extract(CAST(bytes AS TEXT), '$.time') FROM facts ORDER BY epoch, seq")
        times = [datetime.fromisoformat(row[0]) for row in rows]
    return sum(earlier - later > _JUMP for earlier, later in itertools.pairwise(times))


def copy_running(source: Path, copy: Path) -> None:
    """Copy a database while others write in it."""
    with closing(reader(source)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)


def reader(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)


_CAME: Final = "received + returned + adjusted + overdraft + granted + moved_in + arrived"
_LEFT: Final = "sold + released + moved_out + sent + wasted + held"


def available(db: sqlite3.Connection, sku: str) -> int:
    """Return what a till's file says that it may sell of a sku by right."""
    sql = f"SELECT {_CAME} - ({_LEFT}) FROM accounts WHERE sku = ? AND condition = 'sellable'"  # noqa: S608
    row = db.execute(sql, (sku,)).fetchone()
    return int(row[0]) if row else 0


def position(db: sqlite3.Connection) -> tuple[int, int]:
    """Return a till's present epoch, and its newest fact there."""
    epoch = int(db.execute("SELECT coalesce(max(value), '1') FROM meta WHERE key = 'epoch'").fetchone()[0])
    seq = db.execute("SELECT coalesce(max(seq), 0) FROM facts WHERE epoch = ?", (epoch,)).fetchone()[0]
    return epoch, int(seq)


def rights_said(hub_db: Path) -> list[tuple[object, ...]]:
    """Return what a hub's books say of grants, promises and reservations, to be compared with others."""
    found: list[tuple[object, ...]] = []
    with closing(reader(hub_db)) as db:
        for sql in (
            "SELECT kiosk_id, epoch, sku, issued FROM accounts WHERE issued > 0 ORDER BY 1, 2, 3",
            "SELECT id, state FROM promises ORDER BY 1",
            "SELECT id, state FROM reservations ORDER BY 1",
        ):
            found += db.execute(sql)
    return found


def holds(journal: Path, deed: str) -> bool:
    """Return whether a till's newest facts, or its receipts, name a deed."""
    with closing(reader(journal)) as db:
        sql = (
            "SELECT 1 FROM (SELECT bytes FROM facts ORDER BY epoch DESC, seq DESC LIMIT ?) WHERE instr(bytes, ?) "
            "UNION ALL SELECT 1 FROM receipts WHERE basket = ?"
        )
        return db.execute(sql, (_LOOK_BACK, deed.encode(), deed)).fetchone() is not None


def empty_baskets(journal: Path) -> None:
    """Void what is open or parked on a card that is no kiosk's at the moment."""
    with closing(sqlite3.connect(journal)) as db, db:
        waiting = "SELECT id FROM baskets WHERE state IN ('open', 'parked')"
        db.execute(f"DELETE FROM basket_lines WHERE basket IN ({waiting})")  # noqa: S608 - of this function alone
        db.execute(f"DELETE FROM baskets WHERE id IN ({waiting})")  # noqa: S608


def missing(journal: Path, hub_db: Path) -> int:
    """Return how many facts of a till's file the hub holds nowhere, neither as taken nor as forks."""
    with closing(reader(journal)) as db:
        ours = {row[0] for row in db.execute("SELECT digest FROM facts")}
    with closing(reader(hub_db)) as db:
        return len(
            ours - {row[0] for row in db.execute("SELECT digest FROM facts UNION SELECT digest FROM quarantine")}
        )


def forks(hub_db: Path) -> int:
    """Return how many facts the hub keeps as forks."""
    with closing(reader(hub_db)) as db:
        return int(db.execute("SELECT count(*) FROM quarantine WHERE kind = 'fork'").fetchone()[0])
