"""What kiosks are told of each other's stock: a log a region, that begins anew when it grew long.

Rules
-----
1.  At most one fact in ``TELL_EVERY_S``, of at most ``MAX_LEVELS`` levels; what is beyond them waits for the next.
2.  From the threshold on only "so many or more" is told, and of what nobody has only that it is gone.
3.  A generation is the incarnation and a count. It begins with everything, ends after a day or when its changes are as
    many as what it began with, and is let go then: its kiosks, new ones too, read the next from its first fact.
4.  Ages are told every ``HEARD_EVERY_S``, a third of the time after which a site says "ask".
5.  One hub tells at a time: the region's row is locked.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Select, delete, select

from contract.down import MAX_LEVELS, MAX_SITES, AvailabilityChanged, Level, SiteHeard
from contract.envelope import LogSource
from contract.streams import AVAILABILITY
from contract.values import RegionId, instant_text
from hub.store import down
from hub.store.availability_tables import availability_logs
from hub.store.life import count_commit, read_life
from hub.store.tables import down_facts
from hub.store.upsert import insert

TELL_EVERY_S: Final = 30.0
HEARD_EVERY_S: Final = 300.0
GENERATION_S: Final = 86_400.0
LEAST_LINES: Final = 10_000  # half a megabyte: what a new generation costs at least, it may grow to
MAX_TOLD: Final = 100_000  # levels of one generation: 6 MB, half a second to write; 120 popups have some 60,000
MAX_BYTES: Final = 96 * 1024  # of one fact's levels: it shares a batch
_COUNTS: Final = 1_000_000  # generations of one incarnation


class Told(Struct, frozen=True):
    """How far a region's log is."""

    generation: int
    begun_at: str
    told_at: str
    heard_at: str
    number: int
    room: int  # levels that may be told before the next generation begins


def read(connection: Connection, region: str) -> Told | None:
    """Return how far the region's log is; None where it never began."""
    return _told(connection, _of(region))


def lock(connection: Connection, region: str) -> Told | None:
    """Return how far the region's log is, locked until the end of this transaction; None where it never began."""
    return _told(connection, _of(region).with_for_update())


def is_due(told: Told | None, now: datetime) -> bool:
    """Return whether the next fact may be told."""
    return told is None or _since(told.told_at, now) >= TELL_EVERY_S


def must_begin(connection: Connection, told: Told, now: datetime) -> bool:
    """Return whether a new generation is due."""
    if told.generation // _COUNTS < _incarnation(connection):
        return True
    return told.room <= 0 or _since(told.begun_at, now) >= GENERATION_S


def begin(  # noqa: PLR0917 - what a generation begins with
    connection: Connection,
    region: str,
    told: Told | None,
    parts: Sequence[list[Level]],
    heard: Sequence[SiteHeard],
    number: int,
    now: datetime,
) -> None:
    """Begin the next generation with everything, as :func:`chunks` cut it, and let the one before go."""
    first = _incarnation(connection) * _COUNTS + 1
    generation = max(first, told.generation + 1) if told else first
    facts = [AvailabilityChanged(complete=False, levels=part) for part in parts[:-1]]
    facts.append(AvailabilityChanged(complete=True, levels=parts[-1], heard=list(heard[:MAX_SITES])))
    down.append(connection, LogSource(RegionId(region), AVAILABILITY, generation), facts, now)
    columns = down_facts.c
    older = (columns.region == region, columns.log == AVAILABILITY, columns.generation < generation)
    connection.execute(delete(down_facts).where(*older))
    at = instant_text(now)
    room = max(LEAST_LINES, sum(map(len, parts)))
    _save(connection, region, Told(generation, at, at, at, number, room))


def go_on(  # noqa: PLR0917 - what changed
    connection: Connection,
    region: str,
    told: Told,
    levels: Sequence[Level],
    heard: Sequence[SiteHeard],
    number: int,
    now: datetime,
) -> None:
    """Tell what changed up to ``number``: at most ``MAX_LEVELS``, and the ages where they are due."""
    if levels or heard:
        data = AvailabilityChanged(complete=True, levels=list(levels), heard=list(heard[:MAX_SITES]))
        down.append(connection, LogSource(RegionId(region), AVAILABILITY, told.generation), [data], now)
    at = instant_text(now)
    told_at, heard_at = at if levels or heard else told.told_at, at if heard else told.heard_at
    _save(connection, region, Told(told.generation, told.begun_at, told_at, heard_at, number, told.room - len(levels)))


def ages_due(told: Told, now: datetime) -> bool:
    """Return whether ages are to be told."""
    return _since(told.heard_at, now) >= HEARD_EVERY_S


def chunks(levels: Iterable[Level]) -> list[list[Level]]:
    """Return ``levels`` cut so that each part is one fact; there is one at least."""
    return list(_chunks(levels)) or [[]]


def _of(region: str) -> Select[Any]:
    return select(availability_logs).where(availability_logs.c.region == region)


def _told(connection: Connection, statement: Select[Any]) -> Told | None:
    row = connection.execute(statement).one_or_none()
    return Told(*row[1:]) if row else None


def _save(connection: Connection, region: str, told: Told) -> None:
    values = msgspec.to_builtins(told)
    statement = insert(connection, availability_logs).values(region=region, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["region"], set_=values))
    count_commit(connection)  # a log that goes back with its database is noticed


def _chunks(levels: Iterable[Level]) -> Iterator[list[Level]]:
    chunk: list[Level] = []
    size = 0
    for level in levels:
        level_size = len(msgspec.json.encode(level)) + 1
        if chunk and (len(chunk) == MAX_LEVELS or size + level_size > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(level)
        size += level_size
    if chunk:
        yield chunk


def _since(at: str, now: datetime) -> float:
    """Return the seconds since ``at``; a clock that went back does not make them wait."""
    seconds = (now - datetime.fromisoformat(at)) / timedelta(seconds=1)
    return seconds if seconds >= 0 else float("inf")


def _incarnation(connection: Connection) -> int:
    life = read_life(connection)
    return life.incarnation if life else 1
