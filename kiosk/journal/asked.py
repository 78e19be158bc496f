"""Rights that were asked for and are not granted yet: one open request an account."""

import sqlite3
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.rights import RightsRequested, Urgency
from contract.stock import StockKey
from contract.values import Condition, Sku, Unit, instant_text
from kiosk.journal import accounts

_SELECT: Final = "SELECT sku, condition, unit, request, why, amount, granted, tries, asked_at FROM asked"


class Asked(Struct, frozen=True):
    """What is asked for of one account, the ``tries``-th time without a grant between."""

    key: StockKey
    request: str
    why: Urgency
    amount: int
    granted: int  # of that, since
    tries: int
    asked_at: datetime


def open_requests(connection: sqlite3.Connection) -> dict[StockKey, Asked]:
    """Return what is asked for and not granted, by account."""
    found = {}
    for sku, condition, unit, request, why, amount, granted, tries, at in connection.execute(_SELECT):
        key = StockKey(Sku(sku), Condition(condition), Unit(unit))
        found[key] = Asked(key, request, Urgency(why), amount, granted, tries, datetime.fromisoformat(at))
    return found


def ask(connection: sqlite3.Connection, data: RightsRequested) -> None:
    """Note what is asked for; it replaces what was asked before of the same accounts."""
    at = instant_text(data.requested_at)
    connection.executemany(
        "INSERT INTO asked (sku, condition, unit, request, why, amount, granted, tries, asked_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, 1, ?) ON CONFLICT (sku, condition, unit) DO UPDATE SET "
        "request = excluded.request, why = excluded.why, amount = excluded.amount, granted = 0, "
        "tries = asked.tries + 1, asked_at = excluded.asked_at",
        [(*key, data.request, data.why, amount, at) for key, amount in accounts.lines_of(data.lines)],
    )


def grant(connection: sqlite3.Connection, key: StockKey, amount: int) -> None:
    """Note that the hub granted so much: a request that is fulfilled is gone, and a part of it is an answer too."""
    where = "WHERE sku = ? AND condition = ? AND unit = ?"
    connection.execute(f"UPDATE asked SET granted = granted + ?, tries = 1 {where}", (amount, *key))  # noqa: S608
    connection.execute(f"DELETE FROM asked {where} AND granted >= amount", key)  # noqa: S608


def retire(connection: sqlite3.Connection) -> None:
    """Forget what a life that ends asked for."""
    connection.execute("DELETE FROM asked")
