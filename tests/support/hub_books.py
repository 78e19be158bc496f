"""A hub's ingest over a real database, kiosks that fill real lanes, and what the books say afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from contract.batch import Ack, Status, StreamPosition, decode_ack, encode_batch, encode_message
from contract.codec import Stamp, digest, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.facts import (
    CountLine,
    Payment,
    PaymentKind,
    RefundLine,
    RefundRecorded,
    SaleLine,
    SaleRecorded,
    StockCounted,
    StockLine,
    StockReceived,
)
from contract.registry import Data
from contract.values import (
    Address,
    BasketId,
    Currency,
    Incarnation,
    Lane,
    Money,
    Quantity,
    Receipt,
    Seq,
    Sku,
    parse_address,
)
from hub.intake.arrivals import Message
from hub.intake.ingest import Ingest, Outcome
from hub.life import LifeFile, begin_life
from hub.store import down
from hub.store.bounds import Bounds
from hub.store.database import Store, open_store
from hub.store.migrate import migrate
from hub.store.rights_tables import accounts
from hub.store.tables import exceptions, facts, lanes, metadata, quarantine, receipts

AT = datetime(2026, 3, 7, 9, 30, tzinfo=UTC)


class HandClock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = AT
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed_s += seconds


@dataclass
class Hub:
    """An ingest, its store and its life."""

    store: Store
    life: LifeFile
    clock: HandClock
    ingest: Ingest

    def take(self, *messages: Message) -> Outcome:
        return self.ingest.take(messages)

    def wipe(self) -> None:
        """Empty every table but the life."""
        with self.store.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "hub_life":
                    connection.execute(table.delete())


@contextmanager
def open_hub(url: str, state: Path, *, careful: bool = False, promoted: bool = False) -> Iterator[Hub]:
    """Open a hub as its start does, and close it."""
    store = open_store(url)
    try:
        migrate(store)
        life = LifeFile(state / "incarnation.json")
        try:
            begin_life(store, life, promoted=promoted)
            yield make_hub(store, life, careful=careful)
        finally:
            life.close()
    finally:
        store.close()


def make_hub(store: Store, life: LifeFile, *, careful: bool = False, limits: Bounds | None = None) -> Hub:
    clock = HandClock()
    ingest = Ingest(
        store,
        life,
        clock,
        new_life=lambda connection, incarnation: down.begin_generations(connection, incarnation, clock.now()),
        careful=careful,
        limits=limits,
    )
    return Hub(store, life, clock, ingest)


@dataclass
class LaneTwin:
    """One lane of a kiosk: facts with numbers and a chain, as its journal would hold them."""

    address: Address = field(default_factory=lambda: parse_address("demo/market/k1"))
    lane: Lane = Lane.TILL
    epoch: int = 1
    raws: list[bytes] = field(default_factory=list)

    @property
    def source(self) -> LaneSource:
        return LaneSource(self.address, self.epoch, self.lane)  # type: ignore[arg-type]

    @property
    def stream(self) -> str:
        return f"{self.lane}@{self.epoch}"

    def record(self, *data: Data) -> None:
        for one in data:
            prev = digest(self.raws[-1]) if self.raws else NO_DIGEST
            self.raws.append(self.encode(one, len(self.raws) + 1, prev))

    def encode(self, data: Data, seq: int, prev: str) -> bytes:
        return encode(data, source=self.source, seq=Seq(seq), prev=prev, stamp=Stamp(at=AT))

    def sell(self, sku: str = "tea", amount: int = 1, price: int = 300, *, overdraft: int = 0) -> None:
        n = len(self.raws) + 1 + list(Lane).index(self.lane) * 1000
        self.record(sale(f"{self.address.kiosk}-{self.epoch}-{n}", sku, amount, price, overdraft))

    def message(self, first: int = 1, count: int | None = None, *, newest: int | None = None) -> Message:
        """Return the batch of ``count`` facts from ``first`` on."""
        last = len(self.raws) if count is None else first + count - 1
        return self.raw_message(first, self.raws[first - 1 : last], newest)

    def raw_message(self, first: int, raws: Sequence[bytes], newest: int | None = None) -> Message:
        payload = encode_batch(self.stream, Seq(first), raws, Seq(len(self.raws) if newest is None else newest))
        return Message(f"popup/v1/{self.address}/up/facts/{self.lane}", payload)


def sale(receipt: str, sku: str = "tea", amount: int = 1, price: int = 300, overdraft: int = 0) -> SaleRecorded:
    total = Money(amount * price)
    line = SaleLine(Sku(sku), sku, Quantity(amount), Money(price), total, overdraft=overdraft)
    paid = Payment(PaymentKind.CASH, total, total, Money(0))
    return SaleRecorded(Receipt(receipt), BasketId(receipt), AT, Currency("EUR"), [line], total, [paid])


def refund(
    receipt: str, sku: str = "tea", amount: int = 1, price: int = 300, *, restock: bool = True
) -> RefundRecorded:
    total = Money(amount * price)
    line = RefundLine(Sku(sku), sku, Quantity(amount), Money(price), total, restock=restock)
    paid = Payment(PaymentKind.CASH, total, total, Money(0))
    return RefundRecorded(Receipt(receipt), BasketId(receipt), AT, Currency("EUR"), [line], total, [paid])


def received(sku: str = "tea", amount: int = 10) -> StockReceived:
    return StockReceived([StockLine(Sku(sku), Quantity(amount))], AT)


def counted(sku: str, amount: int, expected: int) -> StockCounted:
    return StockCounted([CountLine(Sku(sku), Quantity(amount), expected)], AT, Seq(0))


def status(address: Address, *, incarnation: int = 1, online: bool = True, **lists: dict[str, int]) -> Message:
    """Return a status; ``acked`` and ``newest`` map streams to positions."""
    told = {name: [StreamPosition(k, Seq(v)) for k, v in positions.items()] for name, positions in lists.items()}
    said = Status(online, Seq(incarnation), version="1.0", **told)
    return Message(f"popup/v1/{address}/status", encode_message(said), retain=True)


def down_ack(address: Address, positions: dict[str, int], *, resume: bool = False) -> Message:
    said = Ack(Incarnation(1), [StreamPosition(k, Seq(v)) for k, v in positions.items()], resume)
    return Message(f"popup/v1/{address}/ack/down", encode_message(said))


def ack_in(messages: Iterable[Message], address: str = "demo/market/k1") -> Ack | None:
    """Return the only acknowledgement for a kiosk among ``messages``."""
    found = [decode_ack(m.payload) for m in messages if m.topic == f"popup/v1/{address}/ack/up"]
    assert len(found) <= 1
    assert all(m.retain for m in messages)
    return found[0] if found else None


def positions(ack: Ack | None) -> dict[str, int]:
    assert ack is not None
    return {one.stream: one.position for one in ack.positions}


STOCK_KEY = (accounts.c.region, accounts.c.site, accounts.c.sku, accounts.c.condition, accounts.c.unit)
STOCK_TERMS = ("received", "returned", "sold", "adjusted", "overdraft")


def stock_sums(connection: Connection) -> list[tuple[Any, ...]]:
    """Return what facts came to at each site: region, site, sku, condition, unit and the five oldest terms."""
    sums = [func.sum(accounts.c[term]) for term in STOCK_TERMS]
    rows = connection.execute(select(*STOCK_KEY, *sums).group_by(*STOCK_KEY).order_by(*STOCK_KEY))
    return [(*row[:5], *map(int, row[5:])) for row in rows]


def books(store: Store) -> dict[str, Any]:
    """Return everything that facts change, in one order, without instants and row numbers."""
    with store.read() as connection:
        return {
            "stock": stock_sums(connection),
            "receipts": [tuple(row) for row in connection.execute(select(receipts).order_by(*receipts.primary_key))],
            "facts": [
                tuple(row)
                for row in connection.execute(
                    select(facts.c.epoch, facts.c.lane, facts.c.seq, facts.c.digest, facts.c.bytes).order_by(
                        facts.c.kiosk_id, facts.c.epoch, facts.c.lane, facts.c.seq
                    )
                )
            ],
            "lanes": [
                tuple(row)
                for row in connection.execute(
                    select(lanes.c.epoch, lanes.c.lane, lanes.c.position, lanes.c.digest).order_by(*lanes.primary_key)
                )
            ],
            "quarantine": [
                tuple(row)
                for row in connection.execute(
                    select(quarantine.c.lane, quarantine.c.seq, quarantine.c.kind, quarantine.c.bytes).order_by(
                        quarantine.c.lane, quarantine.c.seq, quarantine.c.digest
                    )
                )
            ],
            "exceptions": sorted(
                tuple(row) for row in connection.execute(select(exceptions.c.kind, exceptions.c.subject))
            ),
        }
