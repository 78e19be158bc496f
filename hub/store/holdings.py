"""Statements of what a site's tills hold, as the steward looks at it: its kiosks locked, their lives and accounts."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, select, update

from contract.asking import HOUR_S, MEMORY_S
from contract.stock import TERMS, Account, StockKey
from contract.values import Address
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.inbox import KioskRow
from hub.store.pools import PoolKey
from hub.store.rights_tables import accounts, lives, wants
from hub.store.tables import kiosks

AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values
MARK_GAP_S: Final = 60.0  # between two looks at how fast an account sells: shorter, and a single sale is a rush


class Post(Struct, frozen=True):
    """A kiosk of the site. ``life`` is the one that is open, None where there is none.

    ``forked``: a second card speaks in that life; it is told of no rights until a newer one begins (I5).
    ``fenced``: it is lost or stolen; none of its lives is told of rights until an operator admits it again (I6).
    """

    kiosk: KioskRow
    life: int | None
    online: bool
    heard_at: str
    forked: bool = False
    fenced: bool = False

    @property
    def is_current(self) -> bool:
        """Return whether the open life is the newest that was heard of, one card's, and of a kiosk that is not lost.

        Only that is told of rights.
        """
        return self.life is not None and self.life == self.kiosk.epoch and not self.forked and not self.fenced


class Held(Struct, frozen=True):
    """One account of one life, with what was ever granted to it and how fast it sells."""

    kiosk_id: int
    epoch: int
    what: StockKey
    account: Account
    issued: int
    rate: float
    sold_marked: int
    marked_at: str | None

    @property
    def in_flight(self) -> int:
        """Return what was granted and is not known to have come."""
        return self.issued - self.account.granted


class Want(Struct, frozen=True):
    """What a life waits for; ``asked``: for a shopper who is there."""

    kiosk_id: int
    epoch: int
    what: StockKey
    amount: int
    asked: bool
    at: str


def lock_site(connection: Connection, site: Site) -> list[Post]:
    """Return the kiosks of a site, each row locked until the transaction ends; sorted, as everywhere."""
    of_site = (kiosks.c.region == site.region, kiosks.c.site == site.site)
    rows = connection.execute(select(kiosks).where(*of_site).order_by(kiosks.c.kiosk).with_for_update()).all()
    is_open = (lives.c.kiosk_id.in_([row.id for row in rows]), lives.c.closed_at.is_(None))
    newest = {row.kiosk_id: row for row in connection.execute(select(lives).where(*is_open).order_by(lives.c.epoch))}
    return [_post(row, newest.get(row.id)) for row in rows]


def _post(row: Row[Any], life: Row[Any] | None) -> Post:
    fenced = row.fenced_at is not None
    kiosk = KioskRow(row.id, Address(row.region, row.site, row.kiosk), row.epoch, fenced)
    if life is None:
        return Post(kiosk, None, row.online, row.last_seen_at, fenced=fenced)
    return Post(kiosk, life.epoch, row.online, row.last_seen_at, life.forked_at is not None, fenced)


def fence(connection: Connection, kiosk_id: int, now: str | None) -> bool:
    """Note since when a kiosk is lost, or that it is found again: None; return False where it is so already."""
    was = kiosks.c.fenced_at.is_not(None) if now is None else kiosks.c.fenced_at.is_(None)
    return connection.execute(update(kiosks).where(kiosks.c.id == kiosk_id, was).values(fenced_at=now)).rowcount == 1


def wanted_by(connection: Connection, kiosk_id: int) -> list[StockKey]:
    """Return what a kiosk waits for."""
    rows = connection.execute(select(wants).where(wants.c.kiosk_id == kiosk_id, wants.c.amount > 0))
    return sorted({stock_key(row.sku, row.condition, row.unit) for row in rows})


def read(connection: Connection, site: Site, keys: Sequence[StockKey]) -> dict[StockKey, list[Held]]:
    """Return every account of ``keys`` at a site, of all lives."""
    found: dict[StockKey, list[Held]] = {key: [] for key in keys}
    skus = sorted({key.sku for key in keys})
    for start in range(0, len(skus), AT_ONCE):
        for held in map(of_row, connection.execute(_at(site).where(accounts.c.sku.in_(skus[start : start + AT_ONCE])))):
            if held.what in found:
                found[held.what].append(held)
    return found


def read_wants(connection: Connection, kiosk_ids: Sequence[int], keys: Sequence[StockKey]) -> list[Want]:
    """Return what kiosks wait for, the oldest first."""
    wanted = set(keys)
    statement = select(wants).where(wants.c.kiosk_id.in_(kiosk_ids), wants.c.amount > 0).order_by(wants.c.at)
    found = [
        Want(
            row.kiosk_id, row.epoch, stock_key(row.sku, row.condition, row.unit), row.amount, row.why == "asked", row.at
        )
        for row in connection.execute(statement)
    ]
    return [want for want in found if want.what in wanted]


def met(connection: Connection, want: Want, amount: int) -> None:
    """Note that ``amount`` of what a life waits for was granted. What is met stays, with 0: its repeat is known."""
    where = _of_account(wants.c, want.kiosk_id, want.epoch, want.what)
    connection.execute(update(wants).where(where).values(amount=max(0, want.amount - amount)))


def credit(connection: Connection, held: Iterable[Held], amount: int) -> list[Held]:
    """Note ``amount`` of overdrafts as settled, those of open lives first as they are given; return those credited."""
    credited = []
    for one in held:
        part = min(amount, max(0, one.account.overdraft - one.account.settled))
        if part:
            where = _of_account(accounts.c, one.kiosk_id, one.epoch, one.what)
            connection.execute(update(accounts).where(where).values(settled=accounts.c.settled + part))
            credited.append(one)
            amount -= part
    return credited


def to_mark(connection: Connection, site: Site, now: datetime) -> list[Held]:
    """Return the accounts of a site whose rate is to be taken anew."""
    moved = and_(accounts.c.sold != accounts.c.sold_marked)
    return [one for one in map(of_row, connection.execute(_at(site).where(moved))) if is_due(one, now)]


def mark(connection: Connection, held: Sequence[Held], now: datetime, now_text: str) -> None:
    """Take the rates of accounts anew."""
    rows = [
        {
            "of_kiosk": one.kiosk_id,
            "of_epoch": one.epoch,
            "of_sku": one.what.sku,
            "of_condition": one.what.condition,
            "of_unit": one.what.unit,
            "sold_now": one.account.sold,
            "rate_now": rate_now(one, now),
        }
        for one in held
    ]
    if rows:
        connection.execute(_MARK.values(marked_at=now_text), rows)


def is_due(held: Held, now: datetime) -> bool:
    """Return whether an account's rate may be taken anew."""
    return held.marked_at is None or _since_s(held.marked_at, now) >= MARK_GAP_S


