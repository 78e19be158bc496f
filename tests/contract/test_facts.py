"""What a fact refuses about itself: sums that must agree, empty lines, moments that differ by reader."""

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.codec import decode, decode_down
from contract.errors import Malformed
from contract.facts import CountLine, Payment, PaymentKind, SaleLine, StockLine
from contract.samples import down_facts, up_facts
from contract.values import Money, Quantity, Sku, Unit

SAMPLES = up_facts() | down_facts()
CASH = PaymentKind.CASH


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        ("sale.recorded.v1", b'"total_minor":1958', b'"total_minor":1959', "lines do not add up"),
        ("sale.recorded.v1", b'"amount_minor":633', b'"amount_minor":634', "lines do not add up"),
        ("sale.recorded.v1", b'"change_minor":450', b'"change_minor":451', "is not tendered_minor less"),
        ("sale.recorded.v1", b'"tendered_minor":910', b'"tendered_minor":-910', ">= 0"),
        ("sale.recorded.v1", b'"amount":2,', b'"amount":0,', "not positive"),
        ("sale.recorded.v1", b'"amount":2,', b'"amount":1000000001,', "<="),
        ("sale.recorded.v1", b'"amount":2,', b'"amount":2.5,', "got `float`"),
        ("sale.recorded.v1", b'"weighed":true', b'"overdraft":336', "overdraft is more"),
        ("sale.recorded.v1", b'"unit":"g"', b'"unit":"kg"', "Invalid enum"),
        ("sale.recorded.v1", b'"price_per":1000', b'"price_per":0', ">= 1"),
        ("sale.recorded.v1", b'"receipt":"k1-1-1"', b'"receipt":"k1-1-0"', "regex"),
        ("sale.recorded.v1", b'"receipt":"k1-1-1"', b'"receipt":"k1-1-1\\n"', "regex"),
        ("sale.recorded.v1", b'"basket":"k1-1-b1"', b'"basket":""', "regex"),
        ("sale.recorded.v1", b'"currency":"EUR"', b'"currency":"eur"', "regex"),
        ("sale.recorded.v1", b'"kind":"cash"', b'"kind":"shells"', "Invalid enum"),
        ("sale.recorded.v1", b'"sku":"OLIVES"', b'"sku":" OLIVES"', "regex"),
        ("sale.recorded.v1", b'"name":"Olives, loose"', b'"name":""', "length"),
        (
            "sale.recorded.v1",
            b'"sold_at":"2026-03-14T09:34:00Z"',
            b'"sold_at":"9999-12-31T23:59:59-01:00"',
            "UTC",
        ),
        ("refund.recorded.v1", b'"total_minor":450', b'"total_minor":449', "lines do not add up"),
        ("refund.recorded.v1", b'"amount":1,', b'"amount":0,', "not positive"),
        ("refund.recorded.v1", b'"sale":"k1-1-1"', b'"sale":"?"', "regex"),
        ("refund.recorded.v1", b'"restock":false', b'"restock":0', "got `int`"),
        (
            "refund.recorded.v1",
            b'"refunded_at":"2026-03-14T09:35:53.589793Z"',
            b'"refunded_at":"2026-03-14"',
            "RFC3339",
        ),
        ("stock.received.v1", b'"amount":24', b'"amount":0', "not positive"),
        ("stock.received.v1", b'"condition":"sellable"},', b'"condition":"good"},', "Invalid enum"),
        ("stock.received.v1", b'"received_at":"2', b'"received_at":"A', "RFC3339"),
        ("stock.counted.v1", b'"amount":21', b'"amount":-1', ">= 0"),
        ("stock.counted.v1", b'"expected":22', b'"expected":1000000001', "<="),
        ("stock.counted.v1", b'"covers":5', b'"covers":-5', ">= 0"),
        ("stock.counted.v1", b'"counted_at":"2026-03-14T17:26:53.589793Z"', b'"counted_at":1', "got `int`"),
        ("kiosk.started.v1", b'"epoch":1', b'"epoch":0', ">= 1"),
        ("kiosk.stopping.v1", b"closed by", b"closed\\u0007by", "regex"),
        ("clock.stepped.v1", b'"by":"person"', b'"by":"person\\n"', "regex"),
        ("clock.stepped.v1", b'"by":"person"', b'"by":"nobody"', "regex"),
        ("clock.stepped.v1", b'"before":"2025-12-14T09:26:53.589793Z"', b'"before":"0001-01-01T00:00:00+01:00"', "UTC"),
        ("catalogue.changed.v1", b'"04006381333931"', b'"4006381333931"', "regex"),
        ("catalogue.changed.v1", b'"price_minor":450', b'"price_minor":-450', ">= 0"),
        ("catalogue.changed.v1", b'"price_minor":450', b'"price_minor":100000000001', "<="),
        ("catalogue.changed.v1", b'"withdrawn":["COCOA-250"]', b'"withdrawn":[""]', "regex"),
        ("price.changed.v1", b'"prices":[{', b'"prices":[],"x":[{', "length"),
        ("config.changed.v1", b'"receipt_footer":"Thank you"', b'"receipt_footer":null', "got `null`"),
    ],
)
def test_a_fact_that_contradicts_itself_is_refused_saying_what(name, old, new, what):
    raw = SAMPLES[name]
    assert raw.count(old) == 1, "the sample changed: choose another place"
    with pytest.raises(Malformed) as refusal:
        (decode_down if name in down_facts() else decode)(raw.replace(old, new))
    assert what in refusal.value.what
    assert refusal.value.where.startswith("$.data")


@given(some.sales(), st.integers(-5, 5).filter(bool))
def test_a_sale_is_its_lines_and_its_payments_to_the_last_minor_unit(sale, off):
    with pytest.raises(ValueError, match="lines do not add up"):
        replace(sale, total_minor=Money(sale.total_minor + off))
    extra = Payment(CASH, Money(abs(off)), Money(abs(off)), Money(0))
    with pytest.raises(ValueError, match="payments do not add up"):
        replace(sale, payments=[*sale.payments, extra])


@given(some.refunds())
def test_a_refund_without_its_payments_says_that_they_do_not_add_up(refund):
    if refund.total_minor:
        with pytest.raises(ValueError, match="payments do not add up"):
            replace(refund, payments=[])
    else:
        assert replace(refund, payments=[]).payments == []


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_a_payment_counts_for_what_was_tendered_less_change(amount, tendered, change):
    if amount == tendered - change:
        assert Payment(CASH, Money(amount), Money(tendered), Money(change)).amount_minor == amount
    else:
        with pytest.raises(ValueError, match="less change_minor"):
            Payment(CASH, Money(amount), Money(tendered), Money(change))


@given(st.integers(0, 10), st.integers(0, 12))
def test_an_overdraft_is_part_of_its_line(amount, overdraft):
    def line():
        return SaleLine(Sku("A"), "A", Quantity(amount), Money(0), Money(0), overdraft=overdraft)

    if amount >= 1 and overdraft <= amount:
        assert line().overdraft == overdraft
    else:
        with pytest.raises(ValueError, match=r"not positive|more than"):
            line()


@given(st.integers(0, 10**9), st.integers(-(10**9), 10**9))
def test_a_count_adjusts_by_what_was_found_beyond_what_was_expected(counted, expected):
    assert CountLine(Sku("A"), Quantity(counted), expected).adjustment == counted - expected


def test_nothing_cannot_arrive():
    with pytest.raises(ValueError, match="not positive"):
        StockLine(Sku("A"), Quantity(0, Unit.GRAM))
