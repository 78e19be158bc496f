"""Statements of reservations that a shortfall hit: which are to be decided, what became of them, what is told of it."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, select, update

from hub.core.promise import Goods, code_of, distances_km
from hub.store import sites
from hub.store.books import MAX_SUBJECT
from hub.store.due import is_due, moment
from hub.store.reservations import Reservation
from hub.store.rights_tables import reservations, waits
from hub.store.tables import exceptions


def pending(connection: Connection, now: str, *, limit: int) -> list[str]:
    """Return broken reservations that have ended and are to be placed anew, those that were hit first.

    Those that wait for tills are looked at again when the tills are asked again.
    """
    columns = reservations.c
    rests = select(waits.c.id).where(waits.c.id == columns.id, ~is_due(waits.c.look_at))
    is_pending = (columns.broken_at.is_not(None), columns.answered_at.is_(None), columns.ended_at.is_not(None))
    statement = (
        select(columns.id).where(*is_pending, ~rests.exists()).order_by(columns.broken_at, columns.id).limit(limit)
    )
    return list(connection.execute(statement, moment(now)).scalars())


def is_pending(one: Reservation) -> bool:
    """Return whether it is to be decided what becomes of a reservation."""
    return one.broken_at is not None and one.answered_at is None and one.ended_at is not None


def in_place_of(one: Reservation, name: str, goods: Goods, site: str, now: str) -> Reservation:
    """Return the reservation ``name`` that takes the place of another, at ``site``."""
    return replace(
        one,
        id=name,
        site=site,
        state="reserved",
        code=code_of(name),
        goods=goods,
        kiosk_id=None,
        epoch=None,
        confirmed_at=now,
        ended_at=None,
        origin=one.root,
        broken_at=None,
    )


def answered(connection: Connection, reservation: str, moved_to: str | None, now: str) -> None:
    """Note that it is decided what becomes of a broken reservation."""
    values = {"answered_at": now, "moved_to": moved_to}
    connection.execute(update(reservations).where(reservations.c.id == reservation).values(**values))


def until_of(connection: Connection, wait: str) -> str | None:
    """Return until when somebody waits."""
    return connection.execute(select(waits.c.until).where(waits.c.id == wait).limit(1)).scalar_one_or_none()


def distances(connection: Connection, region: str, site: str) -> dict[str, float]:
    """Return how far the region's sites are from one, in km, as far as it is known where they are."""
    rows = [one for one in sites.all_sites(connection) if one.region == region]
    points = {one.site: (one.lat, one.lon) for one in rows if one.lat is not None and one.lon is not None}
    return distances_km(points, site)


def tell(connection: Connection, kind: str, subject: str, done: Mapping[str, Any]) -> None:
    """Add to what the open exception of that kind and subject says."""
    _add(connection, kind, subject, done, None)


def resolve(connection: Connection, kind: str, subject: str, done: Mapping[str, Any], now: str) -> None:
    """Resolve the open exception of that kind and subject by what was done, which it says from then on."""
    _add(connection, kind, subject, done, now)


def _add(connection: Connection, kind: str, subject: str, done: Mapping[str, Any], resolved_at: str | None) -> None:
    columns = exceptions.c
    is_it = (columns.kind == kind, columns.subject == subject[:MAX_SUBJECT], columns.resolved_at.is_(None))
    for row in connection.execute(select(columns.id, columns.detail).where(*is_it)).all():
        detail = {**json.loads(row.detail), **done}
        detail.pop("what", None)  # what was still to be done
        values = {"detail": json.dumps(detail, sort_keys=True), "resolved_at": resolved_at}
        connection.execute(update(exceptions).where(columns.id == row.id).values(**values))
