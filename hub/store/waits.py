"""Statements of who waits for goods: where, for what, since when and until when."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import CTE, Connection, Select, bindparam, delete, func, select, update

from contract.stock import StockKey
from hub.core.waiting import Wait
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.due import is_due, moment
from hub.store.rights_tables import waits
from hub.store.upsert import Among, Change, Many, Question, is_among

Why = Literal["promise", "later", "broken"]


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
    _ADD.run(connection, rows)


def end(connection: Connection, wait: str) -> None:
    """Note that somebody waits no longer."""
    _END.run(connection, {"of_id": wait})


def look_again(connection: Connection, wait: str, look_at: str) -> None:
    """Note when tills are to be asked again."""
    connection.execute(update(waits).where(waits.c.id == wait).values(look_at=look_at))


def of_goods(connection: Connection, region: str, keys: Iterable[StockKey]) -> list[Wait]:
    """Return who waits for any of ``keys`` in a region, with what of these they wait for."""
    return _waits(_OF_GOODS.ask(connection, keys, {"of_region": region}))


def find(connection: Connection, wait: str) -> tuple[Wait, str] | None:
    """Return one who waits, and when tills are to be asked again; None for nobody."""
    rows = _FIND.ask(connection, {"of_id": wait})
    return (_waits(rows)[0], rows[0].look_at) if rows else None


def at_site(connection: Connection, site: Site, whats: Sequence[StockKey]) -> dict[StockKey, int]:
    """Return how much of ``whats`` is waited for at a site."""
    rows = _AT_SITE.ask(connection, whats, {"of_region": site.region, "of_site": site.site})
    return {stock_key(*key): int(amount) for *key, amount in rows}  # PostgreSQL sums to decimals


def due(connection: Connection, now: str, *, limit: int) -> list[str]:
    """Return promises of goods on their way that are to be looked at, those that were asked for first."""
    statement = (
        select(waits.c.id)
        .where(waits.c.why == "later", is_due(waits.c.look_at))
        .group_by(waits.c.id)
        .order_by(func.min(waits.c.at), waits.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement, moment(now)).scalars())


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


_GOODS: Final = (waits.c.sku, waits.c.condition, waits.c.unit)


def _at_site(wanted: CTE) -> Select[Any]:
    at_site = (waits.c.region == bindparam("of_region"), waits.c.site == bindparam("of_site"))
    return select(*_GOODS, func.sum(waits.c.amount)).where(*at_site, is_among(_GOODS, wanted)).group_by(*_GOODS)


def _of_goods(wanted: CTE) -> Select[Any]:
    return select(waits).where(waits.c.region == bindparam("of_region"), is_among(_GOODS, wanted))


_FIND: Final = Question(select(waits).where(waits.c.id == bindparam("of_id")))
_OF_GOODS: Final = Among(_GOODS, _of_goods)
_AT_SITE: Final = Among(_GOODS, _at_site)
_ADD: Final = Many(lambda _: waits.insert())
_END: Final = Change(delete(waits).where(waits.c.id == bindparam("of_id")))


def _waits(rows: Iterable[Any]) -> list[Wait]:
    known: dict[str, dict[StockKey, int]] = {}
    last: dict[str, Any] = {}
    for row in rows:
        known.setdefault(row.id, {})[stock_key(row.sku, row.condition, row.unit)] = row.amount
        last[row.id] = row
    return [Wait(name, last[name].site, goods, last[name].at) for name, goods in sorted(known.items())]
