"""The fact of a sale: what left, what it cost, which tax is in it, how it was paid. What does not add up is refused.

Sums
----
1.  A line's ``amount_minor`` is what it costs: its price times its quantity, less ``discount_minor``. Lines add up to
    the subtotal; a line of ``empties`` counts against it: deposits that are paid back.
2.  ``taxes`` says for each tax code what is net and what is tax. Where prices include tax, both together are the lines
    of that code; where they do not, the net alone is, and the tax is added to the total. Without ``taxes`` nobody told
    a rate.
3.  Payments add up to the total and its cash rounding.

What a field has by default is not written: a line has a dozen that most lines do not need.
"""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.checks import check_amount, check_instant, check_once
from contract.money import round_half_up
from contract.values import (
    AmountField,
    BasketIdField,
    CodeField,
    CurrencyField,
    InstantField,
    Money,
    MoneyField,
    NameField,
    PositiveMoneyField,
    Quantity,
    ReceiptField,
    SkuField,
    TextField,
    TokenField,
)

MAX_LINES: Final = 2000  # the longest real ticket seen has 675; 2,000 lines stay below MAX_FACT_BYTES
MAX_PAYMENTS: Final = 20  # tenders of one sale: more than a party shares a bill by
MAX_TAXES: Final = 20  # rates in one basket; a country has three or four
ALL_PPM: Final = 1_000_000  # the whole, in parts per million: rates such as 8.875 % are exact
PerField = Annotated[int, Meta(ge=1, le=10**9, description="How many units the price is for.")]
RateField = Annotated[int, Meta(ge=0, le=ALL_PPM, description="A tax rate in parts per million of the net price.")]
MAX_AGE: Final = 99  # years
AgeField = Annotated[int, Meta(ge=0, le=MAX_AGE, description="The least age of who may buy it, in years; 0: anybody.")]
IndexField = Annotated[int, Meta(ge=0, lt=MAX_LINES, description="A line of the same fact, counted from 0.")]


class Origin(StrEnum):
    """Where a sale was made."""

    TILL = "till"
    REPLAY = "replay"


class PaymentKind(StrEnum):
    """How money changed hands."""

    CASH = "cash"
    CARD = "card"  # on a terminal of its own: the till asks a person how it ended
    VOUCHER = "voucher"
    HISTORY = "history"  # a replayed ticket: how it was paid is not known


