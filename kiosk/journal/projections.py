"""What follows from a fact, written in the fact's own transaction: receipt numbers, closed baskets, stock accounts."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from msgspec.structs import asdict, replace

from contract.every import UpFact
from contract.facts import RefundRecorded, SaleLine, SaleRecorded, StockCounted, StockReceived
from contract.stock import Account, adjust, receive, sell, take_back
from contract.values import Condition, Epoch, KioskId, Quantity, Receipt, Seq, Sku, instant_text
from kiosk.journal.errors import BasketClosed

_COLUMNS: Final = tuple(Account.__struct_fields__)
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM accounts WHERE sku = ? AND condition = ? AND unit = ?"  # noqa: S608
_WRITE: Final = (
    f"INSERT OR REPLACE INTO accounts (sku, condition, unit, {', '.join(_COLUMNS)}) "  # noqa: S608
    f"VALUES (?, ?, ?{', ?' * len(_COLUMNS)})"
)

_RECEIPT: Final = (
    "INSERT INTO receipts (epoch, n, seq, kind, basket, currency, total_minor, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)


def complete(data: UpFact, connection: sqlite3.Connection, *, kiosk: KioskId, epoch: Epoch) -> UpFact:
    """Return the fact with what only the transaction can know: its receipt number and its overdrafts."""
    if isinstance(data, SaleRecorded):
        lines = _spend(connection, data.lines)
        return replace(data, receipt=_next_receipt(connection, kiosk, epoch), lines=lines)
    if isinstance(data, RefundRecorded):
        return replace(data, receipt=_next_receipt(connection, kiosk, epoch))
    return data


def project(data: UpFact, seq: Seq, connection: sqlite3.Connection, *, epoch: Epoch) -> None:
    """Write what follows from a completed fact (a sale's stock was spent by :func:`complete`).

    Raises: BasketClosed if its basket was sold before.
    """
    match data:
        case SaleRecorded():
            _enter_once(connection, epoch, seq, data)
        case RefundRecorded():
            _enter_once(connection, epoch, seq, data)
            for line in data.lines:
                if line.restock:
                    account = read_account(connection, line.sku, line.quantity)
                    write_account(connection, line.sku, line.quantity, take_back(account, line.quantity.amount))
        case StockReceived():
            for line_in in data.lines:
                account = read_account(connection, line_in.sku, line_in.quantity, line_in.condition)
                account = receive(account, line_in.quantity.amount)
                write_account(connection, line_in.sku, line_in.quantity, account, line_in.condition)
        case StockCounted():
            for counted in data.lines:
                account = read_account(connection, counted.sku, counted.counted, counted.condition)
                account = adjust(account, counted.adjustment)
                write_account(connection, counted.sku, counted.counted, account, counted.condition)
        case _:
            pass


def read_account(
    connection: sqlite3.Connection, sku: Sku, quantity: Quantity, condition: Condition = Condition.SELLABLE
) -> Account:
    """Return the account of ``sku`` in the quantity's unit; one that was never used is empty.

    Goods whose unit was changed in the catalogue have an account in each: a sale of them is overdraft, never refused.
    """
    row = connection.execute(_READ, (sku, condition, quantity.unit)).fetchone()
    return Account(*row) if row else Account()


def write_account(
    connection: sqlite3.Connection,
    sku: Sku,
    quantity: Quantity,
    account: Account,
    condition: Condition = Condition.SELLABLE,
) -> None:
    """Store the account of ``sku``, kept in the quantity's unit."""
    connection.execute(_WRITE, (sku, condition, quantity.unit, *asdict(account).values()))


def _spend(connection: sqlite3.Connection, lines: Iterable[SaleLine]) -> list[SaleLine]:
    spent = []
    for line in lines:
        account, overdraft = sell(read_account(connection, line.sku, line.quantity), line.quantity.amount)
        write_account(connection, line.sku, line.quantity, account)
        spent.append(replace(line, overdraft=overdraft))
    return spent


def _next_receipt(connection: sqlite3.Connection, kiosk: KioskId, epoch: Epoch) -> Receipt:
    last = connection.execute("SELECT max(n) FROM receipts WHERE epoch = ?", (epoch,)).fetchone()[0] or 0
    return Receipt(f"{kiosk}-{epoch}-{last + 1}")


def _enter_once(connection: sqlite3.Connection, epoch: Epoch, seq: Seq, data: SaleRecorded | RefundRecorded) -> None:
    if not enter_receipt(connection, epoch, seq, data):
        raise BasketClosed(data.basket)


def enter_receipt(connection: sqlite3.Connection, epoch: Epoch, seq: Seq, data: SaleRecorded | RefundRecorded) -> bool:
    """Enter a receipt and close its basket; return False where the basket has another receipt already."""
    kind, at = ("sale", data.sold_at) if isinstance(data, SaleRecorded) else ("refund", data.refunded_at)
    if kind == "sale":
        _close_basket(connection, data.basket)
    number = int(data.receipt.rpartition("-")[2])
    row = (epoch, number, seq, kind, data.basket, data.currency, data.total_minor, instant_text(at))
    return connection.execute(_RECEIPT, row).rowcount == 1


def _close_basket(connection: sqlite3.Connection, basket: str) -> None:
    connection.execute("UPDATE baskets SET state = 'sold' WHERE id = ? AND state = 'open'", (basket,))
    connection.execute("DELETE FROM basket_lines WHERE basket = ?", (basket,))
