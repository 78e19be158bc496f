"""Statements of who waits for goods: where, for what, since when and until when."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, func, select, update

from contract.stock import StockKey
from hub.core.waiting import Wait
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.rights_tables import waits

Why = Literal["promise", "later", "broken"]
AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values


def put(  # noqa: PLR0917 - a wait is all of these
    connection: Connection, wait: Wait, region: str, why: Why, until: str, look_at: str
) -> None:
    """Note that somebody waits, in the place of what was noted of the same id."""
    end(connection, wait.id)
    rows = [
        {
            "id": wait.id,
            "sku": key.sku,
            "condition": key.condition,
            "unit": key.unit,
            "region": region,
            "site": wait.site,
            "amount": amount,
            "why": why,
            "at": wait.at,
            "until": until,
            "look_at": look_at,
        }
        for key, amount in sorted(wait.goods.items())
    ]
    connection.execute(waits.insert(), rows)


def end(connection: Connection, wait: str) -> None:
    """Note that somebody waits no longer."""
    connection.execute(delete(waits).where(waits.c.id == wait))


def look_again(connection: Connection, wait: str, look_at: str) -> None:
    """Note when tills are to be asked again."""
    connection.execute(update(waits).where(waits.c.id == wait).values(look_at=look_at))


def of_goods(connection: Connection, region: str, keys: Iterable[StockKey]) -> list[Wait]:
    """Return who waits for any of ``keys`` in a region, with what of these they wait for."""
    wanted = set(keys)
    skus = sorted({key.sku for key in wanted})
    found: list[Row[Any]] = []
    for start in range(0, len(skus), AT_ONCE):
        where = (waits.c.region == region, waits.c.sku.in_(skus[start : start + AT_ONCE]))
        found += connection.execute(select(waits).where(*where)).all()
    return _waits(row for row in found if stock_key(row.sku, row.condition, row.unit) in wanted)


def find(connection: Connection, wait: str) -> tuple[Wait, str] | None:
    """Return one who waits, and when tills are to be asked again; None for nobody."""
    rows = connection.execute(select(waits).where(waits.c.id == wait)).all()
    return (_waits(rows)[0], rows[0].look_at) if rows else None


def at_site(connection: Connection, site: Site, whats: Sequence[StockKey]) -> dict[StockKey, int]:
    """Return how much of ``whats`` is waited for at a site."""
    key = (waits.c.sku, waits.c.condition, waits.c.unit)
    found: dict[StockKey, int] = {}
    skus = sorted({what.sku for what in whats})
    for start in range(0, len(skus), AT_ONCE):
        where = (waits.c.region == site.region, waits.c.site == site.site, waits.c.sku.in_(skus[start:][:AT_ONCE]))
        statement = select(*key, func.sum(waits.c.amount)).where(*where).group_by(*key)
        for sku, condition, unit, amount in connection.execute(statement):
            found[stock_key(sku, condition, unit)] = int(amount)  # PostgreSQL sums to decimals
    return found


def due(connection: Connection, now: str, *, limit: int) -> list[str]:
    """Return promises of goods on their way that are to be looked at, those that were asked for first."""
    statement = (
        select(waits.c.id)
        .where(waits.c.why == "later", waits.c.look_at <= now)
        .group_by(waits.c.id)
        .order_by(func.min(waits.c.at), waits.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def due_later(connection: Connection, site: Site, keys: Iterable[StockKey]) -> dict[StockKey, int]:
    """Return what is promised of goods that are on their way to a site."""
    found: dict[StockKey, int] = {}
    for key in keys:
        where = (
            waits.c.region == site.region,
            waits.c.site == site.site,
            waits.c.why == "later",
            waits.c.sku == key.sku,
            waits.c.condition == key.condition,
            waits.c.unit == key.unit,
        )
        found[key] = int(connection.execute(select(func.sum(waits.c.amount)).where(*where)).scalar_one() or 0)
    return found


def _waits(rows: Iterable[Row[Any]]) -> list[Wait]:
    known: dict[str, dict[StockKey, int]] = {}
    last: dict[str, Row[Any]] = {}
    for row in rows:
        known.setdefault(row.id, {})[stock_key(row.sku, row.condition, row.unit)] = row.amount
        last[row.id] = row
    return [Wait(name, last[name].site, goods, last[name].at) for name, goods in sorted(known.items())]
