"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in two places; and many rows.

What runs often is compiled once for each dialect, and its values go to the driver as they are: SQLAlchemy looks at
every value of every row, which was a quarter of the hub's work for a sale, and compiles a list of rows anew each time.
Our columns need none of it: what is bound (whole numbers, text, bytes) is what both databases take.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert as AnyInsert

Row = Mapping[str, Any]
Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that knows ON CONFLICT in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class Many:
    """An INSERT for many rows."""

    def __init__(self, build: Callable[[Connection], AnyInsert]) -> None:
        """Take what builds the statement; it names every column that it sets."""
        self._build = build
        self._compiled: dict[str, tuple[str, Callable[[Row], Any] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for each of ``rows``, which all have the same columns; return how many rows were written."""
        if not rows:
            return 0
        sql, in_order = self._for(connection, rows[0])
        values = list(map(in_order, rows)) if in_order else [dict(row) for row in rows]
        return connection.exec_driver_sql(sql, values, execution_options={"preserve_rowcount": True}).rowcount

    def _for(self, connection: Connection, row: Row) -> tuple[str, Callable[[Row], Any] | None]:
        """Return the statement's text, and what puts its values in order where they go by place and not by name."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            compiled = self._build(connection).compile(dialect=connection.dialect, column_keys=sorted(row))
            in_order = _in_order(compiled.positiontup) if compiled.positiontup else None
            known = self._compiled[connection.dialect.name] = str(compiled), in_order
        return known


class Question:
    """A SELECT whose text is always the same; its results are as the driver gives them."""

    def __init__(self, build: Callable[[], Select[Any]]) -> None:
        """Take what builds the statement; what changes in it are named values."""
        self._build = build
        self._compiled: dict[str, tuple[str, dict[str, Any], Callable[[Row], Any] | None]] = {}

    def ask(self, connection: Connection, values: Row) -> Iterable[Any]:
        """Return the rows that it finds; ``values`` are all that it leaves open."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            compiled = self._build().compile(dialect=connection.dialect)
            in_order = _in_order(compiled.positiontup) if compiled.positiontup else None
            known = self._compiled[connection.dialect.name] = str(compiled), dict(compiled.params), in_order
        sql, fixed, in_order = known
        every = {**fixed, **values}
        return connection.exec_driver_sql(sql, in_order(every) if in_order else every)


def _in_order(names: Sequence[str]) -> Callable[[Row], Any]:
    """Return what makes a tuple of a row; itemgetter takes a third of the time, and makes none of a single name."""
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert those of ``rows`` that break no uniqueness; return how many they were."""
    if not rows:
        return 0
    statement = insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount
