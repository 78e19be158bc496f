"""What happened at a kiosk: immutable, past tense, one struct a type.

A struct checks what concerns it alone (sums that must agree); what concerns the books is the hub's to decide. A release
never changes a published struct: it adds the next version and an upcast (``contract.registry``).
"""

from collections.abc import Hashable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.values import (
    NO_INSTANT,
    AmountField,
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
    is_instant,
)

MAX_LINES: Final = 2000  # the longest real ticket seen has 675; 2,000 lines stay below MAX_FACT_BYTES
PerField = Annotated[int, Meta(ge=1, le=10**9, description="How many units the price is for.")]


class Origin(StrEnum):
    """Where a sale was made."""

    TILL = "till"
    REPLAY = "replay"


class PaymentKind(StrEnum):
    """How money changed hands."""

    CASH = "cash"
    HISTORY = "history"  # a replayed ticket: how it was paid is not known


class Payment(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One tender. ``amount_minor`` counts towards the total: tendered less change."""

    kind: PaymentKind
    amount_minor: PositiveMoneyField
    tendered_minor: PositiveMoneyField
    change_minor: PositiveMoneyField

    def __post_init__(self) -> None:
        """Refuse a payment whose change does not add up."""
        if self.amount_minor != self.tendered_minor - self.change_minor:
            raise ValueError("amount_minor is not tendered_minor less change_minor")


class SaleLine(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Goods that left. ``overdraft`` of the quantity's amount was sold beyond the kiosk's account (goods in hand)."""

    sku: SkuField
    name: NameField
    quantity: Quantity
    price_minor: PositiveMoneyField
    amount_minor: PositiveMoneyField
    price_per: PerField = 1
    tax: CodeField = ""
    overdraft: AmountField = 0

    def __post_init__(self) -> None:
        """Refuse an empty line and an overdraft larger than the line."""
        check_amount(self.quantity)
        if self.overdraft > self.quantity.amount:
            raise ValueError("overdraft is more than the quantity")


class SaleRecorded(Struct, frozen=True, forbid_unknown_fields=True):
    """A completed sale. It closes the basket it names; a basket is sold once."""

    receipt: ReceiptField
    basket: BasketIdField
    sold_at: InstantField
    currency: CurrencyField
    lines: Annotated[list[SaleLine], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: PositiveMoneyField
    payments: Annotated[list[Payment], Meta(max_length=20)]
    origin: Origin = Origin.TILL

    def __post_init__(self) -> None:
        """Refuse a sale whose lines or payments do not add up to its total."""
        check_instant(self.sold_at)
        _check_sum("lines", self.lines, self.total_minor)
        _check_sum("payments", self.payments, self.total_minor)


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


def check_amount(quantity: Quantity) -> None:
    """Refuse an empty line; raises ValueError."""
    if quantity.amount < 1:
        raise ValueError("quantity is not positive")


def _check_sum(what: str, parts: list[SaleLine] | list[RefundLine] | list[Payment], total: int) -> None:
    if sum(part.amount_minor for part in parts) != total:
        raise ValueError(f"{what} do not add up to total_minor")


def check_instant(at: datetime) -> None:
    """Refuse a moment that is not the same for every reader; raises ValueError."""
    if not is_instant(at):
        raise ValueError(NO_INSTANT)


def check_once(what: str, keys: Iterable[Hashable]) -> None:
    """Refuse a list that names one thing twice: readers would differ on which counts. Raises ValueError."""
    named = list(keys)
    if len(set(named)) < len(named):
        raise ValueError(f"{what} is named twice")


__all__ = [
    "MAX_LINES",
    "ClockStepped",
    "CountLine",
    "KioskStarted",
    "KioskStopping",
    "MoneyField",
    "Origin",
    "Payment",
    "PaymentKind",
    "RefundLine",
    "RefundRecorded",
    "SaleLine",
    "SaleRecorded",
    "StockCounted",
    "StockLine",
    "StockReceived",
    "Unit",
    "check_amount",
    "check_instant",
    "check_once",
]
