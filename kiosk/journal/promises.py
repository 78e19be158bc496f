"""Promises that a shopper waits for: what follows from their facts, and how others read them."""

import sqlite3
from collections.abc import Iterator
from typing import Final

import msgspec

from contract.down_rights import PromiseResolved
from contract.rights import PromiseTold, ReservationRequested
from contract.values import Epoch, instant_text
from kiosk.core.promises import Promise, State
from kiosk.journal.errors import KnownAlready

_REQUEST: Final = msgspec.json.Decoder(ReservationRequested)
_ANSWER: Final = msgspec.json.Decoder(PromiseResolved)
_SELECT: Final = "SELECT id, state, request, answer FROM promises "


def find(connection: sqlite3.Connection, promise: str) -> Promise | None:
    """Return the promise of an id."""
    return next(_read(connection, "WHERE id = ?", promise), None)


def pending(connection: sqlite3.Connection) -> list[Promise]:
    """Return the promises that the hub has not answered, the oldest first."""
    return list(_read(connection, "WHERE state = ? ORDER BY asked_at, id", "pending"))


def told(connection: sqlite3.Connection) -> list[Promise]:
    """Return the promises that the hub has answered, the oldest answer first."""
    return list(_read(connection, "WHERE state = ? ORDER BY told_at, id", "told"))


def begin(connection: sqlite3.Connection, data: ReservationRequested, *, epoch: Epoch) -> None:
    """Note that an answer is waited for.

    Raises: KnownAlready.
    """
    row = (data.promise, epoch, msgspec.json.encode(data), instant_text(data.requested_at))
    sql = "INSERT INTO promises (id, epoch, state, request, asked_at) VALUES (?, ?, 'pending', ?, ?)"
    if connection.execute(f"{sql} ON CONFLICT DO NOTHING", row).rowcount == 0:
        raise KnownAlready("promise", data.promise)


def answer(connection: sqlite3.Connection, data: PromiseResolved, *, epoch: Epoch) -> bool:
    """Keep the hub's answer, also to a promise that this card lost; return False where it is the one that is known."""
    known = find(connection, data.promise)
    if known and known.answer == data:
        return False
    connection.execute(
        "INSERT INTO promises (id, epoch, state, answer) VALUES (?, ?, 'told', ?) "
        "ON CONFLICT (id) DO UPDATE SET answer = excluded.answer",
        (data.promise, epoch, msgspec.json.encode(data)),
    )
    return True


def end(connection: sqlite3.Connection, data: PromiseTold) -> None:
    """Note that the answer is there to be said."""
    connection.execute(
        "UPDATE promises SET state = 'told', told_at = ? WHERE id = ?", (instant_text(data.told_at), data.promise)
    )


def _read(connection: sqlite3.Connection, where: str, value: str) -> Iterator[Promise]:
    for name, state, request, said in connection.execute(_SELECT + where, (value,)).fetchall():
        yield Promise(
            name,
            State(state),
            _REQUEST.decode(request) if request else None,
            _ANSWER.decode(said) if said else None,
        )
