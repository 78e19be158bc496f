"""Totals, taxes, change and cash rounding add up for every basket, every shop and every split of tenders.

The oracle counts with fractions and from the sale's own lines and payments; it knows none of the rules' code.
"""

from fractions import Fraction

from basket_strategies import baskets, prices
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from money_talks import desk_of, sales, station
from talks import answered

from contract.payments import Outcome
from contract.sales import Exchange, PaymentKind, SaleRecorded
from contract.shop import TaxRate
from contract.values import Currency, Money
from kiosk.clock import now_utc
from kiosk.core.basket import Basket
from kiosk.core.bill import Prices, decide_bill
from kiosk.core.checkout import decide_sale
from kiosk.core.dialogues.cards import cards
from kiosk.core.dialogues.paying import pay
from kiosk.core.notices import Mood
from kiosk.core.station import Station
from kiosk.core.tender import Tender, TenderError, give_back, take_card, take_cash, take_voucher

__all__ = ["station"]

KINDS = ["cash", "cash", "exact", "card", "voucher", "foreign", "back"]
MOVES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 150_000)), max_size=8)
RATE = Exchange(Currency("USD"), Money(1), Money(91), 100)


def tendered(due: Money, step: int, moves: list[tuple[str, int]]) -> Tender:
    """Return a bill paid by random tenders, and by exact cash at last."""
    tender = Tender(due, step)
    for number, (how, amount) in enumerate(moves):
        if tender.is_paid and tender.payments:
            break
        try:
            tender = moved(tender, how, amount, number)
        except TenderError:
            continue
    return tender if tender.is_paid and tender.payments else take_cash(tender, tender.left_in_cash_minor)


def moved(tender: Tender, how: str, amount: int, number: int) -> Tender:
    match how:
        case "cash":
            return take_cash(tender, Money(amount))
        case "exact":
            return take_cash(tender, tender.left_in_cash_minor)
        case "card":
            return take_card(tender, Money(amount), attempt=f"a{number}")
        case "voucher":
            return take_voucher(tender, f"G{number}", Money(amount))
        case "foreign":
            given_ = Exchange(RATE.currency, Money(amount), RATE.home_minor, RATE.per)
            return take_cash(tender, given_.worth_minor, given_)
        case _:
            return give_back(tender)


def check(sale: SaleRecorded, rates: dict[str, TaxRate], step: int) -> None:
    """Refuse a sale whose sums a person with pencil and paper would not reach."""
    counted = sum(-line.amount_minor if line.empties else line.amount_minor for line in sale.lines)
    tax_on_top = 0 if sale.tax_included else sum(tax.tax_minor for tax in sale.taxes)
    assert sale.total_minor == counted + tax_on_top
    for tax in sale.taxes:
        mine = sum(-one.amount_minor if one.empties else one.amount_minor for one in sale.lines if one.tax == tax.code)
        rate = Fraction(rates[tax.code].rate_ppm if tax.code in rates else 0, 1_000_000)
        exact_tax = mine * rate / (1 + rate) if sale.tax_included else mine * rate
        assert abs(tax.tax_minor - exact_tax) <= Fraction(1, 2), "rounded once, to the nearest minor unit"
        assert tax.net_minor == mine - (tax.tax_minor if sale.tax_included else 0)
    assert {tax.code for tax in sale.taxes} == ({line.tax for line in sale.lines} if rates else set())
    amounts = [one.amount_minor for one in sale.payments]
    assert sum(amounts) == sale.total_minor + sale.rounding_minor
    assert abs(sale.rounding_minor) * 2 <= step
    assert not sale.rounding_minor or sale.payments[-1].kind is PaymentKind.CASH
    in_hand = sum(one.tendered_minor for one in sale.payments) - sum(one.change_minor for one in sale.payments)
    assert in_hand == sale.total_minor + sale.rounding_minor, "what the shop keeps is the bill, to the coin"
    assert all(not one.change_minor for one in sale.payments[:-1]), "only the payment that covers the bill gives change"


@given(baskets(), prices, MOVES)
def test_every_split_of_every_basket_adds_up(basket: Basket, shop: Prices, moves: list[tuple[str, int]]) -> None:
    bill = decide_bill(basket, shop)
    if bill.total_minor < 0:
        return  # tax on top of empties: a refund, which is no sale
    tender = tendered(bill.total_minor, shop.cash_step_minor, moves)
    sale = decide_sale(basket, tender.payments, sold_at=now_utc(), prices=shop)
    assert sale.rounding_minor == tender.rounding_minor
    check(sale, dict(shop.rates), shop.cash_step_minor)


ANSWERS = st.lists(
    st.one_of(
        st.sampled_from(["", "exact", "give-back", "card", "voucher", "foreign", "x", "leave", "settle"]),
        st.sampled_from([*Outcome, "GIFT-1", "GIFT-2", "T1-47"]).map(str),
        st.decimals("0.01", "12", places=2).map(str),
        st.decimals("0.01", "12", places=2).map(lambda amount: f"card {amount}"),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANSWERS)
def test_whatever_is_answered_in_whatever_order_one_sale_adds_up(station: Station, answers: list[str]) -> None:
    """Over the real desk: no order of answers, of leaving and coming back, sells twice or loses money."""
    counter = station.counter
    before, basket = len(sales(station)), counter.basket.id
    if not counter.basket.lines:
        counter.enter("10.03")
    talk = answered(pay(station))
    for text in answers:
        if talk.prompt is None:
            break
        if text in {"leave", "settle"}:
            talk.leave()
            talk = answered((cards if text == "settle" else pay)(station))
        else:
            talk.answer(text)
        if talk.prompt is None and counter.basket.id == basket:
            assert talk.notice is not None
            assert talk.notice.mood is not Mood.SOLD
            talk = answered(pay(station))
    finish(station, basket)
    (sale,) = sales(station)[before:]
    assert sale.basket == basket
    assert sale.total_minor == 1003
    check(sale, {"": TaxRate("", 190_000, "VAT 19 %")}, 5)
    settled(station, sale)


def finish(station: Station, basket: str) -> None:
    """Pay what is left in cash, as a patient person does."""
    for _ in range(5):
        if station.counter.basket.id != basket:
            return
        talk = answered(pay(station))
        while talk.prompt is not None and talk.prompt.text == "How did it end":
            talk.answer(Outcome.DECLINED)
        if talk.prompt is not None:
            talk.answer("")
    raise AssertionError(f"never sold: {station.counter.basket}")


def settled(station: Station, sale: SaleRecorded) -> None:
    """Refuse card money that neither a sale nor the list of what is to be settled accounts for."""
    listed = {one.id for one in station.counter.paying.open_attempts()}
    paid = {one.attempt for one in sale.payments}
    for attempt in desk_of(station).attempts(sale.basket):
        assert attempt.outcome is Outcome.DECLINED or attempt.id in paid | listed
        assert attempt.id not in paid or attempt.outcome is not Outcome.DECLINED
