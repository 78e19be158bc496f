"""Statements of the down logs: what the hub tells kiosks, hash-chained, with a cursor for each reader.

A log's generation is the incarnation that began it. Readers follow the newest generation only, which begins with all
there is to know; so a hub whose books went back never has to take a position back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, func, select, tuple_

from contract.codec import Stamp, digest, encode
from contract.down import CatalogueChanged, ConfigChanged, Item
from contract.envelope import NO_DIGEST, LogSource
from contract.registry import DOWN, Data
from contract.streams import FLEET, own_log
from contract.values import Address, Currency, RegionId, Seq
from hub.store.tables import down_cursors, down_facts, items, settings
from hub.store.upsert import Many, Question, Row, insert

AT_ONCE: Final = 500  # logs in one statement; databases take some tens of thousands of values
MAX_FACT_ITEMS: Final = 200  # with MAX_ITEM_BYTES: a fact that shares a batch, and applies in one short transaction
MAX_ITEM_BYTES: Final = 96 * 1024


class LogEnd(Struct, frozen=True):
    """Where a log ends: its newest generation, the last position in it, and the digest there."""

    generation: int
    position: int
    digest: str


def log_end(connection: Connection, region: str, log: str) -> LogEnd | None:
    """Return where the log's newest generation ends, None for a log that never began."""
    rows = _END.ask(connection, {"of_region": region, "of_log": log})
    return LogEnd(*rows[0]) if rows else None


def generations(connection: Connection, addresses: Iterable[Address]) -> dict[Address, dict[str, int]]:
    """Return the newest generation of each log that the kiosks at ``addresses`` are told."""
    wanted = sorted(set(addresses))
    names = {(at.region, log) for at in wanted for log in (FLEET, own_log(at))}
    columns = down_facts.c
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(names), AT_ONCE):
        is_one = tuple_(columns.region, columns.log).in_(sorted(names)[start : start + AT_ONCE])
        newest = select(columns.region, columns.log, func.max(columns.generation)).where(is_one)
        found |= {(row[0], row[1]): row[2] for row in connection.execute(newest.group_by(columns.region, columns.log))}
    return {
        at: {log: found[at.region, log] for log in (FLEET, own_log(at)) if (at.region, log) in found} for at in wanted
    }


def append(
    connection: Connection, source: LogSource, data: Iterable[Data], at: datetime, *, end: LogEnd | None = None
) -> LogEnd:
    """Append facts to a log's generation and return where it ends; ``end`` is where it ended, if that is known.

    Call it with the hub's life row locked, or, for a kiosk's own log, with the kiosk's.
    """
    end = end or log_end(connection, source.region, source.log)
    if end is None or end.generation < source.generation:
        end = LogEnd(source.generation, 0, NO_DIGEST)
    rows = []
    for one in data:
        seq = end.position + 1
        raw = encode(one, source=source, seq=Seq(seq), prev=end.digest, stamp=Stamp(at=at), registry=DOWN)
        end = LogEnd(source.generation, seq, digest(raw))
        rows.append(_row(source, end, raw))
    _ADD.run(connection, rows)
    return end


def begin_generations(connection: Connection, generation: int, at: datetime) -> None:
    """Begin ``generation`` of every region's fleet log with all there is to know, where it has not begun.

    The generations before it are let go: nobody reads them any more, and there is a whole catalogue in each.
    """
    regions = select(items.c.region).union(select(settings.c.region))
    for region in sorted(connection.execute(regions).scalars()):
        end = log_end(connection, region, FLEET)
        if end is None or end.generation < generation:
            source = LogSource(RegionId(region), FLEET, generation)
            append(connection, source, _snapshot(connection, region), at)
            _let_go(connection, region, generation)


def read_log(connection: Connection, region: str, log: str, generation: int, first: int, *, limit: int) -> list[bytes]:
    """Return the stored bytes of at most ``limit`` facts from position ``first`` on."""
    values = {"of_region": region, "of_log": log, "of_generation": generation, "first": first, "at_most": limit}
    return [bytes(raw) for (raw,) in _READ.ask(connection, values)]


def save_cursors(connection: Connection, rows: Sequence[Row]) -> None:
    """Note how far kiosks applied logs. A cursor may go back: a new image begins at zero."""
    if not rows:
        return
    statement = insert(connection, down_cursors)
    statement = statement.on_conflict_do_update(
        index_elements=["kiosk_id", "log", "generation"], set_={"position": statement.excluded.position}
    )
    connection.execute(statement, list(rows))


