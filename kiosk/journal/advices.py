"""Deliveries that this kiosk was told of, and what it received of them: each line once (I8)."""

import sqlite3
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Final

from contract.down_rights import DeliveryAdvised
from contract.facts import Origin, StockReceived
from contract.stock import StockKey
from contract.values import Condition, Epoch, Seq, Sku, Unit
from kiosk.core.deliveries import Expected
from kiosk.journal.accounts import lines_of
from kiosk.journal.errors import ReceivedAlready

if TYPE_CHECKING:
    from sqlite_utils import Database

_TELL: Final = (
    "INSERT INTO advices (advice, sku, condition, unit, amount, expected_on) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (advice, sku, condition, unit) DO UPDATE SET amount = excluded.amount, "
    "expected_on = excluded.expected_on"
)
_BOOK: Final = (
    "INSERT INTO advices (advice, sku, condition, unit, received, epoch, seq) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (advice, sku, condition, unit) DO UPDATE SET received = excluded.received, epoch = excluded.epoch, "
    "seq = excluded.seq WHERE received IS NULL"
)
_READ: Final = "SELECT advice, sku, condition, unit, amount, expected_on, received FROM advices"
_ORDER: Final = " ORDER BY expected_on IS NULL, expected_on, advice, sku, condition, unit"

# What earlier facts received under a number. A damaged row is no JSON, and received nothing.
_RECEIVED: Final = """INSERT OR IGNORE INTO advices (advice, sku, condition, unit, received, epoch, seq)
SELECT said ->> '$.advice', line ->> '$.sku', ifnull(line ->> '$.condition', 'sellable'),
    ifnull(line ->> '$.quantity.unit', 'pc'), line ->> '$.quantity.amount', epoch, seq
FROM (SELECT facts.epoch AS epoch, facts.seq AS seq, each.value AS line, CAST(bytes AS TEXT) -> '$.data' AS said
    FROM facts, json_each(iif(json_valid(CAST(bytes AS TEXT)), CAST(bytes AS TEXT), '{}'), '$.data.lines') AS each
    WHERE facts.type = 'stock.received.v1')
WHERE ifnull(said ->> '$.advice', '') <> '' AND ifnull(said ->> '$.origin', 'till') <> 'replay'
ORDER BY epoch, seq"""


def advices_table(db: "Database") -> None:
    """The till's lane: lines of advices; ``amount`` is NULL where nobody advised them, ``received`` until they came."""
    db.table("advices").create(
        {
            "advice": str,
            "sku": str,
            "condition": str,
            "unit": str,
            "amount": int,
            "expected_on": str,
            "received": int,
            "epoch": int,
            "seq": int,
        },
        pk=("advice", "sku", "condition", "unit"),
        strict=True,
    )
    db.execute(_RECEIVED)


def tell(connection: sqlite3.Connection, data: DeliveryAdvised) -> None:
    """Note what is on its way; what is said later of the same line counts instead."""
    day = data.expected_on.isoformat() if data.expected_on else None
    connection.executemany(_TELL, [(data.advice, *key, amount, day) for key, amount in lines_of(data.lines)])


def book(connection: sqlite3.Connection, data: StockReceived, *, epoch: Epoch, seq: Seq) -> None:
    """Note what a delivery brought, in the receipt's own transaction; history that is replayed is no delivery.

    Raises: ReceivedAlready.
    """
    if not data.advice or data.origin is Origin.REPLAY:
        return
    amounts: Counter[StockKey] = Counter()
    for key, amount in lines_of(data.lines):
        amounts[key] += amount
    for key, amount in amounts.items():
        if not connection.execute(_BOOK, (data.advice, *key, amount, epoch, seq)).rowcount:
            raise ReceivedAlready(data.advice, key)


def read(connection: sqlite3.Connection, advice: str | None = None) -> list[Expected]:
    """Return the lines of one advice, or of all, those that are expected first on top."""
    where, values = (" WHERE advice = ?", (advice,)) if advice is not None else ("", ())
    return [
        Expected(
            name,
            StockKey(Sku(sku), Condition(condition), Unit(unit)),
            amount,
            date.fromisoformat(day) if day else None,
            received,
        )
        for name, sku, condition, unit, amount, day, received in connection.execute(_READ + where + _ORDER, values)
    ]
