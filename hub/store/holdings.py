"""Statements of what a site's tills hold, as the steward looks at it: its kiosks locked, their lives and accounts."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import CTE, ColumnElement, Connection, Select, Table, and_, bindparam, select, update

from contract.asking import HOUR_S, MEMORY_S
from contract.stock import TERMS, Account, StockKey
from contract.values import Address
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.inbox import KioskRow
from hub.store.pools import PoolKey
from hub.store.rights_tables import accounts, lives, wants
from hub.store.tables import kiosks
from hub.store.upsert import Among, Change, Many, Question, is_among

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
    rows = _LOCK_SITE.ask(connection, _named(site))
    newest = {row.kiosk_id: row for row in _OPEN_LIVES.ask(connection, _named(site))}
    return [_post(row, newest.get(row.id)) for row in rows]


def _post(row: Any, life: Any | None) -> Post:
    fenced = row.fenced_at is not None
    kiosk = KioskRow(row.id, Address(row.region, row.site, row.kiosk), row.epoch, fenced)
    if life is None:
        return Post(kiosk, None, bool(row.online), row.last_seen_at, fenced=fenced)
    return Post(kiosk, life.epoch, bool(row.online), row.last_seen_at, life.forked_at is not None, fenced)


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
    for held in map(of_row, _OF_GOODS.ask(connection, keys, _named(site))):
        found[held.what].append(held)
    return found


def read_wants(connection: Connection, kiosk_ids: Sequence[int], keys: Sequence[StockKey]) -> list[Want]:
    """Return what kiosks wait for, the oldest first."""
    wanted = set(keys)
    found = [
        Want(
            row.kiosk_id, row.epoch, stock_key(row.sku, row.condition, row.unit), row.amount, row.why == "asked", row.at
        )
        for row in _WANTS.ask(connection, ((kiosk_id,) for kiosk_id in kiosk_ids))
    ]
    return sorted((want for want in found if want.what in wanted), key=lambda want: want.at)


def met(connection: Connection, want: Want, amount: int) -> None:
    """Note that ``amount`` of what a life waits for was granted. What is met stays, with 0: its repeat is known."""
    _MET.run(connection, _account(want) | {"left": max(0, want.amount - amount)})


def credit(connection: Connection, held: Iterable[Held], amount: int) -> list[Held]:
    """Note ``amount`` of overdrafts as settled, those of open lives first as they are given; return those credited."""
    credited = []
    for one in held:
        part = min(amount, max(0, one.account.overdraft - one.account.settled))
        if part:
            _CREDIT.run(connection, _account(one) | {"part": part})
            credited.append(one)
            amount -= part
    return credited


def to_mark(connection: Connection, site: Site, now: datetime) -> list[Held]:
    """Return the accounts of a site whose rate is to be taken anew."""
    return [one for one in map(of_row, _MOVED.ask(connection, _named(site))) if is_due(one, now)]


def mark(connection: Connection, held: Sequence[Held], now: datetime, now_text: str) -> None:
    """Take the rates of accounts anew."""
    rows = [
        _account(one) | {"sold_now": one.account.sold, "rate_now": rate_now(one, now), "now": now_text} for one in held
    ]
    _MARK.run(connection, rows)


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


def of_row(row: Any) -> Held:
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


def pool_key(site: Site, what: StockKey) -> PoolKey:
    """Return the pool of an account at a site."""
    return PoolKey(site.region, site.site, what)


# ----------------------------------------------------------------------------------------------------- the statements


def _named(site: Site) -> dict[str, str]:
    return {"of_region": site.region, "of_site": site.site}


def _at_site(table: Table) -> ColumnElement[bool]:
    return and_(table.c.region == bindparam("of_region"), table.c.site == bindparam("of_site"))


def _account(one: Held | Want) -> dict[str, Any]:
    sku, condition, unit = one.what
    life = {"of_kiosk": one.kiosk_id, "of_epoch": one.epoch}
    return life | {"of_sku": sku, "of_condition": condition, "of_unit": unit}


def _of_account(table: Table) -> ColumnElement[bool]:
    life = (table.c.kiosk_id == bindparam("of_kiosk"), table.c.epoch == bindparam("of_epoch"))
    return and_(*life, *(table.c[name] == bindparam(f"of_{name}") for name in _GOODS))


def _of_goods(wanted: CTE) -> Select[Any]:
    return _AT.where(is_among([accounts.c[name] for name in _GOODS], wanted))


_GOODS: Final = ("sku", "condition", "unit")
_LOCK_SITE: Final = Question(select(kiosks).where(_at_site(kiosks)).order_by(kiosks.c.kiosk).with_for_update())
_OPEN_LIVES: Final = Question(
    select(lives)
    .join(kiosks, kiosks.c.id == lives.c.kiosk_id)
    .where(_at_site(kiosks), lives.c.closed_at.is_(None))
    .order_by(lives.c.epoch)
)
_AT: Final = (
    select(accounts).where(_at_site(accounts)).order_by(accounts.c.sku, accounts.c.kiosk_id, accounts.c.epoch.desc())
)
_OF_GOODS: Final = Among([accounts.c[name] for name in _GOODS], _of_goods)
_MOVED: Final = Question(_AT.where(accounts.c.sold != accounts.c.sold_marked))
_WANTS: Final = Among(
    [wants.c.kiosk_id], lambda wanted: select(wants).where(is_among([wants.c.kiosk_id], wanted), wants.c.amount > 0)
)
_MET: Final = Change(update(wants).where(_of_account(wants)).values(amount=bindparam("left")))
_CREDIT: Final = Change(
    update(accounts).where(_of_account(accounts)).values(settled=accounts.c.settled + bindparam("part"))
)
_MARK: Final = Many(
    lambda _: (
        update(accounts)
        .where(_of_account(accounts))
        .values(sold_marked=bindparam("sold_now"), rate=bindparam("rate_now"), marked_at=bindparam("now"))
    )
)
