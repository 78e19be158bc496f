"""A bill adds up to the minor unit, whatever is in the basket and in whatever order it was rung up."""

from datetime import UTC, datetime

from basket_strategies import baskets, prices
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.sales import SaleRecorded
from contract.shop import TaxRate
from contract.values import BasketId, Currency, Money, Quantity, Receipt, Sku, Unit
from kiosk.core.basket import Basket, Deposit, Line, Part
from kiosk.core.bill import Bill, Prices, decide_bill
from kiosk.core.discounts import Discount
from kiosk.core.tender import Tender, take_cash

A19, B7 = TaxRate("A", 190_000, "VAT 19 %"), TaxRate("B", 70_000, "VAT 7 %")
GERMAN = Prices({"A": A19, "B": B7})
TEA = Line(Sku("tea"), "Tea", Quantity(2), Money(450), 1, "B")
BEER = Line(Sku("beer"), "Beer", Quantity(3), Money(180), 1, "A", deposit=Deposit(Sku("PF"), "Deposit", Money(25), "A"))


def basket(*lines: Line, discount: Discount | None = None) -> Basket:
    return Basket(BasketId("b1"), Currency("EUR"), lines, discount)


def sold(bill: Bill, step_minor: int = 1) -> SaleRecorded:
    """Return the sale, paid in cash: it refuses by itself what does not add up."""
    paid = take_cash(Tender(bill.total_minor, step_minor), Money(bill.total_minor + step_minor))
    return SaleRecorded(
        Receipt("k1-1-1"), BasketId("b1"), datetime(2026, 3, 14, tzinfo=UTC), Currency("EUR"), list(bill.lines),
        bill.total_minor, list(paid.payments), taxes=list(bill.taxes), tax_included=bill.included,
        rounding_minor=paid.rounding_minor,
    )  # fmt: skip


@given(baskets(), prices)
def test_whatever_is_in_the_basket_its_sale_adds_up(one: Basket, shop: Prices) -> None:
    bill = decide_bill(one, shop)
    if bill.total_minor >= 0:
        assert sold(bill, shop.cash_step_minor).total_minor == bill.total_minor
    if shop.included:
        assert bill.total_minor == one.total_minor, "what the till shows is what is sold"


@given(st.data(), baskets(), prices)
def test_the_order_of_lines_changes_neither_total_nor_tax(data: st.DataObject, one: Basket, shop: Prices) -> None:
    turned = replace(one, lines=tuple(data.draw(st.permutations(one.lines))))
    bill, other = decide_bill(one, shop), decide_bill(turned, shop)
    assert (other.total_minor, other.taxes) == (bill.total_minor, bill.taxes)


@given(baskets(), prices)
def test_what_comes_off_is_said_of_the_lines(one: Basket, shop: Prices) -> None:
    bill = decide_bill(one, shop)
    assert sum(line.shared_minor for line in bill.lines) == one.off_minor
    of_lines = sum(line.gross_minor - abs(line.amount_minor) for line in one.lines)
    rounding = len([line for line in bill.lines if line.bundle])  # parts are rounded apart
    assert 0 <= sum(line.discount_minor for line in bill.lines) - one.off_minor - of_lines <= rounding


def test_several_rates_in_one_basket() -> None:
    bill = decide_bill(basket(TEA, BEER), GERMAN)
    assert bill.total_minor == 900 + 540 + 75
    assert [(tax.code, tax.net_minor, tax.tax_minor) for tax in bill.taxes] == [("A", 517, 98), ("B", 841, 59)]


def test_tax_on_top_is_added_to_the_total() -> None:
    bill = decide_bill(basket(TEA), Prices({"B": B7}, included=False))
    assert (bill.total_minor, [(tax.net_minor, tax.tax_minor) for tax in bill.taxes]) == (963, [(900, 63)])


def test_a_deposit_is_a_line_of_its_own_and_has_no_share_in_a_discount() -> None:
    bill = decide_bill(basket(BEER, discount=Discount(ppm=500_000, reason="closing", by="ines")), GERMAN)
    beer, deposit = bill.lines
    assert (beer.amount_minor, beer.shared_minor, beer.reason, beer.by) == (270, 270, "closing", "ines")
    assert (deposit.sku, deposit.amount_minor, deposit.part_of, deposit.quantity.amount) == ("PF", 75, 0, 3)


def test_a_bundle_is_sold_as_its_parts_at_their_own_rates() -> None:
    parts = (
        Part(Sku("tea"), "Tea", Quantity(1), Money(300), "B"),
        Part(Sku("pot"), "Pot", Quantity(1), Money(900), "A"),
    )
    line = Line(Sku("set"), "Tea set", Quantity(2), Money(1000), 1, "A", parts=parts)
    bill = decide_bill(basket(TEA, line), GERMAN)
    _, tea, pot = bill.lines
    assert (tea.sku, tea.amount_minor, tea.quantity.amount, tea.bundle, tea.part_of) == ("tea", 500, 2, "set", None)
    assert (pot.sku, pot.amount_minor, pot.tax, pot.bundle, pot.part_of) == ("pot", 1500, "A", "set", 1)


def test_a_label_says_what_a_packet_costs() -> None:
    line = Line(Sku("ham"), "Ham", Quantity(335, Unit.GRAM), Money(1890), 1000, "B", label_minor=Money(634))
    assert decide_bill(basket(line), GERMAN).total_minor == 634


def test_empties_are_taken_off() -> None:
    line = Line(Sku("PF"), "Deposit", Quantity(4), Money(25), 1, "A", empties=True, discountable=False)
    bill = decide_bill(basket(TEA, line), GERMAN)
    assert (bill.total_minor, bill.lines[1].amount_minor, bill.lines[1].empties) == (800, 100, True)
