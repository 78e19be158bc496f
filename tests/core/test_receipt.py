"""What a receipt says adds up, fits its paper, and leaves nothing out."""

from datetime import UTC, datetime

from contract_strategies_sales import sales
from hypothesis import given
from hypothesis import strategies as st

from contract.sales import Exchange, Payment, PaymentKind, SaleLine, SaleRecorded, TaxSum
from contract.values import BasketId, Currency, Money, Quantity, Receipt, Unit
from kiosk.core.receipt import receipt_lines
from kiosk.core.words import in_english

EUR = Currency("EUR")
NAMES = {"full": "VAT 19 %", "food": "VAT 7 %"}
GOODS = [
    SaleLine("ESP", "Espresso", Quantity(2), 220, 440, tax="full"),
    SaleLine(
        "APP", "Apples", Quantity(250, Unit.GRAM), 400, 80, 1000, "food", discount_minor=20, shared_minor=5,
        reason="bruised", weighed=True,
    ),
    SaleLine("LEM", "Lemonade", Quantity(1), 150, 150, tax="full", list_minor=200, by="anna", note="cold"),
    SaleLine("DEP", "Deposit 0.25", Quantity(1), 25, 25, tax="full", part_of=2),
    SaleLine("CUP", "Cup", Quantity(3), 300, 300, 3, tax="full", bundle="SET-1"),
    SaleLine("SAU", "Saucer", Quantity(3), 100, 100, 3, tax="food", bundle="SET-1", part_of=4),
    SaleLine("EMP", "Empty bottle", Quantity(2), 25, 50, tax="full", empties=True),
]  # fmt: skip


def sale(lines=GOODS, payments=None, **more):
    total = sum(line.counted_minor for line in lines)
    rounding = more.get("rounding_minor", 0)
    paid = payments or [Payment(PaymentKind.CASH, total + rounding, 2000, 2000 - total - rounding)]
    at = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
    return SaleRecorded(Receipt("k1-1-12"), BasketId("b"), at, EUR, lines, Money(total), paid, **more)


def rows(sold, width=42, head=("Corner shop",), speak=str):
    return receipt_lines(sold, width=width, head=head, taxes=NAMES, speak=speak, money=in_english)


def texts(sold, width=42, **more):
    return [row.text for row in rows(sold, width, **more)]


TAXED = sale(taxes=[TaxSum("full", 190_000, 727, 138), TaxSum("food", 70_000, 168, 12)])


def test_a_whole_receipt():
    at = in_english(TAXED.sold_at)
    assert texts(TAXED) == [
        "               Corner shop",
        "------------------------------------------",
        "Receipt k1-1-12           " + at,
        "------------------------------------------",
        "Espresso                            4.40 A",
        "  2 × 2.20",
        "Apples                              1.00 B",
        "  0.250 kg × 4.00/kg",
        "  Discount: bruised                -0.15  ",
        "Lemonade                            1.50 A",
        "  instead of 2.00",
        "  cold",
        "  Deposit 0.25                      0.25 A",
        "Set SET-1",
        "  Cup                               3.00 A",
        "    3 ×",
        "  Saucer                            1.00 B",
        "    3 ×",
        "Empty bottle                       -0.50 A",
        "  2 × 0.25",
        "------------------------------------------",
        "Discount on everything             -0.05  ",
        "TOTAL                            10.45 EUR",
        "Cash                               20.00  ",
        "Change                              9.55  ",
        "------------------------------------------",
        "A VAT 19 %",
        "  net 7.27, tax 1.38, gross 8.65",
        "B VAT 7 %",
        "  net 1.68, tax 0.12, gross 1.80",
    ]


def test_what_matters_most_is_bold():
    assert [row.text.split()[0] for row in rows(TAXED) if row.bold] == ["Corner", "TOTAL", "Change"]


def test_tax_on_top_is_added_before_the_total():
    lines = [SaleLine("ESP", "Espresso", Quantity(1), 100, 100, tax="full")]
    taxes = [TaxSum("full", 190_000, 100, 19)]
    at, paid = datetime(2026, 11, 22, tzinfo=UTC), [Payment(PaymentKind.CASH, 119, 119, 0)]
    sold = SaleRecorded("k1-1-1", "b", at, EUR, lines, 119, paid, taxes=taxes, tax_included=False)
    found = rows(sold, 32)
    assert "A VAT 19 %                0.19  " in [row.text for row in found]
    assert sum(row.minor for row in found) == 119


def test_rounding_is_shown_with_what_is_to_pay():
    found = texts(sale(GOODS[:1], rounding_minor=-2, payments=[Payment(PaymentKind.CASH, 438, 500, 62)]), 32)
    assert found[-5:] == [
        "TOTAL                   4.40 EUR",
        "Rounding                   -0.02",
        "To pay                      4.38",
        "Cash                        5.00",
        "Change                      0.62",
    ]


def test_each_way_to_pay_says_what_it_was():
    payments = [
        Payment(PaymentKind.CASH, 100, 182, 82, exchange=Exchange("USD", 200, 91, 100)),
        Payment(PaymentKind.VOUCHER, 40, 40, 0, reference="V-77"),
        Payment(PaymentKind.CARD, 200, 200, 0, reference="4711", attempt="a1"),
        Payment(PaymentKind.CARD, 100, 100, 0, attempt="a2", unsure=True),
    ]
    found = texts(sale(GOODS[:1], payments=payments), 32)
    assert found[-11:] == [
        "TOTAL                   4.40 EUR",
        "Cash                        1.82",
        "  given 2.00 USD",
        "Voucher                     0.40",
        "  V-77",
        "Card                        2.00",
        "  4711",
        "Card                        1.00",
        "  not yet sure whether the card",
        "  was charged",
        "Change                      0.82",
    ]


def test_what_is_too_long_goes_on_in_the_next_row():
    long = SaleLine("X", "Extraordinarily long name of a thing that nobody needs", Quantity(1), 999_999, 999_999)
    found = texts(sale([long], [Payment(PaymentKind.HISTORY, 999_999, 999_999, 0)]), 32)
    assert "Extraordinarily long name of a" in found
    assert "thing that nobody needs  9999.99" in found


def test_an_odd_price_says_what_it_is_for():
    line = SaleLine("X", "Screws", Quantity(14), 50, 100, 7)
    assert "  14 × 0.50/7" in texts(sale([line], [Payment(PaymentKind.HISTORY, 100, 100, 0)]))


def test_every_word_goes_through_the_language():
    found = texts(TAXED, speak=lambda text: text.upper())
    assert "CHANGE                              9.55  " in found
    assert "  INSTEAD OF 2.00" in found


@given(sales(), st.sampled_from([32, 42, 48]))
def test_the_rows_of_any_sale_add_up_and_fit(sold, width):
    found = rows(sold, width)
    assert sum(row.minor for row in found) == sold.total_minor
    assert max(len(row.text) for row in found) <= width


def test_goods_without_a_rate_have_a_letter_that_says_so():
    taxed = sale([SaleLine("OPEN", "Open item", Quantity(1), 100, 100)], taxes=[TaxSum("", 0, 100, 0)])
    assert "A without tax" in texts(taxed)
