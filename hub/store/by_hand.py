"""Statements of what an operator moved by hand: policy moves none of it for a while, and no longer."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select

from contract.stock import StockKey
from contract.values import MAX_AMOUNT
from hub.store.accounts import stock_key
from hub.store.by_hand_tables import by_hand
from hub.store.chores import Site
from hub.store.pools import PoolKey
from hub.store.upsert import Question, insert_new

_ALL: Final = Question(select(by_hand))  # few rows, for minutes


class Kept(NamedTuple):
    """So much of what is free is kept for a grant, and nothing is moved by policy, before ``until``."""

    amount: int
    until: str


def note(connection: Connection, key: PoolKey, amount: int, *, now: str, until: str) -> None:
    """Note that an operator recalled so much, or granted it (below zero): the sum is kept, all of it until then."""
    connection.execute(delete(by_hand).where(by_hand.c.until <= now))
    before = read(connection, Site(key.region, key.site), [key.what], now).get(key.what, 0)
    connection.execute(delete(by_hand).where(*_is(key)))
    kept = max(0, min(before + amount, MAX_AMOUNT))
    place = {"region": key.region, "site": key.site}
    what = {"sku": key.what.sku, "condition": key.what.condition, "unit": key.what.unit}
    insert_new(connection, by_hand, [place | what | {"amount": kept, "until": until}])


def read(connection: Connection, site: Site, whats: Sequence[StockKey], now: str) -> dict[StockKey, int]:
    """Return how much of ``whats`` is kept at a site."""
    wanted = {PoolKey(site.region, site.site, what) for what in whats}
    return {key.what: kept.amount for key, kept in every(connection, now).items() if key in wanted}


def every(connection: Connection, now: str) -> dict[PoolKey, Kept]:
    """Return all that is kept."""
    rows = _ALL.ask(connection, {})
    return {
        PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit)): Kept(row.amount, row.until)
        for row in rows
        if row.until > now
    }


def _is(key: PoolKey) -> list[ColumnElement[bool]]:
    place = (by_hand.c.region == key.region, by_hand.c.site == key.site)
    return [*place, *(by_hand.c[name] == value for name, value in key.what._asdict().items())]
