"""What follows from a fact, in the fact's own transaction: receipt numbers, closed baskets, stock, reservations."""

import sqlite3
from collections.abc import Iterable
from typing import Final, TypeVar, assert_never

from msgspec.structs import replace

from contract.codec import Stamp
from contract.every import DeviceFact, PaymentFact, ReservationEnd, UpFact
from contract.facts import (
    ClockStepped,
    KioskStarted,
    KioskStopping,
    RefundLine,
    RefundRecorded,
    SaleLine,
    SaleRecorded,
    StockCounted,
    StockReceived,
)
from contract.goods import GoneLine, ShelfCounted, StockWasted, TransferReceived, TransferSent
from contract.payments import PaymentAttempted, PaymentResolved
from contract.rights import (
    OverdraftBooked,
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsReported,
    RightsRequested,
)
from contract.stock import Leaving, StockKey, adjust, arrive, leave, move_in, move_out, receive, release, take_back
from contract.values import Condition, Epoch, KioskId, Receipt, Seq, instant_text
from kiosk.journal import accounts, advices, asked, attempts, passages, promises, reservations
from kiosk.journal.accounts import Line, lines_of
from kiosk.journal.errors import BasketClosed

_RECEIPT: Final = (
    "INSERT INTO receipts (epoch, n, seq, kind, basket, currency, total_minor, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_ANSWERED: Final = "INSERT INTO recalls (id, seq) VALUES (?, ?) ON CONFLICT DO NOTHING"
_Moving = StockReceived | TransferReceived | StockCounted | RightsMoved | RightsAccepted | RightsReleased
_Still = ShelfCounted | RightsReported | OverdraftBooked | StockWasted | TransferSent | DeviceFact | PaymentFact
_Gone = TypeVar("_Gone", SaleLine, GoneLine)


def complete(data: UpFact, connection: sqlite3.Connection, *, kiosk: KioskId, epoch: Epoch) -> UpFact:
    """Return the fact with what only the transaction can know: its receipt number and its overdrafts."""
    match data:
        case SaleRecorded():
            gone = iter(_spend(connection, [line for line in data.lines if not line.empties], "sold"))
            lines = [line if line.empties else next(gone) for line in data.lines]  # bottles that come back are no stock
            return replace(data, receipt=_next_receipt(connection, kiosk, epoch), lines=lines)
        case RefundRecorded():
            return replace(data, receipt=_next_receipt(connection, kiosk, epoch))
        case StockWasted():
            return replace(data, lines=_spend(connection, data.lines, "wasted"))
        case TransferSent():
            return replace(data, lines=_spend(connection, data.lines, "sent"))
        case _:
            return data


def project(data: UpFact, seq: Seq, connection: sqlite3.Connection, *, epoch: Epoch, stamp: Stamp) -> None:
    """Write what follows from a completed fact (goods that left were taken from stock by :func:`complete`).

    Raises: BasketClosed if its basket was sold before; RightsMissing, NotHeld, KnownAlready, BookedAlready,
    ReceivedAlready.
    """
    match data:
        case SaleRecorded():
            _enter_once(connection, epoch, seq, data)
            attempts.sell(connection, data.payments)
        case RefundRecorded():
            _enter_once(connection, epoch, seq, data)
            accounts.change(connection, [_returned(line) for line in data.lines], take_back)
        case ReservationRequested():
            promises.begin(connection, data, epoch=epoch)
        case PromiseTold():
            promises.end(connection, data)
        case ReservationHeld():
            reservations.begin_hold(connection, data, epoch=epoch, stamp=stamp)
        case RightsRequested():
            asked.ask(connection, data)
        case StockReceived():
            advices.book(connection, data, epoch=epoch, seq=seq)
            _move(data, seq, connection)
        case RightsMoved() | RightsAccepted() | TransferReceived():
            passages.book(connection, data, epoch=epoch, seq=seq)
            _move(data, seq, connection)
        case _:
            _move(data, seq, connection)


def _move(data: _Moving | _Still | ReservationEnd, seq: Seq, connection: sqlite3.Connection) -> None:
    match data:
        case StockReceived():
            accounts.change(connection, lines_of(data.lines), receive)
        case TransferReceived():
            accounts.change(connection, lines_of(data.lines), arrive)
        case StockCounted():
            counted = ((StockKey(one.sku, one.condition, one.counted.unit), one.adjustment) for one in data.lines)
            accounts.change(connection, (Line(*one) for one in counted), adjust)
        case RightsMoved():
            accounts.change(connection, lines_of(data.lines), move_out)
        case RightsAccepted():
            accounts.change(connection, lines_of(data.lines), move_in)
        case RightsReleased():
            accounts.change(connection, lines_of(data.lines), release)
            if data.recall is not None:
                connection.execute(_ANSWERED, (data.recall, seq))
        case _:
            _end(data, connection)


def _end(data: _Still | ReservationEnd, connection: sqlite3.Connection) -> None:
    match data:
        case ReservationCollected() | ReservationLapsed() | ReservationCancelled():
            reservations.end_hold(connection, data)
        case ShelfCounted() | RightsReported() | OverdraftBooked() | StockWasted() | TransferSent():
            pass
        case KioskStarted() | KioskStopping() | ClockStepped():
            pass
        case PaymentAttempted():
            attempts.begin(connection, data)
        case PaymentResolved():
            attempts.resolve(connection, data)
        case _:
            assert_never(data)


def _spend(connection: sqlite3.Connection, lines: Iterable[_Gone], how: Leaving) -> list[_Gone]:
    spent = []
    for line in lines:
        key = _left(line)
        account, overdraft = leave(accounts.read(connection, key), line.quantity.amount, how)
        accounts.write(connection, key, account)
        spent.append(replace(line, overdraft=overdraft))
    return spent


def _left(line: SaleLine | GoneLine) -> StockKey:
    condition = line.condition if isinstance(line, GoneLine) else Condition.SELLABLE
    return StockKey(line.sku, condition, line.quantity.unit)


def _returned(line: RefundLine) -> Line:
    """Return what a refund brings: goods that cannot be sold again are damaged, and kept account of as such."""
    condition = Condition.SELLABLE if line.restock else Condition.DAMAGED
    return Line(StockKey(line.sku, condition, line.quantity.unit), line.quantity.amount)


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
    connection.execute("UPDATE baskets SET state = 'sold' WHERE id = ? AND state IN ('open', 'parked')", (basket,))
    connection.execute("DELETE FROM basket_lines WHERE basket = ?", (basket,))
