"""Statements of what the steward looks for where no chore says so."""

from collections.abc import Iterable

from sqlalchemy import Connection, select, tuple_

from contract.values import Address
from hub.store.chores import Site
from hub.store.due import moment
from hub.store.pools import PoolKey
from hub.store.promises import is_to_be_looked_at
from hub.store.rights_tables import chores, promises
from hub.store.tables import kiosks


def waiting(connection: Connection, now: str, *, for_goods: bool, limit: int) -> list[Address]:
    """Return kiosks with promises that wait and are to be looked at now, those that wait longest first."""
    statement = (
        select(kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .join(promises, promises.c.kiosk_id == kiosks.c.id)
        .where(is_to_be_looked_at(for_goods=for_goods))
        .order_by(promises.c.at)
        .limit(limit)
    )
    found = [Address(*row) for row in connection.execute(statement, moment(now))]
    return list(dict.fromkeys(found))


def not_noted(connection: Connection, keys: Iterable[PoolKey], why: str) -> list[PoolKey]:
    """Return those of ``keys`` for which no such chore is noted."""
    wanted = sorted(set(keys))
    columns = chores.c
    key = tuple_(columns.region, columns.site, columns.sku, columns.condition, columns.unit)
    statement = select(chores).where(key.in_([(one.region, one.site, *one.what) for one in wanted]), columns.why == why)
    noted = {(row.region, row.site, row.sku, row.condition, row.unit) for row in connection.execute(statement)}
    return [one for one in wanted if (one.region, one.site, *one.what) not in noted]


def next_site(connection: Connection, after: Site | None) -> Site | None:
    """Return the site after ``after``, the first one again after the last; None where there is none."""
    place = (kiosks.c.region, kiosks.c.site)
    statement = select(*place).order_by(*place).limit(1)
    later = statement.where(tuple_(*place) > tuple_(after.region, after.site)) if after else statement
    row = connection.execute(later).one_or_none() or connection.execute(statement).one_or_none()
    return Site(*row) if row else None
