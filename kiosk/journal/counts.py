"""What counts found against this till's own books, so that the next count is not told the same difference again.

A count corrects no account (the hub settles it). ``over`` is what lay there beyond the books (or short of them, below
zero) when it was counted last. Where other tills sell the same shelf, only the hub can compare, and nothing is kept.
"""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from contract.goods import ShelfCounted, ShelfLine
from contract.stock import StockKey

if TYPE_CHECKING:
    from sqlite_utils import Database

_FLOWS: Final = "sum(received + returned + arrived + adjusted - sold - wasted - sent)"
_KEY: Final = "sku = ? AND condition = ? AND unit = ?"
_BOOKS: Final = (
    f"SELECT ifnull((SELECT {_FLOWS} FROM accounts WHERE {_KEY}), 0) "  # noqa: S608
    f"+ ifnull((SELECT {_FLOWS} FROM past_accounts WHERE {_KEY}), 0)"
)
_OVER: Final = f"SELECT over FROM counts WHERE {_KEY}"  # noqa: S608
_NOTE: Final = "INSERT OR REPLACE INTO counts (sku, condition, unit, over) VALUES (?, ?, ?, ?)"
_FORGET: Final = f"DELETE FROM counts WHERE {_KEY}"  # noqa: S608


def counts_table(db: "Database") -> None:
    """The till's lane: what the last count of each of its goods found beyond its own books."""
    db.table("counts").create(
        {"sku": str, "condition": str, "unit": str, "over": int},
        pk=("sku", "condition", "unit"),
        not_null={"over"},
        strict=True,
    )


def expected_on_shelf(connection: sqlite3.Connection, lines: Iterable[ShelfLine]) -> dict[StockKey, int]:
    """Return what should lie there by this till's own books and its last count, set-aside goods included."""
    keys = map(_key, lines)
    return {key: _books(connection, key) + _over(connection, key) for key in keys}


def note_count(connection: sqlite3.Connection, data: ShelfCounted) -> None:
    """Keep what a count found, in its own transaction."""
    for line in data.lines:
        key = _key(line)
        if data.others:
            connection.execute(_FORGET, key)
        else:
            connection.execute(_NOTE, (*key, line.counted.amount - _books(connection, key)))


def _books(connection: sqlite3.Connection, key: StockKey) -> int:
    return int(connection.execute(_BOOKS, (*key, *key)).fetchone()[0])


def _over(connection: sqlite3.Connection, key: StockKey) -> int:
    row = connection.execute(_OVER, key).fetchone()
    return int(row[0]) if row else 0


def _key(line: ShelfLine) -> StockKey:
    return StockKey(line.sku, line.condition, line.counted.unit)
