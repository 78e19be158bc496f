"""Statements of the books: receipts, and what a person must decide."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select, text, tuple_, update

from hub.core.reconcile import Receipt
from hub.store.inbox import LaneKey
from hub.store.tables import exceptions, kiosks, receipts
from hub.store.upsert import Many, insert

MAX_OPEN: Final = 1000  # exceptions of one kiosk: more than a person reads; what is beyond them is one more
AT_ONCE: Final = (
    500  # keys in one statement; databases take some tens of thousands of values, an honest group has fewer
)
MAX_SUBJECT: Final = 200  # as the column holds
OF_FORKS: Final = 2**52  # and more: in `again`, receipts of facts whose number was taken; one bit below MAX_SUM
_DIGITS: Final = 13  # of 4 bits: what is left below it
STATES: Final = frozenset({"chore_failed", "count_waits", "deficit"})
# what these tell of changes while they are open, so the newest word counts; others tell of what happened first
OPERATOR: Final = "operator"  # who decides until roles have names


class Trouble(NamedTuple):
    """An exception to open: one a kind and subject, until it is resolved."""

    kind: str
    subject: str
    kiosk_id: int | None
    detail: Mapping[str, Any]


_ADD_RECEIPTS: Final = Many(lambda connection: insert(connection, receipts).on_conflict_do_nothing())


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


def again_of_fork(digest: str) -> int:
    """Return what tells the receipt of a fact whose number was taken from others: its digest, beyond any sequence."""
    return OF_FORKS | int(digest[:_DIGITS], 16)


def add_receipts(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add receipts; return those whose number their till had used before. They count too: money changed hands."""
    if _ADD_RECEIPTS.run(connection, rows) == len(rows):
        return []
    first = _first_of(connection, rows)
    reused = [
        {**row, "again": row["seq"]}
        for row in rows
        if not row["again"] and first[row["kiosk_id"], row["receipt"]] != (row["epoch"], row["lane"], row["seq"])
    ]
    if reused:
        connection.execute(receipts.insert(), reused)
    return reused


def _first_of(connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[tuple[int, str], tuple[int, str, int]]:
    """Return which fact (epoch, lane, seq) first used the number of each of ``rows``."""
    number = tuple_(receipts.c.kiosk_id, receipts.c.receipt)
    numbers = sorted({(row["kiosk_id"], row["receipt"]) for row in rows})
    found = {}
    for start in range(0, len(numbers), AT_ONCE):
        statement = select(receipts).where(number.in_(numbers[start : start + AT_ONCE]), receipts.c.again == 0)
        for row in connection.execute(statement):
            found[row.kiosk_id, row.receipt] = (row.epoch, row.lane, row.seq)
    return found


def open_exceptions(connection: Connection, troubles: Sequence[Trouble], now: str) -> None:
    """Open an exception for each trouble that has none open, at most ``MAX_OPEN`` a kiosk and one more.

    One of ``STATES`` that is open says from then on what is told now.
    """
    known = _known(connection, troubles)
    _tell_anew(connection, known, troubles)
    first = {_name(one): one for one in reversed(troubles) if _name(one) not in known}
    if not first:
        return
    rows = [
        {
            "kind": trouble.kind,
            "subject": trouble.subject[:MAX_SUBJECT],
            "kiosk_id": trouble.kiosk_id,
            "detail": _text(trouble),
            "at": now,
            "owner": OPERATOR,
        }
        for trouble in _within_bounds(connection, list(reversed(first.values())))
    ]
    statement = insert(connection, exceptions).on_conflict_do_nothing(
        index_elements=["kind", "subject"], index_where=text("resolved_at IS NULL")
    )
    connection.execute(statement, rows)


def _known(connection: Connection, troubles: Sequence[Trouble]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return the exceptions that are open of what ``troubles`` tell: their number and detail by kind and subject."""
    found = {}
    names = sorted({_name(one) for one in troubles})
    columns = exceptions.c
    key = tuple_(columns.kind, columns.subject)
    for start in range(0, len(names), AT_ONCE):
        statement = select(columns.id, columns.kind, columns.subject, columns.detail).where(
            key.in_(names[start : start + AT_ONCE]), columns.resolved_at.is_(None)
        )
        for row in connection.execute(statement):
            found[row.kind, row.subject] = (row.id, row.detail)
    return found


def _tell_anew(
    connection: Connection, known: Mapping[tuple[str, str], tuple[int, str]], troubles: Sequence[Trouble]
) -> None:
    """Write what open exceptions of ``STATES`` say now, where it differs; the last word of each counts."""
    last = {_name(one): _text(one) for one in troubles if one.kind in STATES}
    for name in sorted(last.keys() & known.keys()):
        number, before = known[name]
        if last[name] != before:
            is_it = (exceptions.c.id == number, exceptions.c.resolved_at.is_(None))
            connection.execute(update(exceptions).where(*is_it).values(detail=last[name]))


def _name(trouble: Trouble) -> tuple[str, str]:
    return trouble.kind, trouble.subject[:MAX_SUBJECT]


def _text(trouble: Trouble) -> str:
    return json.dumps(trouble.detail, sort_keys=True)


def _within_bounds(connection: Connection, troubles: Sequence[Trouble]) -> Iterator[Trouble]:
    """Yield troubles as far as their kiosks have room for them; beyond it, one that says so."""
    ids = sorted({one.kiosk_id for one in troubles if one.kiosk_id is not None})
    is_open = (exceptions.c.kiosk_id.in_(ids), exceptions.c.resolved_at.is_(None))
    counts = select(exceptions.c.kiosk_id, func.count()).where(*is_open).group_by(exceptions.c.kiosk_id)
    room = {kiosk_id: MAX_OPEN - count for kiosk_id, count in connection.execute(counts)}
    for one in troubles:
        if one.kiosk_id is not None:
            room[one.kiosk_id] = room.get(one.kiosk_id, MAX_OPEN) - 1
            if room[one.kiosk_id] < 0:
                yield _too_many(connection, one.kiosk_id)
                continue
        yield one


def _too_many(connection: Connection, kiosk_id: int) -> Trouble:
    row = connection.execute(select(kiosks).where(kiosks.c.id == kiosk_id)).one()
    subject = f"{row.region}/{row.site}/{row.kiosk} exceptions"
    return Trouble("bound_met", subject, kiosk_id, {"what": f"more than {MAX_OPEN} open exceptions; see its facts"})
