"""Statements of exceptions that go away by themselves, because what they told of is over."""

from sqlalchemy import Connection, update

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
