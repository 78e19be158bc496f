"""What a till's card holds, read from its tables as they are: none of the till's own code is asked."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

Lines = tuple[tuple[str, int, bool, bool], ...]  # (sku, amount, has a discount, has a deposit) of each
Payments = tuple[tuple[str, int], ...]  # (kind, amount in minor units) of each


class Books(Struct, frozen=True):
    """One moment of a till. ``attempts`` are cards: (amount, outcome or None, named by a sale)."""

    receipts: tuple[tuple[int, int], ...] = ()  # (number, total) of every sale
    lines: Lines = ()
    payments: Payments = ()
    parked: tuple[Lines, ...] = ()
    attempts: tuple[tuple[int, str | None, bool], ...] = ()

    def since(self, before: "Books") -> "Books":
        """Return what came after an earlier moment: its sales and its cards; the rest is as it is."""
        receipts, attempts = self.receipts[len(before.receipts) :], self.attempts[len(before.attempts) :]
        first = before.receipts[-1][0] if before.receipts else 0
        shifted = tuple((number - first, total) for number, total in receipts)
        return Books(shifted, self.lines, self.payments, self.parked, attempts)


def read_books(data_dir: Path) -> Books:
    """Read what a till has on its card now; it may run meanwhile."""
    with closing(sqlite3.connect(f"file:{data_dir / 'till.db'}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")  # one moment
        receipts = db.execute("SELECT n, total_minor FROM receipts WHERE kind = 'sale' ORDER BY epoch, n").fetchall()
        attempts = db.execute("SELECT amount_minor, outcome, sold FROM attempts ORDER BY at, rowid").fetchall()
        opened = db.execute(
            "SELECT id, whole FROM baskets WHERE state = 'open' AND id IN (SELECT basket FROM basket_lines) "
            "ORDER BY opened_at DESC LIMIT 1"
        ).fetchone()
        parked = db.execute("SELECT id FROM baskets WHERE state = 'parked' ORDER BY opened_at, id").fetchall()
        return Books(
            receipts=tuple(receipts),
            lines=_lines(db, opened[0]) if opened else (),
            payments=_payments(opened[1]) if opened else (),
            parked=tuple(_lines(db, basket) for (basket,) in parked),
            attempts=tuple((amount, outcome, bool(sold)) for amount, outcome, sold in attempts),
        )


def _lines(db: sqlite3.Connection, basket: str) -> Lines:
    rows = db.execute("SELECT line FROM basket_lines WHERE basket = ? ORDER BY no", (basket,)).fetchall()
    lines = [json.loads(line) for (line,) in rows]
    return tuple(
        (line["sku"], line["quantity"]["amount"], bool(line.get("discount")), bool(line.get("deposit")))
        for line in lines
    )


def _payments(whole: str) -> Payments:
    return tuple((one["kind"], one["amount_minor"]) for one in (json.loads(whole).get("payments", []) if whole else []))
