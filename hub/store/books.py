"""Statements of the books: stock, receipts, and what a person must decide."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select, text, tuple_

from contract.stock import Account
from hub.core.reconcile import Receipt, StockKey
from hub.store.inbox import LaneKey
from hub.store.tables import exceptions, receipts, stock
from hub.store.upsert import Row, insert, insert_new

TERMS: Final = ("received", "returned", "sold", "adjusted", "overdraft")
OPERATOR: Final = "operator"  # who decides until roles have names


class SiteKey(NamedTuple):
    """A stock account and where it is."""

    region: str
    site: str
    what: StockKey


class Trouble(NamedTuple):
    """An exception to open: one a kind and subject, until it is resolved."""

    kind: str
    subject: str
    kiosk_id: int | None
    detail: Mapping[str, Any]


def add_stock(connection: Connection, deltas: Mapping[SiteKey, Account]) -> None:
    """Add to the stock sums; sorted, so that no two transactions wait for each other in a ring."""
    if not deltas:
        return
    statement = insert(connection, stock)
    sums = {term: stock.c[term] + statement.excluded[term] for term in TERMS}
    statement = statement.on_conflict_do_update(
        index_elements=["region", "site", "sku", "condition", "unit"], set_=sums
    )
    connection.execute(statement, [_stock_row(key, deltas[key]) for key in sorted(deltas)])


def _stock_row(key: SiteKey, delta: Account) -> Row:
    return {
        "region": key.region,
        "site": key.site,
        "sku": key.what.sku,
        "condition": key.what.condition,
        "unit": key.what.unit,
        "received": delta.received,
        "returned": delta.returned,
        "sold": delta.sold,
        "adjusted": delta.adjusted,
        "overdraft": delta.overdraft,
    }


def receipt_row(key: LaneKey, seq: int, receipt: Receipt) -> dict[str, Any]:
    """Return the row of a receipt that the fact at ``key``, ``seq`` made."""
    return {
        "kiosk_id": key[0],
        "receipt": receipt.number,
        "again": 0,
        "kind": receipt.kind,
        "total_minor": receipt.total_minor,
        "currency": receipt.currency,
        "at": receipt.at,
        "epoch": key[1],
        "lane": key[2],
        "seq": seq,
    }


def add_receipts(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add receipts; return those whose number their till had used before. They count too: money changed hands."""
    if insert_new(connection, receipts, rows) == len(rows):
        return []
    number = tuple_(receipts.c.kiosk_id, receipts.c.receipt)
    statement = select(receipts).where(
        number.in_([(row["kiosk_id"], row["receipt"]) for row in rows]), receipts.c.again == 0
    )
    first = {(row.kiosk_id, row.receipt): (row.epoch, row.lane, row.seq) for row in connection.execute(statement)}
    reused = [
        {**row, "again": row["seq"]}
        for row in rows
        if first[row["kiosk_id"], row["receipt"]] != (row["epoch"], row["lane"], row["seq"])
    ]
    connection.execute(receipts.insert(), reused)
    return reused


def open_exceptions(connection: Connection, troubles: Sequence[Trouble], now: str) -> None:
    """Open an exception for each trouble that has none open."""
    if not troubles:
        return
    statement = insert(connection, exceptions).on_conflict_do_nothing(
        index_elements=["kind", "subject"], index_where=text("resolved_at IS NULL")
    )
    rows = [
        {
            "kind": trouble.kind,
            "subject": trouble.subject[:200],
            "kiosk_id": trouble.kiosk_id,
            "detail": json.dumps(trouble.detail, sort_keys=True),
            "at": now,
            "owner": OPERATOR,
        }
        for trouble in troubles
    ]
    connection.execute(statement, rows)
