"""What the steward must look at: one row a site, account and reason, written with its cause, taken away when done."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, select, update

from hub.store.accounts import stock_key
from hub.store.due import is_due, moment
from hub.store.pools import PoolKey
from hub.store.rights_tables import chores
from hub.store.upsert import Insert, Many, Question, insert

_KEY: Final = ("region", "site", "sku", "condition", "unit")
_GOODS: Final = (chores.c.sku, chores.c.condition, chores.c.unit)


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
    return [Site(*row) for row in _SITES.ask(connection, moment(now) | {"at_most": limit})]


def due(connection: Connection, site: Site, now: str, *, limit: int) -> list[PoolKey]:
    """Return the accounts of a site that have chores due, those that wait longest first."""
    values = {"of_region": site.region, "of_site": site.site, "at_most": limit} | moment(now)
    return [PoolKey(site.region, site.site, stock_key(*what)) for what in _DUE.ask(connection, values)]


def done(connection: Connection, keys: Sequence[PoolKey], now: str) -> None:
    """Take away what was due at ``now`` for ``keys``."""
    times = moment(now)
    _DONE.run(connection, [_of(key) | times for key in sorted(keys)])


def put_off(connection: Connection, keys: Sequence[PoolKey], until: str) -> None:
    """Look at ``keys`` no sooner than ``until``."""
    _PUT_OFF.run(connection, [_of(key) | {"until": until} for key in sorted(keys)])


def _of(key: PoolKey) -> dict[str, Any]:
    return dict(zip((f"of_{name}" for name in _KEY), (key.region, key.site, *key.what), strict=True))


def _is_it() -> ColumnElement[bool]:
    return and_(*(chores.c[name] == bindparam(f"of_{name}") for name in _KEY))


def _sooner(connection: Connection) -> Insert:
    statement = insert(connection, chores)
    at = statement.excluded.at
    return statement.on_conflict_do_update(index_elements=[*_KEY, "why"], set_={"at": at}, where=chores.c.at > at)


_ADD: Final = Many(_sooner)
_DONE: Final = Many(lambda _: delete(chores).where(_is_it(), is_due(chores.c.at)))
_PUT_OFF: Final = Many(lambda _: update(chores).where(_is_it()).values(at=bindparam("until")))
_SITES: Final = Question(
    select(chores.c.region, chores.c.site)
    .where(is_due(chores.c.at))
    .group_by(chores.c.region, chores.c.site)
    .order_by(func.min(chores.c.at), chores.c.region, chores.c.site)
    .limit(bindparam("at_most"))
)
_DUE: Final = Question(
    select(*_GOODS)
    .where(
        chores.c.region == bindparam("of_region"),
        chores.c.site == bindparam("of_site"),
        is_due(chores.c.at),
    )
    .group_by(*_GOODS)
    .order_by(func.min(chores.c.at), *_GOODS)
    .limit(bindparam("at_most"))
)
