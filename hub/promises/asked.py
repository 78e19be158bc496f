"""What kiosks ask for beside the sums: promises and the course of reservations, inside the transaction of ingest.

Rules
-----
1.  A reservation only moves on. What is said twice, late or by another than the life that holds it moves nothing.
2.  What a kiosk set aside from its own rights is noted as it says. What the hub placed becomes held by its word.
3.  A kiosk that holds what this hub still has in its pool was told by an earlier incarnation: the pool's is free again.
4.  Once it is placed, only the kiosk's fact ends it (I9).
5.  A promise whose answer the kiosk tells in the same transaction is not decided: an earlier incarnation did.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from contract.every import ReservationEnd
from contract.facts import StockLine
from contract.rights import (
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
)
from contract.values import instant_text
from hub.core.reconcile import Asked
from hub.promises import promising
from hub.promises.reserving import Present, give_back
from hub.store import promises, reservations
from hub.store.books import Trouble, open_exceptions
from hub.store.inbox import KioskRow
from hub.store.life import read_life
from hub.store.reservations import Reservation, SourceName, State

_NO_LIFE: Final = 1  # the incarnation of books that no hub has opened yet


class Asked_(NamedTuple):  # noqa: N801 - one fact that asks, beside the union of what facts ask
    """What a fact, or a request ahead of its fact (``seq`` 0), asks for."""

    kiosk: KioskRow
    epoch: int
    seq: int
    data: Asked


def answer(connection: Connection, asked: Sequence[Asked_], now: str) -> None:
    """Heed facts of reservations and promises; others are passed over. The kiosks of ``asked`` are locked."""
    present: Present | None = None
    promising.lock_all(
        connection,
        ((one.kiosk.address.region, one.data) for one in asked if isinstance(one.data, ReservationRequested)),
    )
    told = {one.data.promise for one in asked if isinstance(one.data, PromiseTold)}
    for one in asked:
        match one.data:
            case ReservationRequested() as request if request.promise in told:
                promising.note(connection, one.kiosk, one.epoch, request, now)
            case ReservationRequested() as request:
                present = present or present_at(connection, now)
                promising.ask(connection, one.kiosk, one.epoch, request, present)
            case PromiseTold() as said:
                present = present or present_at(connection, now)
                promising.told(connection, one.kiosk, one.epoch, said, present)
            case ReservationHeld() as held:
                _held(connection, one, held, now)
            case ReservationCollected() | ReservationLapsed() | ReservationCancelled() as end:
                _ended(connection, one, end, now)
            case _:
                continue


def answer_waiting(connection: Connection, kiosks: Iterable[KioskRow], now: str, *, for_goods: bool = False) -> int:
    """Answer what can be answered by now of what waits, of ``kiosks``, which are locked; return how many there were.

    ``for_goods``: goods came free that somebody waits for.
    """
    return promising.settle_waiting(connection, kiosks, present_at(connection, now), for_goods=for_goods)


def present_at(connection: Connection, now: str) -> Present:
    """Return the present of a transaction that began at ``now``."""
    life = read_life(connection)
    return Present(now, datetime.fromisoformat(now), life.incarnation if life else _NO_LIFE)


def _held(connection: Connection, one: Asked_, held: ReservationHeld, now: str) -> None:
    known = reservations.find(connection, held.reservation, lock=True)
    if known is None:
        at, until = instant_text(held.held_at), instant_text(held.until)
        by = _by_whom(connection, held.reservation, placed=held.placed)
        _note(connection, one, held.reservation, held.lines, "held", by=by, code=held.code, at=at, until=until)
    elif known.state == "reserved" and held.placed and _is_of_site(one, known):
        give_back(connection, known, now)
        reservations.move(connection, known.id, {"reserved"}, "held", _by(one))
    elif (known.kiosk_id, known.epoch) == (one.kiosk.id, one.epoch):
        reservations.move(connection, known.id, {"placed"}, "held")
    else:
        _wonder(connection, one, known, now)


def _ended(connection: Connection, one: Asked_, end: ReservationEnd, now: str) -> None:
    state, at = _end_of(end)
    known = reservations.find(connection, end.reservation, lock=True)
    if known is None:  # the fact that began it is in quarantine, or is still to come from an old card
        by = _by_whom(connection, end.reservation, placed=False)
        _note(connection, one, end.reservation, end.lines, state, by=by, code="", at=at, until=at)
    elif known.state == "reserved" and _is_of_site(one, known):
        give_back(connection, known, now)
        reservations.move(connection, known.id, {"reserved"}, state, _by(one) | {"ended_at": at})
    elif (known.kiosk_id, known.epoch) == (one.kiosk.id, one.epoch) and known.answered_at is None:
        reservations.move(connection, known.id, {"placed", "held", "broken"}, state, {"ended_at": at})
    else:
        _wonder(connection, one, known, now)


def _by(one: Asked_) -> dict[str, str | int]:
    return {"kiosk_id": one.kiosk.id, "epoch": one.epoch}


def _end_of(end: ReservationEnd) -> tuple[State, str]:
    match end:
        case ReservationCollected():
            return "collected", instant_text(end.collected_at)
        case ReservationLapsed():
            return "lapsed", instant_text(end.lapsed_at)
        case ReservationCancelled():
            return "cancelled", instant_text(end.cancelled_at)


def _note(
    connection: Connection,
    one: Asked_,
    reservation: str,
    lines: Sequence[StockLine],
    state: State,
    *,
    by: tuple[SourceName, bool],
    code: str,
    at: str,
    until: str,
) -> None:
    """Note a reservation that a kiosk tells of first: its own, or one that an earlier incarnation placed."""
    source, paid = by
    address = one.kiosk.address
    row = Reservation(
        reservation,
        address.region,
        address.site,
        state,
        source,
        paid,
        code,
        at,
        until,
        reservations.goods_of(lines),
        one.kiosk.id,
        one.epoch,
        confirmed_at=at,
        ended_at=None if state in reservations.OPEN else at,
    )
    reservations.add(connection, row)


def _by_whom(connection: Connection, reservation: str, *, placed: bool) -> tuple[SourceName, bool]:
    """Return where a reservation comes from, and whether it is paid."""
    promise = promises.find(connection, reservation)
    if promise is not None:
        return "promise", bool(promise.request and promise.request.paid_minor)
    return ("order" if placed else "kiosk"), False


def _is_of_site(one: Asked_, known: Reservation) -> bool:
    return (known.region, known.site) == (one.kiosk.address.region, one.kiosk.address.site)


def _wonder(connection: Connection, one: Asked_, known: Reservation, now: str) -> None:
    """Have a person look: two say that they have the same goods set aside."""
    detail = {"reservation": known.id, "epoch": one.epoch, "site": known.site, "state": known.state}
    trouble = Trouble("reservation_elsewhere", f"{one.kiosk.address} {known.id}", one.kiosk.id, detail)
    open_exceptions(connection, [trouble], now)
