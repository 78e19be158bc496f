"""A till that sells by right: accounts by the contract's arithmetic, facts as its journal would hold them."""

from dataclasses import dataclass, field
from typing import Any

from hub_books import AT, Hub, LaneTwin, refund, sale
from sqlalchemy import select

from contract.codec import Stamp, encode
from contract.down_rights import RightsGranted
from contract.facts import StockLine, StockReceived
from contract.goods import GoneLine, ShelfCounted, ShelfLine, StockWasted, TransferReceived, TransferSent
from contract.registry import Data
from contract.rights import (
    GrantTotal,
    ReservationHeld,
    ReservationLapsed,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsReported,
    RightsRequested,
    Urgency,
)
from contract.stock import (
    Account,
    StockKey,
    arrive,
    grant,
    hold,
    leave,
    move_in,
    move_out,
    receive,
    release,
    take_back,
    unhold,
)
from contract.values import Epoch, Incarnation, KioskId, Quantity, Seq, SiteId, Sku
from hub.store import own_log
from hub.store.accounts import read
from hub.store.inbox import find_kiosk
from hub.store.life import read_life
from hub.store.pools import ALL_TERMS, PoolDelta, PoolKey, take
from hub.store.rights_tables import pools
from hub.store.verify import find_faults

NOW = "2026-03-07T09:30:00.000000Z"
TEA = StockKey(Sku("tea"))


@dataclass
class RightsTwin(LaneTwin):
    """One life of a till."""

    accounts: dict[StockKey, Account] = field(default_factory=dict)
    seen: int = 0

    def encode(self, data: Data, seq: int, prev: str) -> bytes:
        return encode(data, source=self.source, seq=Seq(seq), prev=prev, stamp=Stamp(at=AT), seen=self.seen)

    def has(self, sku: str = "tea") -> Account:
        return self.accounts.get(StockKey(Sku(sku)), Account())

    def put(self, account: Account, sku: str = "tea") -> None:
        self.accounts[StockKey(Sku(sku))] = account

    def sell(self, sku: str = "tea", amount: int = 1, price: int = 300, *, overdraft: int = 0) -> None:
        account, overdraft = leave(self.has(sku), amount, "sold")
        self.put(account, sku)
        self.record(sale(f"{self.address.kiosk}-{self.epoch}-{len(self.raws) + 1}", sku, amount, price, overdraft))

    def receive(self, amount: int, sku: str = "tea") -> None:
        self.put(receive(self.has(sku), amount), sku)
        self.record(StockReceived([line(amount, sku)], AT))

    def waste(self, amount: int, sku: str = "tea") -> None:
        account, overdraft = leave(self.has(sku), amount, "wasted")
        self.put(account, sku)
        self.record(StockWasted([GoneLine(Sku(sku), Quantity(amount), overdraft=overdraft)], AT, "broken"))

    def send(self, name: str, amount: int, to: str = "harbour", sku: str = "tea") -> None:
        account, overdraft = leave(self.has(sku), amount, "sent")
        self.put(account, sku)
        gone = GoneLine(Sku(sku), Quantity(amount), overdraft=overdraft)
        self.record(TransferSent(name, SiteId(to), [gone], AT))

    def arrive(self, name: str, amount: int, origin: str = "market", sku: str = "tea") -> None:
        self.put(arrive(self.has(sku), amount), sku)
        self.record(TransferReceived(name, SiteId(origin), [line(amount, sku)], AT))

    def take_back(self, amount: int, sku: str = "tea") -> None:
        self.put(take_back(self.has(sku), amount), sku)
        self.record(refund(f"{self.address.kiosk}-{self.epoch}-{len(self.raws) + 1}", sku, amount))

    def release(self, amount: int, recall: str | None = None, sku: str = "tea") -> None:
        self.put(release(self.has(sku), amount), sku)
        self.record(RightsReleased([line(amount, sku)] if amount else [], AT, recall))

    def give(self, name: str, to: "RightsTwin", amount: int, sku: str = "tea") -> None:
        self.put(move_out(self.has(sku), amount), sku)
        self.record(RightsMoved(name, KioskId(to.address.kiosk), Epoch(to.epoch), [line(amount, sku)], AT))

    def accept(self, name: str, giver: "RightsTwin", amount: int, sku: str = "tea") -> None:
        self.put(move_in(self.has(sku), amount), sku)
        self.record(RightsAccepted(name, KioskId(giver.address.kiosk), Epoch(giver.epoch), [line(amount, sku)], AT))

    def hold(self, name: str, amount: int, sku: str = "tea") -> None:
        self.put(hold(self.has(sku), amount), sku)
        self.record(ReservationHeld(name, f"C-{name}", [line(amount, sku)], AT, AT))

    def lapse(self, name: str, amount: int, sku: str = "tea") -> None:
        self.put(unhold(self.has(sku), amount), sku)
        self.record(ReservationLapsed(name, [line(amount, sku)], AT))

    def ask(self, name: str, amount: int, sku: str = "tea") -> None:
        self.record(RightsRequested(name, [line(amount, sku)], Urgency.LOW, AT))

    def count(self, amount: int, sku: str = "tea") -> None:
        self.record(ShelfCounted([ShelfLine(Sku(sku), Quantity(amount))], AT, Seq(len(self.raws))))

    def report(self, generation: int = 1, *, last: bool = True) -> None:
        totals = [GrantTotal(what.sku, one.granted) for what, one in self.accounts.items() if one.granted]
        self.record(RightsReported(Incarnation(generation), totals, last))

    def hear_grant(self, position: int, total: int, sku: str = "tea") -> None:
        self.put(grant(self.has(sku), total), sku)
        self.seen = position


def line(amount: int, sku: str = "tea") -> StockLine:
    return StockLine(Sku(sku), Quantity(amount))


def grant_from_pool(hub: Hub, twin: RightsTwin, amount: int, sku: str = "tea") -> tuple[int, int]:
    """Grant as the steward does: return position and sum."""
    what = StockKey(Sku(sku))
    with hub.store.write() as connection:
        kiosk = find_kiosk(connection, twin.address)
        life = read_life(connection)
        assert kiosk is not None
        assert life is not None
        assert take(connection, PoolKey(twin.address.region, twin.address.site, what), "free", amount)
        sums = own_log.grant(connection, kiosk, twin.epoch, {what: amount}, AT, life.incarnation)
        fact = RightsGranted(Epoch(twin.epoch), sums)
        return own_log.tell(connection, kiosk, [fact], AT, life.incarnation), sums[0].total


def mirror(hub: Hub, twin: LaneTwin) -> dict[StockKey, Account]:
    """Return the hub's mirror of a life."""
    with hub.store.read() as connection:
        kiosk = find_kiosk(connection, twin.address)
        return {what: one.account for what, one in read(connection, kiosk.id, twin.epoch)} if kiosk else {}


def pool(hub: Hub, site: str = "market", sku: str = "tea") -> PoolDelta:
    """Return a pool of the region."""
    with hub.store.read() as connection:
        where = (pools.c.site == site, pools.c.sku == sku, pools.c.condition == "sellable")
        row = connection.execute(select(pools).where(*where)).one_or_none()
    return PoolDelta(*(getattr(row, term) for term in ALL_TERMS)) if row else PoolDelta()


def faults(hub: Hub) -> list[tuple[Any, ...]]:
    """Return what is wrong with the books of stock."""
    with hub.store.read() as connection:
        return [(one.what.sku, *one.finding[:2]) for one in find_faults(connection)]
