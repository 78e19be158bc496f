"""A hub with its steward over a real database, and kiosks that spend their accounts as real ones do."""

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from hub_books import AT, Hub, LaneTwin, sale, status
from sqlalchemy import Connection, select

from contract import stock
from contract.codec import Stamp, decode_down, encode
from contract.down_rights import (
    EpochClosed,
    RecallRequested,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.facts import StockLine, StockReceived
from contract.goods import ShelfCounted, ShelfLine, TillPosition
from contract.registry import Data
from contract.rights import (
    GrantTotal,
    ReservationCancelled,
    ReservationHeld,
    RightsReleased,
    RightsReported,
    RightsRequested,
    Urgency,
)
from contract.stock import Account, StockKey
from contract.streams import own_log
from contract.values import Epoch, Incarnation, Quantity, Seq, Sku, instant_text, parse_address
from hub.core.redistribute import Plan, Policy, Pool, plan_ours
from hub.promises.reserving import Present, reserve
from hub.steward.steward import Steward
from hub.store import down, holdings, pools
from hub.store.chores import Site
from hub.store.pools import PoolDelta, PoolKey
from hub.store.reservations import Reservation, SourceName
from hub.store.rights_tables import accounts as account_table
from hub.store.rights_tables import lives, passages
from hub.store.rights_tables import pools as pool_table

TEA = StockKey(Sku("tea"))
MARKET = Site("demo", "market")
CODE = "7KQ2-M9XA"


def still(_: Pool) -> Plan:
    """Share nothing: what a test looks at is not moved by the policy."""
    return Plan()


class Till(LaneTwin):
    """A kiosk: its lane, the accounts that it spends by, and what it applied of its own log."""

    def __init__(self, hub: Hub, name: str = "market/k1", epoch: int = 1) -> None:
        super().__init__(parse_address(f"demo/{name}"), epoch=epoch)
        self.hub = hub
        self.accounts: dict[StockKey, Account] = {}
        self.sent = 0
        self.seen = 0
        self.generation = 0
        self.held: dict[str, list[StockLine]] = {}
        self.was_held: set[str] = set()
        self.closed = False
        self.told: list[Data] = []

    def encode(self, data: Data, seq: int, prev: str) -> bytes:
        stamp = Stamp(at=self.hub.clock.now())
        return encode(data, source=self.source, seq=Seq(seq), prev=prev, stamp=stamp, seen=self.seen)

    def account(self, key: StockKey = TEA) -> Account:
        return self.accounts.get(key, Account())

    def spend(self, amount: int = 1, key: StockKey = TEA) -> int:
        """Sell goods in hand; return how much of it was overdraft."""
        self.accounts[key], overdraft = stock.sell(self.account(key), amount)
        receipt = f"{self.address.kiosk}-{self.epoch}-{len(self.raws) + 1}"
        self.record(sale(receipt, key.sku, amount, overdraft=overdraft))
        return overdraft

    def sell_by_right(self, amount: int = 1, key: StockKey = TEA) -> bool:
        """Sell only what the kiosk may promise."""
        if self.account(key).promisable < amount:
            return False
        self.spend(amount, key)
        return True

    def receive(self, amount: int, key: StockKey = TEA) -> None:
        self.accounts[key] = stock.receive(self.account(key), amount)
        self.record(StockReceived([StockLine(key.sku, Quantity(amount, key.unit))], AT))

    def release(self, amount: int, key: StockKey = TEA, recall: str | None = None) -> None:
        lines = [StockLine(key.sku, Quantity(amount, key.unit))] if amount else []
        if amount:
            self.accounts[key] = stock.release(self.account(key), amount)
        self.record(RightsReleased(lines, self.hub.clock.now(), recall))

    def want(self, amount: int, key: StockKey = TEA, why: Urgency = Urgency.ASKED) -> None:
        name = f"want-{self.address.kiosk}-{len(self.raws)}"
        self.record(RightsRequested(name, [StockLine(key.sku, Quantity(amount, key.unit))], why, self.hub.clock.now()))

    def count(self, amount: int, *others: TillPosition, key: StockKey = TEA) -> None:
        lines = [ShelfLine(key.sku, Quantity(amount, key.unit))]
        self.record(ShelfCounted(lines, self.hub.clock.now(), Seq(len(self.raws)), list(others)))

    def set_aside(self, name: str, amount: int, key: StockKey = TEA) -> None:
        """Reserve for a shopper from the kiosk's own rights."""
        self.accounts[key] = stock.hold(self.account(key), amount)
        lines = [StockLine(key.sku, Quantity(amount, key.unit))]
        self.held[name] = lines
        at = self.hub.clock.now()
        self.record(ReservationHeld(name, CODE, lines, at, at + timedelta(hours=1)))

    def position(self) -> TillPosition:
        return TillPosition(self.address.kiosk, Epoch(self.epoch), Seq(len(self.raws)))

    def flush(self) -> None:
        """Send what was recorded, and be online."""
        batch = [self.message(self.sent + 1)] if self.sent < len(self.raws) else []
        reach = {self.stream: len(self.raws)}
        self.hub.take(status(self.address, incarnation=self.incarnation(), newest=reach), *batch)
        self.sent = len(self.raws)

    def incarnation(self) -> int:
        return self.hub.life.life.incarnation if self.hub.life.life else 1

    def leave(self) -> None:
        self.hub.take(status(self.address, incarnation=self.incarnation(), online=False))

    def hear(self, most: int | None = None) -> list[Data]:
        """Apply at most ``most`` facts of the own log, as the backroom does; return them."""
        with self.hub.store.read() as connection:
            end = down.log_end(connection, "demo", own_log(self.address))
            if end is None:
                return []
            first = self.seen + 1 if end.generation == self.generation else 1
            raws = down.read_log(connection, "demo", own_log(self.address), end.generation, first, limit=1000)
        facts = [decode_down(raw) for raw in raws[:most]]
        for fact in facts:
            if self.generation != end.generation:
                self.generation, self.seen = end.generation, 0
                self._report()
            self.seen = fact.seq
            self._apply(fact.data)
            self.told.append(fact.data)
        return [fact.data for fact in facts]

    def _report(self) -> None:
        totals = [
            GrantTotal(key.sku, one.granted, key.condition, key.unit, one.settled)
            for key, one in sorted(self.accounts.items())
        ]
        self.record(RightsReported(Incarnation(self.generation), totals))

    def _apply(self, data: Data) -> None:
        match data:
            case RightsGranted():
                self._grant(data.epoch, data.totals)
            case RecallRequested() if data.epoch == self.epoch:
                for line in data.lines:
                    key = StockKey(line.sku, line.condition, line.quantity.unit)
                    self.release(max(0, min(line.quantity.amount, self.account(key).available)), key, data.recall)
            case ReservationPlaced() if data.epoch == self.epoch and data.reservation not in self.was_held:
                self._grant(data.epoch, data.totals)
                self._hold(data)
            case ReservationRefused() if lines := self.held.pop(data.reservation, None):
                for line in lines:
                    key = StockKey(line.sku, line.condition, line.quantity.unit)
                    self.accounts[key] = stock.unhold(self.account(key), line.quantity.amount)
                self.record(ReservationCancelled(data.reservation, lines, self.hub.clock.now()))
            case EpochClosed():
                self.closed |= data.epoch == self.epoch

    def _grant(self, epoch: int, totals: Iterable[GrantTotal]) -> None:
        if epoch == self.epoch:
            for one in totals:
                key = StockKey(one.sku, one.condition, one.unit)
                self.accounts[key] = stock.grant(self.account(key), one.total, one.settled)

    def _hold(self, data: ReservationPlaced) -> None:
        for line in data.lines:
            key = StockKey(line.sku, line.condition, line.quantity.unit)
            self.accounts[key] = stock.hold_placed(self.account(key), line.quantity.amount)
        self.held[data.reservation] = list(data.lines)
        self.was_held.add(data.reservation)
        at = self.hub.clock.now()
        self.record(ReservationHeld(data.reservation, data.code, data.lines, at, data.until, placed=True))


@dataclass
class Shop:
    """A hub whose steward looks after its sites."""

    hub: Hub
    policy: Policy = still
    seed: int = 1
    tills: list[Till] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steward = new_steward(self.hub, self.policy, self.seed)

    def till(self, name: str = "market/k1", epoch: int = 1) -> Till:
        till = Till(self.hub, name, epoch)
        self.tills.append(till)
        return till

    def work(self, seconds: float = 1.0) -> int:
        """Let time pass, and the steward do all that is due."""
        self.hub.clock.advance(seconds)
        done = 0
        for _ in range(100):
            step = self.steward.step()
            done += step
            if not step:
                return done
        raise AssertionError("the steward never ends")

    def round_trip(self, seconds: float = 1.0) -> None:
        """Let the hub ask, the tills give, and the hub take: all within a moment."""
        self.work(seconds)
        for till in self.tills:
            till.hear()
            till.flush()
        self.work(0.01)

    def settle_down(self, rounds: int = 12, seconds: float = 11.0) -> None:
        """Let everybody talk until nobody has anything to say."""
        for _ in range(rounds):
            for till in self.tills:
                till.flush()
            self.work(seconds)
            for till in self.tills:
                till.hear()

    def reserve(
        self, name: str, amount: int, key: StockKey = TEA, *, source: SourceName = "order", confirmed: bool = True
    ) -> bool:
        """Reserve from the hub's own pool, as its API does."""
        now = instant_text(self.hub.clock.now())
        until = instant_text(self.hub.clock.now() + timedelta(hours=1))
        one = Reservation(
            name,
            "demo",
            "market",
            "reserved",
            source,
            paid=False,
            code=CODE,
            at=now,
            until=until,
            goods={key: amount},
            confirmed_at=now if confirmed else None,
        )
        with self.hub.store.write() as connection:
            return reserve(connection, one, now)

    def pool(self, key: StockKey = TEA, site: str = "market") -> PoolDelta:
        with self.hub.store.read() as connection:
            row = connection.execute(
                select(*(pool_table.c[name] for name in pools.ALL_TERMS)).where(
                    pool_table.c.site == site, pool_table.c.sku == key.sku, pool_table.c.unit == key.unit
                )
            ).one_or_none()
        return PoolDelta(*row) if row else PoolDelta()

    def give(self, *, key: StockKey = TEA, site: str = "market", **terms: int) -> None:
        """Put something into a pool, and the same on the other side of the books: ``adjusted``."""
        delta = PoolDelta(**terms)
        owed = delta.unsettled + delta.deficit
        balanced = delta._replace(adjusted=delta.free + delta.reserved + delta.limbo - owed)
        with self.hub.store.write() as connection:
            pools.add(connection, {PoolKey("demo", site, key): balanced})

    def mirrors(self, key: StockKey = TEA) -> dict[tuple[int, int], holdings.Held]:
        with self.hub.store.read() as connection:
            found = holdings.read(connection, MARKET, [key])[key]
        return {(one.kiosk_id, one.epoch): one for one in found}

    def sides(self, key: StockKey = TEA) -> tuple[int, int]:
        """Return both sides of the books' own equation (I2) for one sku of one site without transfers."""
        pool = self.pool(key)
        with self.hub.store.read() as connection:
            rows = connection.execute(select(account_table).where(account_table.c.sku == key.sku)).all()
            closed = _closed(connection)
            on_way = connection.execute(select(passages).where(passages.c.sku == key.sku)).all()
        left = pool.free + pool.reserved + pool.limbo
        right = pool.adjusted + pool.unsettled + pool.deficit
        for row in rows:
            one = Account(*(getattr(row, term) for term in stock.TERMS))
            left += one.sold + one.wasted
            right += one.received + one.returned + one.adjusted
            if (row.kiosk_id, row.epoch) not in closed:
                left += one.available + one.held + row.issued - one.granted
        return left + sum(row.out - row.into for row in on_way), right

    def check(self, key: StockKey = TEA) -> None:
        left, right = self.sides(key)
        assert left == right


def _closed(connection: Connection) -> set[tuple[int, int]]:
    rows = connection.execute(select(lives.c.kiosk_id, lives.c.epoch).where(lives.c.closed_at.is_not(None)))
    return {(row.kiosk_id, row.epoch) for row in rows}


def new_steward(hub: Hub, policy: Policy = plan_ours, seed: int = 1) -> Steward:
    rng, number = random.Random(seed), itertools.count(1)  # noqa: S311
    return Steward(
        hub.store,
        hub.clock,
        keep=hub.life.keep,
        new_id=lambda: f"id-{seed}-{next(number)}-{rng.getrandbits(32):08x}",
        policy=policy,
    )


def present(hub: Hub) -> Present:
    at = hub.clock.now()
    return Present(instant_text(at), at, hub.life.life.incarnation if hub.life.life else 1)
