"""Statements of what can be promised: what is free, at tills or on its way, and what its goods are called."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, bindparam, not_, select

from contract.down import Item
from contract.stock import StockKey
from contract.values import instant_text
from hub.core.redistribute import HEARD_S, OUTAGE_S, Holder, above_cover
from hub.store import holdings, reservations
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.holdings import Held
from hub.store.pools import offered as pool_offered
from hub.store.rights_tables import accounts, lives, passages, pools
from hub.store.tables import items, kiosks
from hub.store.upsert import Among, is_among

FreeBySite = dict[str, dict[StockKey, int]]


def free(connection: Connection, region: str, keys: Iterable[StockKey], *, site: str | None = None) -> FreeBySite:
    """Return what may be promised of ``keys`` by site, or at one site, locked until the transaction ends."""
    found = offered(connection, region, keys, site=site)
    return {at: {key: max(0, amount) for key, amount in goods.items()} for at, goods in found.items()}


def offered(connection: Connection, region: str, keys: Iterable[StockKey], *, site: str | None = None) -> FreeBySite:
    """Return what is free of ``keys`` less what their sites owe, locked; below zero where they owe more than is free.

    Locked in one order, before anything is taken: two that want the same goods wait for each other and not in a ring.
    """
    where = {"of_region": region} | ({} if site is None else {"of_site": site})
    found: FreeBySite = {}
    for at, sku, condition, unit, amount in (_OFFERED if site is None else _OFFERED_AT).ask(connection, keys, where):
        found.setdefault(at, {})[stock_key(sku, condition, unit)] = amount
    return found


def at_tills(
    connection: Connection, region: str, keys: Iterable[StockKey], now: datetime, *, heard: bool = True
) -> FreeBySite:
    """Return what tills that are heard have above their cover, by site: what they would give if they were asked.

    What shoppers at their counters wait for is not known here; the tills keep it when they are asked. Of tills that are
    not ``heard``, it is what they had when they were heard last.
    """
    is_heard = and_(kiosks.c.online, kiosks.c.last_seen_at >= instant_text(now - timedelta(seconds=HEARD_S)))
    may_be_asked = (
        lives.c.forked_at.is_(None),  # such a life is asked for nothing, nor is a kiosk that is lost
        kiosks.c.fenced_at.is_(None),
        kiosks.c.epoch == accounts.c.epoch,
        is_heard if heard else not_(is_heard),
    )
    found: FreeBySite = {}
    for site, held, coming in _held(connection, region, keys, *may_be_asked):
        per_h = holdings.rate_now(held, now)
        available = held.account.available
        has = Holder(name="", available=available, in_flight=coming, demand_per_h=per_h, outage_s=OUTAGE_S)
        there = found.setdefault(site, {})
        there[held.what] = there.get(held.what, 0) + above_cover(has)
    return found


def last_held(connection: Connection, region: str, keys: Iterable[StockKey], sites: Collection[str]) -> FreeBySite:
    """Return what the tills of ``sites`` were last known to have or were granted, heard or not."""
    wanted = set(keys)
    found: FreeBySite = {site: dict.fromkeys(wanted, 0) for site in sites}
    for site, held, coming in _held(connection, region, wanted, accounts.c.site.in_(sorted(sites))):
        found[site][held.what] += held.account.promisable + coming
    return found


def _held(
    connection: Connection, region: str, keys: Iterable[StockKey], *of: ColumnElement[bool]
) -> Iterator[tuple[str, Held, int]]:
    """Yield the accounts of open lives: the site, the account, what is on its way to it and not for a reservation."""
    wanted = set(keys)
    statement = (
        select(accounts)
        .join(kiosks, kiosks.c.id == accounts.c.kiosk_id)
        .join(lives, and_(lives.c.kiosk_id == accounts.c.kiosk_id, lives.c.epoch == accounts.c.epoch))
        .where(accounts.c.region == region, accounts.c.sku.in_(sorted({key.sku for key in wanted})))
        .where(lives.c.closed_at.is_(None), *of)
    )
    found = [(row.site, holdings.of_row(row)) for row in connection.execute(statement)]
    placed = reservations.on_their_way(connection, region, {site for site, _ in found}, wanted)
    for site, held in found:
        if held.what in wanted:
            coming = held.in_flight - placed.get((held.kiosk_id, held.epoch, held.what), 0)
            yield site, held, max(0, coming)


def on_the_way(connection: Connection, to: Site, keys: Iterable[StockKey], since: str) -> dict[StockKey, int]:
    """Return what left for a site since then and has not arrived."""
    columns, wanted = passages.c, set(keys)
    statement = select(columns.sku, columns.condition, columns.unit, columns.out - columns.into).where(
        columns.region == to.region,
        columns.receiver == to.site,
        columns.kind == "transfer",
        columns.out > columns.into,
        columns.at >= since,
        columns.sku.in_(sorted({key.sku for key in wanted})),
    )
    found: dict[StockKey, int] = {}
    for sku, condition, unit, missing in connection.execute(statement):
        what = stock_key(sku, condition, unit)
        if what in wanted:
            found[what] = found.get(what, 0) + missing
    return found


def items_of(connection: Connection, region: str, skus: Iterable[str]) -> dict[str, Item]:
    """Return what the region's catalogue says of ``skus``; those that it does not know are absent."""
    rows = _ITEMS.ask(connection, ((sku,) for sku in skus), {"of_region": region})
    return {sku: msgspec.json.decode(item, type=Item) for sku, item in rows}


_GOODS: Final = (pools.c.sku, pools.c.condition, pools.c.unit)


def _offered(wanted: CTE, *of: ColumnElement[bool]) -> Select[Any]:
    order = (pools.c.site, *_GOODS)
    asked = select(*order, pool_offered()).where(
        pools.c.region == bindparam("of_region"), is_among(_GOODS, wanted), *of
    )
    return asked.order_by(*order).with_for_update(of=pools)


_OFFERED: Final = Among(_GOODS, _offered)
_OFFERED_AT: Final = Among(_GOODS, lambda wanted: _offered(wanted, pools.c.site == bindparam("of_site")))
_ITEMS: Final = Among(
    [items.c.sku],
    lambda wanted: select(items.c.sku, items.c.item).where(
        items.c.region == bindparam("of_region"), is_among([items.c.sku], wanted)
    ),
)
