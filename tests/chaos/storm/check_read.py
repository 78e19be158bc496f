"""Reads a kiosk's journal and the hub's books with plain SQL."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from storm.check_facts import Fact, Place, Stored, Term, read_fact

TERMS: Final = (
    *("received", "returned", "sold", "adjusted", "overdraft", "released", "moved_in", "moved_out"),
    *("arrived", "sent", "wasted", "held"),
)
BUSY_S: Final = 10.0  # a writer that is still at work ends its transaction within that


class JournalReceipt(NamedTuple):
    """A row of a till's receipts."""

    epoch: int
    n: int
    seq: int
    kind: str
    basket: str
    currency: str
    total_minor: int


class Journal(NamedTuple):
    """What a till's file holds."""

    place: Place
    facts: list[Fact]
    receipts: list[JournalReceipt]
    accounts: dict[Term, int]
    open_baskets: set[str]


class HubReceipt(NamedTuple):
    """A row of the hub's receipts."""

    receipt: str
    again: int
    kind: str
    total_minor: int
    currency: str
    epoch: int
    lane: str
    seq: int


class HubLane(NamedTuple):
    """How far the hub says that a till's lane is."""

    epoch: int
    position: int
    digest: str
    broken_at: str | None


class Kept(NamedTuple):
    """What the hub holds of one kiosk."""

    facts: list[Fact]
    receipts: list[HubReceipt]
    lanes: list[HubLane]
    foreign: list[tuple[str, int, int]]  # facts of other lanes: lane, epoch, seq


class SetAside(NamedTuple):
    """A row of the hub's quarantine."""

    place: Place
    epoch: int
    lane: str
    seq: int
    kind: str
    what: str
    digest: str


class Books(NamedTuple):
    """What the hub's database holds. ``stock`` is by (region, site) and term."""

    kiosks: dict[Place, Kept]
    stock: dict[tuple[str, str], dict[Term, int]]
    quarantine: list[SetAside]
    exceptions: list[tuple[str, str, str]]  # kind, subject, detail


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one state of a database for reading."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_S)) as db:
        db.execute("BEGIN")
        yield db


_KEYED = f"SELECT sku, condition, unit, {', '.join(TERMS)} FROM"
_OF_ALL_LIVES = (
    f"SELECT sku, condition, unit, {', '.join(f'sum({term})' for term in TERMS)} "  # noqa: S608
    f"FROM ({_KEYED} accounts UNION ALL {_KEYED} past_accounts) GROUP BY 1, 2, 3"
)


def read_journal(path: Path, place: Place) -> Journal:
    """Return what a till's file holds."""
    with reading(path) as db:
        facts = db.execute("SELECT epoch, seq, type, bytes, digest FROM facts ORDER BY epoch, seq")
        receipts = db.execute("SELECT epoch, n, seq, kind, basket, currency, total_minor FROM receipts ORDER BY 1, 2")
        return Journal(
            place,
            [read_fact(Stored(*row), place) for row in facts],
            [JournalReceipt(*row) for row in receipts],
            _terms(db.execute(_OF_ALL_LIVES)),
            {row[0] for row in db.execute("SELECT id FROM baskets WHERE state = 'open'")},
        )


def read_books(path: Path, journals: Sequence[Journal]) -> Books:
    """Return what the hub's database holds; ``journals`` spare reading again what they hold byte for byte."""
    twins = {journal.place: {(fact.epoch, fact.seq): fact for fact in journal.facts} for journal in journals}
    with reading(path) as db:
        places = {row[0]: Place(*row[1:]) for row in db.execute("SELECT id, region, site, kiosk FROM kiosks")}
        return Books(
            {place: _read_kept(db, number, place, twins.get(place, {})) for number, place in places.items()},
            _read_stock(db),
            [SetAside(places[row[0]], *row[1:]) for row in db.execute(_QUARANTINE)],
            db.execute("SELECT kind, subject, detail FROM exceptions ORDER BY id").fetchall(),
        )


def newest(path: Path) -> dict[int, int]:
    """Return the last sequence number of each epoch in a till's file; none for a file that is not there."""
    if not path.exists():
        return {}
    with reading(path) as db:
        return dict(db.execute("SELECT epoch, max(seq) FROM facts GROUP BY epoch"))


def committed(path: Path) -> dict[tuple[Place, int], int]:
    """Return how far the hub has each till's epochs; nothing from a file that is not there."""
    if not path.exists():
        return {}
    with reading(path) as db:
        rows = db.execute(
            "SELECT k.region, k.site, k.kiosk, l.epoch, l.position FROM lanes l JOIN kiosks k ON k.id = l.kiosk_id "
            "WHERE l.lane = 'till'"
        )
        return {(Place(*row[:3]), row[3]): row[4] for row in rows}


_QUARANTINE: Final = "SELECT kiosk_id, epoch, lane, seq, kind, what, digest FROM quarantine ORDER BY id"


def _read_kept(db: sqlite3.Connection, number: int, place: Place, twins: Mapping[tuple[int, int], Fact]) -> Kept:
    mine = (number,)
    facts = db.execute(
        "SELECT epoch, seq, type, bytes, digest FROM facts WHERE kiosk_id = ? AND lane = 'till' ORDER BY epoch, seq",
        mine,
    )
    receipts = "SELECT receipt, again, kind, total_minor, currency, epoch, lane, seq FROM receipts WHERE kiosk_id = ?"
    lanes = "SELECT epoch, position, digest, chain_broken_at FROM lanes WHERE kiosk_id = ? AND lane = 'till'"
    foreign = "SELECT lane, epoch, seq FROM facts WHERE kiosk_id = ? AND lane <> 'till'"
    return Kept(
        [read_fact(Stored(*row), place, twins.get(row[:2])) for row in facts],
        [HubReceipt(*row) for row in db.execute(receipts, mine)],
        [HubLane(*row) for row in db.execute(lanes, mine)],
        db.execute(foreign, mine).fetchall(),
    )


def _read_stock(db: sqlite3.Connection) -> dict[tuple[str, str], dict[Term, int]]:
    rows: dict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    sums = ", ".join(f"sum({term})" for term in TERMS)
    at = "region, site, sku, condition, unit"
    for row in db.execute(f"SELECT {at}, {sums} FROM accounts GROUP BY {at}"):  # noqa: S608 - of every life
        rows[row[0], row[1]].append(row[2:])
    return {site: _terms(iter(of_site)) for site, of_site in rows.items()}


def _terms(rows: Iterator[tuple[object, ...]] | sqlite3.Cursor) -> dict[Term, int]:
    """Return the sums that are not zero, by account and term."""
    found: dict[Term, int] = {}
    for sku, condition, unit, *sums in rows:
        for term, value in zip(TERMS, sums, strict=True):
            if value:
                found[str(sku), str(condition), str(unit), term] = int(str(value))
    return found
