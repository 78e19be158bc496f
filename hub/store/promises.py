"""Statements of promises: what was asked for, what was answered, and whether the kiosk has the answer."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, select, update

from contract.down_rights import PromiseResolved
from contract.rights import Answer, ReservationRequested
from contract.values import Address
from hub.store.inbox import KioskRow
from hub.store.rights_tables import lives, promises
from hub.store.tables import kiosks
from hub.store.upsert import insert_new

PENDING: Final = "pending"


class Promise(Struct, frozen=True):
    """One promise. ``request`` is not known where a hub that went back learns only how it had answered.

    ``earlier`` are answers that were given and had to be broken.
    """

    id: str
    kiosk: KioskRow
    epoch: int
    state: str
    at: str
    request: ReservationRequested | None = None
    answer: PromiseResolved | None = None
    answered_at: str | None = None
    told_at: str | None = None
    earlier: tuple[PromiseResolved, ...] = ()


def add(
    connection: Connection, promise: str, kiosk: KioskRow, epoch: int, *, request: ReservationRequested | None, now: str
) -> bool:
    """Note a promise that was asked for; False, and nothing is changed, if it is known."""
    row = {
        "id": promise,
        "kiosk_id": kiosk.id,
        "epoch": epoch,
        "request": msgspec.json.encode(request).decode(),
        "state": PENDING,
        "at": now,
    }
    return insert_new(connection, promises, [row]) == 1


def find(connection: Connection, promise: str) -> Promise | None:
    """Return a promise."""
    row = connection.execute(_SELECT.where(promises.c.id == promise)).mappings().one_or_none()
    return _promise(row) if row else None


def pending_of(connection: Connection, kiosk_ids: Sequence[int], *, limit: int) -> list[Promise]:
    """Return the promises of ``kiosk_ids`` that wait for an answer, the oldest first."""
    statement = (
        _SELECT.where(promises.c.state == PENDING, promises.c.kiosk_id.in_(kiosk_ids))
        .order_by(promises.c.at, promises.c.id)
        .limit(limit)
    )
    return [_promise(row) for row in connection.execute(statement).mappings()]


def set_answer(
    connection: Connection, promise: str, answer: Answer, resolved: PromiseResolved | None, *, now: str, told: bool
) -> None:
    """Note the answer; ``told``: the kiosk has it."""
    values = {
        "state": answer.value,
        "answer": msgspec.json.encode(resolved).decode() if resolved else None,
        "answered_at": now,
        **({"told_at": now} if told else {}),
    }
    connection.execute(update(promises).where(promises.c.id == promise).values(**values))


def revise(connection: Connection, promise: Promise, resolved: PromiseResolved, now: str) -> None:
    """Note an answer in the place of one that was broken, which is kept; the kiosk does not have the new one yet."""
    earlier = [*promise.earlier, *([promise.answer] if promise.answer else [])]
    values = {
        "state": resolved.answer.value,
        "answer": msgspec.json.encode(resolved).decode(),
        "answered_at": now,
        "told_at": None,
        "earlier": msgspec.json.encode(earlier).decode(),
    }
    connection.execute(update(promises).where(promises.c.id == promise.id).values(**values))


def count_pending(connection: Connection, kiosk_id: int) -> int:
    """Return how many promises of a kiosk wait for their answer."""
    where = (promises.c.state == PENDING, promises.c.kiosk_id == kiosk_id)
    return connection.execute(select(func.count()).select_from(promises).where(*where)).scalar_one()


def set_told(connection: Connection, promise: str, now: str) -> None:
    """Note that the kiosk has the answer, once."""
    statement = update(promises).where(promises.c.id == promise, promises.c.told_at.is_(None)).values(told_at=now)
    connection.execute(statement)


def has_reported(connection: Connection, kiosk_id: int, epoch: int, incarnation: int) -> bool:
    """Return whether that life has said all that an earlier incarnation of this hub had told it."""
    if incarnation == 1:
        return True
    statement = select(lives.c.reported).where(lives.c.kiosk_id == kiosk_id, lives.c.epoch == epoch)
    return (connection.execute(statement).scalar_one_or_none() or 0) >= incarnation


def is_open(connection: Connection, kiosk_id: int, epoch: int) -> bool:
    """Return whether that life is known and not closed."""
    where = (lives.c.kiosk_id == kiosk_id, lives.c.epoch == epoch, lives.c.closed_at.is_(None))
    return connection.execute(select(lives.c.epoch).where(*where)).one_or_none() is not None


def list_page(
    connection: Connection, *, region: str | None = None, state: str | None = None, limit: int
) -> list[Promise]:
    """Return at most ``limit`` promises, the newest first."""
    wanted = {kiosks.c.region: region, promises.c.state: state}
    statement = (
        _SELECT.where(*(column == value for column, value in wanted.items() if value is not None))
        .order_by(promises.c.at.desc(), promises.c.id)
        .limit(limit)
    )
    return [_promise(row) for row in connection.execute(statement).mappings()]


_SELECT: Final = select(
    promises, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk, kiosks.c.epoch.label("newest_epoch")
).join(kiosks, kiosks.c.id == promises.c.kiosk_id)


def _promise(row: RowMapping) -> Promise:
    known: dict[str, Any] = dict(row)
    address = Address(known["region"], known["site"], known["kiosk"])
    return Promise(
        known["id"],
        KioskRow(known["kiosk_id"], address, known["newest_epoch"]),
        known["epoch"],
        known["state"],
        known["at"],
        msgspec.json.decode(known["request"], type=ReservationRequested | None),
        msgspec.json.decode(known["answer"], type=PromiseResolved) if known["answer"] else None,
        known["answered_at"],
        known["told_at"],
        tuple(msgspec.json.decode(known["earlier"], type=list[PromiseResolved])) if known["earlier"] else (),
    )
