"""What stands under a line says all that makes its price, and adds up."""

import pytest
from basket_strategies import baskets, prices
from hypothesis import given
from msgspec.structs import replace

from contract.shop import TaxRate
from contract.values import BasketId, Currency, Money, Quantity, Sku, Unit
from kiosk.core.basket import OPEN, OPEN_NAME, Basket, Deposit, Line, Part
from kiosk.core.bill import Prices, decide_bill
from kiosk.core.discounts import Discount
from kiosk.core.rows import Row, amount_of, name_of, rows_behind, rows_under

EUR = Currency("EUR")
TEA = Line(Sku("TEA"), "Tea", Quantity(2), Money(450), 1)


@given(baskets(), prices)
def test_what_is_shown_adds_up_to_what_is_paid(basket: Basket, shop: Prices) -> None:
    bill = decide_bill(basket, shop)
    shown = sum(amount_of(line) for line in basket.lines)
    under = [row for line in basket.lines for row in rows_under(line, basket.currency)]
    rows = [*under, *rows_behind(basket, bill)]
    assert shown + sum(row.amount_minor or 0 for row in rows) == bill.total_minor


HAM = Part(Sku("HAM"), "Ham", Quantity(200, Unit.GRAM), Money(900))
BOTTLE = Deposit(Sku("PF"), "Deposit", Money(25))


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (TEA, []),
        (replace(TEA, parts=(HAM,)), [("with 0.200 kg Ham", None)]),
        (replace(TEA, list_minor=Money(500), reason="old"), [("instead of 5.00: old", None)]),
        (replace(TEA, reason="expired on 2020-01-01"), [("expired on 2020-01-01", None)]),
        (replace(TEA, reason="expired on monday"), [("expired on monday", None)]),
        (replace(TEA, discount=Discount(ppm=100_000, reason="old")), [("− 10%: old", -90)]),
        (replace(TEA, discount=Discount(ppm=25_000)), [("− 2.5%", -23)]),
        (replace(TEA, discount=Discount(amount_minor=Money(50), reason="old")), [("− discount: old", -50)]),
        (replace(TEA, deposit=BOTTLE, note="cold"), [("+ Deposit, 0.25 each", 50), ("Note: cold", None)]),
    ],
)
def test_the_rows_of_a_line(line: Line, rows: list[tuple[str, int | None]]) -> None:
    assert [(row.text, row.amount_minor) for row in rows_under(line, EUR)] == rows


def test_empties_are_named_and_count_against_the_rest() -> None:
    back = Line(Sku("PF"), "Deposit", Quantity(4), Money(25), 1, empties=True, discountable=False)
    assert (name_of(back), amount_of(back), name_of(TEA)) == ("Back: Deposit", -100, "Tea")


def test_only_what_has_no_name_of_its_own_is_named_in_the_counters_language() -> None:
    nameless = replace(TEA, sku=OPEN, name=str.__str__(OPEN_NAME))
    assert name_of(nameless).template == "Open item"
    assert name_of(replace(nameless, sku=Sku("OTHER"))).template == "{item}"
    assert name_of(replace(nameless, name="Bag")).template == "{item}"


def test_a_discount_on_everything_and_tax_on_top_stand_at_the_end() -> None:
    basket = Basket(BasketId("b1"), EUR, (TEA,), Discount(ppm=100_000, reason="regular"))
    assert rows_behind(basket, decide_bill(basket, Prices())) == [Row("On everything − 10%: regular", Money(-90))]
    bill = decide_bill(basket, Prices({"": TaxRate("", 100_000, "VAT")}, included=False))
    assert rows_behind(basket, bill)[1] == Row("Tax", Money(81))
