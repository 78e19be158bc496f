"""Samples of a sale with all that it may hold: data of :mod:`contract.samples`, in order."""

from datetime import UTC, datetime, timedelta
from typing import Final

from contract import payments
from contract.registry import Data
from contract.sales import Exchange, Payment, PaymentKind, SaleLine, SaleRecorded, TaxSum
from contract.values import BasketId, Currency, Money, Quantity, Receipt, Sku, Unit

_AT: Final = datetime(2026, 3, 14, 9, 34, tzinfo=UTC)
_EUR: Final = Currency("EUR")
_BASKET: Final = BasketId("k1-1-b1")
_ATTEMPT: Final = "0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0009"

_LINES: Final = [
    SaleLine(Sku("TEA-GREEN-100"), "Green tea, 100 g", Quantity(2), Money(450), Money(810), tax="A",
             discount_minor=Money(90), reason="damaged box", by="ines"),
    SaleLine(Sku("OLIVES"), "Olives, loose", Quantity(335, Unit.GRAM), Money(1890), Money(633), 1000, "B",
             weighed=True),
    SaleLine(Sku("BEER-05"), "Beer, 0.5 l", Quantity(3), Money(180), Money(540), tax="A", age=16),
    SaleLine(Sku("PFAND-025"), "Deposit", Quantity(3), Money(25), Money(75), tax="A", part_of=2),
    SaleLine(Sku("PFAND-025"), "Deposit", Quantity(4), Money(25), Money(100), tax="A", empties=True),
]  # fmt: skip
UP_DATA: Final[tuple[Data, ...]] = (
    payments.PaymentAttempted(_ATTEMPT, _BASKET, _EUR, Money(1000), _AT - timedelta(minutes=1)),
    payments.PaymentResolved(_ATTEMPT, payments.Outcome.APPROVED, _AT, "T1-004711"),
    SaleRecorded(
        receipt=Receipt("k1-1-1"),
        basket=_BASKET,
        sold_at=_AT,
        currency=_EUR,
        lines=_LINES,
        total_minor=Money(1958),
        payments=[
            Payment(PaymentKind.CARD, Money(1000), Money(1000), Money(0), "T1-004711", _ATTEMPT),
            Payment(PaymentKind.VOUCHER, Money(500), Money(500), Money(0), "GIFT-4242"),
            Payment(PaymentKind.CASH, Money(460), Money(910), Money(450),
                    exchange=Exchange(Currency("USD"), Money(1000), Money(91), 100)),
        ],
        taxes=[TaxSum("A", 190_000, Money(1113), Money(212)), TaxSum("B", 70_000, Money(592), Money(41))],
        rounding_minor=Money(2),
    ),
)  # fmt: skip
