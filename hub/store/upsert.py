"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in two places; and many rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert as AnyInsert

Row = Mapping[str, Any]
Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that knows ON CONFLICT in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class Many:
    """An INSERT for many rows, compiled once for each dialect.

    SQLAlchemy looks at every value of every row; that was a quarter of the hub's work for a sale. Our columns need
    none of it: what is bound (whole numbers, text, bytes) is what both databases take.
    """

    def __init__(self, build: Callable[[Connection], AnyInsert]) -> None:
        """Take what builds the statement; it names every column that it sets."""
        self._build = build
        self._compiled: dict[str, tuple[str, Sequence[str]]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for each of ``rows``, which all have the same columns; return how many rows were written."""
        if not rows:
            return 0
        sql, order = self._for(connection, rows[0])
        values = [tuple(row[name] for name in order) for row in rows] if order else [dict(row) for row in rows]
        return connection.exec_driver_sql(sql, values, execution_options={"preserve_rowcount": True}).rowcount

    def _for(self, connection: Connection, row: Row) -> tuple[str, Sequence[str]]:
        """Return the statement's text, and the order of its values where they go by place and not by name."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            compiled = self._build(connection).compile(dialect=connection.dialect, column_keys=sorted(row))
            known = self._compiled[connection.dialect.name] = str(compiled), list(compiled.positiontup or ())
        return known


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert those of ``rows`` that break no uniqueness; return how many they were."""
    if not rows:
        return 0
    statement = insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount
