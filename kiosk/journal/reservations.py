"""Goods set aside for shoppers: what follows from the facts of a reservation, and how others read it.

A reservation is held, then collected, lapsed or cancelled; each of these is a fact. In a new life of the kiosk its
rights are gone: it is ``past``. Its goods still lie aside: who comes for them buys them as goods in hand, or they are
put back on the shelf. Either is noted here, and told to the hub if it has the goods set aside here anew.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from contract.codec import Stamp
from contract.every import ReservationEnd
from contract.facts import StockLine
from contract.rights import ReservationCancelled, ReservationCollected, ReservationHeld, ReservationLapsed
from contract.stock import hold, hold_placed, unhold
from contract.values import Condition, Epoch, Quantity, Sku, Unit, instant_text
from kiosk.core.lapsing import Wait, begin, extend
from kiosk.core.reservations import Reservation, State
from kiosk.journal import accounts
from kiosk.journal.errors import KnownAlready, NotHeld

_COLUMNS: Final = "id, code, state, epoch, placed, held_at, until, clock, left_s, boot, mono, ended_at"
_SELECT: Final = "SELECT id, code, state, held_at, until, placed, ended_at FROM reservations "


def find(connection: sqlite3.Connection, reservation: str) -> Reservation | None:
    """Return the reservation of an id."""
    return next(_read(connection, "WHERE id = ?", (reservation,)), None)


def is_of_earlier_life(connection: sqlite3.Connection, reservation: str, epoch: Epoch) -> bool:
    """Return whether a reservation was set aside in a life before ``epoch``, and not again since."""
    sql = "SELECT 1 FROM reservations WHERE id = ? AND epoch < ?"
    return connection.execute(sql, (reservation, epoch)).fetchone() is not None


def by_code(connection: sqlite3.Connection, code: str) -> list[Reservation]:
    """Return the reservations of a shopper's code, the newest first."""
    return list(_read(connection, "WHERE code = ? ORDER BY held_at DESC", (code,)))


def in_state(connection: sqlite3.Connection, *states: State) -> list[Reservation]:
    """Return the reservations in these states, the oldest first."""
    marks = ", ".join("?" * len(states))
    return list(_read(connection, f"WHERE state IN ({marks}) ORDER BY held_at, id", states))


def waits(connection: sqlite3.Connection) -> dict[str, Wait]:
    """Return how long each of the goods that are set aside wait."""
    rows = connection.execute("SELECT id, until, clock, left_s, boot, mono FROM reservations WHERE state = 'held'")
    return {
        name: Wait(datetime.fromisoformat(until), clock == "trusted", left_s, boot, mono)
        for name, until, clock, left_s, boot, mono in rows.fetchall()
    }


def begin_hold(connection: sqlite3.Connection, data: ReservationHeld, *, epoch: Epoch, stamp: Stamp) -> None:
    """Set goods aside, with the rights to them; what an earlier life set aside under the same id now has rights again.

    Raises: KnownAlready, RightsMissing.
    """
    if is_of_earlier_life(connection, data.reservation, epoch):
        connection.execute("DELETE FROM reservation_lines WHERE reservation = ?", (data.reservation,))
        connection.execute("DELETE FROM reservations WHERE id = ?", (data.reservation,))
    wait = begin(data.until, placed=data.placed, stamp=stamp)
    row = (data.reservation, data.code, State.HELD, epoch, data.placed, instant_text(data.held_at), *_wait_row(wait))
    sql = f"INSERT INTO reservations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING"  # noqa: S608
    if connection.execute(sql, row).rowcount == 0:
        raise KnownAlready("reservation", data.reservation)
    lines = list(accounts.lines_of(data.lines))
    connection.executemany(
        "INSERT INTO reservation_lines VALUES (?, ?, ?, ?, ?, ?)",
        [(data.reservation, number, *line.key, line.amount) for number, line in enumerate(lines, 1)],
    )
    accounts.change(connection, lines, hold_placed if data.placed else hold)


