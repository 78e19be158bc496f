"""What the steward must look at: one row a site, account and reason, written with its cause, taken away when done."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, tuple_, update

from contract.stock import StockKey
from contract.values import Condition, Sku, Unit
from hub.store.pools import PoolKey
from hub.store.rights_tables import chores
from hub.store.upsert import Insert, Many, insert

AT_ONCE: Final = 500  # keys in one statement: databases take some tens of thousands of values


class Site(NamedTuple):
    """A site that has chores."""

    region: str
    site: str


def add(connection: Connection, wanted: Iterable[tuple[PoolKey, str]], now: str) -> None:
    """Note what must be looked at from ``now`` on, and why; what was put off to later is due then again."""
    rows = [
        {
            "region": key.region,
            "site": key.site,
            "sku": key.what.sku,
            "condition": key.what.condition,
            "unit": key.what.unit,
            "why": why,
            "at": now,
        }
        for key, why in sorted(set(wanted))
    ]
    _ADD.run(connection, rows)


def sites(connection: Connection, now: str, *, limit: int) -> list[Site]:
    """Return the sites that have chores due, those that wait longest first."""
    statement = (
        select(chores.c.region, chores.c.site)
        .where(chores.c.at <= now)
        .group_by(chores.c.region, chores.c.site)
        .order_by(func.min(chores.c.at), chores.c.region, chores.c.site)
        .limit(limit)
    )
    return [Site(*row) for row in connection.execute(statement)]


def due(connection: Connection, site: Site, now: str, *, limit: int) -> list[PoolKey]:
    """Return the accounts of a site that have chores due, those that wait longest first."""
    columns = chores.c
    key = (columns.sku, columns.condition, columns.unit)
    statement = (
        select(*key)
        .where(columns.region == site.region, columns.site == site.site, columns.at <= now)
        .group_by(*key)
        .order_by(func.min(columns.at), *key)
        .limit(limit)
    )
    return [
        PoolKey(site.region, site.site, StockKey(Sku(sku), Condition(condition), Unit(unit)))
        for sku, condition, unit in connection.execute(statement)
    ]


def done(connection: Connection, keys: Sequence[PoolKey], now: str) -> None:
    """Take away what was due at ``now`` for ``keys``."""
    for start in range(0, len(keys), AT_ONCE):
        connection.execute(delete(chores).where(_among(keys[start : start + AT_ONCE]), chores.c.at <= now))


def put_off(connection: Connection, keys: Sequence[PoolKey], until: str) -> None:
    """Look at ``keys`` no sooner than ``until``."""
    for start in range(0, len(keys), AT_ONCE):
        connection.execute(update(chores).where(_among(keys[start : start + AT_ONCE])).values(at=until))


def _among(keys: Collection[PoolKey]) -> ColumnElement[bool]:
    columns = chores.c
    key = tuple_(columns.region, columns.site, columns.sku, columns.condition, columns.unit)
    return key.in_([(one.region, one.site, *one.what) for one in keys])


def _sooner(connection: Connection) -> Insert:
    statement = insert(connection, chores)
    at = statement.excluded.at
    return statement.on_conflict_do_update(
        index_elements=["region", "site", "sku", "condition", "unit", "why"], set_={"at": at}, where=chores.c.at > at
    )


_ADD: Final = Many(_sooner)
