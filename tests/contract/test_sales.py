"""What a sale's fact refuses: whatever does not add up, and what its kind of payment cannot have."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import contract_strategies_sales as some
import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from contract.sales import Exchange, Payment, PaymentKind, SaleLine, SaleRecorded, TaxSum
from contract.values import BasketId, Currency, Money, Quantity, Receipt, Sku

CASH, CARD, VOUCHER = PaymentKind.CASH, PaymentKind.CARD, PaymentKind.VOUCHER
TEN, NOTHING = Money(1000), Money(0)
USD = Exchange(Currency("USD"), Money(1099), Money(91), 100)
TEA = SaleLine(Sku("tea"), "Tea", Quantity(2), Money(500), TEN, tax="A")
PAID = Payment(CASH, TEN, TEN, NOTHING)


def sale(*lines: SaleLine, payments: list[Payment] | None = None, **more: Any) -> SaleRecorded:
    return SaleRecorded(
        Receipt("k1-1-1"), BasketId("b1"), datetime(2026, 3, 14, tzinfo=UTC), Currency("EUR"), list(lines) or [TEA],
        TEN, [PAID] if payments is None else payments, **more,
    )  # fmt: skip


def test_foreign_cash_is_worth_its_rate_rounded_half_up() -> None:
    assert USD.worth_minor == 1000
    assert Payment(CASH, TEN, TEN, NOTHING, exchange=USD).exchange == USD


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "sums": (lambda: Payment(CASH, TEN, TEN, Money(1)), "is not tendered_minor less"),
    "change of a card": (lambda: Payment(CARD, TEN, Money(1100), Money(100), attempt="a"), "for cash only"),
    "change of a voucher": (lambda: Payment(VOUCHER, TEN, Money(1100), Money(100), "G"), "for cash only"),
    "exchanged card": (lambda: Payment(CARD, TEN, TEN, NOTHING, "", "a", exchange=USD), "only cash is exchanged"),
    "another rate": (lambda: Payment(CASH, Money(999), Money(999), NOTHING, exchange=USD), "is worth"),
    "card without attempt": (lambda: Payment(CARD, TEN, TEN, NOTHING), "names its attempt"),
    "cash with attempt": (lambda: Payment(CASH, TEN, TEN, NOTHING, attempt="a"), "names its attempt"),
    "unsure cash": (lambda: Payment(CASH, TEN, TEN, NOTHING, unsure=True), "can be unsure"),
    "voucher without code": (lambda: Payment(VOUCHER, TEN, TEN, NOTHING), "needs its code"),
    "no goods": (lambda: replace(TEA, quantity=Quantity(0)), "not positive"),
    "overdraft": (lambda: replace(TEA, overdraft=3), "more than the quantity"),
    "shared": (lambda: replace(TEA, shared_minor=Money(1)), "more than discount_minor"),
    "discounted empties": (lambda: replace(TEA, empties=True, discount_minor=Money(1)), "they come back"),
    "overdrawn empties": (lambda: replace(TEA, empties=True, overdraft=1), "they come back"),
    "total": (lambda: sale(replace(TEA, amount_minor=Money(999))), "lines do not add up"),
    "empties count against it": (lambda: sale(TEA, replace(TEA, empties=True)), "lines do not add up"),
    "paid": (lambda: sale(payments=[]), "payments do not add up"),
    "rounded": (lambda: sale(rounding_minor=Money(1)), "payments do not add up"),
    "a rounded card": (
        lambda: sale(payments=[Payment(CARD, Money(1001), Money(1001), NOTHING, "", "a")], rounding_minor=Money(1)),
        "only cash is rounded",
    ),
    "part of itself": (lambda: sale(replace(TEA, part_of=0)), "not an earlier line"),
    "part of what comes": (
        lambda: sale(replace(TEA, part_of=1, amount_minor=NOTHING), TEA),
        "not an earlier line",
    ),
    "tax": (lambda: sale(taxes=[TaxSum("A", 190_000, Money(840), Money(161))]), "taxes do not add up"),
    "tax of nothing": (
        lambda: sale(taxes=[TaxSum("A", 0, TEN, NOTHING), TaxSum("B", 0, NOTHING, NOTHING)]),
        "taxes do not add up",
    ),
    "tax left out": (lambda: sale(taxes=[TaxSum("B", 0, TEN, NOTHING)]), "taxes do not add up"),
    "tax twice": (lambda: sale(taxes=[TaxSum("A", 0, TEN, NOTHING)] * 2), "named twice"),
    "tax on top": (
        lambda: sale(taxes=[TaxSum("A", 100_000, TEN, Money(100))], tax_included=False),
        "lines do not add up",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_add_up_is_refused_saying_what(what: str) -> None:
    make, why = REFUSED[what]
    with pytest.raises(ValueError, match=why):
        make()


@pytest.mark.parametrize(
    "made",
    [
        lambda: sale(taxes=[TaxSum("A", 190_000, Money(840), Money(160))]),
        lambda: sale(
            replace(TEA, amount_minor=Money(900)), taxes=[TaxSum("A", 111_111, Money(900), Money(100))],
            tax_included=False,
        ),
        lambda: sale(payments=[Payment(CASH, Money(1002), Money(1002), NOTHING)], rounding_minor=Money(2)),
        lambda: sale(TEA, replace(TEA, part_of=0, amount_minor=NOTHING)),
        lambda: sale(replace(TEA, amount_minor=Money(1500)), replace(TEA, amount_minor=Money(500), empties=True)),
    ],
    ids=["tax in", "tax on top", "rounded", "part", "empties"],
)  # fmt: skip
def test_what_adds_up_is_a_sale(made: Callable[[], SaleRecorded]) -> None:
    assert made().total_minor == TEN


@given(some.sales())
def test_what_is_not_said_need_not_be_written(one: SaleRecorded) -> None:
    raw = msgspec.json.encode(one)
    assert msgspec.json.decode(raw, type=SaleRecorded) == one
    assert b'"empties":false' not in raw
