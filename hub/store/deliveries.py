"""Statements of deliveries: what was advised, what was received, and where the two differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal, select, tuple_, union_all

from contract.down_rights import DeliveryAdvised
from contract.facts import StockLine
from contract.stock import StockKey
from contract.values import Quantity
from hub.core.deliveries import Advised, Mark, Place, Receipt
from hub.store.accounts import stock_key
from hub.store.delivery_tables import advices, deliveries
from hub.store.inbox import KioskRow
from hub.store.tables import kiosks
from hub.store.upsert import Question, insert

AT_ONCE: Final = 500  # places in one statement; databases take some tens of thousands of values
MAX_TOLD: Final = 200  # lines in one fact: it shares a batch, and is applied in one short transaction
_ADVICE: Final = 0  # in the column of the epoch, which begins at 1: this row is a line of an advice


class Compared(NamedTuple):
    """A line of an advice, or what was received under its number; ``kiosk`` is who was told, else who received."""

    site: str
    advice: str
    kiosk: str
    what: StockKey
    day: str
    expected: int
    received: int


def look(connection: Connection, places: Iterable[Place]) -> tuple[dict[Place, Mark], dict[Place, Advised]]:
    """Return who received first at each of ``places``, and who was told of it: one statement for 500 of them."""
    before: dict[Place, Mark] = {}
    advised: dict[Place, Advised] = {}
    wanted = sorted(set(places))
    for start in range(0, len(wanted), AT_ONCE):
        for row in connection.execute(_look(wanted[start : start + AT_ONCE])):
            region, site, advice, of_day, sku, condition, unit, kiosk, epoch, number, day = row
            place = Place(region, site, advice, of_day, stock_key(sku, condition, unit))
            if epoch == _ADVICE:
                advised[place] = Advised(kiosk, number, day)
            else:
                before[place] = Mark(kiosk, epoch, number)
    return before, advised


def add(connection: Connection, receipts: Sequence[tuple[int, Receipt]]) -> None:
    """Note receipts, each with its kiosk's id."""
    rows = [
        {
            **_row(place),
            "kiosk_id": kiosk_id,
            "epoch": receipt.mark.epoch,
            "seq": receipt.mark.seq,
            "day": place.day,
            "amount": amount,
            "at": receipt.at,
        }
        for kiosk_id, receipt in receipts
        for place, amount in receipt.goods.items()
    ]
    connection.execute(insert(connection, deliveries).on_conflict_do_nothing(), rows)


def known(
    connection: Connection, region: str, site: str, advice: str
) -> tuple[dict[StockKey, Advised], dict[StockKey, Mark]]:
    """Return all lines of an advice, to whichever kiosk, and who received of it first."""
    of_advice = (advices.c.region == region, advices.c.site == site, advices.c.advice == advice)
    told = select(advices, kiosks.c.kiosk).join(kiosks, kiosks.c.id == advices.c.kiosk_id).where(*of_advice)
    lines = {
        stock_key(row.sku, row.condition, row.unit): Advised(row.kiosk, row.amount, row.day)
        for row in connection.execute(told)
    }
    columns = deliveries.c
    came = (columns.region == region, columns.site == site, columns.advice == advice, columns.day == "")
    taken = select(deliveries, kiosks.c.kiosk).join(kiosks, kiosks.c.id == columns.kiosk_id).where(*came)
    received: dict[StockKey, Mark] = {}
    for row in connection.execute(taken.order_by(columns.id)):
        received.setdefault(stock_key(row.sku, row.condition, row.unit), Mark(row.kiosk, row.epoch, row.seq))
    return lines, received


def advise(connection: Connection, kiosk: KioskRow, advice: str, lines: Mapping[StockKey, Advised], now: str) -> None:
    """Note lines of an advice as told to a kiosk, or told anew."""
    at = kiosk.address
    rows = [
        {
            **_row(Place(at.region, at.site, advice, "", what)),
            "kiosk_id": kiosk.id,
            "amount": line.amount,
            "day": line.day,
            "at": now,
        }
        for what, line in lines.items()
    ]
    statement = insert(connection, advices)
    excluded = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["region", "site", "advice", "sku", "condition", "unit"],
        set_={"amount": excluded.amount, "day": excluded.day, "at": excluded.at},
    )
    connection.execute(statement, rows)


