"""Statements of lives: which lives a kiosk has had, how far each applied its own log, and how a life is closed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from contract.values import Address
from hub.store import accounts, chores, pools
from hub.store.books import Trouble, open_exceptions
from hub.store.inbox import KioskRow
from hub.store.life import read_life
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import lives, wants
from hub.store.tables import kiosks
from hub.store.upsert import Question, insert

FIRST: Final = 1  # incarnation: no hub was before it that might have granted what it does not know of
MAX_WHY: Final = 200  # as the column holds
_SILENT: Final = Question(
    select(kiosks.c.site)
    .join(lives, kiosks.c.id == lives.c.kiosk_id)
    .where(
        kiosks.c.region == bindparam("of_region"),
        lives.c.closed_at.is_(None),
        lives.c.reported != bindparam("incarnation"),
    )
)


class Life(Struct):
    """One life of a kiosk. ``seen`` counts in ``generation`` of its own log, as the kiosk reported last."""

    kiosk_id: int
    epoch: int
    generation: int = 0  # none was reported, and ``seen`` means nothing yet
    seen: int = 0
    reported: int = 0
    closed_at: str | None = None


def read_lives(connection: Connection, kiosk_ids: Iterable[int], epochs: Iterable[int]) -> list[Life]:
    """Return the open lives of ``kiosk_ids``, and those of ``epochs``."""
    which = or_(lives.c.closed_at.is_(None), lives.c.epoch.in_(sorted(set(epochs))))
    columns = (lives.c[name] for name in Life.__struct_fields__)
    rows = connection.execute(select(*columns).where(lives.c.kiosk_id.in_(sorted(set(kiosk_ids))), which))
    return [Life(*row) for row in rows]


def new_life(connection: Connection, kiosk_id: int, epoch: int, *, closed_at: str | None) -> Life:
    """Return a life that is heard of now: open, or, where a newer one was heard before, closed from its beginning.

    What a kiosk first says to a hub's first incarnation, it says without a grant that this hub does not know of.
    """
    hub = read_life(connection)
    return Life(kiosk_id, epoch, reported=FIRST if hub and hub.incarnation == FIRST else 0, closed_at=closed_at)


def insert_life(connection: Connection, life: Life) -> None:
    """Write down a new life."""
    row = {name: getattr(life, name) for name in Life.__struct_fields__}
    why = {"closed_why": "a newer life was heard before" if life.closed_at else None}
    connection.execute(insert(connection, lives).on_conflict_do_nothing(), [row | why])


def save(connection: Connection, changed: Sequence[Life]) -> None:
    """Write down how far lives are."""
    for life in changed:
        where = (lives.c.kiosk_id == life.kiosk_id, lives.c.epoch == life.epoch)
        values = {"generation": life.generation, "seen": life.seen, "reported": life.reported}
        connection.execute(update(lives).where(*where).values(values))


def mark_forked(connection: Connection, keys: Iterable[tuple[int, int]], now: str) -> None:
    """Note of lives (kiosk id, epoch) that a second card speaks in them; the first time counts."""
    for kiosk_id, epoch in keys:
        where = (lives.c.kiosk_id == kiosk_id, lives.c.epoch == epoch, lives.c.forked_at.is_(None))
        connection.execute(update(lives).where(*where).values(forked_at=now))


def may_grant(connection: Connection, region: str, site: str) -> bool:
    """Return whether every open life at the site has reported to this incarnation of the hub (I11)."""
    silent = silent_sites(connection, region)
    return silent is not None and site not in silent


def silent_sites(connection: Connection, region: str) -> frozenset[str] | None:
    """Return the sites where an open life has not reported to this incarnation; None before the first hub began."""
    hub = read_life(connection)
    if hub is None:
        return None
    values = {"of_region": region, "incarnation": hub.incarnation}
    return frozenset(site for (site,) in _SILENT.ask(connection, values))


def close(connection: Connection, kiosk: KioskRow, epoch: int, why: str, now: str) -> dict[PoolKey, PoolDelta]:
    """Close a life: what it held, and what was on its way to it, is in limbo. Call it with the kiosk locked.

    Return what the pools got; nothing for a life that is not open.
    """
    if not mark_closed(connection, kiosk.id, epoch, why, now):
        return {}
    moved = balances(connection, kiosk.address, kiosk.id, epoch)
    pools.add(connection, moved)
    chores.add(connection, [(key, "close") for key in moved], now)
    open_exceptions(connection, closed_troubles(kiosk, epoch, why, moved), now)
    return moved


def mark_closed(connection: Connection, kiosk_id: int, epoch: int, why: str, now: str) -> bool:
    """Write down that a life is closed, and wants nothing; return False if it is not open."""
    where = (lives.c.kiosk_id == kiosk_id, lives.c.epoch == epoch, lives.c.closed_at.is_(None))
    if connection.execute(update(lives).where(*where).values(closed_at=now, closed_why=why[:MAX_WHY])).rowcount != 1:
        return False
    connection.execute(delete(wants).where(wants.c.kiosk_id == kiosk_id, wants.c.epoch == epoch))
    return True


def balances(connection: Connection, at: Address, kiosk_id: int, epoch: int) -> dict[PoolKey, PoolDelta]:
    """Return what a life leaves to limbo. A balance below zero, of facts that could not be read, is unsettled."""
    found: dict[PoolKey, PoolDelta] = {}
    for what, one in accounts.read(connection, kiosk_id, epoch):
        if one.balance:
            delta = PoolDelta(limbo=max(0, one.balance), unsettled=max(0, -one.balance))
            found[PoolKey(at.region, at.site, what)] = delta
    return found


def closed_troubles(kiosk: KioskRow, epoch: int, why: str, moved: Mapping[PoolKey, PoolDelta]) -> list[Trouble]:
    """Return the exception of a closed life: somebody must count what it left, if it left anything."""
    left = sum(delta.limbo > 0 for delta in moved.values())
    if not left:
        return []
    detail: dict[str, Any] = {"epoch": epoch, "why": why, "accounts": left}
    return [Trouble("life_closed", f"{kiosk.address} {epoch}", kiosk.id, detail)]
