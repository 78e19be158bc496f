"""Statements of closing counts (I12): those that are open, what lies behind their cut, and what they found."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import CTE, Connection, Row, Select, and_, bindparam, or_, select, update

from contract.codec import decode
from contract.errors import Malformed
from contract.stock import NOTHING, Account, StockKey, add
from hub.core.counting import Closing, Mark, Taken, is_fork_behind
from hub.core.reconcile import account_of, effects_of
from hub.store.accounts import stock_key
from hub.store.chores import Site
from hub.store.rights_tables import counts, lives
from hub.store.set_aside import FORK
from hub.store.tables import facts, kiosks, lanes, quarantine
from hub.store.upsert import Among, is_among

LANE: Final = "till"  # a position names how far this lane was
FETCH: Final = 500  # facts at a time: a count may be closed hours behind the tills
LOOKED_AT: Final = 50  # closed counts of an account: more than are taken while one waits for its tills
MOVES_GOODS: Final = (  # facts that come and go over the shelf; the others say only who may promise
    *("sale.recorded.v1", "refund.recorded.v1", "stock.received.v1", "stock.counted.v1", "stock.wasted.v1"),
    *("transfer.sent.v1", "transfer.received.v1"),
)


class Count(Struct, frozen=True):
    """One line of a count: what lay there of one account, at which positions of which tills."""

    kiosk_id: int
    epoch: int
    seq: int
    region: str
    site: str
    what: StockKey
    counted: int
    cut: tuple[Mark, ...]
    at: str

    @property
    def id(self) -> str:
        """Return how an operator names the whole count."""
        return f"{self.kiosk_id}-{self.epoch}-{self.seq}"


def parse_id(text: str) -> tuple[int, int, int] | None:
    """Return the count that an operator names, None for what is no name."""
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - as it says
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def open_of(connection: Connection, site: Site, keys: Sequence[StockKey]) -> dict[StockKey, list[Count]]:
    """Return the open counts of ``keys`` at a site, the oldest first."""
    found: dict[StockKey, list[Count]] = {}
    for count in map(_count, _OPEN_OF.ask(connection, keys, {"of_region": site.region, "of_site": site.site})):
        found.setdefault(count.what, []).append(count)
    return found


def open_page(connection: Connection, *, site: str | None, limit: int) -> list[Count]:
    """Return one line of each open count, the oldest first."""
    where = [] if site is None else [counts.c.site == site]
    seen: dict[str, Count] = {}
    for count in map(_count, connection.execute(_open().where(*where))):
        seen.setdefault(count.id, count)
        if len(seen) == limit:
            break
    return list(seen.values())


def of_id(connection: Connection, name: tuple[int, int, int]) -> list[Count]:
    """Return the open lines of one count."""
    kiosk_id, epoch, seq = name
    statement = _open().where(counts.c.kiosk_id == kiosk_id, counts.c.epoch == epoch, counts.c.seq == seq)
    return [_count(row) for row in connection.execute(statement)]


def held(connection: Connection, kiosk_ids: Mapping[int, str]) -> dict[tuple[str, int], int]:
    """Return how far the hub holds each life of the kiosks, which are given with their names."""
    statement = select(lanes).where(lanes.c.kiosk_id.in_(sorted(kiosk_ids)), lanes.c.lane == LANE)
    return {(kiosk_ids[row.kiosk_id], row.epoch): row.position for row in connection.execute(statement)}


def closings(connection: Connection, kiosk_ids: Mapping[str, int]) -> list[Closing]:
    """Return the closed lives of kiosks, which are given by name."""
    known = {kiosk_id: name for name, kiosk_id in kiosk_ids.items()}
    columns = (lives.c.kiosk_id, lives.c.epoch, lives.c.closed_at)
    closed = (lives.c.kiosk_id.in_(sorted(known)), lives.c.closed_at.is_not(None))
    return [
        Closing(known[row.kiosk_id], row.epoch, row.closed_at)
        for row in connection.execute(select(*columns).where(*closed))
    ]


def newer_closed(connection: Connection, count: Count) -> bool:
    """Return whether a count of the same account that was taken later is closed: by positions, as far as they tell."""
    statement = select(counts).where(
        counts.c.region == count.region,
        counts.c.site == count.site,
        counts.c.sku == count.what.sku,
        counts.c.condition == count.what.condition,
        counts.c.unit == count.what.unit,
        counts.c.closed_at.is_not(None),
    )
    newest_first = statement.order_by(counts.c.at.desc(), counts.c.seq.desc()).limit(LOOKED_AT)
    return any(_is_newer(_count(row), count) for row in connection.execute(newest_first))


def _is_newer(one: Count, than: Count) -> bool:
    """Return whether a count was taken later: a till's clock may have been wrong by hours, its positions never are."""
    if (one.kiosk_id, one.epoch) == (than.kiosk_id, than.epoch):
        return one.seq > than.seq
    ours = {mark.kiosk: (mark.epoch, mark.position) for mark in one.cut}
    theirs = {mark.kiosk: (mark.epoch, mark.position) for mark in than.cut}
    both = ours.keys() & theirs.keys()
    ahead, behind_it = (any(a[name] > b[name] for name in both) for a, b in ((ours, theirs), (theirs, ours)))
    return ahead if ahead != behind_it else one.at > than.at