def facts_of(advice: str, lines: Mapping[StockKey, Advised]) -> Iterator[DeliveryAdvised]:
    """Yield what a kiosk is told of an advice, by sku."""
    for day, of_day in groupby(sorted(lines, key=lambda what: (lines[what].day, what)), lambda what: lines[what].day):
        told = [StockLine(what.sku, Quantity(lines[what].amount, what.unit), what.condition) for what in of_day]
        for start in range(0, len(told), MAX_TOLD):
            yield DeliveryAdvised(advice, told[start : start + MAX_TOLD], date.fromisoformat(day) if day else None)


def open_facts(connection: Connection, kiosk_id: int) -> Iterator[DeliveryAdvised]:
    """Yield what a kiosk must know of deliveries: the lines advised to it that nobody has received."""
    rows = _OPEN.ask(connection, {"of_kiosk": kiosk_id})
    for advice, of_advice in groupby(rows, lambda row: str(row.advice)):
        lines = {stock_key(row.sku, row.condition, row.unit): Advised("", row.amount, row.day) for row in of_advice}
        yield from facts_of(advice, lines)


def page(connection: Connection, *, site: str | None, limit: int) -> list[Compared]:
    """Return advices beside what was received of them, by site and number; then what nobody had advised."""
    told = _compared(connection, advices, [advices.c.amount, _sum_received().scalar_subquery()], site, limit)
    columns = deliveries.c
    nobody = (columns.advice != "", ~_told().exists())
    sums = [literal(0), columns.amount]
    return [*told, *_compared(connection, deliveries, sums, site, limit - len(told), *nobody)]


def _compared(
    connection: Connection, table: Any, sums: Sequence[Any], site: str | None, limit: int, *where: ColumnElement[bool]
) -> list[Compared]:
    columns = table.c
    statement = select(table, kiosks.c.kiosk, sums[0].label("expected"), sums[1].label("came"))
    statement = statement.join(kiosks, kiosks.c.id == columns.kiosk_id).where(*where)
    if site is not None:
        statement = statement.where(columns.site == site)
    order = (columns.region, columns.site, columns.advice, columns.sku, columns.condition, columns.unit)
    return [
        Compared(
            f"{row.region}/{row.site}",
            row.advice,
            row.kiosk,
            stock_key(row.sku, row.condition, row.unit),
            row.day,
            row.expected,
            int(row.came or 0),
        )
        for row in connection.execute(statement.order_by(*order).limit(max(0, limit)))
    ]


def _look(places: Sequence[Place]) -> Select[Any]:
    columns = deliveries.c
    key = (columns.region, columns.site, columns.advice, columns.day, columns.sku, columns.condition, columns.unit)
    keys = [(*place[:4], *place.what) for place in places]
    first = select(func.min(columns.id)).where(tuple_(*key).in_(keys)).group_by(*key)
    before = (
        select(*key, kiosks.c.kiosk, columns.epoch, columns.seq, literal("").label("expected_on"))
        .join(kiosks, kiosks.c.id == columns.kiosk_id)
        .where(columns.id.in_(first))
    )
    named = [(*place[:3], *place.what) for place in places if place.advice]
    if not named:
        return before
    told = advices.c
    line = (told.region, told.site, told.advice, told.sku, told.condition, told.unit)
    advised = (
        select(*line[:3], literal(""), *line[3:], kiosks.c.kiosk, literal(_ADVICE), told.amount, told.day)
        .join(kiosks, kiosks.c.id == told.kiosk_id)
        .where(tuple_(*line).in_(named))
    )
    return select(union_all(before, advised).subquery())


def _same() -> ColumnElement[bool]:
    """Return that a receipt is one of a line of an advice."""
    names = ("region", "site", "advice", "sku", "condition", "unit")
    return and_(deliveries.c.day == "", *(deliveries.c[name] == advices.c[name] for name in names))


def _received() -> Select[Any]:
    return select(deliveries.c.id).where(_same()).correlate(advices)


def _sum_received() -> Select[Any]:
    return select(func.sum(deliveries.c.amount)).where(_same()).correlate(advices)


def _told() -> Select[Any]:
    return select(advices.c.amount).where(_same()).correlate(deliveries)


def _row(place: Place) -> dict[str, Any]:
    what = place.what
    return {
        "region": place.region,
        "site": place.site,
        "advice": place.advice,
        "sku": what.sku,
        "condition": what.condition,
        "unit": what.unit,
    }


_OPEN: Final = Question(
    select(advices)
    .where(advices.c.kiosk_id == bindparam("of_kiosk"), ~_received().exists())
    .order_by(advices.c.advice, advices.c.sku)
)
