"""Asks the books whether they add up: one statement, so that every sum is of the same moment."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, select, union_all

from contract.codec import decode
from contract.errors import Malformed
from contract.stock import StockKey
from hub.core.conservation import Finding, Sums, verify
from hub.core.reconcile import effects_of
from hub.store.accounts import stock_key
from hub.store.rights_tables import POOL_TERMS, accounts, lives, passages, pools
from hub.store.tables import kiosks, quarantine

_KEY: Final = ("region", "sku", "condition", "unit")
_CAME: Final = ("granted", "received", "returned", "moved_in", "arrived", "adjusted", "overdraft")
_LEFT: Final = ("sold", "released", "moved_out", "sent", "wasted", "held")


class Fault(NamedTuple):
    """A finding and what it is about."""

    region: str
    what: StockKey
    finding: Finding


def find_faults(connection: Connection, *, region: str | None = None) -> Iterator[Fault]:
    """Yield what is wrong with the books of stock, by region and sku."""
    unread, unreadable = _unread(connection)
    for row in connection.execute(_SUMS):
        if region in {None, row[0]}:
            what = stock_key(*row[1:4])
            sums = Sums(*map(int, row[4:]))  # PostgreSQL sums to decimals
            found = verify(sums, unread=unread[row[0], what], unreadable=unreadable[row[0]])
            yield from (Fault(row[0], what, one) for one in found)


def _unread(connection: Connection) -> tuple[Counter[tuple[str, StockKey]], Counter[str]]:
    """Return how many facts in quarantine are about a sku, and how many of a region nobody can read."""
    unread: Counter[tuple[str, StockKey]] = Counter()
    unreadable: Counter[str] = Counter()
    statement = (
        select(kiosks.c.region, quarantine.c.bytes)
        .join(kiosks, kiosks.c.id == quarantine.c.kiosk_id)
        .where(quarantine.c.kind != "fork", quarantine.c.resolved_at.is_(None))
    )
    for region, raw in connection.execute(statement):
        try:
            effects = effects_of(decode(raw))
        except Malformed:
            unreadable[region] += 1
        else:
            unread.update({(region, what) for what, _ in effects.stock})
    return unread, unreadable


def _of_accounts() -> Select[Any]:
    """Select the sums over accounts: terms of every life, balances of the open ones."""
    columns = accounts.c
    is_open = lives.c.closed_at.is_(None)
    available = sum((columns[term] for term in _CAME), literal(0)) - sum((columns[term] for term in _LEFT), literal(0))
    in_flight = columns.issued - columns.granted
    sums: dict[str, ColumnElement[Any]] = {
        **{term: columns[term] for term in ("sold", "wasted", "received", "returned", "adjusted")},
        "at_kiosks": case((is_open, available + columns.held), else_=0),
        "in_flight": case((is_open, in_flight), else_=0),
        "overdrawn": case((and_(is_open, available < 0), 1), else_=0),
        "below": case((and_(is_open, in_flight < 0), 1), else_=0),
    }
    is_life = and_(lives.c.kiosk_id == columns.kiosk_id, lives.c.epoch == columns.epoch)
    return _part(accounts, sums).join_from(accounts, lives, is_life, isouter=True)


def _of_pools() -> Select[Any]:
    below = [case((pools.c[term] < 0, 1), else_=0) for term in POOL_TERMS]
    sums: dict[str, ColumnElement[Any]] = {term: pools.c[term] for term in (*POOL_TERMS, "adjusted")}
    return _part(pools, {**sums, "below": sum(below[1:], below[0])})


def _part(table: Any, sums: dict[str, ColumnElement[Any]]) -> Select[Any]:
    """Select the sums that ``table`` knows, and nothing for the others."""
    key = [table.c[name] for name in _KEY]
    return select(*key, *(func.sum(sums.get(name, literal(0))).label(name) for name in Sums._fields)).group_by(*key)


def _all() -> Select[Any]:
    of_passages = _part(passages, {"in_transit": passages.c.out - passages.c.into})
    parts = union_all(_of_accounts(), _of_pools(), of_passages).subquery()
    key = [parts.c[name] for name in _KEY]
    return select(*key, *(func.sum(parts.c[name]) for name in Sums._fields)).group_by(*key).order_by(*key)


_SUMS: Final = _all()
