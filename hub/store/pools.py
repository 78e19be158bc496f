"""Statements of the pools: the hub's own rights of one sku at one site.

No term but ``adjusted`` ever falls below zero: the database refuses it, whoever asks (I4). Keys are locked in their
order, after the kiosks.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import CTE, ColumnElement, Connection, Select, Update, and_, bindparam, select, update

from contract.stock import StockKey
from hub.store.accounts import stock_key
from hub.store.rights_tables import POOL_TERMS, pools
from hub.store.upsert import Among, Change, Insert, Many, insert, is_among

Term = Literal["free", "reserved", "limbo", "deficit", "unsettled"]
ALL_TERMS: Final = (*POOL_TERMS, "adjusted")
_KEY: Final = ("region", "site", "sku", "condition", "unit")


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
        _CHANGE.run(
            connection, [_of(key) | {f"more_{term}": n for term, n in deltas[key]._asdict().items()} for key in keys]
        )
    elif not any(any(deltas[key][:-2]) or deltas[key].adjusted for key in keys):  # overdraft, in thousands of sales
        _OWE.run(connection, [_key_row(key) | {"unsettled": deltas[key].unsettled} for key in keys])
    else:
        _ADD.run(connection, [_key_row(key) | deltas[key]._asdict() for key in keys])


def reserve(connection: Connection, key: PoolKey, amount: int) -> bool:
    """Move ``amount`` from what is free to what is reserved; return False, and change nothing, if it is not there.

    What overdrafts and deficits are going to be settled with is not there: those goods have left by the door already.
    """
    return _RESERVE.run(connection, _of(key) | {"amount": amount}) == 1


def offered() -> ColumnElement[int]:
    """Return the sum of a pool that may be promised; it may lie below zero."""
    return pools.c.free - pools.c.unsettled - pools.c.deficit


def take(connection: Connection, key: PoolKey, term: Term, amount: int, to: Term | None = None) -> bool:
    """Take ``amount`` from ``term``, and put it into ``to``; return False, and change nothing, if it is not there."""
    if (term, to) not in _TAKING:
        _TAKING[term, to] = Change(_move(term, to, pools.c[term]))
    return _TAKING[term, to].run(connection, _of(key) | {"amount": amount}) == 1


def take_offered(connection: Connection, key: PoolKey, amount: int) -> bool:
    """Take ``amount`` of what is free and not owed; return False, and change nothing, if it is not there."""
    return _TAKE_OFFERED.run(connection, _of(key) | {"amount": amount}) == 1


def lock(connection: Connection, keys: Collection[PoolKey]) -> dict[PoolKey, Pool]:
    """Return what there is in each of ``keys``, locked until the transaction ends; new ones are made."""
    wanted = sorted(set(keys))
    _MAKE.run(connection, [_key_row(key) for key in wanted])
    rows = _LOCK.ask(connection, [(key.region, key.site, *key.what) for key in wanted])
    return {
        PoolKey(region, site, stock_key(sku, condition, unit)): Pool(*terms)
        for region, site, sku, condition, unit, *terms in rows
    }


def _summed(connection: Connection, terms: Sequence[str]) -> Insert:
    statement = insert(connection, pools)
    sums = {term: pools.c[term] + statement.excluded[term] for term in terms}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=sums)


_ADD: Final = Many(lambda connection: _summed(connection, ALL_TERMS))
_OWE: Final = Many(lambda connection: _summed(connection, ["unsettled"]))  # a row costs by its columns
_MAKE: Final = Many(lambda connection: insert(connection, pools).on_conflict_do_nothing())


def _is_it() -> ColumnElement[bool]:
    return and_(*(pools.c[name] == bindparam(f"of_{name}") for name in _KEY))


def _move(term: Term, to: Term | None, there: ColumnElement[int]) -> Update:
    """Return what takes from ``term``, and puts it into ``to``, if as much as is taken is ``there``."""
    amount = bindparam("amount", type_=pools.c.free.type)
    values = {term: pools.c[term] - amount} | ({to: pools.c[to] + amount} if to is not None else {})
    return update(pools).where(_is_it(), there >= amount).values(values)


def _lock(wanted: CTE) -> Select[Any]:
    is_wanted = is_among([pools.c[name] for name in _KEY], wanted)
    columns = (pools.c[name] for name in (*_KEY, *ALL_TERMS))
    return select(*columns).where(is_wanted).order_by(*pools.primary_key).with_for_update(of=pools)


_LOCK: Final = Among([pools.c[name] for name in _KEY], _lock)
_TAKING: Final[dict[tuple[Term, Term | None], Change]] = {}  # from each term, to each: one statement a pair
_RESERVE: Final = Change(_move("free", "reserved", offered()))
_TAKE_OFFERED: Final = Change(_move("free", None, offered()))
_CHANGE: Final = Many(
    lambda _: (
        update(pools).where(_is_it()).values({term: pools.c[term] + bindparam(f"more_{term}") for term in ALL_TERMS})
    )
)


def _of(key: PoolKey) -> dict[str, Any]:
    """Return the key for an UPDATE, whose values may not be named as columns are."""
    return {f"of_{name}": value for name, value in _key_row(key).items()}


def _key_row(key: PoolKey) -> dict[str, Any]:
    return {
        "region": key.region,
        "site": key.site,
        "sku": key.what.sku,
        "condition": key.what.condition,
        "unit": key.what.unit,
    }