def end_hold(connection: sqlite3.Connection, data: ReservationEnd) -> None:
    """Give the rights of goods set aside back to the account they came from; a sale may follow.

    Raises: NotHeld if they are not held in this life, or the fact names other goods.
    """
    state, at = _ended(data)
    known = find(connection, data.reservation)
    if known is None or known.state is not State.HELD:
        raise NotHeld(data.reservation, known.state if known else "not known here")
    lines = list(accounts.lines_of(data.lines))
    if set(lines) != set(accounts.lines_of(known.lines)):
        raise NotHeld(data.reservation, "of other goods")
    connection.execute(
        "UPDATE reservations SET state = ?, ended_at = ? WHERE id = ?", (state, instant_text(at), data.reservation)
    )
    accounts.change(connection, lines, unhold)


def confirm(connection: sqlite3.Connection, reservation: str, until: datetime, *, stamp: Stamp) -> None:
    """Let goods that are set aside wait until the end that the hub names; others stay as they are."""
    note(connection, reservation, extend(until, stamp=stamp))


def note(connection: sqlite3.Connection, reservation: str, wait: Wait) -> None:
    """Store how long goods that are set aside wait."""
    connection.execute(
        "UPDATE reservations SET until = ?, clock = ?, left_s = ?, boot = ?, mono = ? WHERE id = ? AND state = 'held'",
        (*_wait_row(wait), reservation),
    )


def retire(connection: sqlite3.Connection) -> None:
    """Part the reservations of a life that ends from their rights; their goods stay aside."""
    connection.execute("UPDATE reservations SET state = 'past' WHERE state = 'held'")


def hand_over_past(connection: sqlite3.Connection, reservation: str, at: datetime) -> bool:
    """Note that goods of an earlier life were sold as goods in hand; return False where they are gone already."""
    return _end_past(connection, reservation, State.COLLECTED, at)


def put_back_past(connection: sqlite3.Connection, reservation: str, at: datetime) -> bool:
    """Note that goods of an earlier life are on the shelf again; return False where they are gone already."""
    return _end_past(connection, reservation, State.CANCELLED, at)


def _end_past(connection: sqlite3.Connection, reservation: str, state: State, at: datetime) -> bool:
    sql = "UPDATE reservations SET state = ?, ended_at = ? WHERE id = ? AND state = 'past'"
    return connection.execute(sql, (state, instant_text(at), reservation)).rowcount == 1


def _ended(data: ReservationEnd) -> tuple[State, datetime]:
    match data:
        case ReservationCollected():
            return State.COLLECTED, data.collected_at
        case ReservationLapsed():
            return State.LAPSED, data.lapsed_at
        case ReservationCancelled():
            return State.CANCELLED, data.cancelled_at


def _wait_row(wait: Wait) -> tuple[str, str, float | None, str, int]:
    return instant_text(wait.until), "trusted" if wait.trusted else "untrusted", wait.left_s, wait.boot, wait.mono_ns


def _read(connection: sqlite3.Connection, where: str, values: Iterable[str]) -> Iterator[Reservation]:
    for name, code, state, held_at, until, placed, ended_at in connection.execute(
        _SELECT + where, tuple(values)
    ).fetchall():
        yield Reservation(
            id=name,
            code=code,
            state=State(state),
            lines=_lines(connection, name),
            held_at=datetime.fromisoformat(held_at),
            until=datetime.fromisoformat(until),
            placed=bool(placed),
            ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
        )


def _lines(connection: sqlite3.Connection, reservation: str) -> tuple[StockLine, ...]:
    sql = "SELECT sku, condition, unit, amount FROM reservation_lines WHERE reservation = ? ORDER BY no"
    return tuple(
        StockLine(Sku(sku), Quantity(amount, Unit(unit)), Condition(condition))
        for sku, condition, unit, amount in connection.execute(sql, (reservation,))
    )
