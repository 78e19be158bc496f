"""Statements of the quarantine: facts that were set aside, and those that are in the books after all."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select, update

from contract.values import Address
from hub.store.tables import kiosks, quarantine

FORK: Final = "fork"


class SetAside(Struct, frozen=True):
    """A fact that was set aside, and where it stands."""

    id: int
    kiosk_id: int
    address: Address
    epoch: int
    lane: str
    seq: int
    kind: str
    raw: bytes
    resolved: bool

    @property
    def subject(self) -> str:
        """Return how an exception names its lane."""
        return f"{self.address} {self.lane}@{self.epoch}"


def open_ids(connection: Connection, *, limit: int) -> list[int]:
    """Return the ids of what was set aside and is not resolved, as they came; forks are booked already."""
    columns = quarantine.c
    is_open = (columns.resolved_at.is_(None), columns.kind != FORK)
    order = (columns.kiosk_id, columns.epoch, columns.lane, columns.seq)
    return list(connection.execute(select(columns.id).where(*is_open).order_by(*order).limit(limit)).scalars())


def find(connection: Connection, number: int) -> SetAside | None:
    """Return what was set aside under ``number``; None if nothing was."""
    row = connection.execute(_read().where(quarantine.c.id == number)).one_or_none()
    return None if row is None else _set_aside(row)


def resolve(connection: Connection, one: SetAside, now: str) -> bool:
    """Note that a fact is in the books; return whether nothing else of its lane is set aside."""
    columns = quarantine.c
    connection.execute(update(quarantine).where(columns.id == one.id).values(resolved_at=now))
    of_lane: Sequence[Any] = (
        columns.kiosk_id == one.kiosk_id,
        columns.epoch == one.epoch,
        columns.lane == one.lane,
        columns.kind != FORK,
        columns.resolved_at.is_(None),
    )
    return connection.execute(select(columns.id).where(*of_lane).limit(1)).first() is None


def _read() -> Select[Any]:
    place = (kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
    return select(quarantine, *place).join(kiosks, kiosks.c.id == quarantine.c.kiosk_id)


def _set_aside(row: Row[Any]) -> SetAside:
    at = Address(row.region, row.site, row.kiosk)
    done = row.resolved_at is not None
    return SetAside(row.id, row.kiosk_id, at, row.epoch, row.lane, row.seq, row.kind, bytes(row.bytes), done)