class Exchange(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Foreign cash: ``tendered_minor`` of ``currency``, of which ``per`` minor units are worth ``home_minor``."""

    currency: CurrencyField
    tendered_minor: Annotated[Money, Meta(ge=1, le=10**11)]
    home_minor: Annotated[Money, Meta(ge=1, le=10**9)]
    per: PerField

    @property
    def worth_minor(self) -> Money:
        """Return what it is worth at home, rounded half up to a minor unit."""
        return Money(round_half_up(self.tendered_minor * self.home_minor, self.per))


class Payment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One tender. ``amount_minor`` counts towards the total: tendered less change, which is given in cash at home.

    A card's ``attempt`` names the :class:`contract.payments.PaymentAttempted` before it; ``unsure``: nobody could tell
    yet whether the terminal took the money. ``reference`` is the terminal's, or a voucher's code.
    """

    kind: PaymentKind
    amount_minor: PositiveMoneyField
    tendered_minor: PositiveMoneyField
    change_minor: PositiveMoneyField
    reference: CodeField = ""
    attempt: TokenField | None = None
    unsure: bool = False
    exchange: Exchange | None = None

    def __post_init__(self) -> None:
        """Refuse a payment that does not add up, and what its kind cannot have."""
        if self.amount_minor != self.tendered_minor - self.change_minor:
            raise ValueError("amount_minor is not tendered_minor less change_minor")
        if self.change_minor and self.kind is not PaymentKind.CASH:
            raise ValueError("change is given for cash only")
        if self.exchange is not None and self.kind is not PaymentKind.CASH:
            raise ValueError("only cash is exchanged")
        if self.exchange is not None and self.exchange.worth_minor != self.tendered_minor:
            raise ValueError("tendered_minor is not what the exchange is worth")
        if (self.attempt is not None) != (self.kind is PaymentKind.CARD):
            raise ValueError("a card payment, and no other, names its attempt")
        if self.unsure and self.kind is not PaymentKind.CARD:
            raise ValueError("only a card payment can be unsure")
        if self.kind is PaymentKind.VOUCHER and not self.reference:
            raise ValueError("a voucher needs its code as reference")


class SaleLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Goods that left. ``overdraft`` of the quantity's amount was sold beyond the kiosk's account (goods in hand).

    ``list_minor`` is the catalogue's price where a person set another one; ``by`` allowed that or the discount, and
    ``reason`` says why. ``shared_minor`` of the discount is this line's share of the whole basket's. ``part_of`` is the
    line that a deposit belongs to, or the first line of a bundle's parts. ``age`` was confirmed by who sold it.
    """

    sku: SkuField
    name: NameField
    quantity: Quantity
    price_minor: PositiveMoneyField
    amount_minor: PositiveMoneyField
    price_per: PerField = 1
    tax: CodeField = ""
    overdraft: AmountField = 0
    discount_minor: PositiveMoneyField = Money(0)
    shared_minor: PositiveMoneyField = Money(0)
    list_minor: PositiveMoneyField | None = None
    reason: TextField = ""
    by: CodeField = ""
    note: TextField = ""
    bundle: SkuField | None = None
    part_of: IndexField | None = None
    age: AgeField = 0
    weighed: bool = False
    empties: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty line, an overdraft larger than the line, and discounts that do not add up."""
        check_amount(self.quantity)
        if self.overdraft > self.quantity.amount:
            raise ValueError("overdraft is more than the quantity")
        if self.shared_minor > self.discount_minor:
            raise ValueError("shared_minor is more than discount_minor")
        if self.empties and (self.overdraft or self.discount_minor):
            raise ValueError("empties have no discount, and no overdraft: they come back")

    @property
    def counted_minor(self) -> Money:
        """Return what the line adds to the subtotal; what empties are worth is taken off."""
        return Money(-self.amount_minor if self.empties else self.amount_minor)


class TaxSum(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """All lines of one tax code: what they are net, and the tax on them, rounded once."""

    code: CodeField
    rate_ppm: RateField
    net_minor: MoneyField
    tax_minor: MoneyField


class SaleRecorded(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A completed sale. It closes the basket it names; a basket is sold once."""

    receipt: ReceiptField
    basket: BasketIdField
    sold_at: InstantField
    currency: CurrencyField
    lines: Annotated[list[SaleLine], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: PositiveMoneyField
    payments: Annotated[list[Payment], Meta(max_length=MAX_PAYMENTS)]
    origin: Origin = Origin.TILL
    taxes: Annotated[list[TaxSum], Meta(max_length=MAX_TAXES)] = []
    tax_included: bool = True
    rounding_minor: MoneyField = Money(0)

    def __post_init__(self) -> None:
        """Refuse a sale whose lines, taxes or payments do not add up."""
        check_instant(self.sold_at)
        subtotal = sum(line.counted_minor for line in self.lines)
        added = 0 if self.tax_included else sum(tax.tax_minor for tax in self.taxes)
        if subtotal + added != self.total_minor:
            raise ValueError("lines do not add up to total_minor")
        if sum(one.amount_minor for one in self.payments) != self.total_minor + self.rounding_minor:
            raise ValueError("payments do not add up to total_minor")
        if self.rounding_minor and not any(one.kind is PaymentKind.CASH for one in self.payments):
            raise ValueError("only cash is rounded")
        if any(line.part_of is not None and line.part_of >= number for number, line in enumerate(self.lines)):
            raise ValueError("part_of is not an earlier line")
        self._check_taxes()

    def _check_taxes(self) -> None:
        if not self.taxes:
            return
        check_once("a tax code", (tax.code for tax in self.taxes))
        sums: Counter[str] = Counter()
        for line in self.lines:
            sums[line.tax] += line.counted_minor
        told = {tax.code: tax.net_minor + (tax.tax_minor if self.tax_included else 0) for tax in self.taxes}
        if told != dict(sums):
            raise ValueError("taxes do not add up to the lines of their codes")


__all__ = [
    "ALL_PPM",
    "MAX_LINES",
    "MAX_PAYMENTS",
    "MAX_TAXES",
    "AgeField",
    "Exchange",
    "Origin",
    "Payment",
    "PaymentKind",
    "PerField",
    "RateField",
    "SaleLine",
    "SaleRecorded",
    "TaxSum",
]
