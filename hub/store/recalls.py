"""Statements of recalls: what kiosks were asked to give back, one account a recall, and whether they answered."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import CTE, Connection, Select, and_, bindparam, or_, select

from contract.stock import StockKey
from contract.values import instant_text
from hub.store.accounts import stock_key
from hub.store.rights_tables import recalls
from hub.store.tables import kiosks
from hub.store.upsert import Among, Many, is_among

LONGEST: Final = timedelta(hours=1)  # looked back, or ahead: what lies beyond is of a clock that was put back


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
    given: int | None = None

    @property
    def fell_short(self) -> bool:
        """Return whether it was answered with less than was asked."""
        return self.answered_at is not None and (self.given or 0) < self.asked


class Standing(NamedTuple):
    """What is to be asked back of one account: ``asked`` of it already, and whether it was asked a moment ago.

    One that gave all it was asked for ``rests`` only; one that ``fell_short`` may serve its own queue first. One that
    ``keeps`` its cover said so within the hour: it is asked again when somebody needs the goods, not to share them.
    """

    asked: int = 0
    rests: bool = False
    fell_short: bool = False
    keeps: bool = False


def standing(found: Iterable[Recall], *, moment: str) -> Standing:
    """Return how an account stands by its open recalls and those of :func:`recent`; ``moment`` is a moment ago."""
    known = list(found)
    now = [one for one in known if one.answered_at is not None and one.answered_at >= moment]
    return Standing(
        sum(one.asked for one in known if one.answered_at is None),
        bool(now),
        any(one.fell_short for one in now),
        any(one.fell_short and not one.urgent for one in known),
    )


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
    _ADD.run(connection, [row | {name: getattr(recall, name) for name in names}])


def recent(connection: Connection, kiosk_ids: Sequence[int], keys: Sequence[StockKey], *, moment: str) -> list[Recall]:
    """Return the recalls of ``keys`` that are open, were answered since ``moment``, or in vain an hour before it.

    An answer that seems to lie in the future is an old one: the hub's clock was put back, and by it alone it is recent.
    """
    at = datetime.fromisoformat(moment)
    wanted = product(kiosk_ids, {key.sku for key in keys})
    spans = {"kept": instant_text(at - LONGEST), "moment": moment, "until": instant_text(at + LONGEST)}
    rows = _RECENT.ask(connection, wanted, spans)
    return sorted(map(_recall, rows), key=lambda recall: (recall.at, recall.id))


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


def _recall(row: Any) -> Recall:
    what = stock_key(row.sku, row.condition, row.unit)
    return Recall(
        row.id, row.kiosk_id, row.epoch, what, row.asked, bool(row.urgent), row.at, row.answered_at, row.given
    )


def _recent(wanted: CTE) -> Select[Any]:
    columns = recalls.c
    a_moment_ago = columns.answered_at.between(bindparam("moment"), bindparam("until"))
    in_vain = and_(
        columns.given < columns.asked,
        ~columns.urgent,
        columns.answered_at.between(bindparam("kept"), bindparam("until")),
    )
    is_recent = or_(columns.answered_at.is_(None), a_moment_ago, in_vain)
    return select(recalls).where(is_among([recalls.c.kiosk_id, recalls.c.sku], wanted), is_recent)


_RECENT: Final = Among([recalls.c.kiosk_id, recalls.c.sku], _recent)
_ADD: Final = Many(lambda _: recalls.insert())
