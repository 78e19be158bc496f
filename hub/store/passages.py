"""Statements of passages: rights between tills, and goods between sites, that left and have or have not arrived."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, tuple_, update

from contract.stock import StockKey
from contract.values import Address
from hub.core.reconcile import Passage
from hub.core.stranded import Passing, end, settle_late
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.pools import PoolKey
from hub.store.rights_tables import lives, passages
from hub.store.tables import kiosks
from hub.store.upsert import Insert, Many, insert

AT_ONCE: Final = 500  # moves, or skus, in one statement; databases take some tens of thousands of values
Half = tuple[str, Passage, int]  # with its region, and the kiosk that told of it


class Again(NamedTuple):
    """What a kiosk accepted of one account although it is in limbo."""

    kiosk_id: int
    key: PoolKey


_KEY: Final = ("region", "kind", "id", "sku", "condition", "unit")


def add(connection: Connection, halves: Iterable[Half], now: str) -> None:
    """Add halves, each with its region and the kiosk that told of it; either may come first.

    Sorted, so that no two transactions wait in a ring.
    """
    _ADD.run(connection, [_row(region, half, now) for region, half, _ in sorted(halves)])


def to_look_at(halves: Iterable[Half]) -> list[PoolKey]:
    """Return the accounts of which rights left for another till: its life may be closed by now."""
    return [PoolKey(region, one.site, one.what) for region, one, _ in halves if one.kind == "move" and one.out]


def on_way_to(connection: Connection, at: Address, *, before: int) -> list[PoolKey]:
    """Return the accounts of which rights are on their way to lives of a till before ``before``."""
    columns = passages.c
    statement = select(columns.sku, columns.condition, columns.unit).where(
        _is_open(Site(at.region, at.site)), columns.receiver == at.kiosk, columns.to_epoch < before
    )
    return sorted({PoolKey(at.region, at.site, stock_key(*row)) for row in connection.execute(statement)})


def strand(connection: Connection, site: Site, whats: Sequence[StockKey]) -> dict[StockKey, int]:
    """End the moves of ``whats`` to lives that are over; return what goes to limbo of it. The kiosks are locked."""
    wanted, found = set(whats), dict[StockKey, int]()
    skus = sorted({what.sku for what in wanted})
    for start in range(0, len(skus), AT_ONCE):
        where = (_is_open(site), passages.c.sku.in_(skus[start : start + AT_ONCE]), _is_over())
        for row in connection.execute(select(passages).where(*where)).all():
            what = stock_key(row.sku, row.condition, row.unit)
            if what in wanted:
                found[what] = found.get(what, 0) + _save(connection, row, end(_passing(row)))
    return found


def find_again(connection: Connection, halves: Sequence[Half]) -> dict[Again, int]:
    """Return what ``halves``, once they are added, brought of moves that are in limbo; they are not any more.

    By the kiosk that told of it; the kiosks are locked.
    """
    came = {(region, one.id): kiosk_id for region, one, kiosk_id in halves if one.kind == "move" and one.into}
    names, found = sorted(came), dict[Again, int]()
    for start in range(0, len(names), AT_ONCE):
        named = tuple_(passages.c.region, passages.c.id).in_(names[start : start + AT_ONCE])
        is_again = (passages.c.kind == "move", passages.c.ended > 0, passages.c.into > passages.c.out)
        for row in connection.execute(select(passages).where(named, *is_again)).all():
            key = PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit))
            again = Again(came[row.region, row.id], key)
            found[again] = found.get(again, 0) - _save(connection, row, settle_late(_passing(row)))
    return found


def _is_open(site: Site) -> ColumnElement[bool]:
    of_site = and_(passages.c.region == site.region, passages.c.site == site.site, passages.c.kind == "move")
    return and_(of_site, passages.c.out > passages.c.into)


def _is_over() -> ColumnElement[bool]:
    """Return whether the life that a move is for is closed, or older than the newest that was heard of its till."""
    is_till = and_(
        kiosks.c.region == passages.c.region,
        kiosks.c.site == passages.c.site,
        kiosks.c.kiosk == passages.c.receiver,
    )
    is_life = and_(lives.c.kiosk_id == kiosks.c.id, lives.c.epoch == passages.c.to_epoch)
    is_closed = exists().where(is_life, lives.c.closed_at.is_not(None)).correlate(kiosks, passages)
    is_over = or_(kiosks.c.epoch > passages.c.to_epoch, is_closed)
    return and_(passages.c.to_epoch > 0, exists().where(is_till, is_over).correlate(passages))


def _passing(row: Row[Any]) -> Passing:
    return Passing(row.out, row.into, row.ended)


def _save(connection: Connection, row: Row[Any], now: Passing) -> int:
    """Write down how far a move is; return by how much more of it has ended."""
    is_it = (column == getattr(row, column.name) for column in passages.primary_key)
    connection.execute(update(passages).where(*is_it).values(into=now.into, ended=now.ended))
    return now.ended - int(row.ended)


def _sum(connection: Connection) -> Insert:
    statement = insert(connection, passages)
    sums = {term: passages.c[term] + statement.excluded[term] for term in ("out", "into")}
    return statement.on_conflict_do_update(index_elements=list(_KEY), set_=sums | {"at": statement.excluded.at})


_ADD: Final = Many(_sum)


def _row(region: str, half: Passage, now: str) -> dict[str, Any]:
    return {
        "region": region,
        "kind": half.kind,
        "id": half.id,
        "sku": half.what.sku,
        "condition": half.what.condition,
        "unit": half.what.unit,
        "giver": half.ends[0],
        "receiver": half.ends[1],
        "site": half.site,
        "to_epoch": half.to_epoch,
        "out": half.out,
        "into": half.into,
        "at": now,
    }
