"""Questions about stock: sums over accounts and pools, a page at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, literal, select, tuple_

from hub.core.read_models import StockView
from hub.store.rights_tables import POOL_TERMS, accounts, lives, pools

StockCursor = tuple[str, str, str, str, str]  # region, site, sku, condition, unit
_KEY: Final = ("region", "site", "sku", "condition", "unit")
_SUMS: Final = ("received", "returned", "sold", "adjusted", "overdraft", "wasted", "sent", "arrived")
_FIELDS: Final = (*_SUMS, "available", "held", "in_flight", *POOL_TERMS)  # of a StockView, after its key
_CAME: Final = ("granted", "received", "returned", "moved_in", "arrived", "adjusted", "overdraft")
_LEFT: Final = ("sold", "released", "moved_out", "sent", "wasted", "held")


def list_stock(
    connection: Connection,
    *,
    site: str | None = None,
    sku: str | None = None,
    after: StockCursor | None = None,
    limit: int = 100,
) -> list[StockView]:
    """Return stock by region, site, sku, condition and unit."""
    where = {"site": site, "sku": sku}
    both = [_keys(connection, table, where, after, limit) for table in (accounts, pools)]
    keys = sorted({key for keys in both for key in keys})[:limit]
    found: dict[StockCursor, dict[str, int]] = {key: dict.fromkeys(_FIELDS, 0) for key in keys}
    for table, sums in ((accounts, _of_accounts()), (pools, _of_pools())):
        for key, values in _sums(connection, table, sums, keys):
            for name, value in values.items():
                found[key][name] += value
    return [StockView(*key, *(values[name] for name in _FIELDS)) for key, values in found.items()]


def _keys(
    connection: Connection, table: Table, wanted: Mapping[str, str | None], after: StockCursor | None, limit: int
) -> list[StockCursor]:
    """Return the first keys of ``table`` beyond ``after``."""
    columns = [table.c[name] for name in _KEY]
    statement = select(*columns).where(*(table.c[name] == value for name, value in wanted.items() if value is not None))
    if after:
        statement = statement.where(tuple_(*columns) > tuple_(*(literal(part) for part in after)))
    rows = connection.execute(statement.distinct().order_by(*columns).limit(limit))
    return [tuple(row) for row in rows]


def _sums(
    connection: Connection, table: Table, sums: dict[str, ColumnElement[Any]], keys: Sequence[StockCursor]
) -> list[tuple[StockCursor, dict[str, int]]]:
    columns = [table.c[name] for name in _KEY]
    statement = select(*columns, *sums.values()).where(tuple_(*columns).in_(keys)).group_by(*columns)
    if table is accounts:
        is_life = and_(lives.c.kiosk_id == accounts.c.kiosk_id, lives.c.epoch == accounts.c.epoch)
        statement = statement.outerjoin(lives, is_life)
    return [
        (tuple(row[:5]), {name: int(value) for name, value in zip(sums, row[5:], strict=True)})
        for row in connection.execute(statement)
    ]


def _of_accounts() -> dict[str, ColumnElement[Any]]:
    """Return the sums over accounts; what a closed life had is the hub's now."""
    is_open = lives.c.closed_at.is_(None)
    came = _plus(_CAME) - _plus(_LEFT)
    balances = {"available": came, "held": accounts.c.held, "in_flight": accounts.c.issued - accounts.c.granted}
    at_kiosks: dict[str, ColumnElement[Any]] = {
        name: func.sum(case((is_open, value), else_=0)) for name, value in balances.items()
    }
    sums: dict[str, ColumnElement[Any]] = {term: func.sum(accounts.c[term]) for term in _SUMS}
    return sums | at_kiosks


def _plus(terms: Sequence[str]) -> ColumnElement[int]:
    total: ColumnElement[int] = accounts.c[terms[0]]
    for term in terms[1:]:
        total += accounts.c[term]
    return total


def _of_pools() -> dict[str, ColumnElement[Any]]:
    return {term: func.sum(pools.c[term]) for term in (*POOL_TERMS, "adjusted")}
