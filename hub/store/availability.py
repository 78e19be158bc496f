"""What is available, asked of the books: free rights of the hub and what open lives may still promise, as last told.

What was granted to an open life counts as its own, but for what was placed with it for a shopper: an idle till says
nothing for hours that would tell the hub that a grant came, and the goods lie there all the while.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Float,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)

from contract.stock import StockKey
from contract.values import Condition, Unit
from hub.store.rights_tables import accounts, lives, pools, reservation_lines, reservations
from hub.store.tables import kiosks
from hub.store.transfers import TRANSIT
from hub.store.upsert import Among

_KEY: Final = ("region", "site", "sku", "unit")
_SELLABLE: Final = Condition.SELLABLE
_UNITS: Final = {unit.value: unit for unit in Unit}  # thousands at a time: four times as fast as Unit(…)
Key = tuple[str, str, StockKey]


class Amount(NamedTuple):
    """What is available of a sku at a site, and how fast it sells there, in units an hour."""

    region: str
    site: str
    sku: str
    unit: Unit
    amount: int
    rate: float


def sites_with_stock(connection: Connection) -> list[tuple[str, str]]:
    """Return every site that has a pool or an account, by name."""
    found = (
        select(pools.c.region, pools.c.site)
        .where(pools.c.site != TRANSIT)
        .union(select(accounts.c.region, accounts.c.site))
    )
    return sorted((region, site) for region, site in connection.execute(found))


def amounts_at(connection: Connection, region: str, site: str) -> Iterator[Amount]:
    """Yield what is available at a site, of everything that it ever had."""
    yield from map(
        _amount, connection.execute(_sums(lambda table: and_(table.c.region == region, table.c.site == site)))
    )


def amounts_of(connection: Connection, keys: Iterable[Key]) -> Iterator[Amount]:
    """Yield what is available of ``keys``: sellable ones, the only ones that anybody is told of."""
    sellable = ((region, site, what.sku, what.unit) for region, site, what in keys if what.condition is _SELLABLE)
    yield from map(_amount, _OF_KEYS.ask(connection, sellable))


def heard(connection: Connection) -> dict[tuple[str, str], float]:
    """Return since when each site's word stands, in seconds since 1970: the oldest of its kiosks that hold stock.

    A kiosk that holds none (a spare till in a drawer) makes nothing older; where none does, the newest word counts.
    """
    holds = exists().where(accounts.c.kiosk_id == kiosks.c.id, _is_open(), _promisable() > 0)
    oldest: dict[tuple[str, str], float] = {}
    newest: dict[tuple[str, str], float] = {}
    for region, site, seen_at, holding in connection.execute(
        select(kiosks.c.region, kiosks.c.site, kiosks.c.last_seen_at, holds)
    ):
        where, at_s = (region, site), datetime.fromisoformat(seen_at).timestamp()
        newest[where] = max(at_s, newest.get(where, at_s))
        if holding:
            oldest[where] = min(at_s, oldest.get(where, at_s))
    return newest | oldest


def _sums(of: Callable[[Any], ColumnElement[bool]]) -> Select[Any]:
    in_flight = accounts.c.issued - accounts.c.granted
    both = union_all(
        _part(pools, pools.c.free, literal(0.0), [of(pools)]),
        _part(accounts, _promisable() + in_flight, accounts.c.rate, [of(accounts), _is_open()]),
        _part(_PLACED, -_PLACED.c.amount, literal(0.0), [of(_PLACED)]),
    ).subquery()
    key = [both.c.region, both.c.site, both.c.sku, both.c.unit]
    return select(*key, func.sum(both.c.amount), func.sum(both.c.rate)).group_by(*key)


def _amount(row: Any) -> Amount:
    region, site, sku, unit, amount, rate = row
    return Amount(region, site, sku, _UNITS[unit], max(0, int(amount)), float(rate))


def _of_keys(wanted: CTE) -> Select[Any]:
    return _sums(lambda table: _is(table, wanted))


def _part(
    table: Any, amount: ColumnElement[int], rate: ColumnElement[float], where: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    columns = [table.c.region, table.c.site, table.c.sku, table.c.unit]
    sellable = table.c.condition == _SELLABLE.value
    return select(*columns, amount.label("amount"), cast(rate, Float).label("rate")).where(sellable, *where)


def _is(table: Any, wanted: CTE) -> ColumnElement[bool]:
    """Return that a row is wanted: joined, for of thousands of keys that takes two thirds of the time of an IN."""
    return and_(*(table.c[name] == wanted.c[name] for name in _KEY))


def _promisable() -> ColumnElement[int]:
    """Return :attr:`contract.stock.Account.promisable` as the database computes it."""
    term = accounts.c
    came = term.granted + term.received + term.returned + term.moved_in + term.arrived + term.adjusted
    left = term.sold + term.released + term.moved_out + term.sent + term.wasted + term.held
    available = came - left + term.overdraft
    promisable = available - case((term.overdraft > term.settled, term.overdraft - term.settled), else_=0)
    return case((promisable > 0, promisable), else_=0)


def _is_open() -> ColumnElement[bool]:
    return ~exists().where(
        lives.c.kiosk_id == accounts.c.kiosk_id, lives.c.epoch == accounts.c.epoch, lives.c.closed_at.is_not(None)
    )


def _placed() -> Select[Any]:
    line = reservation_lines.c
    return (
        select(reservations.c.region, reservations.c.site, line.sku, line.condition, line.unit, line.amount)
        .join(reservation_lines, line.reservation == reservations.c.id)
        .where(reservations.c.state == "placed", reservations.c.ended_at.is_(None))
    )


_PLACED: Final = _placed().subquery("placed")
_OF_KEYS: Final = Among([pools.c[name] for name in _KEY], _of_keys)
