"""Each kiosk's own down log: its grants, recalls, reservations and answers. Call with the kiosk's row locked.

Rules
-----
1.  A log's generation is the incarnation that began it. Before the first fact of a generation stands a snapshot: every
    sum of the newest life, and what the kiosk still has to do. The generations before it are let go.
2.  The sums that a fact tells are noted in ``grants`` beside its position, whatever the fact: when ``seen`` has passed
    that position, they are known to be applied.
3.  ``issued`` is raised by :func:`grant` and told by a fact in the same transaction, or there is no such transaction.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
)

from contract.down_rights import (
    EpochClosed,
    PromiseResolved,
    RecallRequested,
    ReservationConfirmed,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.envelope import NO_DIGEST, LogSource
from contract.every import OwnFact
from contract.facts import StockLine
from contract.rights import MAX_TOTALS, GrantTotal
from contract.stock import StockKey
from contract.streams import own_log
from contract.values import Address, Epoch, Quantity
from hub.store import deliveries, down
from hub.store.accounts import AccountKey, add_issued, stock_key
from hub.store.down import LogEnd
from hub.store.errors import WorldFailed
from hub.store.inbox import KioskRow
from hub.store.rights_tables import accounts, grants, lives, promises, recalls, reservation_lines, reservations
from hub.store.tables import down_facts, kiosks
from hub.store.upsert import Among, Change, Many, Question, is_among

NO_LONGER_WANTED: Final = "the goods are needed elsewhere"


class StaleLife(WorldFailed):
    """A newer incarnation has begun meanwhile: begin the transaction anew."""


def tell(connection: Connection, kiosk: KioskRow, facts: Sequence[OwnFact], at: datetime, generation: int) -> int:
    """Append ``facts`` to the kiosk's own log and return its last position; raises StaleLife."""
    end, _ = _begun(connection, kiosk, at, generation)
    return _append(connection, kiosk, facts, at, end).position


def grant(  # noqa: PLR0917 - an account is named by all of these
    connection: Connection,
    kiosk: KioskRow,
    epoch: int,
    amounts: Mapping[StockKey, int],
    at: datetime,
    generation: int,
) -> list[GrantTotal]:
    """Raise what was ever granted to that life, and return the sums, by sku; raises StaleLife.

    The caller tells them in the same transaction: as :class:`RightsGranted`, or with the reservation that they serve.
    """
    _begun(connection, kiosk, at, generation)
    region, site = kiosk.address.region, kiosk.address.site
    add_issued(connection, {AccountKey(kiosk.id, epoch, key, region, site): amounts[key] for key in amounts})
    return totals(connection, kiosk.id, epoch, list(amounts))


def begin(connection: Connection, kiosk: KioskRow, at: datetime, generation: int) -> bool:
    """Begin ``generation`` of the kiosk's own log with a snapshot; False where it has begun. Raises StaleLife."""
    return _begun(connection, kiosk, at, generation)[1]


def _begun(connection: Connection, kiosk: KioskRow, at: datetime, generation: int) -> tuple[LogEnd, bool]:
    """Return where the kiosk's own log ends, and whether it had to be begun."""
    region, log = kiosk.address.region, own_log(kiosk.address)
    end = down.log_end(connection, region, log)
    if end is not None and end.generation > generation:
        raise StaleLife(f"{kiosk.address}: incarnation {end.generation} has begun")
    if end is not None and end.generation == generation:
        return end, False
    new = _append(connection, kiosk, list(_snapshot(connection, kiosk)), at, LogEnd(generation, 0, NO_DIGEST))
    if end is not None:
        _LET_GO.run(connection, {"of_region": region, "of_log": log, "before": generation})
    return new, True


