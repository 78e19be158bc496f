"""What a fact means for the books. Sums that only grow, so that neither order nor grouping of facts matters.

Rules
-----
1.  A sale takes goods from its site's sellable stock; what the till booked as overdraft stays visible as such.
2.  A refund brings goods back: sellable ones as returned, others as returned in the damaged condition.
3.  Receiving adds, a count corrects by counted less expected.
4.  Takings are receipts: one row a sale or refund, in the fact's own currency.
5.  Nothing here can refuse a fact.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple, assert_never, cast

from msgspec import Struct

from contract.codec import Fact
from contract.facts import (
    ClockStepped,
    KioskStarted,
    KioskStopping,
    RefundLine,
    RefundRecorded,
    SaleRecorded,
    StockCounted,
    StockReceived,
    UpFact,
)
from contract.stock import Account
from contract.values import Condition, instant_text

ReceiptKind = Literal["sale", "refund"]


class StockKey(NamedTuple):
    """What one stock account of a site is about."""

    sku: str
    condition: str
    unit: str


class Receipt(Struct, frozen=True):
    """One receipt: money that changed hands. A refund's total is positive; its kind says the direction."""

    number: str
    kind: ReceiptKind
    total_minor: int
    currency: str
    at: str


class Effects(Struct, frozen=True):
    """What one fact changes."""

    stock: tuple[tuple[StockKey, Account], ...] = ()
    receipt: Receipt | None = None


def effects_of(fact: Fact) -> Effects:
    """Return what ``fact`` changes in the books of its site."""
    data = cast("UpFact", fact.data)
    match data:
        case SaleRecorded():
            return Effects(_sold(data), _sale_receipt(data))
        case RefundRecorded():
            return Effects(tuple(_returned(line) for line in data.lines), _refund_receipt(data))
        case StockReceived():
            return Effects(tuple(_received(data)))
        case StockCounted():
            return Effects(tuple(_counted(data)))
        case KioskStarted() | KioskStopping() | ClockStepped():
            return Effects()
        case _:
            assert_never(data)


def add(one: Account, other: Account) -> Account:
    """Return the sum of two accounts, term by term."""
    return Account(
        one.received + other.received,
        one.returned + other.returned,
        one.sold + other.sold,
        one.adjusted + other.adjusted,
        one.overdraft + other.overdraft,
    )


def _sold(sale: SaleRecorded) -> tuple[tuple[StockKey, Account], ...]:
    return tuple(
        (
            StockKey(line.sku, Condition.SELLABLE.value, line.quantity.unit.value),
            Account(sold=line.quantity.amount, overdraft=line.overdraft),
        )
        for line in sale.lines
    )


def _returned(line: RefundLine) -> tuple[StockKey, Account]:
    condition = Condition.SELLABLE if line.restock else Condition.DAMAGED
    return StockKey(line.sku, condition.value, line.quantity.unit.value), Account(returned=line.quantity.amount)


def _received(data: StockReceived) -> Iterable[tuple[StockKey, Account]]:
    for line in data.lines:
        yield (
            StockKey(line.sku, line.condition.value, line.quantity.unit.value),
            Account(received=line.quantity.amount),
        )


def _counted(data: StockCounted) -> Iterable[tuple[StockKey, Account]]:
    for line in data.lines:
        key = StockKey(line.sku, line.condition.value, line.counted.unit.value)
        yield key, Account(adjusted=line.adjustment)


def _sale_receipt(sale: SaleRecorded) -> Receipt:
    return Receipt(sale.receipt, "sale", sale.total_minor, sale.currency, instant_text(sale.sold_at))


def _refund_receipt(refund: RefundRecorded) -> Receipt:
    return Receipt(refund.receipt, "refund", refund.total_minor, refund.currency, instant_text(refund.refunded_at))
