"""Statements of reservations: goods set aside for a shopper, and where they are.

A reservation only moves on: reserved (in the hub's pool), placed (told to a kiosk), held (the kiosk has set it aside),
and one of the ends. Every move is conditional on where it is, so that what is said twice or late moves nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import CTE, Connection, Select, bindparam, delete, func, literal, select, update

from contract.facts import StockLine
from contract.stock import StockKey
from contract.values import Address, Quantity
from hub.core.promise import Goods
from hub.store.accounts import stock_key
from hub.store.rights_tables import reservation_lines, reservations
from hub.store.tables import kiosks
from hub.store.upsert import Among, Change, Many, Question, insert

State = Literal["reserved", "placed", "held", "collected", "lapsed", "cancelled", "broken"]
SourceName = Literal["kiosk", "promise", "order"]
OPEN: Final[frozenset[State]] = frozenset(("reserved", "placed", "held"))


class Reservation(Struct, frozen=True):
    """One reservation. Without ``confirmed_at`` it is a hold that is not placed yet and ends at ``until``.

    ``origin`` is the first of those whose place it took. ``broken_at``: it was hit by a shortfall; ``answered_at``: it
    was decided what becomes of it, and ``moved_to`` is what took its place, if anything did. ``elsewhere``: goods at
    another site will do as well; promises say so themselves.
    """

    id: str
    region: str
    site: str
    state: State
    source: SourceName
    paid: bool
    code: str
    at: str
    until: str
    goods: Goods = {}
    kiosk_id: int | None = None
    epoch: int | None = None
    confirmed_at: str | None = None
    ended_at: str | None = None
    origin: str | None = None
    elsewhere: bool = False
    broken_at: str | None = None
    answered_at: str | None = None
    moved_to: str | None = None

    @property
    def root(self) -> str:
        """Return the id of the first of those whose place it took: its own, if it took nobody's."""
        return self.origin or self.id


_NAMES: Final = tuple(name for name in Reservation.__struct_fields__ if name != "goods")
_SELECT: Final = select(*(reservations.c[name] for name in _NAMES))


def shown_state(one: Reservation) -> str:
    """Return the state as it is told: ``broken`` and ``moved`` whatever a till said, for its goods went elsewhere."""
    if one.moved_to is not None:
        return "moved"
    return "broken" if one.broken_at is not None and one.state == "cancelled" else one.state


def add(connection: Connection, reservation: Reservation) -> bool:
    """Note a new reservation with its goods; False, and nothing is changed, if its id is known."""
    row = {name: getattr(reservation, name) for name in _NAMES}
    if not _ADD.run(connection, [row]):
        return False
    _add_lines(connection, reservation.id, reservation.goods)
    return True


def find(connection: Connection, reservation: str, *, lock: bool = False) -> Reservation | None:
    """Return a reservation; with ``lock`` nobody else moves it until the transaction ends."""
    rows = (_LOCK if lock else _FIND).ask(connection, {"of_id": reservation})
    return _reservation(rows[0], _goods(connection, [reservation])[reservation]) if rows else None


def open_of_life(connection: Connection, kiosk_id: int, epoch: int) -> list[Reservation]:
    """Return what a life of a kiosk has set aside, is to set aside, or was asked to give up and has not; locked."""
    columns = reservations.c
    is_open = (columns.state.in_(["placed", "held", "broken"]), columns.ended_at.is_(None))
    mine = (columns.kiosk_id == kiosk_id, columns.epoch == epoch, *is_open)
    return _with_goods(connection, _SELECT.where(*mine).order_by(columns.id).with_for_update())


def move(
    connection: Connection,
    reservation: str,
    begin: Collection[State],
    end: State,
    values: Mapping[str, object] | None = None,
) -> bool:
    """Move a reservation on, with ``values``, if it is in one of ``begin``; return whether it was."""
    named = {"state": end, **(values or {})}
    new = {f"new_{name}": value for name, value in named.items()}
    return _moving(frozenset(begin), tuple(sorted(named))).run(connection, {"of_id": reservation, **new}) == 1


def forget(connection: Connection, reservation: str) -> None:
    """Take away a reservation that was never told to anybody."""
    connection.execute(delete(reservation_lines).where(reservation_lines.c.reservation == reservation))
    connection.execute(delete(reservations).where(reservations.c.id == reservation))


def list_page(
    connection: Connection,
    *,
    region: str | None = None,
    site: str | None = None,
    state: str | None = None,
    limit: int,
) -> list[Reservation]:
    """Return at most ``limit`` reservations, the newest first."""
    wanted = {reservations.c.region: region, reservations.c.site: site, reservations.c.state: state}
    statement = (
        _SELECT.where(*(column == value for column, value in wanted.items() if value is not None))
        .order_by(reservations.c.at.desc(), reservations.c.id)
        .limit(limit)
    )
    return _with_goods(connection, statement)


