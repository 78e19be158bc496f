"""Fills the tables of rights from the facts that the books hold already: once, when those tables are made.

Nothing was ever granted then: lives have reported, and what closed lives left is in limbo.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, literal, select, tuple_, union

from contract.codec import decode
from contract.stock import TERMS, Account
from hub.core.reconcile import add_up, effects_of
from hub.store import accounts, pools
from hub.store.accounts import AccountKey, stock_key
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import accounts as accounts_table
from hub.store.rights_tables import chores, lives
from hub.store.tables import facts, hub_life, kiosks, lanes

AT_ONCE: Final = 2000  # facts in memory at a time: some megabytes
_KIOSKS: Final = select(  # as they were then: columns that came later are not there yet
    kiosks.c.id, kiosks.c.region, kiosks.c.site, kiosks.c.epoch, kiosks.c.last_seen_at
)


def fill_rights(connection: Connection) -> None:
    """Fill lives, accounts and pools; reads every fact once."""
    _fill_lives(connection)
    places = {row.id: (row.region, row.site) for row in connection.execute(_KIOSKS)}
    for chunk in _facts(connection):
        sums: dict[AccountKey, dict[str, int]] = {}
        for row in chunk:
            for what, delta in effects_of(decode(row.bytes)).stock:
                key = AccountKey(row.kiosk_id, row.epoch, what, *places[row.kiosk_id])
                add_up(sums.setdefault(key, {}), delta)
        accounts.add(connection, sums)
    _fill_pools(connection)


def _fill_lives(connection: Connection) -> None:
    newest = {row.id: (row.epoch, row.last_seen_at) for row in connection.execute(_KIOSKS)}
    heard = union(
        select(lanes.c.kiosk_id, lanes.c.epoch),
        select(kiosks.c.id, kiosks.c.epoch).where(kiosks.c.epoch > literal(0)),
    )
    incarnation = connection.execute(select(func.coalesce(func.max(hub_life.c.incarnation), 0))).scalar_one()
    rows = []
    for kiosk_id, epoch in connection.execute(heard):
        last, at = newest[kiosk_id]
        closed = {"closed_at": at, "closed_why": "a newer life was heard"} if epoch < last else {}
        row = {"kiosk_id": kiosk_id, "epoch": epoch, "reported": incarnation, "closed_at": None, "closed_why": None}
        rows.append(row | closed)
    if rows:
        connection.execute(insert(lives), rows)


def _facts(connection: Connection) -> Iterator[list[Row[Any]]]:
    place = (facts.c.kiosk_id, facts.c.epoch, facts.c.lane, facts.c.seq)
    statement = select(*place, facts.c.bytes).order_by(*place).limit(AT_ONCE)
    chunk: list[Row[Any]] = list(connection.execute(statement))
    while chunk:
        yield chunk
        last = tuple_(*(literal(value) for value in chunk[-1][:4]))
        chunk = list(connection.execute(statement.where(tuple_(*place) > last)))


def _fill_pools(connection: Connection) -> None:
    columns = [accounts_table.c[name] for name in ("region", "site", "sku", "condition", "unit", *TERMS)]
    is_life = (lives.c.kiosk_id == accounts_table.c.kiosk_id) & (lives.c.epoch == accounts_table.c.epoch)
    found: dict[PoolKey, PoolDelta] = {}
    for row in connection.execute(select(*columns, lives.c.closed_at).join(lives, is_life)):
        account = Account(*row[5:-1])
        left = account.available + account.held if row.closed_at else 0
        delta = PoolDelta(limbo=max(0, left), unsettled=account.overdraft + max(0, -left))
        if any(delta):
            key = PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit))
            found[key] = found.get(key, PoolDelta()).plus(delta)
    pools.add(connection, found)
    open_ones = [key for key in sorted(found) if found[key].unsettled]
    names = ("region", "site", "sku", "condition", "unit")
    rows = [dict(zip(names, (key.region, key.site, *key.what), strict=True)) for key in open_ones]
    now = connection.execute(select(func.max(kiosks.c.last_seen_at))).scalar_one()
    if rows:
        connection.execute(insert(chores), [row | {"why": "settle", "at": now} for row in rows])
