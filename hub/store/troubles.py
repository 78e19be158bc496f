"""Statements of exceptions that end: by themselves, because what they told of is over, or by a person's word."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from hub.store.books import MAX_SUBJECT
from hub.store.tables import exceptions


def resolve(connection: Connection, kind: str, subject: str, now: str) -> bool:
    """Resolve the open exception of that kind and subject; return whether there was one."""
    where = (
        exceptions.c.kind == kind,
        exceptions.c.subject == subject[:MAX_SUBJECT],
        exceptions.c.resolved_at.is_(None),
    )
    return connection.execute(update(exceptions).where(*where).values(resolved_at=now)).rowcount > 0


def decide(connection: Connection, numbers: Sequence[int], who: str, note: str, now: str) -> list[int]:
    """Resolve open exceptions with what a person found; return those of ``numbers`` that are not open."""
    columns = exceptions.c
    is_open = (columns.id.in_(numbers), columns.resolved_at.is_(None))
    found = {row.id: row.detail for row in connection.execute(select(columns.id, columns.detail).where(*is_open))}
    for number, detail in found.items():
        said = json.loads(detail) | {"decided_by": who, "note": note}
        values = {"resolved_at": now, "detail": json.dumps(said, sort_keys=True)}
        connection.execute(update(exceptions).where(columns.id == number).values(values))
    return [number for number in numbers if number not in found]