def behind(connection: Connection, generation: int, *, limit: int) -> list[KioskRow]:
    """Return kiosks with an open life that has not reported, and whose own log of this generation has not begun."""
    is_told = select(down_facts.c.position).where(
        down_facts.c.region == kiosks.c.region,
        down_facts.c.log == kiosks.c.site + "/" + kiosks.c.kiosk,
        down_facts.c.generation == generation,
    )
    statement = (
        select(kiosks.c.id, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk, kiosks.c.epoch)
        .join(lives, lives.c.kiosk_id == kiosks.c.id)
        .where(lives.c.closed_at.is_(None), lives.c.reported < generation, ~is_told.exists())
        .order_by(kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .limit(limit)
    )
    found = {row.id: row for row in connection.execute(statement)}
    return [KioskRow(row.id, Address(row.region, row.site, row.kiosk), row.epoch) for row in found.values()]


def ends(connection: Connection, kiosk_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return where the own logs of kiosks end: newest generation and last position; those never begun are absent.

    Two seeks in an index for each kiosk, all in one statement: it is asked several times a second.
    """
    rows = _ENDS.ask(connection, ((kiosk_id,) for kiosk_id in kiosk_ids))
    return {kiosk_id: (generation, last) for kiosk_id, generation, last in rows if generation is not None}


def totals(connection: Connection, kiosk_id: int, epoch: int, keys: Sequence[StockKey]) -> list[GrantTotal]:
    """Return the sums of a life's accounts as they are told, by sku."""
    return [_total(row) for row in _TOTALS.ask(connection, keys, {"of_kiosk": kiosk_id, "of_epoch": epoch})]


def _append(connection: Connection, kiosk: KioskRow, facts: Sequence[OwnFact], at: datetime, end: LogEnd) -> LogEnd:
    source = LogSource(kiosk.address.region, own_log(kiosk.address), end.generation)
    last = down.append(connection, source, facts, at, end=end)
    rows = [
        row
        for position, fact in enumerate(facts, end.position + 1)
        if isinstance(fact, RightsGranted | ReservationPlaced)
        for row in _grant_rows(kiosk.id, end.generation, position, fact)
    ]
    _ADD_GRANTS.run(connection, rows)
    return last


def _grant_rows(
    kiosk_id: int, generation: int, position: int, fact: RightsGranted | ReservationPlaced
) -> Iterator[dict[str, Any]]:
    for one in fact.totals:
        yield {
            "kiosk_id": kiosk_id,
            "epoch": fact.epoch,
            "generation": generation,
            "position": position,
            "sku": one.sku,
            "condition": one.condition,
            "unit": one.unit,
            "total": one.total,
        }


def _total(row: Any) -> GrantTotal:
    sku, condition, unit, issued, settled = row
    key = stock_key(sku, condition, unit)
    return GrantTotal(key.sku, issued, key.condition, key.unit, settled)


# ------------------------------------------------------------------------------------------------------- the snapshot


def _snapshot(connection: Connection, kiosk: KioskRow) -> Iterator[OwnFact]:
    """Yield all that the kiosk's newest life must know; the first of it makes the kiosk report (I11)."""
    found = _NEWEST_LIFE.ask(connection, {"of_kiosk": kiosk.id})
    if not found:
        return
    life = found[0]
    epoch = Epoch(life.epoch)
    if life.closed_at is not None:
        yield EpochClosed(epoch, life.closed_why or "")
        yield from deliveries.open_facts(connection, kiosk.id)
        return
    of_life = {"of_kiosk": kiosk.id, "of_epoch": epoch}
    open_ones = _OPEN_ONES.ask(connection, of_life)
    yield from _placed(connection, kiosk.id, epoch, [row for row in open_ones if row.state == "placed"])
    sums = [_total(row) for row in _ALL_TOTALS.ask(connection, of_life)]
    for start in range(0, max(1, len(sums)), MAX_TOTALS):
        yield RightsGranted(epoch, sums[start : start + MAX_TOTALS])
    yield from _reservations(open_ones)
    for row in _RECALLS.ask(connection, of_life):  # one recall has a row for each account
        yield RecallRequested(row.id, epoch, [_line(row, row.asked)], bool(row.urgent))
    for (answer,) in _ANSWERS.ask(connection, {"of_kiosk": kiosk.id}):
        yield msgspec.json.decode(answer, type=PromiseResolved)
    yield from deliveries.open_facts(connection, kiosk.id)


def _placed(connection: Connection, kiosk_id: int, epoch: Epoch, placed: Sequence[Any]) -> list[ReservationPlaced]:
    """Return what was placed and not heard of since, each with sums that leave out what is for those after it.

    Between two facts a till may sell: rights that came with the first would be gone when the last is to be set aside.
    """
    found = []
    later: Counter[StockKey] = Counter()
    for row in reversed(placed):
        lines = [_line(one, one.amount) for one in _LINES.ask(connection, {"of_reservation": row.id})]
        goods = {StockKey(one.sku, one.condition, one.quantity.unit): one.quantity.amount for one in lines}
        sums = [
            replace(one, total=max(0, one.total - later[StockKey(one.sku, one.condition, one.unit)]))
            for one in totals(connection, kiosk_id, epoch, list(goods))
        ]
        until = datetime.fromisoformat(row.until)
        found.append(ReservationPlaced(row.id, epoch, row.code, lines, sums, until))
        later.update(goods)
    return found[::-1]


def _reservations(open_ones: Iterable[Any]) -> Iterator[OwnFact]:
    """Yield what is confirmed, and what is no longer wanted."""
    for row in open_ones:
        if row.state == "broken":
            yield ReservationRefused(row.id, NO_LONGER_WANTED)
        elif row.state == "held" and row.confirmed_at is not None:
            yield ReservationConfirmed(row.id, datetime.fromisoformat(row.until))


def _line(row: Any, amount: int) -> StockLine:
    key = stock_key(row.sku, row.condition, row.unit)
    return StockLine(key.sku, Quantity(amount, key.unit), key.condition)


# ----------------------------------------------------------------------------------------------------- the statements


def _of_life(table: Table) -> ColumnElement[bool]:
    return and_(table.c.kiosk_id == bindparam("of_kiosk"), table.c.epoch == bindparam("of_epoch"))


def _sums() -> Select[Any]:
    columns = accounts.c
    return (
        select(columns.sku, columns.condition, columns.unit, columns.issued, columns.settled)
        .where(_of_life(accounts))
        .order_by(columns.sku, columns.condition, columns.unit)
    )


def _open_ones() -> Select[Any]:
    """Return what asks for the reservations that a life has to do with: not what it set aside by itself, and has."""
    columns = reservations.c
    is_one = (_of_life(reservations), columns.state.in_([literal(one) for one in ("placed", "held", "broken")]))
    is_ours = (or_(columns.source != "kiosk", columns.state == "placed"), columns.ended_at.is_(None))
    return select(reservations).where(*is_one, *is_ours).order_by(columns.id)


def _ends(wanted: CTE) -> Select[Any]:
    facts, log = down_facts.c, kiosks.c.site + "/" + kiosks.c.kiosk
    generation = select(func.max(facts.generation)).where(facts.region == kiosks.c.region, facts.log == log)
    newest = (
        select(kiosks.c.id, kiosks.c.region, log.label("log"), generation.scalar_subquery().label("generation"))
        .where(is_among([kiosks.c.id], wanted))
        .subquery()
    )
    position = select(func.max(facts.position)).where(
        facts.region == newest.c.region, facts.log == newest.c.log, facts.generation == newest.c.generation
    )
    return select(newest.c.id, newest.c.generation, position.scalar_subquery())


_ENDS: Final = Among([kiosks.c.id], _ends)
_GOODS: Final = ("sku", "condition", "unit")
_TOTALS: Final = Among(
    [accounts.c[name] for name in _GOODS],
    lambda wanted: _sums().where(is_among([accounts.c[name] for name in _GOODS], wanted)),
)
_ALL_TOTALS: Final = Question(_sums().where(accounts.c.issued + accounts.c.settled > 0))
_NEWEST_LIFE: Final = Question(
    select(lives).where(lives.c.kiosk_id == bindparam("of_kiosk")).order_by(lives.c.epoch.desc()).limit(1)
)
_OPEN_ONES: Final = Question(_open_ones())
_LINES: Final = Question(
    select(reservation_lines)
    .where(reservation_lines.c.reservation == bindparam("of_reservation"))
    .order_by(*(reservation_lines.c[name] for name in _GOODS))
)
_RECALLS: Final = Question(  # those that were not answered
    select(recalls).where(_of_life(recalls), recalls.c.answered_at.is_(None)).order_by(recalls.c.id, recalls.c.sku)
)
_ANSWERS: Final = Question(
    select(promises.c.answer)
    .where(promises.c.kiosk_id == bindparam("of_kiosk"), promises.c.answer.is_not(None), promises.c.told_at.is_(None))
    .order_by(func.coalesce(promises.c.answered_at, promises.c.at), promises.c.id)
)
_LET_GO: Final = Change(
    delete(down_facts).where(
        down_facts.c.region == bindparam("of_region"),
        down_facts.c.log == bindparam("of_log"),
        down_facts.c.generation < bindparam("before"),
    )
)
_ADD_GRANTS: Final = Many(lambda _: grants.insert())
