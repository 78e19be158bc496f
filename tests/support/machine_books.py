"""The hub's books as they stand in its file: asked of SQLite, not of the parts that wrote them."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from machine_world import LaneName

from contract.codec import decode, digest
from contract.every import UpFact
from contract.facts import RefundRecorded, SaleRecorded, StockCounted, StockReceived
from contract.streams import lane_stream

_WHO: Final = "k.region || '/' || k.site || '/' || k.kiosk"

Sums = dict[tuple[str, str], list[int]]  # (sku, condition) -> received, returned, sold, adjusted, overdraft


class LaneRow(NamedTuple):
    """How far the hub says a lane is."""

    position: int
    digest: str
    newest: int


class Books:
    """One look at everything."""

    def __init__(self, reader: sqlite3.Connection) -> None:
        self.held = _held(reader)
        lanes = reader.execute(
            f"SELECT {_WHO}, l.epoch, l.lane, l.position, l.digest, l.newest FROM lanes l "  # noqa: S608
            "JOIN kiosks k ON k.id = l.kiosk_id"
        )
        self.lanes: dict[LaneName, LaneRow] = {
            (who, lane_stream(epoch, lane)): LaneRow(*row) for who, epoch, lane, *row in lanes
        }
        aside = reader.execute(
            f"SELECT {_WHO}, q.epoch, q.lane, q.seq, q.kind, q.bytes FROM quarantine q "  # noqa: S608
            "JOIN kiosks k ON k.id = q.kiosk_id"
        ).fetchall()
        self.forks: list[tuple[str, bytes]] = [(row[0], row[5]) for row in aside if row[4] == "fork"]
        self.aside_kinds: set[str] = {row[4] for row in aside}
        self.aside: set[tuple[LaneName, int, bytes]] = {
            ((who, lane_stream(epoch, lane)), seq, raw) for who, epoch, lane, seq, _, raw in aside
        }
        self.exceptions: set[tuple[str, str]] = set(reader.execute("SELECT kind, subject FROM exceptions"))
        self.receipts = _receipts(reader, "r.again < 1 << 52")
        self.receipts_of_forks = _receipts(reader, "r.again >= 1 << 52")
        self.stock = _sums(reader, "epoch > 0")
        self.of_forks = _sums(reader, "epoch = 0")  # of facts whose number was taken: they happened all the same
        (self.incarnation,) = reader.execute("SELECT incarnation FROM hub_life").fetchone()

    def has(self, lane: LaneName, seq: int, raw: bytes) -> bool:
        """Return whether a fact is in the books, or kept whole beside them."""
        facts = self.held.get(lane, [])
        return (seq <= len(facts) and facts[seq - 1] == raw) or (lane, seq, raw) in self.aside


def _sums(reader: sqlite3.Connection, where: str) -> Sums:
    rows = reader.execute(
        "SELECT sku, condition, sum(received), sum(returned), sum(sold), sum(adjusted), sum(overdraft) "  # noqa: S608
        f"FROM accounts WHERE {where} GROUP BY 1, 2"
    )
    return {(sku, kind): list(terms) for sku, kind, *terms in rows}


def _receipts(reader: sqlite3.Connection, where: str) -> list[tuple[str, str, int]]:
    return reader.execute(
        f"SELECT {_WHO}, r.receipt, r.total_minor FROM receipts r JOIN kiosks k ON k.id = r.kiosk_id WHERE {where}"  # noqa: S608
    ).fetchall()


def _held(reader: sqlite3.Connection) -> dict[LaneName, list[bytes]]:
    """Return the hub's facts by lane, in order; their numbers have no gaps."""
    rows = reader.execute(
        f"SELECT {_WHO}, f.epoch, f.lane, f.seq, f.bytes, f.digest FROM facts f "  # noqa: S608
        "JOIN kiosks k ON k.id = f.kiosk_id ORDER BY 1, 2, 3, 4"
    ).fetchall()
    found: dict[LaneName, list[bytes]] = defaultdict(list)
    for who, epoch, lane, seq, raw, mark in rows:
        facts = found[who, lane_stream(epoch, lane)]
        facts.append(raw)
        assert seq == len(facts), f"{who} {lane}: fact {seq} stands after {len(facts) - 1}"
        assert mark == digest(raw)
    return dict(found)


@cache
def said(raw: bytes) -> UpFact:
    return decode(raw).data  # type: ignore[return-value]


def receipt_of(raw: bytes) -> tuple[str, int] | None:
    """Return the number and the total of the receipt that a fact made."""
    data = said(raw)
    return (data.receipt, data.total_minor) if isinstance(data, SaleRecorded | RefundRecorded) else None


def fold(raws: Iterable[bytes]) -> Sums:
    """Return the stock sums that facts come to."""
    sums: Sums = defaultdict(lambda: [0, 0, 0, 0, 0])
    for raw in raws:
        match said(raw):
            case SaleRecorded(lines=sold):
                for line in sold:
                    sums[line.sku, "sellable"][2] += line.quantity.amount
                    sums[line.sku, "sellable"][4] += line.overdraft
            case RefundRecorded(lines=back):
                for one in back:
                    sums[one.sku, "sellable" if one.restock else "damaged"][1] += one.quantity.amount
            case StockReceived(lines=came):
                for new in came:
                    sums[new.sku, "sellable"][0] += new.quantity.amount
            case StockCounted(lines=counted):
                for found in counted:
                    sums[found.sku, "sellable"][3] += found.counted.amount - found.expected
            case _:
                pass
    return dict(sums)
