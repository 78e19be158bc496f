"""Statements of promises: what was asked for, what was answered, and whether the kiosk has the answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, update

from contract.down_rights import PromiseResolved
from contract.rights import Answer, ReservationRequested
from contract.values import Address
from hub.store.due import is_due, moment
from hub.store.inbox import KioskRow
from hub.store.rights_tables import lives, promises, waits
from hub.store.tables import kiosks
from hub.store.upsert import Change, Many, Question, insert

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
    return _ADD.run(connection, [row]) == 1


def find(connection: Connection, promise: str) -> Promise | None:
    """Return a promise."""
    rows = _FIND.ask(connection, {"of_id": promise})
    return _promise(rows[0]) if rows else None


def pending_of(
    connection: Connection, kiosk_ids: Sequence[int], now: str, *, for_goods: bool = False, limit: int
) -> list[Promise]:
    """Return the promises of ``kiosk_ids`` that wait and are to be looked at now, the oldest first.

    ``for_goods``: goods that somebody waits for came free, and who waits for goods does not rest.
    """
    values = {"of_kiosks": list(kiosk_ids), "at_most": limit} | moment(now)
    return [_promise(row) for row in connection.execute(_FOR_GOODS if for_goods else _PENDING_OF, values)]


def rest(connection: Connection, until: Mapping[str, str]) -> None:
    """Note when promises that must wait are looked at again, by id."""
    _REST.run(connection, [{"of_id": promise, "look_at": at} for promise, at in sorted(until.items())])


def wake(connection: Connection, kiosk_id: int) -> None:
    """Have all that a kiosk's shoppers wait for looked at."""
    _WAKE.run(connection, {"of_kiosk": kiosk_id})


def is_to_be_looked_at(*, for_goods: bool) -> ColumnElement[bool]:
    """Return the condition of :func:`pending_of`; it asks for the values of :func:`hub.store.due.moment`."""
    waits_for_goods = select(waits.c.id).where(waits.c.id == promises.c.id).exists()
    due = is_due(promises.c.look_at)
    return and_(promises.c.state == PENDING, or_(due, waits_for_goods) if for_goods else due)


def begun_by(connection: Connection, promise: Promise, now: str) -> Promise:
    """Return the promise, asked for by ``now``: its wait begins anew where the hub's clock was put back since."""
    if promise.at <= now:
        return promise
    _BEGIN_ANEW.run(connection, {"of_id": promise.id, "now": now})
    return replace(promise, at=now)


def set_answer(
    connection: Connection, promise: str, answer: Answer, resolved: PromiseResolved | None, *, now: str, told: bool
) -> None:
    """Note the answer; ``told``: the kiosk has it."""
    text = msgspec.json.encode(resolved).decode() if resolved else None
    _ANSWER.run(connection, {"of_id": promise, "new_state": answer.value, "new_answer": text, "now": now})
    if told:
        set_told(connection, promise, now)


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
    return int(_COUNT_PENDING.ask(connection, {"of_kiosk": kiosk_id})[0][0])


def set_told(connection: Connection, promise: str, now: str) -> None:
    """Note that the kiosk has the answer, once."""
    _TOLD.run(connection, {"of_id": promise, "now": now})


def has_reported(connection: Connection, kiosk_id: int, epoch: int, incarnation: int) -> bool:
    """Return whether that life has said all that an earlier incarnation of this hub had told it."""
    if incarnation == 1:
        return True
    statement = select(lives.c.reported).where(lives.c.kiosk_id == kiosk_id, lives.c.epoch == epoch)
    return (connection.execute(statement).scalar_one_or_none() or 0) >= incarnation


def may_keep(connection: Connection, kiosk_id: int, epoch: int) -> bool:
    """Return whether goods can be placed with that life: it is known, not closed, and one card's (I5)."""
    return bool(_MAY_KEEP.ask(connection, {"of_kiosk": kiosk_id, "of_epoch": epoch}))


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
    return [_promise(row) for row in connection.execute(statement)]


_SELECT: Final = select(
    promises, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk, kiosks.c.epoch.label("newest_epoch"), kiosks.c.fenced_at
).join(kiosks, kiosks.c.id == promises.c.kiosk_id)


_IS_IT: Final = promises.c.id == bindparam("of_id")
_FIND: Final = Question(_SELECT.where(_IS_IT))
_OF_KIOSKS: Final = (
    _SELECT.where(promises.c.kiosk_id.in_(bindparam("of_kiosks", expanding=True)))
    .order_by(promises.c.at, promises.c.id)
    .limit(bindparam("at_most"))
)
_PENDING_OF: Final = _OF_KIOSKS.where(is_to_be_looked_at(for_goods=False))
_FOR_GOODS: Final = _OF_KIOSKS.where(is_to_be_looked_at(for_goods=True))
_REST: Final = Many(lambda _: update(promises).where(_IS_IT).values(look_at=bindparam("look_at")))
_WAKE: Final = Change(
    update(promises)
    .where(promises.c.kiosk_id == bindparam("of_kiosk"), promises.c.state == PENDING, promises.c.look_at != "")
    .values(look_at="")
)
_COUNT_PENDING: Final = Question(
    select(func.count())
    .select_from(promises)
    .where(promises.c.state == PENDING, promises.c.kiosk_id == bindparam("of_kiosk"))
)
_MAY_KEEP: Final = Question(
    select(lives.c.epoch).where(
        lives.c.kiosk_id == bindparam("of_kiosk"),
        lives.c.epoch == bindparam("of_epoch"),
        lives.c.closed_at.is_(None),
        lives.c.forked_at.is_(None),
    )
)
_ADD: Final = Many(lambda connection: insert(connection, promises).on_conflict_do_nothing())
_ANSWER: Final = Change(
    update(promises)
    .where(_IS_IT)
    .values(state=bindparam("new_state"), answer=bindparam("new_answer"), answered_at=bindparam("now"))
)
_BEGIN_ANEW: Final = Change(update(promises).where(_IS_IT).values(at=bindparam("now")))
_TOLD: Final = Change(update(promises).where(_IS_IT, promises.c.told_at.is_(None)).values(told_at=bindparam("now")))


def _promise(row: Any) -> Promise:
    return Promise(
        row.id,
        KioskRow(
            row.kiosk_id,
            Address(row.region, row.site, row.kiosk),
            row.newest_epoch,
            fenced=row.fenced_at is not None,
        ),
        row.epoch,
        row.state,
        row.at,
        msgspec.json.decode(row.request, type=ReservationRequested | None),
        msgspec.json.decode(row.answer, type=PromiseResolved) if row.answer else None,
        row.answered_at,
        row.told_at,
        tuple(msgspec.json.decode(row.earlier, type=list[PromiseResolved])) if row.earlier else (),
    )
