"""Small facts of rights, reservations and promises, and the kiosk's own log as its hub would write it."""

from datetime import UTC, datetime, timedelta

from contract.codec import Stamp, encode
from contract.down_rights import PromiseResolved, RecallRequested, ReservationPlaced, RightsGranted
from contract.envelope import NO_DIGEST, LogSource
from contract.every import OwnFact
from contract.facts import StockLine
from contract.goods import GoneLine, StockWasted, TransferReceived, TransferSent
from contract.registry import DOWN
from contract.rights import (
    Answer,
    GrantTotal,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsRequested,
    Urgency,
)
from contract.streams import own_log
from contract.values import (
    Address,
    BasketId,
    Currency,
    Epoch,
    KioskId,
    Money,
    Quantity,
    Seq,
    SiteId,
    Sku,
)

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SOON = AT + timedelta(hours=2)
EUR = Currency("EUR")


def line(amount: int = 1, sku: str = "tea") -> StockLine:
    return StockLine(Sku(sku), Quantity(amount))


def wasted(amount: int, sku: str = "tea") -> StockWasted:
    return StockWasted([GoneLine(Sku(sku), Quantity(amount))], AT, "broken")


def sent(name: str, amount: int, sku: str = "tea") -> TransferSent:
    return TransferSent(name, SiteId("hall"), [GoneLine(Sku(sku), Quantity(amount))], AT)


def arrived(name: str, amount: int, sku: str = "tea") -> TransferReceived:
    return TransferReceived(name, SiteId("hall"), [line(amount, sku)], AT)


def released(amount: int, recall: str | None = None, sku: str = "tea") -> RightsReleased:
    return RightsReleased([line(amount, sku)], AT, recall)


def moved_out(name: str, amount: int, sku: str = "tea") -> RightsMoved:
    return RightsMoved(name, KioskId("k8"), Epoch(1), [line(amount, sku)], AT)


def moved_in(name: str, amount: int, sku: str = "tea") -> RightsAccepted:
    return RightsAccepted(name, KioskId("k8"), Epoch(1), [line(amount, sku)], AT)


def held(name: str, amount: int = 1, sku: str = "tea", *, until: datetime = SOON) -> ReservationHeld:
    return ReservationHeld(name, f"C-{name}", [line(amount, sku)], AT, until)


def collected(name: str, amount: int = 1, sku: str = "tea", *, basket: str = "b") -> ReservationCollected:
    return ReservationCollected(name, [line(amount, sku)], BasketId(basket), AT)


def lapsed(name: str, amount: int = 1, sku: str = "tea") -> ReservationLapsed:
    return ReservationLapsed(name, [line(amount, sku)], AT)


def cancelled(name: str, amount: int = 1, sku: str = "tea") -> ReservationCancelled:
    return ReservationCancelled(name, [line(amount, sku)], AT)


def wanted(name: str, amount: int = 1, sku: str = "tea") -> ReservationRequested:
    return ReservationRequested(name, [line(amount, sku)], "en", EUR, AT, Money(0))


def requested(name: str, amount: int = 1, sku: str = "tea", *, why: Urgency = Urgency.ASKED) -> RightsRequested:
    return RightsRequested(name, [line(amount, sku)], why, AT)


def total(amount: int, sku: str = "tea", *, settled: int = 0) -> GrantTotal:
    return GrantTotal(Sku(sku), amount, settled=settled)


def granted(amount: int, sku: str = "tea", *, epoch: int = 1, settled: int = 0) -> RightsGranted:
    return RightsGranted(Epoch(epoch), [total(amount, sku, settled=settled)])


def recall(name: str, amount: int, sku: str = "tea", *, epoch: int = 1, urgent: bool = True) -> RecallRequested:
    return RecallRequested(name, Epoch(epoch), [line(amount, sku)], urgent)


def placed(name: str, amount: int, sums: int, *, epoch: int = 1, until: datetime = SOON) -> ReservationPlaced:
    return ReservationPlaced(name, Epoch(epoch), f"C-{name}", [line(amount)], [total(sums)], until)


def resolved(name: str, message: str = "It is yours.", answer: Answer = Answer.CONFIRMED) -> PromiseResolved:
    lines = [] if answer is Answer.SORRY else [line()]
    return PromiseResolved(name, answer, message, lines, code="C-7")


def down(data: OwnFact, position: int, *, address: Address, generation: int = 1) -> bytes:
    """Return the bytes of a fact of a kiosk's own log; nobody at the kiosk looks at its chain."""
    source = LogSource(address.region, own_log(address), generation)
    return encode(data, source=source, seq=Seq(position), prev=NO_DIGEST, stamp=Stamp(at=AT), registry=DOWN)
