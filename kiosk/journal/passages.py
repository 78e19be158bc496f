"""Rights between tills and goods between sites, as the till's lane booked its halves of them: each id once (I10).

An id stays booked over the lives of a kiosk. Where it was booked twice, the hub would hold more come than went. Goods
of a transfer may come in parts: each but the last is kept as the id, a slash and its number, which no id contains.
"""

import sqlite3
from typing import Final

from contract.codec import decode
from contract.errors import Malformed
from contract.goods import TransferReceived
from contract.lan import Ask, encode_lan
from contract.rights import RightsAccepted, RightsMoved
from contract.stock import StockKey
from contract.values import Epoch, KioskId, Seq
from kiosk.core.neighbours import Given
from kiosk.journal.accounts import lines_of
from kiosk.journal.errors import BookedAlready, PartMissing

Half = RightsMoved | RightsAccepted | TransferReceived
_PASSED: Final = "INSERT INTO passed (kind, id, epoch, seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_MOVED: Final = (
    "INSERT INTO moved (id, epoch, seq, receiver, to_epoch, accepted) VALUES (?, ?, ?, ?, ?, NULL) "
    "ON CONFLICT DO NOTHING"
)
_PARTS: Final = (
    "SELECT count(*) FROM passed WHERE kind = 'transfer' AND (id = ?1 OR (id > ?1 || '/' AND id < ?1 || '0'))"
)
_EARLIER: Final = "UPDATE passed SET id = ?1 || '/' || ?2 WHERE kind = 'transfer' AND id = ?1"
_BYTES: Final = "(SELECT bytes FROM facts WHERE facts.epoch = {0}.epoch AND facts.seq = {0}.seq)"
_OPEN: Final = (
    f"SELECT id, receiver, to_epoch, epoch, seq, {_BYTES.format('moved')} FROM moved WHERE accepted IS NULL "  # noqa: S608 - names of tables
    "ORDER BY epoch, seq LIMIT ?"
)
_TO: Final = (
    f"SELECT {_BYTES.format('moved')} FROM moved WHERE receiver = ? AND to_epoch = ? AND ifnull(accepted, ?) > ?"  # noqa: S608 - names of tables
)
_ACCEPTED: Final = f"SELECT {_BYTES.format('passed')} FROM passed WHERE kind = 'move' AND id = ?"  # noqa: S608 - names of tables


class OpenMove(Given, frozen=True):
    """The same with the stored fact, ``raw``; None if the file lost it."""

    raw: bytes | None


def book(connection: sqlite3.Connection, data: Half, *, epoch: Epoch, seq: Seq) -> None:
    """Book a half of a passage, in its own transaction.

    Raises: BookedAlready.
    """
    if isinstance(data, RightsMoved):
        what, name = "move", data.move
        done = connection.execute(_MOVED, (name, epoch, seq, data.to, data.to_epoch)).rowcount
    else:
        what, name = ("move", data.move) if isinstance(data, RightsAccepted) else ("transfer", data.transfer)
        done = connection.execute(_PASSED, (what, name, epoch, seq)).rowcount
    if not done:
        raise BookedAlready(what, name)


def begin_part(connection: sqlite3.Connection, transfer: str, part: int) -> None:
    """Make room for the next part of a transfer, in the transaction that books it.

    Raises: BookedAlready if that part, or a later one, is booked; PartMissing if the one before it is not.
    """
    booked = connection.execute(_PARTS, (transfer,)).fetchone()[0]
    if part <= booked:
        raise BookedAlready("transfer", transfer, next_part=booked + 1)
    if part > booked + 1:
        raise PartMissing(transfer, booked + 1)
    connection.execute(_EARLIER, (transfer, booked))


def was_moved(connection: sqlite3.Connection, move: str) -> bool:
    """Return whether rights left under this id."""
    return connection.execute("SELECT 1 FROM moved WHERE id = ?", (move,)).fetchone() is not None


def acceptance(connection: sqlite3.Connection, move: str) -> bytes | None:
    """Return the stored fact by which this kiosk accepted a move; empty if it accepted it and lost the fact."""
    row = connection.execute(_ACCEPTED, (move,)).fetchone()
    return (row[0] or b"") if row else None


def note_accepted(connection: sqlite3.Connection, move: str, receiver: KioskId, epoch: Epoch, seq: Seq) -> bool:
    """Note that a move arrived, at a position of the receiver's lane; return whether that is news.

    What another till says of it, or another life, is none.
    """
    sql = "UPDATE moved SET accepted = ? WHERE id = ? AND receiver = ? AND to_epoch = ? AND accepted IS NULL"
    return connection.execute(sql, (seq, move, receiver, epoch)).rowcount == 1


def note_settled(connection: sqlite3.Connection, move: str) -> None:
    """Note that nobody is told of a move any more: the hub settles it. No acceptance stands at 0."""
    connection.execute("UPDATE moved SET accepted = 0 WHERE id = ? AND accepted IS NULL", (move,))


def open_moves(connection: sqlite3.Connection, limit: int) -> list[OpenMove]:
    """Return the moves that are not known to have arrived, oldest first."""
    return [OpenMove(*row) for row in connection.execute(_OPEN, (limit,)).fetchall()]


def given_beyond(connection: sqlite3.Connection, receiver: KioskId, epoch: Epoch, position: Seq) -> dict[StockKey, int]:
    """Return what was given to a life of a till that its books did not hold at ``position``."""
    sums: dict[StockKey, int] = {}
    for (raw,) in connection.execute(_TO, (receiver, epoch, position + 1, position)):
        try:
            data = decode(raw or b"").data
        except Malformed:
            continue  # `kiosk journal verify` names it; at worst a question is answered twice
        if isinstance(data, RightsMoved):
            for key, amount in lines_of(data.lines):
                sums[key] = sums.get(key, 0) + amount
    return sums


def put_asks(connection: sqlite3.Connection, asks: dict[KioskId, Ask]) -> None:
    """Make these the standing questions to the neighbours, instead of all before."""
    connection.execute("DELETE FROM asks")
    connection.executemany(
        "INSERT INTO asks (receiver, ask, body) VALUES (?, ?, ?)",
        [(receiver, one.ask, encode_lan(one)) for receiver, one in asks.items()],
    )


def asks(connection: sqlite3.Connection) -> dict[str, tuple[str, bytes]]:
    """Return the standing questions: by neighbour the id and the message."""
    return {receiver: (ask, body) for receiver, ask, body in connection.execute("SELECT receiver, ask, body FROM asks")}
