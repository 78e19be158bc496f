"""Statements of exceptions that end: by themselves, because what they told of is over, or by a person's word."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from contract.stock import TERMS, Account, StockKey
from hub.store.accounts import Issued, stock_key
from hub.store.books import MAX_SUBJECT
from hub.store.chores import Site
from hub.store.rights_tables import accounts, pools
from hub.store.tables import exceptions, kiosks


def resolve(connection: Connection, kind: str, subject: str, now: str) -> bool:
    """Resolve the open exception of that kind and subject; return whether there was one."""
    where = (
        exceptions.c.kind == kind,
        exceptions.c.subject == subject[:MAX_SUBJECT],
        exceptions.c.resolved_at.is_(None),
    )
    return connection.execute(update(exceptions).where(*where).values(resolved_at=now)).rowcount > 0


def resolve_closed(connection: Connection, site: Site, cleared: StockKey, now: str) -> None:
    """Resolve what tells of closed lives at a site that have nothing left in limbo but what is ``cleared`` now."""
    columns = exceptions.c
    is_open = (columns.kind == "life_closed", columns.resolved_at.is_(None))
    at_site = (kiosks.c.region == site.region, kiosks.c.site == site.site)
    found = (
        select(columns.id, columns.kiosk_id, columns.detail)
        .join(kiosks, kiosks.c.id == columns.kiosk_id)
        .where(*is_open, *at_site)
    )
    for row in connection.execute(found).all():
        if not _is_left(connection, row.kiosk_id, json.loads(row.detail)["epoch"], cleared):
            connection.execute(update(exceptions).where(columns.id == row.id, *is_open).values(resolved_at=now))


def _is_left(connection: Connection, kiosk_id: int, epoch: int, cleared: StockKey) -> bool:
    """Return whether goods that a closed life held are still in limbo, as far as it is known whose they were."""
    key = ("region", "site", "sku", "condition", "unit")
    same = and_(*(pools.c[name] == accounts.c[name] for name in key))
    in_limbo = (accounts.c.kiosk_id == kiosk_id, accounts.c.epoch == epoch, pools.c.limbo > 0)
    rows = connection.execute(select(accounts).join(pools, same).where(*in_limbo))
    return any(_balance(row) > 0 for row in rows if stock_key(row.sku, row.condition, row.unit) != cleared)


def _balance(row: Row[Any]) -> int:
    return Issued(Account(*(getattr(row, term) for term in TERMS)), row.issued).balance


def decide(connection: Connection, numbers: Sequence[int], who: str, note: str, now: str) -> list[int]:
    """Resolve open exceptions with what a person found; return those of ``numbers`` that are not open."""
    columns = exceptions.c
    is_open = (columns.id.in_(numbers), columns.resolved_at.is_(None))
    found = {row.id: row.detail for row in connection.execute(select(columns.id, columns.detail).where(*is_open))}
    for number, detail in found.items():
        said = json.loads(detail) | {"decided_by": who, "note": note}
        values = {"resolved_at": now, "detail": json.dumps(said, sort_keys=True)}
        connection.execute(update(exceptions).where(columns.id == number).values(values))
    return [number for number in numbers if number not in found]
