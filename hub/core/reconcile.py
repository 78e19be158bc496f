"""What a fact means for the books. Sums that add up, so that neither order nor grouping of facts matters.

Rules
-----
1.  Every fact changes the hub's mirror of its kiosk's own accounts as the kiosk changed them, term by term.
2.  A refund brings goods back: sellable ones as returned, others as returned in the damaged condition.
3.  A count of the first version corrected the kiosk's own account; one of the second changes no account.
4.  A move between tills and a transfer between sites are passages: either half may come first.
5.  Takings are receipts: one row a sale or refund, in the fact's own currency.
6.  Nothing here can refuse a fact. What needs a decision (:data:`Asked`) is handed on.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, cast

from msgspec import Struct

from contract.codec import Fact
from contract.envelope import LaneSource
from contract.every import UpFact
from contract.facts import (
    ClockStepped,
    KioskStarted,
    KioskStopping,
    RefundLine,
    RefundRecorded,
    SaleRecorded,
    StockCounted,
    StockLine,
    StockReceived,
)
from contract.goods import GoneLine, ShelfCounted, StockWasted, TransferReceived, TransferSent
from contract.payments import PaymentAttempted, PaymentResolved
from contract.rights import (
    OverdraftBooked,
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsReported,
    RightsRequested,
)
from contract.stock import Account, StockKey
from contract.values import Condition, instant_text

ReceiptKind = Literal["sale", "refund"]
PassageKind = Literal["move", "transfer"]


class Receipt(Struct, frozen=True):
    """One receipt: money that changed hands. A refund's total is positive; its kind says the direction."""

    number: str
    kind: ReceiptKind
    total_minor: int
    currency: str
    at: str


class Passage(NamedTuple):
    """One half of goods or rights on their way: ``out`` left, ``into`` arrived. ``ends`` are giver and receiver.

    ``site`` is where tills move rights among themselves, ``to_epoch`` the life of the receiver that they are for; goods
    go from one site to another.
    """

    kind: PassageKind
    id: str
    ends: tuple[str, str]
    what: StockKey
    out: int = 0
    into: int = 0
    site: str = ""
    to_epoch: int = 0


Asked = (
    ShelfCounted
    | RightsRequested
    | RightsReleased
    | RightsReported
    | ReservationHeld
    | ReservationCollected
    | ReservationLapsed
    | ReservationCancelled
    | ReservationRequested
    | PromiseTold
    | OverdraftBooked
)


# What is added to an account: terms of :class:`contract.stock.Account`, and how much. Most facts change one or two of
# the fourteen; whole accounts for each line were a tenth of what the hub does for a sale.
Delta = tuple[tuple[str, int], ...]


class Effects(Struct, frozen=True):
    """What one fact changes. ``asked`` is what the hub must decide or note beside the sums."""

    stock: tuple[tuple[StockKey, Delta], ...] = ()
    receipt: Receipt | None = None
    passages: tuple[Passage, ...] = ()
    asked: Asked | None = None


def effects_of(fact: Fact) -> Effects:
    """Return what ``fact`` changes in the books."""
    data = cast("UpFact", fact.data)
    source = fact.source
    site, kiosk = (source.address.site, source.address.kiosk) if isinstance(source, LaneSource) else ("", "")
    match data:
        case SaleRecorded():
            return Effects(_sold(data), _sale_receipt(data))
        case RefundRecorded():
            return Effects(tuple(_returned(line) for line in data.lines), _refund_receipt(data))
        case StockReceived() | StockWasted() | StockCounted():
            return Effects(tuple(_goods(data)))
        case TransferSent() | TransferReceived() | RightsMoved() | RightsAccepted():
            return _passing(data, site, kiosk, source.epoch if isinstance(source, LaneSource) else 0)
        case KioskStarted() | KioskStopping() | ClockStepped() | PaymentAttempted() | PaymentResolved():
            return Effects()
        case _:
            return _asked(data)


def account_of(delta: Delta) -> Account:
    """Return ``delta`` as an account of its own."""
    return Account(**dict(delta))


def add_up(sums: dict[str, int], delta: Delta) -> None:
    """Add ``delta`` to sums by term."""
    for term, amount in delta:
        sums[term] = sums.get(term, 0) + amount


