"""Statements of a site's reservations as the steward looks at them: locked, before the pools."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from sqlalchemy import CTE, Connection, Select, bindparam, func, literal, or_, select

from contract.stock import StockKey
from hub.store import reservations
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.reservations import Reservation
from hub.store.rights_tables import reservation_lines
from hub.store.rights_tables import reservations as table
from hub.store.upsert import Among, is_among

_OPEN: Final = ("reserved", "placed", "held", "broken")  # broken at a till, which has not ended it yet
TAKEN_OVER: Final = ("reserved", "placed")  # states of what a till had set aside by itself in a life that has ended


def lock_open(connection: Connection, site: Site, whats: Sequence[StockKey]) -> list[Reservation]:
    """Return the hub's own reservations of ``whats`` at a site that have not ended, each row locked, by id.

    What a till set aside by itself is the till's own, until its life ends and the hub takes it over.
    """
    skus = ((what.sku,) for what in whats)
    ids = {name for (name,) in _OPEN_OF.ask(connection, skus, {"of_region": site.region, "of_site": site.site})}
    found = [reservations.find(connection, one, lock=True) for one in sorted(ids)]
    return [one for one in found if one is not None and one.state in _OPEN and one.ended_at is None]


def asked_since(connection: Connection, site: Site, whats: Sequence[StockKey], since: str) -> dict[StockKey, int]:
    """Return how much of ``whats`` the hub reserved at a site since then: what its own shoppers ask for there."""
    found = dict.fromkeys(whats, 0)
    values = {"of_region": site.region, "of_site": site.site, "since": since}
    for *key, amount in _ASKED.ask(connection, whats, values):
        found[stock_key(*key)] = int(amount)  # PostgreSQL sums to decimals
    return found


def expired(connection: Connection, now: str, *, limit: int) -> list[Reservation]:
    """Return reservations that are still in the pool although their time is over."""
    statement = (
        select(table.c.id).where(table.c.state == "reserved", table.c.until <= now).order_by(table.c.until).limit(limit)
    )
    found = [reservations.find(connection, one) for one in connection.execute(statement).scalars().all()]
    return [one for one in found if one is not None]


def end(connection: Connection, reservation: str, state: Literal["lapsed", "broken"], now: str) -> None:
    """End a reservation that is in the pool."""
    broken = {"broken_at": now} if state == "broken" else {}
    reservations.move(connection, reservation, {"reserved"}, state, {"ended_at": now, **broken})


def give_up(connection: Connection, reservation: str, now: str) -> None:
    """Note that a till was asked to give a reservation up; the till ends it."""
    reservations.move(connection, reservation, {"placed", "held"}, "broken", {"broken_at": now})


_GOODS: Final = (reservation_lines.c.sku, reservation_lines.c.condition, reservation_lines.c.unit)


def _at_site(of: Select[Any]) -> Select[Any]:
    """Return what asks ``of`` the reservations of a site, and their goods."""
    at_site = of.join(table, table.c.id == reservation_lines.c.reservation)
    return at_site.where(table.c.region == bindparam("of_region"), table.c.site == bindparam("of_site"))


def _open_of(wanted: CTE) -> Select[Any]:
    return _at_site(select(table.c.id).select_from(reservation_lines)).where(
        table.c.state.in_([literal(state) for state in _OPEN]),
        table.c.ended_at.is_(None),
        or_(table.c.source != "kiosk", table.c.state.in_([literal(state) for state in TAKEN_OVER])),
        is_among([reservation_lines.c.sku], wanted),
    )


def _asked(wanted: CTE) -> Select[Any]:
    of_shoppers = (table.c.source != "kiosk", table.c.at >= bindparam("since"))
    is_wanted = is_among(_GOODS, wanted)
    return (
        _at_site(select(*_GOODS, func.sum(reservation_lines.c.amount))).where(*of_shoppers, is_wanted).group_by(*_GOODS)
    )


_OPEN_OF: Final = Among([reservation_lines.c.sku], _open_of)
_ASKED: Final = Among(_GOODS, _asked)
