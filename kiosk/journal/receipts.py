"""The till's receipts, as the counter asks for them."""

import sqlite3
from pathlib import Path
from typing import Final

from contract.values import Currency, Money, Receipt
from kiosk.core.ports import LastSale
from kiosk.journal.database import translated

# From the newest receipt back: by the index of kinds (which the + forbids) SQLite would sort every sale of the card,
# 0.3 s of a till's start with 100,000 of them.
NEWEST: Final = (
    "SELECT epoch, n, total_minor, currency FROM receipts WHERE +kind = 'sale' ORDER BY epoch DESC, n DESC LIMIT 1"
)


def last_sale(connection: sqlite3.Connection, path: Path, *, kiosk: str) -> LastSale | None:
    """Return the newest sale in the till's file.

    Raises: StorageFailed, NotADatabase.
    """
    with translated(path):
        row = connection.execute(NEWEST).fetchone()
    if row is None:
        return None
    epoch, number, total, currency = row
    return LastSale(Receipt(f"{kiosk}-{epoch}-{number}"), Money(total), Currency(currency))
