"""Card payments as this till knows them: tried, and how that ended. Written with the facts that say so.

A till that stopped while a terminal was in use finds the attempt here without an outcome, and asks a person.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from contract.payments import Outcome, PaymentAttempted, PaymentResolved
from contract.sales import Payment
from contract.values import BasketId, Currency, Money, instant_text
from kiosk.core.attempts import Attempt

if TYPE_CHECKING:
    from sqlite_utils import Database

_COLUMNS: Final = "id, basket, currency, amount_minor, at, outcome, reference, sold"
_OPEN: Final = "outcome IS NULL OR outcome = 'unknown'"


def attempts_table(db: "Database") -> None:
    """Card attempts; ``outcome`` is the last that was said, ``sold`` whether a sale names it."""
    db.table("attempts").create(
        {
            "id": str,
            "basket": str,
            "currency": str,
            "amount_minor": int,
            "at": str,
            "outcome": str,
            "reference": str,
            "sold": int,
        },
        pk="id",
        not_null={"basket", "currency", "amount_minor", "at", "reference", "sold"},
        strict=True,
    )
    db.table("attempts").create_index(["basket"])


def begin(connection: sqlite3.Connection, data: PaymentAttempted) -> None:
    """Note an attempt, in the transaction of its fact."""
    row = (data.attempt, data.basket, data.currency, data.amount_minor, instant_text(data.attempted_at))
    connection.execute(f"INSERT INTO attempts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, '', 0)", row)  # noqa: S608 - names


def resolve(connection: sqlite3.Connection, data: PaymentResolved) -> None:
    """Note how an attempt ended; one that this till does not know is another card's, and changes nothing."""
    said = (data.outcome.value, data.reference, data.attempt)
    connection.execute("UPDATE attempts SET outcome = ?, reference = ? WHERE id = ?", said)


def sell(connection: sqlite3.Connection, payments: Iterable[Payment]) -> None:
    """Note which attempts a sale was paid by."""
    named = ((one.attempt,) for one in payments if one.attempt is not None)
    connection.executemany("UPDATE attempts SET sold = 1 WHERE id = ?", named)


def of_basket(connection: sqlite3.Connection, basket: BasketId) -> list[Attempt]:
    """Return the attempts for one basket, oldest first."""
    return _read(connection, "basket = ? ORDER BY at, id", (basket,))


def unresolved(connection: sqlite3.Connection) -> list[Attempt]:
    """Return the attempts of which nobody could tell yet how they ended, oldest first."""
    return _read(connection, f"{_OPEN} ORDER BY at, id", ())


def to_look_at(connection: sqlite3.Connection) -> list[Attempt]:
    """Return the attempts that are unresolved, or were approved and named by no sale, oldest first."""
    return _read(connection, f"{_OPEN} OR (outcome = 'approved' AND sold = 0) ORDER BY at, id", ())


def find(connection: sqlite3.Connection, attempt: str) -> Attempt | None:
    """Return one attempt."""
    found = _read(connection, "id = ?", (attempt,))
    return found[0] if found else None


def _read(connection: sqlite3.Connection, where: str, values: tuple[str, ...]) -> list[Attempt]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM attempts WHERE {where}", values)  # noqa: S608 - our own words
    return [
        Attempt(
            name,
            BasketId(basket),
            Currency(currency),
            Money(amount),
            datetime.fromisoformat(at),
            Outcome(outcome) if outcome else None,
            reference,
            sold=bool(sold),
        )
        for name, basket, currency, amount, at, outcome, reference, sold in rows
    ]
