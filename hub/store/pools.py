"""Statements of the pools: the hub's own rights of one sku at one site.

No term but ``adjusted`` ever falls below zero: the database refuses it, whoever asks (I4). Keys are locked in their
order, after the kiosks.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, select, tuple_, update

from contract.stock import StockKey
from hub.store.accounts import stock_key
from hub.store.rights_tables import POOL_TERMS, pools
from hub.store.upsert import Insert, Many, Row, insert

Term = Literal["free", "reserved", "limbo", "deficit", "unsettled"]
ALL_TERMS: Final = (*POOL_TERMS, "adjusted")
AT_ONCE: Final = 500  # keys in one statement; databases take some tens of thousands of values


class PoolKey(NamedTuple):
    """A pool: one sku, condition and unit at one site."""

    region: str
    site: str
    what: StockKey


class PoolDelta(NamedTuple):
    """What to add to each sum of a pool; as ``Pool``, what there is."""

    free: int = 0
    reserved: int = 0
    limbo: int = 0
    deficit: int = 0
    unsettled: int = 0
    adjusted: int = 0

    def plus(self, other: "PoolDelta") -> "PoolDelta":
        """Return the sum of both, term by term."""
        return PoolDelta(*(a + b for a, b in zip(self, other, strict=True)))


Pool = PoolDelta
EMPTY: Final = Pool()


def add(connection: Connection, deltas: Mapping[PoolKey, PoolDelta]) -> None:
    """Add to the pools; sorted, so that no two transactions wait for each other in a ring.

    Raises, through the transaction: ContentRefused where a sum would leave its bounds.
    """
    keys = [key for key in sorted(deltas) if any(deltas[key])]
    if any(amount < 0 for key in keys for amount in deltas[key][:-1]):  # all but ``adjusted``
        lock(connection, keys)  # an INSERT of less than nothing is refused
        connection.execute(_CHANGE, [_renamed(_key_row(key) | deltas[key]._asdict()) for key in keys])
    elif not any(any(deltas[key][:-2]) or deltas[key].adjusted for key in keys):  # overdraft, in thousands of sales
        _OWE.run(connection, [_key_row(key) | {"unsettled": deltas[key].unsettled} for key in keys])
    else:
        _ADD.run(connection, [_key_row(key) | deltas[key]._asdict() for key in keys])


def reserve(connection: Connection, key: PoolKey, amount: int) -> bool:
    """Move ``amount`` from what is free to what is reserved; return False, and change nothing, if it is not there.

    What overdrafts and deficits are going to be settled with is not there: those goods have left by the door already.
    """
    where = (*(pools.c[name] == value for name, value in _key_row(key).items()), offered() >= amount)
    values = {"free": pools.c.free - amount, "reserved": pools.c.reserved + amount}
    return connection.execute(update(pools).where(*where).values(values)).rowcount == 1


def offered() -> ColumnElement[int]:
    """Return the sum of a pool that may be promised; it may lie below zero."""
    return pools.c.free - pools.c.unsettled - pools.c.deficit


def take(connection: Connection, key: PoolKey, term: Term, amount: int, to: Term | None = None) -> bool:
    """Take ``amount`` from ``term``, and put it into ``to``; return False, and change nothing, if it is not there."""
    values = {term: pools.c[term] - amount}
    if to is not None:
        values[to] = pools.c[to] + amount
    where = (*(pools.c[name] == value for name, value in _key_row(key).items()), pools.c[term] >= amount)
    return connection.execute(update(pools).where(*where).values(values)).rowcount == 1


def take_offered(connection: Connection, key: PoolKey, amount: int) -> bool:
    """Take ``amount`` of what is free and not owed; return False, and change nothing, if it is not there."""
    where = (*(pools.c[name] == value for name, value in _key_row(key).items()), offered() >= amount)
    return connection.execute(update(pools).where(*where).values(free=pools.c.free - amount)).rowcount == 1


def lock(connection: Connection, keys: Collection[PoolKey]) -> dict[PoolKey, Pool]:
    """Return what there is in each of ``keys``, locked until the transaction ends; new ones are made."""
    found: dict[PoolKey, Pool] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        _MAKE.run(connection, [_key_row(key) for key in some])
        places = tuple_(pools.c.region, pools.c.site, pools.c.sku, pools.c.condition, pools.c.unit)
        statement = select(pools).where(places.in_([(key.region, key.site, *key.what) for key in some]))
        for row in connection.execute(statement.order_by(*pools.primary_key).with_for_update()):
            key = PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit))
            found[key] = Pool(*(getattr(row, term) for term in ALL_TERMS))
    return found


def _summed(connection: Connection, terms: Sequence[str]) -> Insert:
    statement = insert(connection, pools)
    sums = {term: pools.c[term] + statement.excluded[term] for term in terms}
    return statement.on_conflict_do_update(index_elements=["region", "site", "sku", "condition", "unit"], set_=sums)


_ADD: Final = Many(lambda connection: _summed(connection, ALL_TERMS))
_OWE: Final = Many(lambda connection: _summed(connection, ["unsettled"]))  # a row costs by its columns
_MAKE: Final = Many(lambda connection: insert(connection, pools).on_conflict_do_nothing())
_CHANGE: Final = (
    update(pools)
    .where(*(pools.c[name] == bindparam(f"of_{name}") for name in ("region", "site", "sku", "condition", "unit")))
    .values({term: pools.c[term] + bindparam(f"more_{term}") for term in ALL_TERMS})
)


def _renamed(row: Row) -> dict[str, Any]:
    """Return the row for an UPDATE, whose values may not be named as columns are."""
    return {f"more_{name}" if name in ALL_TERMS else f"of_{name}": value for name, value in row.items()}


def _key_row(key: PoolKey) -> dict[str, Any]:
    return {
        "region": key.region,
        "site": key.site,
        "sku": key.what.sku,
        "condition": key.what.condition,
        "unit": key.what.unit,
    }
