"""Statements that run often: compiled once for each dialect; INSERT … ON CONFLICT, many rows, lists of keys.

SQLite and PostgreSQL spell ON CONFLICT alike, and SQLAlchemy keeps it in two places. Building a statement, looking it
up and looking at each of its values took most of the hub's time for a promise: what runs often is built once, as text,
and its values go to the driver as they are. Our columns need no more: what is bound (whole numbers, text, bytes) is
what both databases take. What comes back is as the driver gives it, and SQLite's booleans are 0 and 1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, product
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import CTE, Column, ColumnElement, Connection, Select, Table, bindparam, column, select, tuple_
from sqlalchemy import values as rows_of
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert as AnyInsert
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

Row = Mapping[str, Any]
Insert = postgresql.Insert | sqlite.Insert
Statement = SelectBase | UpdateBase
AT_ONCE: Final = 256  # keys in one statement: six values each at most, far below what databases take
_LENGTHS: Final = (1, 4, 16, 64, AT_ONCE)  # of lists of keys: five texts of a statement, whatever is asked for
_COUNTED: Final = {"preserve_rowcount": True}


def insert(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that knows ON CONFLICT in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class _Fixed:
    """A statement whose text is always the same; what changes in it are named values."""

    def __init__(self, build: Callable[[Connection], Statement]) -> None:
        """Take what builds the statement, once for each dialect."""
        self._build = build
        self._compiled: dict[str, tuple[str, Callable[[Row], Any]]] = {}

    def _for(self, connection: Connection, row: Row) -> tuple[str, Callable[[Row], Any]]:
        """Return the statement's text, and what makes the driver's values of a row; ``row`` has all that is open."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            statement = self._build(connection)
            keys = sorted(row) if isinstance(statement, AnyInsert) else None
            compiled: Any = statement.compile(dialect=connection.dialect, column_keys=keys)
            fixed = {name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required}
            known = self._compiled[connection.dialect.name] = str(compiled), _bound(fixed, compiled.positiontup)
        return known


class Many(_Fixed):
    """An INSERT or UPDATE for many rows. An INSERT sets every column that the first of them has."""

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for each of ``rows``, which all have the same columns; return how many rows were written."""
        if not rows:
            return 0
        sql, bound = self._for(connection, rows[0])
        return connection.exec_driver_sql(sql, list(map(bound, rows)), execution_options=_COUNTED).rowcount


class Change(_Fixed):
    """An UPDATE or DELETE."""

    def __init__(self, statement: UpdateBase) -> None:
        """Take the statement."""
        super().__init__(lambda _: statement)

    def run(self, connection: Connection, values: Row) -> int:
        """Run it with ``values``, which are all that it leaves open; return how many rows it was about."""
        sql, bound = self._for(connection, values)
        return connection.exec_driver_sql(sql, bound(values), execution_options=_COUNTED).rowcount


class Question(_Fixed):
    """What returns rows: a SELECT, or a change that says what it made."""

    def __init__(self, statement: Statement) -> None:
        """Take the statement."""
        super().__init__(lambda _: statement)

    def ask(self, connection: Connection, values: Row) -> Sequence[Any]:
        """Return the rows that it finds; ``values`` are all that it leaves open."""
        sql, bound = self._for(connection, values)
        return connection.exec_driver_sql(sql, bound(values)).fetchall()


class Among:
    """A SELECT about a list of keys.

    The list is rows of values, with which :func:`is_among` compares. Places that a text has beyond the last key are
    null, which nothing is.
    """

    def __init__(self, key: Sequence[Column[Any]], build: Callable[[CTE], Select[Any]]) -> None:
        """Take the columns that name a key, and what builds the statement around the list: its columns are the same."""
        self._key = {one.name: one.type for one in key}
        self._build = build
        self._questions: dict[int, tuple[Question, Sequence[str]]] = {}

    def ask(self, connection: Connection, keys: Iterable[tuple[Any, ...]], values: Row | None = None) -> list[Any]:
        """Return what is found of ``keys``, some :data:`AT_ONCE` at a time; ``values`` are what else is open."""
        wanted = sorted(set(keys))
        found: list[Any] = []
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            question, names = self._for(len(part))
            listed = dict.fromkeys(names) | dict(zip(names, chain.from_iterable(part), strict=False))
            found += question.ask(connection, {**(values or {}), **listed})
        return found

    def _for(self, count: int) -> tuple[Question, Sequence[str]]:
        """Return the question that has room for ``count`` keys, and the names of its places."""
        length = next(one for one in _LENGTHS if one >= count)
        if length not in self._questions:
            names = [f"{name}_{nth}" for nth, name in product(range(length), self._key)]
            self._questions[length] = Question(self._build(self._listed(length))), names
        return self._questions[length]

    def _listed(self, length: int) -> CTE:
        rows = [
            tuple(bindparam(f"{name}_{nth}", type_=kind) for name, kind in self._key.items()) for nth in range(length)
        ]
        columns = [column(name, kind) for name, kind in self._key.items()]
        return rows_of(*columns, name="wanted").data(rows).cte("wanted")


def is_among(columns: Sequence[Column[Any]], wanted: CTE) -> ColumnElement[bool]:
    """Return that ``columns`` are a key of the list. Both databases use an index of them for it, if there is one.

    SQLite uses none where the values themselves stand behind the IN.
    """
    return tuple_(*columns).in_(select(*(wanted.c[one.name] for one in columns)))


def _bound(fixed: Row, names: Sequence[str] | None) -> Callable[[Row], Any]:
    """Return what makes the driver's values of a row: by place where it wants them so, with what is ``fixed``."""
    if names is None:
        return (lambda row: {**fixed, **row}) if fixed else dict
    in_order = _in_order(names)
    return (lambda row: in_order({**fixed, **row})) if fixed else in_order


def _in_order(names: Sequence[str]) -> Callable[[Row], Any]:
    """Return what makes a tuple of a row; itemgetter takes a third of the time, and makes none of a single name."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[name] for name in names)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert those of ``rows`` that break no uniqueness; return how many they were."""
    if not rows:
        return 0
    statement = insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, list(rows), execution_options=_COUNTED).rowcount
