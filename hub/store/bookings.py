"""Statements of a site's reservations as the steward looks at them: locked, before the pools."""

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import Connection, func, or_, select

from contract.stock import StockKey
from hub.store import reservations
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.reservations import Reservation
from hub.store.rights_tables import reservation_lines
from hub.store.rights_tables import reservations as table

AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values
_OPEN: Final = ("reserved", "placed", "held", "broken")  # broken at a till, which has not ended it yet


TAKEN_OVER: Final = ("reserved", "placed")  # states of what a till had set aside by itself in a life that has ended


def lock_open(connection: Connection, site: Site, whats: Sequence[StockKey]) -> list[Reservation]:
    """Return the hub's own reservations of ``whats`` at a site that have not ended, each row locked, by id.

    What a till set aside by itself is the till's own, until its life ends and the hub takes it over.
    """
    skus, ids = sorted({what.sku for what in whats}), set()
    for start in range(0, len(skus), AT_ONCE):
        statement = (
            select(table.c.id)
            .join(reservation_lines, reservation_lines.c.reservation == table.c.id)
            .where(
                table.c.region == site.region,
                table.c.site == site.site,
                table.c.state.in_(_OPEN),
                table.c.ended_at.is_(None),
                or_(table.c.source != "kiosk", table.c.state.in_(TAKEN_OVER)),
                reservation_lines.c.sku.in_(skus[start : start + AT_ONCE]),
            )
        )
        ids |= set(connection.execute(statement).scalars())
    found = [reservations.find(connection, one, lock=True) for one in sorted(ids)]
    return [one for one in found if one is not None and one.state in _OPEN and one.ended_at is None]


def asked_since(connection: Connection, site: Site, whats: Sequence[StockKey], since: str) -> dict[StockKey, int]:
    """Return how much of ``whats`` the hub reserved at a site since then: what its own shoppers ask for there."""
    lines, found = reservation_lines.c, dict.fromkeys(whats, 0)
    key = (lines.sku, lines.condition, lines.unit)
    skus = sorted({what.sku for what in whats})
    for start in range(0, len(skus), AT_ONCE):
        statement = (
            select(*key, func.sum(lines.amount))
            .join(table, table.c.id == lines.reservation)
            .where(
                table.c.region == site.region,
                table.c.site == site.site,
                table.c.source != "kiosk",
                table.c.at >= since,
                lines.sku.in_(skus[start : start + AT_ONCE]),
            )
            .group_by(*key)
        )
        for sku, condition, unit, amount in connection.execute(statement):
            what = stock_key(sku, condition, unit)
            if what in found:
                found[what] = int(amount)  # PostgreSQL sums to decimals
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