def count_open_holds(connection: Connection, region: str, site: str) -> int:
    """Return how many holds of a site wait for their shopper to confirm."""
    columns = reservations.c
    statement = select(func.count()).where(
        columns.region == region,
        columns.site == site,
        columns.state == "reserved",
        columns.confirmed_at.is_(None),
    )
    return connection.execute(statement).scalar_one()


def on_their_way(
    connection: Connection, region: str, sites: Collection[str], keys: Iterable[StockKey]
) -> dict[tuple[int, int, StockKey], int]:
    """Return what of ``keys`` was placed with lives (kiosk id, epoch) of ``sites`` that have not set it aside yet."""
    line = reservation_lines.c
    of_life = (reservations.c.kiosk_id, reservations.c.epoch)
    statement = (
        select(*of_life, line.sku, line.condition, line.unit, func.sum(line.amount))
        .join(reservation_lines, line.reservation == reservations.c.id)
        .where(
            reservations.c.region == region,
            reservations.c.site.in_(sorted(sites)),
            reservations.c.state == "placed",
            reservations.c.ended_at.is_(None),
            line.sku.in_(sorted({key.sku for key in keys})),
        )
        .group_by(*of_life, line.sku, line.condition, line.unit)
    )
    rows = connection.execute(statement)
    return {(kiosk_id, epoch, stock_key(*what)): int(amount) for kiosk_id, epoch, *what, amount in rows}


def address_of(connection: Connection, kiosk_id: int) -> Address:
    """Return where the kiosk of a reservation stands."""
    row = connection.execute(select(kiosks).where(kiosks.c.id == kiosk_id)).one()
    return Address(row.region, row.site, row.kiosk)


def lines_of(goods: Goods) -> list[StockLine]:
    """Return goods as facts name them, by sku."""
    return [StockLine(key.sku, Quantity(amount, key.unit), key.condition) for key, amount in sorted(goods.items())]


def goods_of(lines: Sequence[StockLine]) -> dict[StockKey, int]:
    """Return what lines of a fact name; one that is named twice is added up."""
    found: dict[StockKey, int] = {}
    for line in lines:
        key = StockKey(line.sku, line.condition, line.quantity.unit)
        found[key] = found.get(key, 0) + line.quantity.amount
    return found


def _add_lines(connection: Connection, reservation: str, goods: Goods) -> None:
    rows = [
        {"reservation": reservation, "sku": key.sku, "condition": key.condition, "unit": key.unit, "amount": amount}
        for key, amount in sorted(goods.items())
    ]
    _ADD_LINES.run(connection, rows)


def _goods(connection: Connection, ids: Sequence[str]) -> dict[str, dict[StockKey, int]]:
    """Return what each reservation is about, by sku."""
    found: dict[str, dict[StockKey, int]] = {one: {} for one in ids}
    for name, sku, condition, unit, amount in _GOODS.ask(connection, ((one,) for one in ids)):
        found[name][stock_key(sku, condition, unit)] = amount
    return {name: dict(sorted(goods.items())) for name, goods in found.items()}


def _with_goods(connection: Connection, statement: Select[Any]) -> list[Reservation]:
    rows = connection.execute(statement).all()
    goods = _goods(connection, [row.id for row in rows])
    return [_reservation(row, goods[row.id]) for row in rows]


def _reservation(row: Any, goods: Goods) -> Reservation:
    known: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    flags = {name: bool(known[name]) for name in ("paid", "elsewhere")}
    return Reservation(**{**known, **flags}, goods=goods)


# ----------------------------------------------------------------------------------------------------- the statements


@cache  # by what may be moved and what is set with it: the dozen steps that there are
def _moving(begin: frozenset[State], names: tuple[str, ...]) -> Change:
    may_move = reservations.c.state.in_([literal(state) for state in sorted(begin)])
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}  # which may not be named as columns are
    return Change(update(reservations).where(reservations.c.id == bindparam("of_id"), may_move).values(values))


def _goods_of(wanted: CTE) -> Select[Any]:
    columns = reservation_lines.c
    goods = select(columns.reservation, columns.sku, columns.condition, columns.unit, columns.amount)
    return goods.where(columns.reservation == wanted.c.reservation)


_BY_ID: Final = _SELECT.where(reservations.c.id == bindparam("of_id"))
_FIND: Final = Question(_BY_ID)
_LOCK: Final = Question(_BY_ID.with_for_update())
_GOODS: Final = Among([reservation_lines.c.reservation], _goods_of)
_ADD: Final = Many(lambda connection: insert(connection, reservations).on_conflict_do_nothing())
_ADD_LINES: Final = Many(lambda _: reservation_lines.insert())
