"""Statements of moves that arrived and whose givers have not told of them (rules: :mod:`hub.core.unsaid`).

What was presumed of a move stands in ``ended``, below zero: it ended with its giver. Above zero it ended with its
receiver (:mod:`hub.store.passages`); it is never both, for one half of it has come.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, tuple_, update

from contract.codec import decode
from contract.errors import Malformed
from contract.rights import RightsAccepted
from contract.values import Address, Lane, instant_text
from hub.core.unsaid import WAIT, Unsaid, decide_presumed, said_after_all
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.passages import AT_ONCE, Half
from hub.store.pools import PoolKey
from hub.store.rights_tables import lives, passages
from hub.store.tables import facts, kiosks, lanes, quarantine

KIND: Final = "giver_put_back"  # the exception
MAX_FOUND: Final = 100  # accounts of moves looked at in one sweep; the next takes the rest


class Move(NamedTuple):
    """One account of a move; ``epoch`` is the life of the giver that it came from."""

    id: str
    giver: Address
    receiver: str
    epoch: int
    key: PoolKey
    amount: int


def sites(connection: Connection, at: datetime) -> list[Site]:
    """Return the sites where something must be presumed."""
    return sorted({Site(one.key.region, one.key.site) for one in find(connection, at)})


def find(connection: Connection, at: datetime, site: Site | None = None) -> list[Move]:
    """Return what must be presumed to have left, at ``site`` or anywhere."""
    is_giver = and_(
        kiosks.c.region == passages.c.region, kiosks.c.site == passages.c.site, kiosks.c.kiosk == passages.c.giver
    )
    is_old = (passages.c.into > passages.c.out, passages.c.at <= instant_text(at - WAIT))
    has_ended = exists().where(lives.c.kiosk_id == kiosks.c.id, lives.c.closed_at.is_not(None)).correlate(kiosks)
    statement = (
        select(passages, kiosks.c.id.label("giver_id"), kiosks.c.last_seen_at, kiosks.c.epoch.label("newest"))
        .join(kiosks, is_giver)
        .where(passages.c.kind == "move", *is_old, or_(kiosks.c.last_seen_at > passages.c.at, has_ended))
        .limit(MAX_FOUND)
    )
    if site:
        statement = statement.where(passages.c.region == site.region, passages.c.site == site.site)
    return list(_decide(connection, at, connection.execute(statement).all()))


def presume(connection: Connection, move: Move) -> None:
    """Book that what arrived left, as it was presumed; the kiosks are locked."""
    sums = {"out": passages.c.out + move.amount, "ended": passages.c.ended - move.amount}
    connection.execute(update(passages).where(*_is_it(move)).values(sums))


def take_back(connection: Connection, halves: Iterable[Half]) -> list[Move]:
    """Return what ``halves``, once they are added, tell of that was presumed; it is not any more."""
    names = sorted({(region, one.id) for region, one, _ in halves if one.kind == "move" and one.out})
    found: list[Move] = []
    for start in range(0, len(names), AT_ONCE):
        named = tuple_(passages.c.region, passages.c.id).in_(names[start : start + AT_ONCE])
        is_told = (passages.c.kind == "move", passages.c.ended < 0, passages.c.out > passages.c.into)
        for row in connection.execute(select(passages).where(named, *is_told)).all():
            move = _move(row, 0, said_after_all(out=row.out, into=row.into, presumed=-row.ended))
            sums = {"out": passages.c.out - move.amount, "ended": passages.c.ended + move.amount}
            connection.execute(update(passages).where(*_is_it(move)).values(sums))
            found.append(move)
    return found


def subject_of(move: Move) -> str:
    """Return how the exception names a move."""
    return f"{move.giver} {move.id}"


def _decide(connection: Connection, at: datetime, rows: Sequence[Row[Any]]) -> Iterator[Move]:
    for row in rows:
        epoch = _epoch_of(connection, row)
        amount = decide_presumed(_heard(connection, at, row, epoch)) if epoch else 0
        if epoch and amount:
            yield _move(row, epoch, amount)


def _heard(connection: Connection, at: datetime, row: Row[Any], epoch: int) -> Unsaid:
    is_life = (lives.c.kiosk_id == row.giver_id, lives.c.epoch == epoch)
    closed_at = connection.execute(select(lives.c.closed_at).where(*is_life)).scalar()
    if closed_at or row.newest > epoch:
        since = datetime.fromisoformat(max(row.at, closed_at or row.at))
        return Unsaid(row.out, row.into, since, at, over=True)
    backlog, unread = _unheard(connection, row.giver_id, epoch)
    taken_at, heard_at = datetime.fromisoformat(row.at), datetime.fromisoformat(row.last_seen_at)
    return Unsaid(row.out, row.into, taken_at, heard_at, backlog, unread)


def _epoch_of(connection: Connection, row: Row[Any]) -> int | None:
    """Return the life of the giver that a move came from, as its receiver said: its last acceptances first."""
    is_till = (kiosks.c.region == row.region, kiosks.c.site == row.site, kiosks.c.kiosk == row.receiver)
    is_told = (facts.c.epoch == row.to_epoch, facts.c.lane == Lane.TILL, facts.c.type == "rights.accepted.v1")
    statement = select(facts.c.bytes).join(kiosks, kiosks.c.id == facts.c.kiosk_id).where(*is_till, *is_told)
    for (raw,) in connection.execute(statement.order_by(facts.c.seq.desc())):
        try:
            data = decode(raw).data
        except Malformed:  # pragma: no cover - it was read when it was booked
            continue
        if isinstance(data, RightsAccepted) and data.move == row.id:
            return int(data.giver_epoch)
    return None


def _unheard(connection: Connection, kiosk_id: int, epoch: int) -> tuple[int, int]:
    """Return how many facts of a life have not come, as it said, and how many nobody could read.

    Of a life that was never heard of, all may be to come.
    """
    is_lane = (lanes.c.kiosk_id == kiosk_id, lanes.c.epoch == epoch, lanes.c.lane == Lane.TILL)
    backlog = connection.execute(select(lanes.c.newest - lanes.c.position).where(*is_lane)).scalar()
    is_its = (quarantine.c.kiosk_id == kiosk_id, quarantine.c.epoch == epoch, quarantine.c.lane == Lane.TILL)
    stands = (quarantine.c.kind != "fork", quarantine.c.resolved_at.is_(None))
    unread = connection.execute(select(func.count()).select_from(quarantine).where(*is_its, *stands)).scalar_one()
    return 1 if backlog is None else backlog, unread


def _move(row: Row[Any], epoch: int, amount: int) -> Move:
    key = PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit))
    return Move(row.id, Address(row.region, row.site, row.giver), row.receiver, epoch, key, amount)


def _is_it(move: Move) -> Sequence[ColumnElement[bool]]:
    what = move.key.what
    named = {"region": move.key.region, "kind": "move", "id": move.id}
    named |= {"sku": what.sku, "condition": what.condition, "unit": what.unit}
    return [passages.c[name] == value for name, value in named.items()]
