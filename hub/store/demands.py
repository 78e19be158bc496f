"""Statements of what programs asked for in vain at a site although its tills have it."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from contract.stock import StockKey
from hub.core.demand import Demand, decide_left
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.demand_tables import demands
from hub.store.upsert import insert_new

MAX_ROWS: Final = 1000  # of a site, within what is remembered: as many as holds may wait there
AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values
_KEY: Final = (demands.c.sku, demands.c.condition, demands.c.unit)


def put(
    connection: Connection, site: Site, key: str, goods: Mapping[StockKey, int], *, now: str, remembered: str
) -> bool:
    """Note what a request asks for, in the place of what it asked for before; False where the site has no room.

    What is older than ``remembered`` is let go.
    """
    at_site = (demands.c.region == site.region, demands.c.site == site.site)
    connection.execute(delete(demands).where(*at_site, demands.c.at < remembered))
    connection.execute(delete(demands).where(*at_site, demands.c.key == key))
    there = connection.execute(select(func.count()).select_from(demands).where(*at_site)).scalar_one()
    if there + len(goods) > MAX_ROWS:
        return False
    same = {"region": site.region, "site": site.site, "key": key, "at": now}
    rows = [
        {**same, "sku": what.sku, "condition": what.condition, "unit": what.unit, "amount": amount}
        for what, amount in sorted(goods.items())
    ]
    insert_new(connection, demands, rows)
    return True


def met(connection: Connection, site: Site, key: str, goods: Mapping[StockKey, int]) -> None:
    """Note that a request got ``goods``, whose pools are locked: what it, or who came before it, asked for ends."""
    at_site = (demands.c.region == site.region, demands.c.site == site.site)
    skus = sorted({what.sku for what in goods})
    known = [
        Demand(row.key, stock_key(row.sku, row.condition, row.unit), row.amount, row.at)
        for row in connection.execute(
            select(demands).where(*at_site, or_(demands.c.key == key, demands.c.sku.in_(skus)))
        )
    ]
    for one in decide_left(known, key, goods):
        of_one = and_(
            *at_site, demands.c.key == one.key, *(column == part for column, part in zip(_KEY, one.what, strict=True))
        )
        changed = (
            update(demands).where(of_one).values(amount=one.amount) if one.amount else delete(demands).where(of_one)
        )
        connection.execute(changed)


def since(connection: Connection, site: Site, whats: Sequence[StockKey], at: str, until: str) -> dict[StockKey, int]:
    """Return how much of ``whats`` was asked for in vain at a site from ``at`` to ``until``."""
    found: dict[StockKey, int] = {}
    skus = sorted({what.sku for what in whats})
    for start in range(0, len(skus), AT_ONCE):
        statement = (
            select(*_KEY, func.sum(demands.c.amount))
            .where(
                demands.c.region == site.region,
                demands.c.site == site.site,
                demands.c.at.between(at, until),
                demands.c.sku.in_(skus[start : start + AT_ONCE]),
            )
            .group_by(*_KEY)
        )
        for sku, condition, unit, amount in connection.execute(statement):
            found[stock_key(sku, condition, unit)] = int(amount)  # PostgreSQL sums to decimals
    return found
