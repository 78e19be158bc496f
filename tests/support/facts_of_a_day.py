"""Small facts for journals."""

from datetime import UTC, datetime

from contract.facts import (
    CountLine,
    KioskStarted,
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
from contract.values import BasketId, Currency, Epoch, Money, Quantity, Receipt, Seq, Sku, Unit

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
EUR = Currency("EUR")
STARTED = KioskStarted(version="1", epoch=Epoch(1))


def paid(minor: int) -> list[Payment]:
    return [Payment(PaymentKind.CASH, Money(minor), Money(minor), Money(0))]


def sale(basket: str, *, sku: str = "tea", amount: int = 1, unit: Unit = Unit.PIECE) -> SaleRecorded:
    line = SaleLine(Sku(sku), sku, Quantity(amount, unit), Money(100), Money(100 * amount))
    total = line.amount_minor
    return SaleRecorded(Receipt(""), BasketId(basket), AT, EUR, [line], total, paid(total))


def refund(basket: str, *, sku: str = "tea", amount: int = 1, restock: bool = True) -> RefundRecorded:
    line = RefundLine(Sku(sku), sku, Quantity(amount), Money(100), Money(100 * amount), restock=restock)
    total = line.amount_minor
    return RefundRecorded(Receipt(""), BasketId(basket), AT, EUR, [line], total, paid(total))


def received(amount: int, *, sku: str = "tea", unit: Unit = Unit.PIECE) -> StockReceived:
    return StockReceived([StockLine(Sku(sku), Quantity(amount, unit))], AT)


def counted(found: int, *, expected: int, sku: str = "tea") -> StockCounted:
    return StockCounted([CountLine(Sku(sku), Quantity(found), expected)], AT, Seq(0))
