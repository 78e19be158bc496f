"""Statements of what can be promised: what is free at which site, and what its goods are called."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select, tuple_

from contract.down import Item
from contract.stock import StockKey
from contract.values import Condition, Sku, Unit
from hub.store.pools import offered
from hub.store.rights_tables import pools
from hub.store.tables import items

FreeBySite = dict[str, dict[StockKey, int]]


def free(connection: Connection, region: str, keys: Iterable[StockKey], *, site: str | None = None) -> FreeBySite:
    """Return what may be promised of ``keys`` by site, or at one site, locked until the transaction ends.

    Locked in one order, before anything is taken: two that want the same goods wait for each other and not in a ring.
    """
    columns = pools.c
    key = tuple_(columns.sku, columns.condition, columns.unit)
    statement = (
        select(columns.site, columns.sku, columns.condition, columns.unit, offered().label("offered"))
        .where(
            columns.region == region,
            key.in_([tuple(one) for one in sorted(set(keys))]),
            *([] if site is None else [columns.site == site]),
        )
        .order_by(columns.site, columns.sku, columns.condition, columns.unit)
        .with_for_update()
    )
    found: FreeBySite = {}
    for row in connection.execute(statement):
        found.setdefault(row.site, {})[StockKey(Sku(row.sku), Condition(row.condition), Unit(row.unit))] = max(
            0, row.offered
        )
    return found


def items_of(connection: Connection, region: str, skus: Iterable[str]) -> dict[str, Item]:
    """Return what the region's catalogue says of ``skus``; those that it does not know are absent."""
    statement = select(items.c.sku, items.c.item).where(items.c.region == region, items.c.sku.in_(sorted(set(skus))))
    return {row.sku: msgspec.json.decode(row.item, type=Item) for row in connection.execute(statement)}
