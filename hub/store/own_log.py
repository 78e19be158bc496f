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
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, or_, select, tuple_

from contract.down_rights import (
    EpochClosed,
    PromiseResolved,
    RecallRequested,
    ReservationConfirmed,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.envelope import LogSource
from contract.every import OwnFact
from contract.facts import StockLine
from contract.rights import MAX_TOTALS, GrantTotal
from contract.stock import StockKey
from contract.streams import own_log
from contract.values import Address, Condition, Epoch, Quantity, Sku, Unit
from hub.store import deliveries, down
from hub.store.errors import WorldFailed
from hub.store.inbox import KioskRow
from hub.store.rights_tables import accounts, grants, lives, promises, recalls, reservation_lines, reservations
from hub.store.tables import down_facts, kiosks
from hub.store.upsert import insert

NO_LONGER_WANTED: Final = "the goods are needed elsewhere"


class StaleLife(WorldFailed):
    """A newer incarnation has begun meanwhile: begin the transaction anew."""


def tell(connection: Connection, kiosk: KioskRow, facts: Sequence[OwnFact], at: datetime, generation: int) -> int:
    """Append ``facts`` to the kiosk's own log and return its last position; raises StaleLife."""
    begin(connection, kiosk, at, generation)
    return _append(connection, kiosk, facts, at, generation)


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
    begin(connection, kiosk, at, generation)
    for key in sorted(amounts):
        _raise_issued(connection, kiosk, epoch, key, amounts[key])
    return totals(connection, kiosk.id, epoch, list(amounts))


def begin(connection: Connection, kiosk: KioskRow, at: datetime, generation: int) -> bool:
    """Begin ``generation`` of the kiosk's own log with a snapshot; False where it has begun. Raises StaleLife."""
    region, log = kiosk.address.region, own_log(kiosk.address)
    end = down.log_end(connection, region, log)
    if end is not None and end.generation > generation:
        raise StaleLife(f"{kiosk.address}: incarnation {end.generation} has begun")
    if end is not None and end.generation == generation:
        return False
    _append(connection, kiosk, list(_snapshot(connection, kiosk)), at, generation)
    columns = down_facts.c
    older = (columns.region == region, columns.log == log, columns.generation < generation)
    connection.execute(delete(down_facts).where(*older))
    return True


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
    rows = connection.execute(_ENDS, {"of_kiosks": list(kiosk_ids)})
    return {row[0]: (row[1], row[2]) for row in rows if row[1] is not None}


def totals(connection: Connection, kiosk_id: int, epoch: int, keys: Sequence[StockKey]) -> list[GrantTotal]:
    """Return the sums of a life's accounts as they are told, by sku."""
    statement = _sums(kiosk_id, epoch).where(
        tuple_(accounts.c.sku, accounts.c.condition, accounts.c.unit).in_([tuple(key) for key in keys])
    )
    return [_total(row) for row in connection.execute(statement).mappings()]


def key_of(row: RowMapping) -> StockKey:
    """Return what a row is about."""
    return StockKey(Sku(row["sku"]), Condition(row["condition"]), Unit(row["unit"]))


def _append(connection: Connection, kiosk: KioskRow, facts: Sequence[OwnFact], at: datetime, generation: int) -> int:
    source = LogSource(kiosk.address.region, own_log(kiosk.address), generation)
    last = down.append(connection, source, facts, at)
    rows = [
        row
        for position, fact in enumerate(facts, last - len(facts) + 1)
        if isinstance(fact, RightsGranted | ReservationPlaced)
        for row in _grant_rows(kiosk.id, generation, position, fact)
    ]
    if rows:
        connection.execute(grants.insert(), rows)
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


def _raise_issued(connection: Connection, kiosk: KioskRow, epoch: int, key: StockKey, amount: int) -> None:
    statement = insert(connection, accounts).values(
        kiosk_id=kiosk.id,
        epoch=epoch,
        sku=key.sku,
        condition=key.condition,
        unit=key.unit,
        region=kiosk.address.region,
        site=kiosk.address.site,
        issued=amount,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["kiosk_id", "epoch", "sku", "condition", "unit"],
        set_={"issued": accounts.c.issued + statement.excluded.issued},
    )
    connection.execute(statement)


def _sums(kiosk_id: int, epoch: int) -> Select[Any]:
    columns = accounts.c
    return (
        select(columns.sku, columns.condition, columns.unit, columns.issued, columns.settled)
        .where(columns.kiosk_id == kiosk_id, columns.epoch == epoch)
        .order_by(columns.sku, columns.condition, columns.unit)
    )


def _total(row: RowMapping) -> GrantTotal:
    key = key_of(row)
    return GrantTotal(key.sku, row["issued"], key.condition, key.unit, row["settled"])


# ------------------------------------------------------------------------------------------------------- the snapshot


def _snapshot(connection: Connection, kiosk: KioskRow) -> Iterator[OwnFact]:
    """Yield all that the kiosk's newest life must know; the first of it makes the kiosk report (I11)."""
    life = (
        connection.execute(select(lives).where(lives.c.kiosk_id == kiosk.id).order_by(lives.c.epoch.desc()).limit(1))
        .mappings()
        .one_or_none()
    )
    if life is None:
        return
    epoch = Epoch(life["epoch"])
    if life["closed_at"] is not None:
        yield EpochClosed(epoch, life["closed_why"] or "")
        yield from deliveries.open_facts(connection, kiosk.id)
        return
    placed = _placed(connection, kiosk.id, epoch)
    yield from placed
    told = accounts.c.issued + accounts.c.settled > 0
    sums = [_total(row) for row in connection.execute(_sums(kiosk.id, epoch).where(told)).mappings()]
    for start in range(0, max(1, len(sums)), MAX_TOTALS):
        yield RightsGranted(epoch, sums[start : start + MAX_TOTALS])
    yield from _reservations(connection, kiosk.id, epoch)
    yield from _recalls(connection, kiosk.id, epoch)
    yield from _answers(connection, kiosk.id)
    yield from deliveries.open_facts(connection, kiosk.id)


def _placed(connection: Connection, kiosk_id: int, epoch: Epoch) -> list[ReservationPlaced]:
    """Return what was placed and not heard of since, each with sums that leave out what is for those after it.

    Between two facts a till may sell: rights that came with the first would be gone when the last is to be set aside.
    """
    found = []
    later: Counter[StockKey] = Counter()
    for row in reversed(_open_ones(connection, kiosk_id, epoch, ["placed"])):
        lines = lines_of(connection, row["id"])
        goods = {StockKey(one.sku, one.condition, one.quantity.unit): one.quantity.amount for one in lines}
        sums = [
            replace(one, total=max(0, one.total - later[StockKey(one.sku, one.condition, one.unit)]))
            for one in totals(connection, kiosk_id, epoch, list(goods))
        ]
        until = datetime.fromisoformat(row["until"])
        found.append(ReservationPlaced(row["id"], epoch, row["code"], lines, sums, until))
        later.update(goods)
    return found[::-1]


def _reservations(connection: Connection, kiosk_id: int, epoch: Epoch) -> Iterator[OwnFact]:
    """Yield what is confirmed, and what is no longer wanted."""
    for row in _open_ones(connection, kiosk_id, epoch, ["held", "broken"]):
        if row["state"] == "broken":
            yield ReservationRefused(row["id"], NO_LONGER_WANTED)
        elif row["confirmed_at"] is not None:
            yield ReservationConfirmed(row["id"], datetime.fromisoformat(row["until"]))


def _open_ones(connection: Connection, kiosk_id: int, epoch: Epoch, states: Sequence[str]) -> Sequence[RowMapping]:
    columns = reservations.c
    is_one = (columns.kiosk_id == kiosk_id, columns.epoch == epoch, columns.state.in_(states))
    is_ours = (or_(columns.source != "kiosk", columns.state == "placed"), columns.ended_at.is_(None))
    return connection.execute(select(reservations).where(*is_one, *is_ours).order_by(columns.id)).mappings().all()


def lines_of(connection: Connection, reservation: str) -> list[StockLine]:
    """Return what a reservation is about, by sku."""
    columns = reservation_lines.c
    statement = (
        select(reservation_lines)
        .where(columns.reservation == reservation)
        .order_by(columns.sku, columns.condition, columns.unit)
    )
    return [_line(row, row["amount"]) for row in connection.execute(statement).mappings()]


def _recalls(connection: Connection, kiosk_id: int, epoch: Epoch) -> Iterator[RecallRequested]:
    """Yield the recalls that were not answered; one recall has a row for each account."""
    columns = recalls.c
    statement = (
        select(recalls)
        .where(columns.kiosk_id == kiosk_id, columns.epoch == epoch, columns.answered_at.is_(None))
        .order_by(columns.id, columns.sku)
    )
    for row in connection.execute(statement).mappings().all():
        yield RecallRequested(row["id"], epoch, [_line(row, row["asked"])], row["urgent"])


def _answers(connection: Connection, kiosk_id: int) -> Iterator[PromiseResolved]:
    columns = promises.c
    statement = (
        select(columns.answer)
        .where(columns.kiosk_id == kiosk_id, columns.answer.is_not(None), columns.told_at.is_(None))
        .order_by(func.coalesce(columns.answered_at, columns.at), columns.id)
    )
    for answer in connection.execute(statement).scalars().all():
        yield msgspec.json.decode(answer, type=PromiseResolved)


def _line(row: RowMapping, amount: int) -> StockLine:
    key = key_of(row)
    return StockLine(key.sku, Quantity(amount, key.unit), key.condition)


def _ends() -> Select[Any]:
    facts, log = down_facts.c, kiosks.c.site + "/" + kiosks.c.kiosk
    generation = select(func.max(facts.generation)).where(facts.region == kiosks.c.region, facts.log == log)
    newest = (
        select(kiosks.c.id, kiosks.c.region, log.label("log"), generation.scalar_subquery().label("generation"))
        .where(kiosks.c.id.in_(bindparam("of_kiosks", expanding=True)))
        .subquery()
    )
    position = select(func.max(facts.position)).where(
        facts.region == newest.c.region, facts.log == newest.c.log, facts.generation == newest.c.generation
    )
    return select(newest.c.id, newest.c.generation, position.scalar_subquery())


_ENDS: Final = _ends()  # built once, for building takes longer than running
