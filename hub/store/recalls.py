"""Statements of recalls: what kiosks were asked to give back, one account a recall, and whether they answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, Row, or_, select

from contract.stock import StockKey
from contract.values import instant_text
from hub.store.accounts import stock_key
from hub.store.rights_tables import recalls
from hub.store.tables import kiosks

AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values
LONGEST: Final = timedelta(hours=1)  # that anybody looks back for: what lies beyond is of a clock that was put back


class Recall(Struct, frozen=True):
    """One recall."""

    id: str
    kiosk_id: int
    epoch: int
    what: StockKey
    asked: int
    urgent: bool
    at: str
    answered_at: str | None = None


class Listed(NamedTuple):
    """A recall and the kiosk that was asked."""

    region: str
    site: str
    kiosk: str
    recall: Recall


def add(connection: Connection, recall: Recall) -> None:
    """Note a recall; tell it in the same transaction."""
    row = {"sku": recall.what.sku, "condition": recall.what.condition, "unit": recall.what.unit}
    names = ("id", "kiosk_id", "epoch", "asked", "urgent", "at")
    connection.execute(recalls.insert(), [row | {name: getattr(recall, name) for name in names}])


def recent(
    connection: Connection, kiosk_ids: Sequence[int], keys: Sequence[StockKey], *, answered_since: str
) -> list[Recall]:
    """Return the recalls of ``keys`` that are open, or were answered since.

    An answer that seems to lie in the future is an old one: the hub's clock was put back, and by it alone it is recent.
    """
    until = instant_text(datetime.fromisoformat(answered_since) + LONGEST)
    skus = sorted({key.sku for key in keys})
    found = []
    for start in range(0, len(skus), AT_ONCE):
        statement = select(recalls).where(
            recalls.c.kiosk_id.in_(kiosk_ids),
            recalls.c.sku.in_(skus[start : start + AT_ONCE]),
            or_(recalls.c.answered_at.is_(None), recalls.c.answered_at.between(answered_since, until)),
        )
        found += [_recall(row) for row in connection.execute(statement.order_by(recalls.c.at, recalls.c.id))]
    return found


def list_open(connection: Connection, *, site: str | None, limit: int) -> list[Listed]:
    """Return recalls that wait for an answer, the oldest first."""
    statement = (
        select(recalls, kiosks.c.region, kiosks.c.site, kiosks.c.kiosk)
        .join(kiosks, kiosks.c.id == recalls.c.kiosk_id)
        .where(recalls.c.answered_at.is_(None), *([] if site is None else [kiosks.c.site == site]))
        .order_by(recalls.c.at, recalls.c.id)
        .limit(limit)
    )
    return [Listed(row.region, row.site, row.kiosk, _recall(row)) for row in connection.execute(statement)]


def _recall(row: Row[Any]) -> Recall:
    what = stock_key(row.sku, row.condition, row.unit)
    return Recall(row.id, row.kiosk_id, row.epoch, what, row.asked, row.urgent, row.at, row.answered_at)
