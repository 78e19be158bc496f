"""Statements of the inbox: who speaks, how far each lane is, what was taken, what was set aside."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Table,
    bindparam,
    case,
    func,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from contract.values import Address
from hub.core.acks import LanePosition
from hub.core.inbox import LaneState, Taken
from hub.store.bounds import count_kiosks
from hub.store.tables import facts, kiosks, lanes, quarantine
from hub.store.upsert import Insert, Many, Row, insert, insert_new

_ADD_FACTS: Final = Many(lambda _: facts.insert())

LaneKey = tuple[int, int, str]  # kiosk id, epoch, lane


class KioskRow(Struct, frozen=True):
    """What the books know of a kiosk."""

    id: int
    address: Address
    epoch: int
    fenced: bool = False  # lost or stolen, as an operator said: it is told of no rights


def lock_kiosks(
    connection: Connection, addresses: Iterable[Address], now: str, *, most: int
) -> dict[Address, KioskRow]:
    """Return the kiosks at ``addresses``, each row locked until the transaction ends; new ones are made up to ``most``.

    The lock is what serialises one kiosk's facts among hubs of one database. Sorted, so that no two wait in a ring.
    """
    wanted = sorted(set(addresses))
    found = _select_kiosks(connection, wanted)
    missing = [address for address in wanted if address not in found]
    if missing:
        room = max(0, most - count_kiosks(connection))
        insert_new(connection, kiosks, [_new_kiosk(address, now) for address in missing[:room]])
        found = _select_kiosks(connection, wanted)
    return found


def find_kiosk(connection: Connection, address: Address) -> KioskRow | None:
    """Return the kiosk at ``address``, unlocked; None if it was never heard of."""
    statement = select(kiosks).where(
        kiosks.c.region == address.region, kiosks.c.site == address.site, kiosks.c.kiosk == address.kiosk
    )
    row = connection.execute(statement).mappings().one_or_none()
    return _kiosk(row) if row else None


def _select_kiosks(connection: Connection, addresses: Sequence[Address]) -> dict[Address, KioskRow]:
    key = tuple_(kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
    statement = (
        select(kiosks)
        .where(key.in_([(a.region, a.site, a.kiosk) for a in addresses]))
        .order_by(kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .with_for_update()
    )
    rows = connection.execute(statement).mappings()
    return {kiosk.address: kiosk for kiosk in map(_kiosk, rows)}


def _kiosk(row: RowMapping) -> KioskRow:
    return KioskRow(
        row["id"], Address(row["region"], row["site"], row["kiosk"]), row["epoch"], row["fenced_at"] is not None
    )


def _new_kiosk(address: Address, now: str) -> Row:
    where = {"region": address.region, "site": address.site, "kiosk": address.kiosk}
    return {**where, "epoch": 0, "online": True, "last_seen_at": now, "version": ""}


def seen(connection: Connection, rows: Sequence[Row], now: str) -> None:
    """Note that kiosks spoke. Each row: ``of_kiosk``, newest ``of_epoch``, and ``is_online``, ``runs`` or None."""
    if not rows:
        return
    statement = (
        update(kiosks)
        .where(kiosks.c.id == bindparam("of_kiosk"))
        .values(
            last_seen_at=now,
            epoch=case((kiosks.c.epoch < bindparam("of_epoch"), bindparam("of_epoch")), else_=kiosks.c.epoch),
            online=func.coalesce(bindparam("is_online", type_=kiosks.c.online.type), kiosks.c.online),
            version=func.coalesce(bindparam("runs", type_=kiosks.c.version.type), kiosks.c.version),
        )
    )
    connection.execute(statement, list(rows))


def read_lanes(connection: Connection, keys: Iterable[LaneKey]) -> dict[LaneKey, LaneState]:
    """Return how far the lanes ``keys`` are; those not heard of are absent."""
    key = tuple_(lanes.c.kiosk_id, lanes.c.epoch, lanes.c.lane)
    rows = connection.execute(select(lanes).where(key.in_(sorted(set(keys))))).mappings()
    return {
        (row["kiosk_id"], row["epoch"], row["lane"]): LaneState(
            row["position"], row["digest"], row["chain_broken_at"] is not None
        )
        for row in rows
    }


def positions(connection: Connection, kiosk_ids: Iterable[int]) -> dict[int, list[LanePosition]]:
    """Return the position of every lane of ``kiosk_ids``, the newest epoch first."""
    broken = lanes.c.chain_broken_at.is_not(None)
    statement = (
        select(lanes.c.kiosk_id, lanes.c.epoch, lanes.c.lane, lanes.c.position, lanes.c.digest, broken)
        .where(lanes.c.kiosk_id.in_(sorted(set(kiosk_ids))))
        .order_by(lanes.c.kiosk_id, lanes.c.epoch.desc(), lanes.c.lane)
    )
    found: dict[int, list[LanePosition]] = {}
    for kiosk_id, *lane in connection.execute(statement):
        found.setdefault(kiosk_id, []).append(LanePosition(*lane))
    return found


def stored_digests(connection: Connection, key: LaneKey, first: int, last: int) -> dict[int, str]:
    """Return the digest that each position from ``first`` to ``last`` was taken with, in quarantine or not."""
    return {row.seq: row.digest for row in connection.execute(_TAKEN, _span(key, first, last))}


def fact_row(key: LaneKey, taken: Taken, now: str) -> dict[str, Any]:
    """Return the row of a fact."""
    return {
        "kiosk_id": key[0],
        "epoch": key[1],
        "lane": key[2],
        "seq": taken.seq,
        "type": taken.fact.type,
        "digest": taken.digest,
        "received_at": now,
        "bytes": taken.raw,
    }


def add_facts(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep facts as they came."""
    _ADD_FACTS.run(connection, rows)


