"""Reads a till's file as an accountant would: sqlite3, json and hashlib, and no code of the journal's."""

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

_FIRST_PREV: Final = "0" * 64
_SALE, _REFUND = "sale.recorded.v1", "refund.recorded.v1"
_TERMS: Final = {
    _SALE: "sold",
    _REFUND: "returned",
    "stock.received.v1": "received",
    "kiosk.started.v1": "",
    "kiosk.stopping.v1": "",
}
_SUMS: Final = ("received", "returned", "sold", "adjusted", "overdraft")
Sums = dict[tuple[str, str, str], dict[str, int]]


class Paper(Struct, frozen=True):
    """A receipt that was given out."""

    receipt: str
    kind: str
    basket: str
    minor: int


class Books(Struct, frozen=True):
    """What a till's file says, and whether it agrees with itself."""

    facts: list[bytes]
    papers: list[Paper]
    sound: bool  # SQLite finds nothing wrong with the file
    whole: bool  # numbered without gaps, each with the digest of the one before
    agree: bool  # receipts and stock accounts are what the facts add up to


def read_books(path: Path) -> Books:
    """Return what a file says; reads only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT epoch, seq, type, bytes, digest FROM facts ORDER BY epoch, seq").fetchall()
        facts = [json.loads(row[3]) for row in rows]
        papers = [paper for fact in facts for paper in _papers(fact)]
        return Books(
            facts=[row[3] for row in rows],
            papers=papers,
            sound=_is_sound(db),
            whole=_is_whole(rows, facts),
            agree=_receipts(db) == papers and _accounts(db) == _add_up(facts),
        )


def read_goods(path: Path) -> tuple[bool, int]:
    """Return whether a catalogue's file is sound, and how many items it holds."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return _is_sound(db), int(db.execute("SELECT count(*) FROM items").fetchone()[0])


def repeated(values: list[Any]) -> int:
    """Return how many values are there more than once."""
    return sum(count > 1 for count in Counter(values).values())


def _papers(fact: dict[str, Any]) -> list[Paper]:
    kind = {_SALE: "sale", _REFUND: "refund"}.get(fact["type"])
    data = fact["data"]
    return [Paper(data["receipt"], kind, data["basket"], data["total_minor"])] if kind else []


def _is_sound(db: sqlite3.Connection) -> bool:
    whole = db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return whole and not db.execute("PRAGMA foreign_key_check").fetchall()


def _is_whole(rows: list[Any], facts: list[dict[str, Any]]) -> bool:
    prev = _FIRST_PREV
    for number, (row, fact) in enumerate(zip(rows, facts, strict=True), 1):
        epoch, seq, kind, raw, kept = row
        own = (fact["id"], int(fact["sequence"]), fact["type"], fact["prev"])
        if (epoch, seq) != (1, number) or own != (str(number), number, kind, prev):
            return False
        prev = hashlib.sha256(raw).hexdigest()
        if prev != kept:
            return False
    return True


def _receipts(db: sqlite3.Connection) -> list[Paper]:
    rows = db.execute("SELECT epoch, n, kind, basket, total_minor FROM receipts ORDER BY seq").fetchall()
    return [Paper(f"k1-{epoch}-{n}", kind, basket, minor) for epoch, n, kind, basket, minor in rows]


def _accounts(db: sqlite3.Connection) -> Sums:
    rows = db.execute(f"SELECT sku, condition, unit, {', '.join(_SUMS)} FROM accounts").fetchall()  # noqa: S608
    return {row[:3]: dict(zip(_SUMS, row[3:], strict=True)) for row in rows}


def _add_up(facts: list[dict[str, Any]]) -> Sums:
    sums: Sums = {}
    for fact in facts:
        term = _TERMS[fact["type"]]
        for line in fact["data"].get("lines", []):
            key = (line["sku"], line.get("condition", "sellable"), line["quantity"]["unit"])
            account = sums.setdefault(key, dict.fromkeys(_SUMS, 0))
            account[term] += line["quantity"]["amount"]
            account["overdraft"] += line.get("overdraft", 0)
    return sums
