"""Questions to the books. Every answer is bounded: ``limit`` rows after ``after``."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select

from contract.values import Address
from hub.core import read_models
from hub.core.read_models import (
    ExceptionView,
    FactView,
    KioskView,
    LaneView,
    QuarantineView,
    RegionView,
    SiteView,
    TakingsView,
)
from hub.store.tables import exceptions, facts, kiosks, lanes, quarantine, receipts

_ONLINE = func.sum(case((kiosks.c.online, 1), else_=0))


def regions(connection: Connection) -> list[RegionView]:
    """Return every region."""
    statement = (
        select(kiosks.c.region, func.count(kiosks.c.site.distinct()), func.count(), _ONLINE)
        .group_by(kiosks.c.region)
        .order_by(kiosks.c.region)
    )
    return [RegionView(*row) for row in connection.execute(statement)]


def sites(connection: Connection, *, region: str | None = None) -> list[SiteView]:
    """Return every site, or those of a region."""
    statement = (
        select(kiosks.c.region, kiosks.c.site, func.count(), _ONLINE, func.max(kiosks.c.last_seen_at))
        .where(*_equal({kiosks.c.region: region}))
        .group_by(kiosks.c.region, kiosks.c.site)
        .order_by(kiosks.c.region, kiosks.c.site)
    )
    return [SiteView(*row) for row in connection.execute(statement)]


def list_kiosks(
    connection: Connection, *, site: str | None = None, after: int = 0, limit: int = 100
) -> list[KioskView]:
    """Return kiosks by id, each with its lanes."""
    statement = (
        select(kiosks).where(kiosks.c.id > after, *_equal({kiosks.c.site: site})).order_by(kiosks.c.id).limit(limit)
    )
    found = connection.execute(statement).all()
    of_kiosk = _lanes(connection, [row.id for row in found])
    return [_kiosk_view(row, of_kiosk.get(row.id, [])) for row in found]


def list_facts(
    connection: Connection, kiosk_id: int, *, epoch: int, lane: str, after: int = 0, limit: int = 100
) -> list[FactView]:
    """Return a lane's facts in order."""
    statement = (
        select(facts)
        .where(facts.c.kiosk_id == kiosk_id, facts.c.epoch == epoch, facts.c.lane == lane, facts.c.seq > after)
        .order_by(facts.c.seq)
        .limit(limit)
    )
    return [
        FactView(row.epoch, row.lane, row.seq, row.type, row.digest, row.received_at, json.loads(row.bytes))
        for row in connection.execute(statement)
    ]


def list_exceptions(
    connection: Connection, *, resolved: bool = False, after: int = 0, limit: int = 100
) -> list[ExceptionView]:
    """Return exceptions by id: the open ones, or the resolved ones too."""
    statement = (
        select(exceptions, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .outerjoin(kiosks, kiosks.c.id == exceptions.c.kiosk_id)
        .where(exceptions.c.id > after, *([] if resolved else [exceptions.c.resolved_at.is_(None)]))
        .order_by(exceptions.c.id)
        .limit(limit)
    )
    return [
        ExceptionView(
            row.id,
            row.kind,
            row.subject,
            f"{row.region}/{row.site}/{row.kiosk}" if row.kiosk_id else None,
            json.loads(row.detail),
            row.at,
            row.owner,
            row.resolved_at,
        )
        for row in connection.execute(statement)
    ]


def list_quarantine(
    connection: Connection, *, resolved: bool = False, after: int = 0, limit: int = 100
) -> list[QuarantineView]:
    """Return what was set aside by id: what is open, or what was resolved too."""
    columns = [column for column in quarantine.c if column.name != "bytes"]
    size = func.length(quarantine.c.bytes).label("size")
    statement: Select[Any] = (
        select(*columns, size, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .join(kiosks, kiosks.c.id == quarantine.c.kiosk_id)
        .where(quarantine.c.id > after, *([] if resolved else [quarantine.c.resolved_at.is_(None)]))
        .order_by(quarantine.c.id)
        .limit(limit)
    )
    return [
        QuarantineView(
            row.id,
            f"{row.region}/{row.site}/{row.kiosk}",
            row.epoch,
            row.lane,
            row.seq,
            row.kind,
            row.what,
            row.path,
            row.digest,
            row.size,
            row.at,
            row.resolved_at,
        )
        for row in connection.execute(statement)
    ]


def takings(connection: Connection, *, site: str | None = None) -> list[TakingsView]:
    """Return what each site took in each currency."""
    where = [kiosks.c.region, kiosks.c.site, receipts.c.currency]
    statement = (
        select(*where, *_count_and_total("sale"), *_count_and_total("refund"))
        .join(kiosks, kiosks.c.id == receipts.c.kiosk_id)
        .where(*_equal({kiosks.c.site: site}))
        .group_by(*where)
        .order_by(*where)
    )
    return [
        read_models.takings_view(
            (row[0], row[1], row[2]), sales=(int(row[3]), int(row[4])), refunds=(int(row[5]), int(row[6]))
        )
        for row in connection.execute(statement)
    ]


def kiosk_at(connection: Connection, address: Address) -> KioskView | None:
    """Return the kiosk at ``address``."""
    statement = select(kiosks).where(
        and_(kiosks.c.region == address.region, kiosks.c.site == address.site, kiosks.c.kiosk == address.kiosk)
    )
    row = connection.execute(statement).one_or_none()
    return _kiosk_view(row, _lanes(connection, [row.id]).get(row.id, [])) if row else None


def _count_and_total(kind: str) -> tuple[ColumnElement[int], ColumnElement[int]]:
    is_kind = receipts.c.kind == kind
    return func.sum(case((is_kind, 1), else_=0)), func.sum(case((is_kind, receipts.c.total_minor), else_=0))


def _lanes(connection: Connection, kiosk_ids: Sequence[int]) -> dict[int, list[LaneView]]:
    statement = (
        select(lanes)
        .where(lanes.c.kiosk_id.in_(kiosk_ids))
        .order_by(lanes.c.kiosk_id, lanes.c.epoch.desc(), lanes.c.lane)
    )
    found: dict[int, list[LaneView]] = {}
    for row in connection.execute(statement):
        behind = read_models.backlog(row.newest, row.position)
        view = LaneView(row.epoch, row.lane, row.position, row.newest, behind, row.chain_broken_at)
        found.setdefault(row.kiosk_id, []).append(view)
    return found


def _kiosk_view(row: Row[Any], of_kiosk: list[LaneView]) -> KioskView:
    return KioskView(
        id=row.id,
        region=row.region,
        site=row.site,
        kiosk=row.kiosk,
        epoch=row.epoch,
        online=row.online,
        last_seen_at=row.last_seen_at,
        version=row.version,
        backlog=sum(lane.backlog for lane in of_kiosk),
        lanes=of_kiosk,
        fenced_at=row.fenced_at,
    )


def _equal(wanted: dict[ColumnElement[str], str | None]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in wanted.items() if value is not None]
