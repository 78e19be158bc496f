"""Whatever is rung up, and in whatever order: total, taxes and change are the same, and they add up."""

from datetime import UTC, datetime
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.down import Item
from contract.shop import BundlePart, Shop, TaxRate
from contract.values import BasketId, Currency, Gtin, Money, Quantity, Sku, Unit
from kiosk.core.basket import Basket, Line, add
from kiosk.core.bill import Prices, decide_bill
from kiosk.core.checkout import decide_sale
from kiosk.core.discounts import Discount
from kiosk.core.finding import Finder, line_of
from kiosk.core.tender import Tender, take_cash

EUR = Currency("EUR")
ITEMS = {
    item.sku: item
    for item in [
        Item(Sku("TEA"), "Tea", [], Money(455), tax="B"),
        Item(Sku("SCREW"), "Screw", [], Money(7), 10, tax="A"),
        Item(Sku("HAM"), "Ham", [Gtin("09520123456788")], Money(1889), 1000, Unit.GRAM, tax="B"),
        Item(Sku("PF"), "Deposit", [], Money(25), tax="A", discountable=False),
        Item(Sku("COLA"), "Cola", [], Money(149), tax="A", deposit=Sku("PF")),
        Item(Sku("GIFT"), "Gift card", [], Money(1000), discountable=False),
        Item(Sku("SET"), "Set", [], Money(999), tax="A", parts=[BundlePart(Sku("TEA")), BundlePart(Sku("COLA"), 2)]),
        Item(Sku("LOST"), "Lost set", [], Money(301), tax="A", parts=[BundlePart(Sku("GONE")), BundlePart(Sku("TEA"))]),
    ]
}
RATES = {"A": TaxRate("A", 190_000, "VAT 19 %"), "B": TaxRate("B", 70_000, "VAT 7 %")}


class Shelf:
    """A catalogue of these items."""

    def scan(self, gtin: Gtin) -> Item | None:
        return next((one for one in ITEMS.values() if gtin in one.gtins), None)

    def item(self, sku: Sku) -> Item | None:
        return ITEMS.get(sku)


FINDER = Finder(Shelf(), Shop(), EUR)
TODAY = datetime(2026, 3, 14, tzinfo=UTC).date()


def labelled(grams: int, minor: int | None) -> Line:
    price = "" if minor is None else f"(3922){minor}"
    wanted = FINDER.label(f"(01)09520123456788(3103){grams:06d}{price}", None, TODAY)
    assert wanted is not None
    return line_of(wanted)


goods = st.builds(
    lambda sku, amount: line_of(replace(FINDER.want(ITEMS[sku]), amount=amount)),
    st.sampled_from([Sku("TEA"), Sku("SCREW"), Sku("COLA"), Sku("GIFT"), Sku("SET"), Sku("LOST"), Sku("HAM")]),
    st.integers(1, 9),
)
packets = st.builds(labelled, st.integers(1, 3000), st.none() | st.integers(1, 5000))
empties = st.builds(
    lambda amount: Line(Sku("PF"), "Deposit", Quantity(amount), Money(25), 1, "A", discountable=False, empties=True),
    st.integers(1, 9),
)
given_off = st.builds(
    lambda line, ppm: replace(line, discount=Discount(ppm=ppm, reason="old")),
    st.one_of(goods, packets),
    st.integers(1, 1_000_000),
)
rings = st.lists(st.one_of(goods, packets, empties, given_off), min_size=1, max_size=12)
discounts = st.none() | st.builds(Discount, ppm=st.integers(1, 300_000)) | st.builds(
    Discount, amount_minor=st.integers(1, 2000).map(Money)
)  # fmt: skip
shops = st.builds(Prices, st.sampled_from([{}, RATES]), st.booleans(), st.sampled_from([1, 5, 10, 100]))


def rung(lines: list[Line], off: Discount | None) -> Basket:
    return replace(reduce(add, lines, Basket(BasketId("b1"), EUR)), discount=off)


@given(rings, discounts, shops, st.integers(0, 10_000), st.data())
def test_the_order_of_ringing_up_changes_nothing_that_is_paid(
    lines: list[Line], off: Discount | None, shop: Prices, more: int, data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(lines))
    bill, other = (decide_bill(rung(order, off), shop) for order in (lines, turned))
    assert (bill.total_minor, bill.taxes) == (other.total_minor, other.taxes)
    if bill.total_minor <= 0:
        return
    step = shop.cash_step_minor
    given_minor = Tender(bill.total_minor, step).left_in_cash_minor + more
    paid = [take_cash(Tender(one.total_minor, step), Money(given_minor)) for one in (bill, other)]
    change = paid[0].change_minor
    assert change == paid[1].change_minor
    assert change == more if more % step == 0 else abs(change - more) <= step
    assert not change % step or change == more, "change is what there are coins for, unless that is more than was given"
    for basket, tender in zip((rung(lines, off), rung(turned, off)), paid, strict=True):
        sale = decide_sale(basket, tender.payments, sold_at=datetime(2026, 3, 14, tzinfo=UTC), prices=shop)
        assert sum(one.tendered_minor - one.change_minor for one in sale.payments) == given_minor - change
        assert sale.total_minor + sale.rounding_minor == given_minor - change
        assert abs(sale.rounding_minor) * 2 <= step


@given(rings)
def test_no_goods_are_lost_or_made(lines: list[Line]) -> None:
    """Each piece and gram that was rung up is in the sale: a bundle as its parts, with what each of them is."""
    bill = decide_bill(rung(lines, None), Prices())
    wanted: dict[str, int] = {}
    for line in lines:
        amount = line.quantity.amount
        for sku, each in [(part.sku, part.quantity.amount) for part in line.parts] or [(line.sku, 1)]:
            wanted[sku] = wanted.get(sku, 0) + amount * each
        if line.deposit is not None:
            wanted[line.deposit.sku] = wanted.get(line.deposit.sku, 0) + amount
    found: dict[str, int] = {}
    for sold in bill.lines:
        found[sold.sku] = found.get(sold.sku, 0) + sold.quantity.amount
    assert found == wanted