def behind(
    connection: Connection, kiosk_ids: Mapping[str, int], count: Count, keys: Iterable[StockKey]
) -> dict[StockKey, Account]:
    """Return what facts behind the cut of ``count`` came to, of ``keys``."""
    sums = dict.fromkeys(keys, NOTHING)
    regular = (_effects(connection, kiosk_ids.get(mark.kiosk, 0), mark) for mark in count.cut)
    for key, delta in chain(_of_forks(connection, kiosk_ids, count), *regular):
        if key in sums:
            sums[key] = add(sums[key], delta)
    return sums


def close(connection: Connection, count: Count, difference: int, now: str) -> None:
    """Close one line of a count."""
    where = and_(_is(count), counts.c.closed_at.is_(None))
    connection.execute(update(counts).where(where).values(closed_at=now, difference=difference))


def name_positions(connection: Connection, lines: Sequence[Count], more: Sequence[Mark]) -> None:
    """Add positions to a count, as an operator names them; one that is named again replaces what was there."""
    for count in lines:
        marks = {one.kiosk: one for one in (*count.cut, *more)}
        cut = json.dumps([[one.kiosk, one.epoch, one.position] for one in marks.values()])
        connection.execute(update(counts).where(_is(count)).values(cut=cut))


def names(connection: Connection, site: Site) -> dict[str, int]:
    """Return the kiosks of a site by name."""
    of_site = (kiosks.c.region == site.region, kiosks.c.site == site.site)
    return {row.kiosk: row.id for row in connection.execute(select(kiosks.c.kiosk, kiosks.c.id).where(*of_site))}


def open_lives(connection: Connection, kiosk_ids: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the open lives of kiosks, by name; none of one that is fenced: nobody can look how far it is."""
    known = {kiosk_id: name for name, kiosk_id in kiosk_ids.items()}
    statement = (
        select(lives.c.kiosk_id, lives.c.epoch)
        .join(kiosks, kiosks.c.id == lives.c.kiosk_id)
        .where(lives.c.kiosk_id.in_(sorted(known)), lives.c.closed_at.is_(None), kiosks.c.fenced_at.is_(None))
    )
    return [(known[row.kiosk_id], row.epoch) for row in connection.execute(statement)]


def _effects(connection: Connection, kiosk_id: int, mark: Mark) -> Iterable[tuple[StockKey, Account]]:
    columns = facts.c
    later = or_(columns.epoch > mark.epoch, and_(columns.epoch == mark.epoch, columns.seq > mark.position))
    where = (columns.kiosk_id == kiosk_id, columns.lane == LANE, later, columns.type.in_(MOVES_GOODS))
    rows = connection.execute(select(columns.bytes).where(*where), execution_options={"yield_per": FETCH})
    for raw in rows.scalars():
        for what, delta in effects_of(decode(bytes(raw))).stock:
            yield what, account_of(delta)


def _of_forks(connection: Connection, kiosk_ids: Mapping[str, int], count: Count) -> Iterator[tuple[StockKey, Account]]:
    """Yield what facts whose number was taken came to, of those that are behind the cut."""
    marks = {kiosk_ids.get(mark.kiosk, 0): mark for mark in count.cut}
    taken = _taken(connection, count)
    columns = quarantine.c
    where = (columns.kiosk_id.in_(sorted(kiosk_ids.values())), columns.lane == LANE, columns.kind == FORK)
    for row in connection.execute(select(quarantine).where(*where), execution_options={"yield_per": FETCH}):
        mark = marks.get(row.kiosk_id)
        for what, effect in _goods_of(bytes(row.bytes)):
            if is_fork_behind(mark, row.epoch, row.seq, effect, heard_at=row.at, taken=taken):
                yield what, effect


def _taken(connection: Connection, count: Count) -> Taken:
    columns = facts.c
    place = (columns.kiosk_id == count.kiosk_id, columns.epoch == count.epoch, columns.lane == LANE)
    statement = select(columns.received_at).where(*place, columns.seq == count.seq)
    return Taken(count.at, connection.execute(statement).scalar_one())


def _goods_of(raw: bytes) -> Iterator[tuple[StockKey, Account]]:
    try:
        fact = decode(raw)
    except Malformed:
        return  # it is booked nowhere: nobody knows what it says
    if fact.type in MOVES_GOODS:
        for what, delta in effects_of(fact).stock:
            yield what, account_of(delta)


def _open() -> Select[Any]:
    order = (counts.c.at, counts.c.kiosk_id, counts.c.epoch, counts.c.seq, counts.c.sku)
    return select(counts).where(counts.c.closed_at.is_(None)).order_by(*order)


def _open_of(wanted: CTE) -> Select[Any]:
    at_site = (counts.c.region == bindparam("of_region"), counts.c.site == bindparam("of_site"))
    return _open().where(*at_site, is_among(_GOODS, wanted))


_GOODS: Final = (counts.c.sku, counts.c.condition, counts.c.unit)
_OPEN_OF: Final = Among(_GOODS, _open_of)


def _is(count: Count) -> Any:
    what = count.what
    line = and_(counts.c.sku == what.sku, counts.c.condition == what.condition, counts.c.unit == what.unit)
    return and_(counts.c.kiosk_id == count.kiosk_id, counts.c.epoch == count.epoch, counts.c.seq == count.seq, line)


def _count(row: Row[Any]) -> Count:
    cut = tuple(Mark(kiosk, epoch, position) for kiosk, epoch, position in json.loads(row.cut))
    what = stock_key(row.sku, row.condition, row.unit)
    return Count(row.kiosk_id, row.epoch, row.seq, row.region, row.site, what, row.counted, cut, row.at)
