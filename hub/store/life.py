"""The life of the database, in the database: raised by the last statement of every transaction that is acknowledged."""

from typing import Final

from sqlalchemy import Connection, insert, select, update

from hub.core.incarnation import Life
from hub.store.tables import hub_life
from hub.store.upsert import Question

_READ: Final = Question(select(hub_life.c.incarnation, hub_life.c.commits))
_COUNT: Final = Question(
    update(hub_life).values(commits=hub_life.c.commits + 1).returning(hub_life.c.incarnation, hub_life.c.commits)
)


def read_life(connection: Connection) -> Life | None:
    """Return the database's life, None before its first start."""
    rows = _READ.ask(connection, {})
    return Life(*rows[0]) if rows else None


def write_life(connection: Connection, life: Life) -> None:
    """Set the database's life."""
    if read_life(connection) is None:
        connection.execute(insert(hub_life).values(id=1, incarnation=life.incarnation, commits=life.commits))
    else:
        connection.execute(update(hub_life).values(incarnation=life.incarnation, commits=life.commits))


def count_commit(connection: Connection) -> Life:
    """Count this transaction and return the life that it will have made; the last statement before the commit."""
    (row,) = _COUNT.ask(connection, {})
    return Life(*row)


def raise_incarnation(connection: Connection, incarnation: int) -> bool:
    """Begin ``incarnation``; return False if the database is already there or beyond."""
    statement = update(hub_life).where(hub_life.c.incarnation < incarnation).values(incarnation=incarnation)
    return connection.execute(statement).rowcount == 1