def forget_cursors(connection: Connection, kiosk_id: int) -> None:
    """Forget how far a kiosk applied logs."""
    connection.execute(delete(down_cursors).where(down_cursors.c.kiosk_id == kiosk_id))


def cursor(connection: Connection, kiosk_id: int, log: str, generation: int) -> int:
    """Return how far a kiosk applied a log's generation."""
    columns = down_cursors.c
    statement = select(columns.position).where(
        columns.kiosk_id == kiosk_id, columns.log == log, columns.generation == generation
    )
    return connection.execute(statement).scalar_one_or_none() or 0


def catalogue(connection: Connection, region: str) -> dict[str, tuple[str, Item]]:
    """Return the region's items by sku, each with its currency."""
    rows = connection.execute(select(items).where(items.c.region == region).order_by(items.c.sku))
    return {row.sku: (row.currency, msgspec.json.decode(row.item, type=Item)) for row in rows}


def save_items(connection: Connection, region: str, currency: str, changed: Sequence[Item]) -> None:
    """Set items to what they are now."""
    if not changed:
        return
    statement = insert(connection, items)
    statement = statement.on_conflict_do_update(
        index_elements=["region", "sku"],
        set_={"currency": statement.excluded.currency, "item": statement.excluded.item},
    )
    rows = [
        {"region": region, "sku": item.sku, "currency": currency, "item": msgspec.json.encode(item)} for item in changed
    ]
    connection.execute(statement, rows)


def withdraw_items(connection: Connection, region: str, skus: Sequence[str]) -> None:
    """Forget items."""
    key = tuple_(items.c.region, items.c.sku)
    connection.execute(delete(items).where(key.in_([(region, sku) for sku in skus])))


def config(connection: Connection, region: str) -> ConfigChanged | None:
    """Return the region's configuration; None if nobody ever set one."""
    raw = connection.execute(select(settings.c.config).where(settings.c.region == region)).scalar_one_or_none()
    return None if raw is None else msgspec.json.decode(raw, type=ConfigChanged)


def save_config(connection: Connection, region: str, changed: ConfigChanged) -> None:
    """Set the region's configuration."""
    statement = insert(connection, settings)
    statement = statement.on_conflict_do_update(index_elements=["region"], set_={"config": statement.excluded.config})
    connection.execute(statement, [{"region": region, "config": msgspec.json.encode(changed)}])


def catalogue_facts(currency: str, changed: Iterable[Item]) -> Iterable[CatalogueChanged]:
    """Yield facts that tell ``changed``, none with more items or bytes than one batch carries well."""
    chunk: list[Item] = []
    size = 0
    for item in changed:
        item_size = len(msgspec.json.encode(item))
        if chunk and (len(chunk) == MAX_FACT_ITEMS or size + item_size > MAX_ITEM_BYTES):
            yield CatalogueChanged(Currency(currency), items=chunk)
            chunk, size = [], 0
        chunk.append(item)
        size += item_size
    if chunk:
        yield CatalogueChanged(Currency(currency), items=chunk)


def _snapshot(connection: Connection, region: str) -> Iterable[Data]:
    known = catalogue(connection, region)
    for currency in sorted({currency for currency, _ in known.values()}):
        yield from catalogue_facts(currency, (item for of, item in known.values() if of == currency))
    if set_to := config(connection, region):
        yield set_to


def _let_go(connection: Connection, region: str, generation: int) -> None:
    columns = down_facts.c
    older = (columns.region == region, columns.log == FLEET, columns.generation < generation)
    connection.execute(delete(down_facts).where(*older))


_OF_LOG: Final = (down_facts.c.region == bindparam("of_region"), down_facts.c.log == bindparam("of_log"))
_END: Final = Question(
    select(down_facts.c.generation, down_facts.c.position, down_facts.c.digest)
    .where(*_OF_LOG)
    .order_by(down_facts.c.generation.desc(), down_facts.c.position.desc())
    .limit(1)
)
_READ: Final = Question(
    select(down_facts.c.bytes)
    .where(
        *_OF_LOG,
        down_facts.c.generation == bindparam("of_generation"),
        down_facts.c.position >= bindparam("first"),
    )
    .order_by(down_facts.c.position)
    .limit(bindparam("at_most"))
)
_ADD: Final = Many(lambda _: down_facts.insert())


def _row(source: LogSource, end: LogEnd, raw: bytes) -> dict[str, Any]:
    return {
        "region": source.region,
        "log": source.log,
        "generation": end.generation,
        "position": end.position,
        "digest": end.digest,
        "bytes": raw,
    }
