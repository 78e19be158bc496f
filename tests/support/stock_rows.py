"""Rows of stock written straight into the hub's tables, for those who only read them."""

from collections.abc import Iterable
from typing import Any

from hub_books import AT
from msgspec.structs import asdict
from sqlalchemy import Connection, insert, select

from contract.stock import Account, StockKey
from contract.values import Sku, Unit, instant_text
from hub.store.changes import note
from hub.store.rights_tables import accounts, lives, pools, reservation_lines, reservations
from hub.store.tables import kiosks

NOW = instant_text(AT)


def add_kiosk(connection: Connection, site: str, kiosk: str = "k1", *, heard: str = NOW, region: str = "demo") -> int:
    """Add a kiosk with one open life; return its id."""
    row = {"region": region, "site": site, "kiosk": kiosk, "epoch": 1, "online": True, "version": "1"}
    connection.execute(insert(kiosks).values(**row, last_seen_at=heard))
    where = (kiosks.c.region == region, kiosks.c.site == site, kiosks.c.kiosk == kiosk)
    kiosk_id: int = connection.execute(select(kiosks.c.id).where(*where)).scalar_one()
    connection.execute(insert(lives).values(kiosk_id=kiosk_id, epoch=1))
    return kiosk_id


def add_account(
    connection: Connection,
    kiosk_id: int,
    site: str,
    account: Account,
    sku: str = "tea",
    *,
    coming: int = 0,
    **other: Any,
) -> None:
    """Add what a kiosk holds; ``coming`` was granted and is not known to have come."""
    row = {"kiosk_id": kiosk_id, "epoch": 1, "condition": "sellable", "unit": "pc", "region": "demo", "rate": 0.0}
    row["issued"] = account.granted + coming
    connection.execute(insert(accounts).values(**(row | other), site=site, sku=sku, **asdict(account)))


def add_placed(connection: Connection, kiosk_id: int, site: str, amount: int, sku: str = "tea") -> None:
    """Add a reservation that is on its way to a kiosk."""
    name = f"r-{kiosk_id}-{sku}"
    row = {"id": name, "region": "demo", "site": site, "kiosk_id": kiosk_id, "epoch": 1, "state": "placed"}
    connection.execute(
        insert(reservations).values(**row, source="promise", paid=False, code="AAAA-1111", at=NOW, until=NOW)
    )
    line = {"reservation": name, "sku": sku, "condition": "sellable", "unit": "pc", "amount": amount}
    connection.execute(insert(reservation_lines).values(**line))


def add_pool(connection: Connection, site: str, free: int, sku: str = "tea", **other: Any) -> None:
    """Add what the hub holds."""
    row = {"condition": "sellable", "unit": "pc", "region": "demo"}
    connection.execute(insert(pools).values(**(row | other), site=site, sku=sku, free=free))


def key(site: str = "market", sku: str = "tea", unit: Unit = Unit.PIECE) -> tuple[str, str, StockKey]:
    """Return a pool's key."""
    return "demo", site, StockKey(Sku(sku), unit=unit)


def note_keys(connection: Connection, keys: Iterable[tuple[str, str, StockKey]]) -> None:
    """Note that keys changed."""
    note(connection, keys, NOW)