def rate_now(held: Held, now: datetime) -> float:
    """Return how fast an account sells, units an hour: what it sold since the mark, against what was known then.

    What was sold since is spread over that time, however long it is; sales weigh less the longer they are ago.
    """
    sold = max(0, held.account.sold - held.sold_marked)
    if held.marked_at is None:
        return sold * HOUR_S / MEMORY_S
    since_s = max(1.0, _since_s(held.marked_at, now))
    kept = math.exp(-since_s / MEMORY_S)
    return held.rate * kept + sold * HOUR_S / since_s * (1 - kept)


def _since_s(at: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(at)).total_seconds()


def _at(site: Site) -> Select[Any]:
    return (
        select(accounts)
        .where(accounts.c.region == site.region, accounts.c.site == site.site)
        .order_by(accounts.c.sku, accounts.c.kiosk_id, accounts.c.epoch.desc())
    )


def of_row(row: Row[Any]) -> Held:
    """Return the account that a row is about."""
    return Held(
        row.kiosk_id,
        row.epoch,
        stock_key(row.sku, row.condition, row.unit),
        Account(*(getattr(row, term) for term in TERMS)),
        row.issued,
        row.rate,
        row.sold_marked,
        row.marked_at,
    )


def _of_account(columns: Any, kiosk_id: int, epoch: int, what: StockKey) -> ColumnElement[bool]:
    life = and_(columns.kiosk_id == kiosk_id, columns.epoch == epoch)
    return and_(life, columns.sku == what.sku, columns.condition == what.condition, columns.unit == what.unit)


def pool_key(site: Site, what: StockKey) -> PoolKey:
    """Return the pool of an account at a site."""
    return PoolKey(site.region, site.site, what)


_MARK: Final = (
    update(accounts)
    .where(
        accounts.c.kiosk_id == bindparam("of_kiosk"),
        accounts.c.epoch == bindparam("of_epoch"),
        accounts.c.sku == bindparam("of_sku"),
        accounts.c.condition == bindparam("of_condition"),
        accounts.c.unit == bindparam("of_unit"),
    )
    .values(sold_marked=bindparam("sold_now"), rate=bindparam("rate_now"))
)
