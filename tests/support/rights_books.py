"""The hub's books of rights as they stand in its database: asked of that, not of the parts that wrote them."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from contract.stock import TERMS, StockKey
from contract.values import Condition, Sku, Unit

_WHO: Final = "k.region || '/' || k.site || '/' || k.kiosk"
POOL: Final = ("free", "reserved", "limbo", "deficit", "unsettled", "adjusted")


class Reader(Protocol):
    """What books are read with, beside the parts that write them: a connection of sqlite3 is one."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...

    def close(self) -> None: ...


class Mirror(NamedTuple):
    """One account of one life, as the hub has it."""

    who: str
    epoch: int
    site: str
    what: StockKey
    terms: dict[str, int]
    issued: int
    is_open: bool

    @property
    def available(self) -> int:
        t = self.terms
        came = t["granted"] + t["received"] + t["returned"] + t["moved_in"] + t["arrived"] + t["adjusted"]
        left = t["sold"] + t["released"] + t["moved_out"] + t["sent"] + t["wasted"] + t["held"]
        return came - left + t["overdraft"]


class Booked(NamedTuple):
    """One reservation of the hub."""

    id: str
    site: str
    state: str
    who: str | None
    epoch: int | None
    source: str
    goods: dict[str, int]
    confirmed: bool


class Books:
    """One look at everything."""

    def __init__(self, db: Reader) -> None:
        db.execute("BEGIN")
        try:
            self._read(db)
        finally:
            db.execute("COMMIT")

    def _read(self, db: Reader) -> None:
        names = ", ".join(f"a.{term}" for term in TERMS)
        self.mirrors = [
            Mirror(
                row[0],
                row[1],
                row[2],
                _key(*row[3:6]),
                dict(zip(TERMS, row[6:-2], strict=True)),
                row[-2],
                bool(row[-1]),
            )
            for row in db.execute(
                f"SELECT {_WHO}, a.epoch, a.site, a.sku, a.condition, a.unit, {names}, a.issued, "  # noqa: S608
                "CASE WHEN EXISTS (SELECT 1 FROM lives l WHERE l.kiosk_id = a.kiosk_id AND l.epoch = a.epoch "
                "AND l.closed_at IS NULL) THEN 1 ELSE 0 END FROM accounts a JOIN kiosks k ON k.id = a.kiosk_id"
            )
        ]
        self.pools: dict[tuple[str, StockKey], dict[str, int]] = {
            (row[0], _key(*row[1:4])): dict(zip(POOL, row[4:], strict=True))
            for row in db.execute(f"SELECT site, sku, condition, unit, {', '.join(POOL)} FROM pools")  # noqa: S608
        }
        self.passages = [
            (row[0], row[1], _key(*row[2:5]), row[5], row[6])
            for row in db.execute('SELECT kind, id, sku, condition, unit, "out", "into" FROM passages')
        ]
        goods: dict[str, dict[str, int]] = defaultdict(dict)
        for name, sku, amount in db.execute("SELECT reservation, sku, amount FROM reservation_lines"):
            goods[name][sku] = amount
        self.booked = {
            row[0]: Booked(row[0], row[1], row[2], row[3], row[4], row[5], goods[row[0]], row[6] is not None)
            for row in db.execute(
                f"SELECT r.id, r.site, r.state, {_WHO}, r.epoch, r.source, r.confirmed_at "  # noqa: S608
                "FROM reservations r LEFT JOIN kiosks k ON k.id = r.kiosk_id"
            )
        }
        self.closed = frozenset(
            db.execute(
                f"SELECT {_WHO}, l.epoch FROM lives l JOIN kiosks k ON k.id = l.kiosk_id "  # noqa: S608
                "WHERE l.closed_at IS NOT NULL"
            )
        )
        self.held = frozenset(row[0] for row in db.execute("SELECT digest FROM facts")) | frozenset(
            row[0] for row in db.execute("SELECT digest FROM quarantine WHERE kind = 'fork'")
        )
        self.quarantined = db.execute("SELECT kind, what FROM quarantine WHERE kind <> 'fork'").fetchall()
        self.lanes: dict[tuple[str, int], int] = {
            (row[0], row[1]): row[2]
            for row in db.execute(
                f"SELECT {_WHO}, n.epoch, n.position FROM lanes n JOIN kiosks k ON k.id = n.kiosk_id "  # noqa: S608
                "WHERE n.lane = 'till'"
            )
        }
        self.chores = db.execute("SELECT site, sku, condition, unit, why FROM chores").fetchall()
        self.counts = [
            (row[0], row[1], json.loads(row[2]))
            for row in db.execute("SELECT site, sku, cut FROM counts WHERE closed_at IS NULL")
        ]
        self.pending = db.execute("SELECT id FROM promises WHERE state = 'pending'").fetchall()
        self.wants = db.execute("SELECT sku, amount FROM wants WHERE amount > 0").fetchall()
        self.exceptions = db.execute("SELECT kind, subject FROM exceptions WHERE resolved_at IS NULL").fetchall()
        self.told_of = db.execute("SELECT kind, subject, detail FROM exceptions").fetchall()

    def owed(self, site: str, sku: str) -> int:
        """Return what the books say openly that is missing at a site."""
        pool = self.pools.get((site, StockKey(Sku(sku))), dict.fromkeys(POOL, 0))
        return pool["unsettled"] + pool["deficit"]

    def adjusted(self, site: str, sku: str) -> int:
        return self.pools.get((site, StockKey(Sku(sku))), dict.fromkeys(POOL, 0))["adjusted"]

    def imbalance(self) -> dict[StockKey, int]:
        """Return by how much conservation (I2) does not hold, by account, over the region."""
        total: Counter[StockKey] = Counter()
        for one in self.mirrors:
            t = one.terms
            total[one.what] += t["sold"] + t["wasted"] - t["received"] - t["returned"] - t["adjusted"]
            if one.is_open:
                total[one.what] += one.available + t["held"] + one.issued - t["granted"]
        for _, _, what, out, into in self.passages:
            total[what] += out - into
        for (_, what), pool in self.pools.items():
            total[what] += pool["free"] + pool["reserved"] + pool["limbo"]
            total[what] -= pool["adjusted"] + pool["unsettled"] + pool["deficit"]
        return {what: amount for what, amount in total.items() if amount}

    def shelf(self, site: str, sku: str) -> int:
        """Return what lies at a site by the books, counts included."""
        what = StockKey(Sku(sku))
        mine = [one.terms for one in self.mirrors if one.site == site and one.what == what]
        came = sum(t["received"] + t["returned"] + t["arrived"] + t["adjusted"] for t in mine)
        return came - sum(t["sold"] + t["wasted"] + t["sent"] for t in mine) + self.adjusted(site, sku)


def _key(sku: str, condition: str, unit: str) -> StockKey:
    return StockKey(Sku(sku), Condition(condition), Unit(unit))