def save_lanes(connection: Connection, rows: Sequence[Row]) -> None:
    """Set lanes to where they are now; a lane not heard of begins. ``chain_broken_at`` is set once, never cleared."""
    _SAVE_LANES.run(connection, rows)


def _save_lanes(connection: Connection) -> Insert:
    statement = insert(connection, lanes)
    new = statement.excluded
    kept = {name: new[name] for name in ("position", "digest", "newest")}
    broken = func.coalesce(lanes.c.chain_broken_at, new.chain_broken_at)
    return statement.on_conflict_do_update(
        index_elements=["kiosk_id", "epoch", "lane"], set_={**kept, "chain_broken_at": broken}
    )


_SAVE_LANES: Final = Many(_save_lanes)


def tell_newest(connection: Connection, rows: Sequence[Row]) -> None:
    """Note how far kiosks say their lanes reach. Each row: ``of_kiosk``, ``of_epoch``, ``of_lane``, ``reaches``.

    Only ever further, since a kept message may be old; a lane that moves sets it anew. No lane begins by being told of.
    """
    if not rows:
        return
    statement = (
        update(lanes)
        .where(
            lanes.c.kiosk_id == bindparam("of_kiosk"),
            lanes.c.epoch == bindparam("of_epoch"),
            lanes.c.lane == bindparam("of_lane"),
            lanes.c.newest < bindparam("reaches"),
        )
        .values(newest=bindparam("reaches"))
    )
    connection.execute(statement, list(rows))


def new_forks(connection: Connection, key: LaneKey, rows: Sequence[Row]) -> list[Row]:
    """Return those of a lane's forked facts, as rows of the quarantine, that are not kept yet."""
    numbers = [row["seq"] for row in rows]
    kept = {tuple(row) for row in connection.execute(_ASIDE, _span(key, min(numbers), max(numbers)))}
    return [row for row in rows if (row["seq"], row["digest"]) not in kept]


def _span(key: LaneKey, first: int, last: int) -> dict[str, int | str]:
    kiosk_id, epoch, lane = key
    return {"of_kiosk": kiosk_id, "of_epoch": epoch, "of_lane": lane, "first": first, "last": last}


def _digests(table: Table) -> Select[tuple[int, str]]:
    """Return the statement that reads a span's digests; built once, for building takes longer than running."""
    return select(table.c.seq, table.c.digest).where(
        table.c.kiosk_id == bindparam("of_kiosk"),
        table.c.epoch == bindparam("of_epoch"),
        table.c.lane == bindparam("of_lane"),
        table.c.seq.between(bindparam("first"), bindparam("last")),
    )


_ASIDE: Final = _digests(quarantine)
_TAKEN: Final = union_all(_digests(facts), _ASIDE.where(quarantine.c.kind != literal("fork")))
