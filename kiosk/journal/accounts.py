"""The stock accounts of a till's lane, in the transaction of the fact that changes them (see :mod:`contract.stock`).

An account belongs to one life (epoch) of the kiosk. Table ``accounts`` is the present life's; those of earlier lives
are kept in ``past_accounts``, to be looked at and never spent.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from msgspec.structs import astuple

from contract.facts import StockLine
from contract.goods import GoneLine
from contract.stock import TERMS, Account, NoRights, StockKey
from contract.values import Condition, Epoch, Sku, Unit
from kiosk.journal.database import Row
from kiosk.journal.errors import RightsMissing

_NAMES: Final = ", ".join(TERMS)
_READ: Final = f"SELECT {_NAMES} FROM accounts WHERE sku = ? AND condition = ? AND unit = ?"  # noqa: S608
_ALL: Final = f"SELECT sku, condition, unit, {_NAMES} FROM accounts"  # noqa: S608
_PAST: Final = f"SELECT epoch, sku, condition, unit, {_NAMES} FROM past_accounts ORDER BY 1, 2, 3, 4"  # noqa: S608
_SORTED: Final = " ORDER BY sku, condition, unit"
_WRITE: Final = f"INSERT OR REPLACE INTO accounts (sku, condition, unit, {_NAMES}) VALUES (?, ?, ?{', ?' * len(TERMS)})"  # noqa: S608
_RETIRE: Final = (
    f"INSERT OR REPLACE INTO past_accounts (epoch, sku, condition, unit, {_NAMES}) "  # noqa: S608
    f"SELECT ?, sku, condition, unit, {_NAMES} FROM accounts"
)

Change = Callable[[Account, int], Account]


class Line(NamedTuple):
    """How much of one account."""

    key: StockKey
    amount: int


def lines_of(lines: Iterable[StockLine | GoneLine]) -> Iterator[Line]:
    """Yield what the lines of a fact name."""
    for line in lines:
        yield Line(StockKey(line.sku, line.condition, line.quantity.unit), line.quantity.amount)


def read(connection: sqlite3.Connection, key: StockKey) -> Account:
    """Return an account of the present life; one that was never used is empty.

    Goods whose unit was changed in the catalogue have an account in each: a sale of them is overdraft, never refused.
    """
    row = connection.execute(_READ, key).fetchone()
    return Account(*row) if row else Account()


def write(connection: sqlite3.Connection, key: StockKey, account: Account) -> None:
    """Store an account of the present life."""
    connection.execute(_WRITE, (*key, *astuple(account)))


def change(connection: sqlite3.Connection, lines: Iterable[Line], how: Change) -> None:
    """Change the account of each line.

    Raises: RightsMissing if one does not hold what it takes.
    """
    for key, amount in lines:
        try:
            account = how(read(connection, key), amount)
        except NoRights as error:
            raise RightsMissing(key.sku, error.wanted, error.available) from error
        write(connection, key, account)


def every(
    connection: sqlite3.Connection, *, sku: Sku | None = None, granted: bool = False
) -> list[tuple[StockKey, Account]]:
    """Return all accounts of the present life, or of one sku, or those that the hub ever granted or settled for."""
    if sku is not None:
        rows = connection.execute(f"{_ALL} WHERE sku = ?{_SORTED}", (sku,)).fetchall()
    else:
        where = " WHERE granted > 0 OR settled > 0" if granted else ""
        rows = connection.execute(f"{_ALL}{where}{_SORTED}").fetchall()
    return [_keyed(row) for row in rows]


def is_granted(connection: sqlite3.Connection) -> bool:
    """Return whether the hub ever granted anything to the present life."""
    return connection.execute("SELECT 1 FROM accounts WHERE granted > 0 LIMIT 1").fetchone() is not None


def every_past(connection: sqlite3.Connection) -> list[tuple[Epoch, StockKey, Account]]:
    """Return the accounts of earlier lives, the oldest life first."""
    return [(Epoch(row[0]), *_keyed(row[1:])) for row in connection.execute(_PAST).fetchall()]


def retire(connection: sqlite3.Connection, epoch: Epoch) -> None:
    """Put the accounts of a life that ends aside: the next begins without any right (I6)."""
    connection.execute(_RETIRE, (epoch,))
    connection.execute("DELETE FROM accounts")


def _keyed(row: Row) -> tuple[StockKey, Account]:
    return StockKey(Sku(row[0]), Condition(row[1]), Unit(row[2])), Account(*row[3:])
