"""What happened at a kiosk: immutable, past tense, one struct a type.

A struct checks what concerns it alone (sums that must agree); what concerns the books is the hub's to decide. A release
never changes a published struct: it adds the next version and an upcast (``contract.registry``).
"""

from typing import Annotated

from msgspec import Meta, Struct

from contract.checks import check_amount, check_instant, check_once
from contract.sales import MAX_LINES, Exchange, Origin, Payment, PaymentKind, PerField, SaleLine, SaleRecorded, TaxSum
from contract.values import (
    BasketIdField,
    CodeField,
    Condition,
    CurrencyField,
    EpochField,
    InstantField,
    MoneyField,
    NameField,
    PositionField,
    PositiveMoneyField,
    Quantity,
    ReceiptField,
    SkuField,
    TextField,
    Unit,
)


class RefundLine(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Goods that came back; ``restock`` says whether they can be sold again."""

    sku: SkuField
    name: NameField
    quantity: Quantity
    price_minor: PositiveMoneyField
    amount_minor: PositiveMoneyField
    price_per: PerField = 1
    tax: CodeField = ""
    restock: bool = True

    def __post_init__(self) -> None:
        """Refuse an empty line."""
        check_amount(self.quantity)


class RefundRecorded(Struct, frozen=True, forbid_unknown_fields=True):
    """Money given back for goods. ``sale`` names the receipt refunded, where it is known."""

    receipt: ReceiptField
    basket: BasketIdField
    refunded_at: InstantField
    currency: CurrencyField
    lines: Annotated[list[RefundLine], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: PositiveMoneyField
    payments: Annotated[list[Payment], Meta(max_length=20)]
    sale: ReceiptField | None = None
    origin: Origin = Origin.TILL

    def __post_init__(self) -> None:
        """Refuse a refund whose lines or payments do not add up to its total."""
        check_instant(self.refunded_at)
        _check_sum("lines", self.lines, self.total_minor)
        _check_sum("payments", self.payments, self.total_minor)


class StockLine(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount of one sku, in one condition."""

    sku: SkuField
    quantity: Quantity
    condition: Condition = Condition.SELLABLE

    def __post_init__(self) -> None:
        """Refuse an empty line."""
        check_amount(self.quantity)


class StockReceived(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that arrived at the site. ``advice`` names the delivery, where there is one."""

    lines: Annotated[list[StockLine], Meta(min_length=1, max_length=MAX_LINES)]
    received_at: InstantField
    advice: CodeField = ""
    origin: Origin = Origin.TILL

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.received_at)


class CountLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted, beside what this kiosk's account expected; the difference is what the books take."""

    sku: SkuField
    counted: Quantity
    expected: Annotated[int, Meta(ge=-(10**9), le=10**9)]
    condition: Condition = Condition.SELLABLE

    @property
    def adjustment(self) -> int:
        """Return counted less expected, in the quantity's unit."""
        return self.counted.amount - self.expected


class StockCounted(Struct, frozen=True, forbid_unknown_fields=True):
    """A stock take of the first version, which corrected the kiosk's own account; now see :mod:`contract.goods`."""

    lines: Annotated[list[CountLine], Meta(min_length=1, max_length=MAX_LINES)]
    counted_at: InstantField
    covers: PositionField
    reason: TextField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.counted_at)


class KioskStarted(Struct, frozen=True, forbid_unknown_fields=True):
    """The till began to serve."""

    version: CodeField
    epoch: EpochField


class KioskStopping(Struct, frozen=True, forbid_unknown_fields=True):
    """The till ends in order."""

    reason: TextField


class ClockStepped(Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk's idea of the time was set, by a person or by the network; order never depends on it."""

    before: InstantField
    after: InstantField
    by: Annotated[str, Meta(pattern=r"^(?:person|network)$(?!\n)")]

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.before)
        check_instant(self.after)


def _check_sum(what: str, parts: list[RefundLine] | list[Payment], total: int) -> None:
    if sum(part.amount_minor for part in parts) != total:
        raise ValueError(f"{what} do not add up to total_minor")


__all__ = [
    "MAX_LINES",
    "ClockStepped",
    "CountLine",
    "Exchange",
    "KioskStarted",
    "KioskStopping",
    "MoneyField",
    "Origin",
    "Payment",
    "PaymentKind",
    "PerField",
    "RefundLine",
    "RefundRecorded",
    "SaleLine",
    "SaleRecorded",
    "StockCounted",
    "StockLine",
    "StockReceived",
    "TaxSum",
    "Unit",
    "check_amount",
    "check_instant",
    "check_once",
]