def _passing(
    data: TransferSent | TransferReceived | RightsMoved | RightsAccepted, site: str, kiosk: str, epoch: int
) -> Effects:
    match data:
        case TransferSent():
            return Effects(tuple(_gone(data.lines, "sent")), passages=tuple(_sent(data, site)))
        case TransferReceived():
            return Effects(tuple(_moved(data.lines, "arrived")), passages=tuple(_arrived(data, site)))
        case RightsMoved():
            return Effects(tuple(_moved(data.lines, "moved_out")), passages=tuple(_given(data, site, kiosk)))
        case RightsAccepted():
            return Effects(tuple(_moved(data.lines, "moved_in")), passages=tuple(_taken(data, site, kiosk, epoch)))


def _asked(data: Asked) -> Effects:
    match data:
        case RightsReleased():
            return Effects(tuple(_moved(data.lines, "released")), asked=data)
        case ReservationHeld():
            return Effects(tuple(_moved(data.lines, "held")), asked=data)
        case ReservationCollected() | ReservationLapsed() | ReservationCancelled():
            return Effects(tuple((key, (("held", -n),)) for key, n in _amounts(data.lines)), asked=data)
        case _:
            return Effects(asked=data)


def _amounts(lines: Iterable[StockLine | GoneLine]) -> Iterator[tuple[StockKey, int]]:
    for line in lines:
        yield StockKey(line.sku, line.condition, line.quantity.unit), line.quantity.amount


def _moved(lines: Iterable[StockLine], term: str) -> Iterator[tuple[StockKey, Delta]]:
    for key, amount in _amounts(lines):
        yield key, ((term, amount),)


def _gone(lines: Iterable[GoneLine], term: str) -> Iterator[tuple[StockKey, Delta]]:
    for line in lines:
        key = StockKey(line.sku, line.condition, line.quantity.unit)
        yield key, _left(term, line.quantity.amount, line.overdraft)


def _goods(data: StockReceived | StockWasted | StockCounted) -> Iterator[tuple[StockKey, Delta]]:
    match data:
        case StockReceived():
            yield from _moved(data.lines, "received")
        case StockWasted():
            yield from _gone(data.lines, "wasted")
        case StockCounted():
            for line in data.lines:
                yield StockKey(line.sku, line.condition, line.counted.unit), (("adjusted", line.adjustment),)


def _sent(data: TransferSent, site: str) -> Iterator[Passage]:
    for key, amount in _amounts(data.lines):
        yield Passage("transfer", data.transfer, (site, data.to), key, out=amount)


def _arrived(data: TransferReceived, site: str) -> Iterator[Passage]:
    for key, amount in _amounts(data.lines):
        yield Passage("transfer", data.transfer, (data.origin, site), key, into=amount)


def _given(data: RightsMoved, site: str, kiosk: str) -> Iterator[Passage]:
    for key, amount in _amounts(data.lines):
        yield Passage("move", data.move, (kiosk, data.to), key, out=amount, site=site, to_epoch=data.to_epoch)


def _taken(data: RightsAccepted, site: str, kiosk: str, epoch: int) -> Iterator[Passage]:
    for key, amount in _amounts(data.lines):
        yield Passage("move", data.move, (data.giver, kiosk), key, into=amount, site=site, to_epoch=epoch)


def _sold(sale: SaleRecorded) -> tuple[tuple[StockKey, Delta], ...]:
    return tuple(
        (
            StockKey(line.sku, Condition.SELLABLE, line.quantity.unit),
            _left("sold", line.quantity.amount, line.overdraft),
        )
        for line in sale.lines
        if not line.empties
    )


def _left(term: str, amount: int, overdraft: int) -> Delta:
    return ((term, amount), ("overdraft", overdraft)) if overdraft else ((term, amount),)


def _returned(line: RefundLine) -> tuple[StockKey, Delta]:
    condition = Condition.SELLABLE if line.restock else Condition.DAMAGED
    return StockKey(line.sku, condition, line.quantity.unit), (("returned", line.quantity.amount),)


def _sale_receipt(sale: SaleRecorded) -> Receipt:
    return Receipt(sale.receipt, "sale", sale.total_minor, sale.currency, instant_text(sale.sold_at))


def _refund_receipt(refund: RefundRecorded) -> Receipt:
    return Receipt(refund.receipt, "refund", refund.total_minor, refund.currency, instant_text(refund.refunded_at))
