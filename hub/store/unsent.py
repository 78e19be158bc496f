"""Statements of transfers that arrived and that nobody says to have sent (rules: :mod:`hub.core.unsent`)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from contract.values import instant_text
from hub.core.unsent import WAIT, Sender, decide_unsent
from hub.store import troubles
from hub.store.books import Trouble
from hub.store.rights_tables import passages
from hub.store.tables import exceptions, kiosks, lanes
from hub.store.transfers import UNSENT, Half

MAX_FOUND: Final = 100  # transfers looked at in one sweep: more at once are one mistake, and the next takes the rest
_DO: Final = "ask both sites; a wrong id: hub transfer close, for the goods are booked where they are"


def find(connection: Connection, at: datetime) -> list[Trouble]:
    """Return an exception for each transfer that nobody sent, and of which no person was told yet."""
    columns, other = passages.c, passages.alias()
    subject = columns.region + " " + columns.id
    is_told = select(exceptions.c.id).where(exceptions.c.kind == UNSENT, exceptions.c.subject == subject).exists()
    is_same = (other.c.region == columns.region, other.c.kind == "transfer", other.c.id == columns.id)
    is_sent = select(other.c.id).where(*is_same, other.c.out > 0).exists()
    came = (columns.kind == "transfer", columns.out != columns.into, columns.at <= instant_text(at - WAIT))
    statement = (
        select(columns.region, columns.id, columns.giver, columns.receiver, func.min(columns.at))
        .where(*came, ~is_sent, ~is_told)
        .group_by(columns.region, columns.id, columns.giver, columns.receiver)
        .limit(MAX_FOUND)
    )
    rows = connection.execute(statement).all()
    return [
        _trouble(region, name, giver, receiver, arrived_at)
        for region, name, giver, receiver, arrived_at in rows
        if decide_unsent(datetime.fromisoformat(arrived_at), at, _senders(connection, region, giver))
    ]


def sent_after_all(connection: Connection, halves: Iterable[Half], now: str) -> None:
    """Resolve what told of transfers of which ``halves`` say that they were sent."""
    for region, name in {(region, half.id) for region, half, _ in halves if half.kind == "transfer" and half.out}:
        troubles.resolve(connection, UNSENT, f"{region} {name}", now)


def _senders(connection: Connection, region: str, site: str) -> Sequence[Sender]:
    rows = select(kiosks.c.last_seen_at, func.coalesce(func.max(lanes.c.newest - lanes.c.position), 0))
    at_site = (kiosks.c.region == region, kiosks.c.site == site)
    found = rows.outerjoin(lanes, lanes.c.kiosk_id == kiosks.c.id).where(*at_site).group_by(kiosks.c.last_seen_at)
    return list(_read(connection.execute(found).all()))


def _read(rows: Iterable[Sequence[object]]) -> Iterator[Sender]:
    for heard_at, backlog in rows:
        yield Sender(datetime.fromisoformat(str(heard_at)), int(str(backlog)))


def _trouble(region: str, name: str, giver: str, receiver: str, arrived_at: str) -> Trouble:
    what = f"{receiver} unpacked goods of a transfer that nobody at {giver} says to have sent"
    return Trouble(UNSENT, f"{region} {name}", None, {"what": what, "arrived_at": arrived_at, "do": _DO})
