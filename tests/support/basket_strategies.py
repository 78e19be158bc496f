"""Baskets of every kind: discounts, deposits, bundles, labels, empties; and shops with every kind of tax."""

from hypothesis import strategies as st

from contract.shop import TaxRate
from contract.values import BasketId, Currency, Money, Quantity, Sku, Unit
from kiosk.core.basket import Basket, Deposit, Line, Part
from kiosk.core.bill import Prices
from kiosk.core.discounts import Discount

CODES = ("", "A", "B", "C")
codes = st.sampled_from(CODES)
small = st.integers(0, 100_000).map(Money)
discounts = st.one_of(
    st.builds(Discount, ppm=st.integers(1, 1_000_000), reason=st.just("sale")),
    st.builds(Discount, amount_minor=small, reason=st.just("sale"), by=st.just("ines")),
)
deposits = st.builds(Deposit, st.just(Sku("PFAND")), st.just("Deposit"), st.integers(1, 500).map(Money), codes)
parts = st.builds(
    Part,
    st.sampled_from([Sku("p1"), Sku("p2"), Sku("p3")]),
    st.just("part"),
    st.builds(Quantity, st.integers(1, 5), st.sampled_from(Unit)),
    small,
    codes,
)


@st.composite
def lines(draw: st.DrawFn, *, empties: bool = True) -> Line:
    kind = draw(st.sampled_from(["goods", "goods", "weighed", "bundle", *(["empties"] if empties else [])]))
    unit = Unit.GRAM if kind == "weighed" else Unit.PIECE
    amount = draw(st.integers(1, 3000 if kind == "weighed" else 20))
    given = draw(st.none() | discounts) if kind != "empties" else None
    return Line(
        draw(st.sampled_from([Sku("tea"), Sku("cups"), Sku("olives")])),
        kind,
        Quantity(amount, unit),
        draw(small),
        draw(st.sampled_from([1, 3, 1000])),
        draw(codes),
        discount=given,
        label_minor=draw(st.none() | small) if kind == "weighed" else None,
        deposit=draw(st.none() | deposits) if kind == "goods" else None,
        parts=tuple(draw(st.lists(parts, min_size=1, max_size=3))) if kind == "bundle" else (),
        discountable=draw(st.booleans()),
        empties=kind == "empties",
        age=draw(st.sampled_from([0, 16, 18])),
    )


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    """Return a basket that somebody pays for: its empties are worth no more than its goods."""
    found = draw(st.lists(lines(), min_size=1, max_size=8))
    basket = Basket(BasketId("b1"), Currency("EUR"), tuple(found), draw(st.none() | discounts))
    if basket.total_minor >= 0 and any(not line.empties for line in found):
        return basket
    return Basket(basket.id, basket.currency, (draw(lines(empties=False)),), basket.discount)


prices = st.builds(
    Prices,
    st.dictionaries(codes, st.integers(0, 300_000), max_size=4).map(
        lambda rates: {code: TaxRate(code, rate, f"VAT {rate}") for code, rate in rates.items()}
    ),
    st.booleans(),
    st.sampled_from([1, 5, 10, 100]),
)
