"""Hypothesis strategies for sales: lines with discounts, taxes in and on top, every way to pay."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from contract_strategies_values import (
    MAX_PARTS,
    baskets,
    codes,
    currencies,
    instants,
    item_names,
    pers,
    quantities,
    receipts,
    skus,
    texts,
)
from hypothesis import strategies as st

from contract import payments
from contract.money import line_amount, round_half_up
from contract.registry import Data
from contract.sales import ALL_PPM, Exchange, Origin, Payment, PaymentKind, SaleLine, SaleRecorded, TaxSum
from contract.values import Money

tokens = st.from_regex(r"\A[0-9A-Za-z-]{1,64}\Z")
references = st.from_regex(r"\A[0-9A-Z-]{1,32}\Z")
rates = st.integers(0, ALL_PPM)


@st.composite
def sale_lines(draw: st.DrawFn) -> SaleLine:
    """Return a line that is what its price says, less a discount."""
    quantity, per, price = draw(quantities), draw(pers), Money(draw(st.integers(0, 10**6)))
    gross = line_amount(quantity.amount, price, per)
    if gross > 10**8:
        price, gross = Money(0), Money(0)
    empties = draw(st.booleans())
    discount = 0 if empties else draw(st.integers(0, gross))
    return SaleLine(
        draw(skus),
        draw(item_names),
        quantity,
        price,
        Money(gross - discount),
        price_per=per,
        tax=draw(codes),
        overdraft=0 if empties else draw(st.integers(0, quantity.amount)),
        discount_minor=Money(discount),
        shared_minor=Money(draw(st.integers(0, discount))),
        list_minor=draw(st.none() | st.integers(0, 10**6).map(Money)),
        reason=draw(texts),
        by=draw(codes),
        note=draw(texts),
        bundle=draw(st.none() | skus),
        age=draw(st.integers(0, 99)),
        weighed=draw(st.booleans()),
        empties=empties,
    )


@st.composite
def tenders(draw: st.DrawFn, total: int) -> list[Payment]:
    """Return payments that add up to ``total``."""
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=MAX_PARTS - 1)))
    amounts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    return [draw(_tenders(amount)) for amount in amounts]


@st.composite
def _tenders(draw: st.DrawFn, amount: int) -> Payment:
    kind, due = draw(st.sampled_from(PaymentKind)), Money(amount)
    if kind is PaymentKind.CARD:
        return Payment(kind, due, due, Money(0), draw(codes), draw(tokens), draw(st.booleans()))
    if kind is not PaymentKind.CASH:
        return Payment(kind, due, due, Money(0), draw(references))
    change = draw(st.integers(0, 50_000))
    tendered = Money(amount + change)
    if tendered and draw(st.booleans()):
        exchange = Exchange(draw(currencies), tendered, Money(1), 1)
        return Payment(kind, due, tendered, Money(change), exchange=exchange)
    return Payment(kind, due, tendered, Money(change))


def tax_sums(lines: Sequence[SaleLine], rates_ppm: dict[str, int], *, included: bool) -> list[TaxSum]:
    """Return the taxes of ``lines``."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.tax] += line.counted_minor
    found = []
    for code, amount in sorted(sums.items()):
        rate = rates_ppm[code]
        tax = round_half_up(amount * rate, ALL_PPM + rate if included else ALL_PPM)
        found.append(TaxSum(code, rate, Money(amount - tax if included else amount), Money(tax)))
    return found


@st.composite
def sales(draw: st.DrawFn) -> SaleRecorded:
    """Return a sale whose lines, taxes and payments add up."""
    lines = draw(st.lists(sale_lines(), min_size=1, max_size=MAX_PARTS))
    if sum(line.counted_minor for line in lines) < 0:
        lines = [line for line in lines if not line.empties] or [draw(sale_lines().filter(lambda one: not one.empties))]
    included = draw(st.booleans())
    rates_ppm = {line.tax: draw(rates) for line in lines}
    taxes = tax_sums(lines, rates_ppm, included=included) if draw(st.booleans()) else []
    total = sum(line.counted_minor for line in lines) + (0 if included else sum(tax.tax_minor for tax in taxes))
    if total < 0:  # more tax on empties than on goods
        taxes, included, total = [], True, sum(line.counted_minor for line in lines)
    return SaleRecorded(
        draw(receipts),
        draw(baskets),
        draw(instants),
        draw(currencies),
        lines,
        Money(total),
        draw(tenders(total)),
        draw(st.sampled_from(Origin)),
        taxes,
        included,
    )


ATTEMPTS: dict[type[Data], st.SearchStrategy[Any]] = {
    payments.PaymentAttempted: st.builds(
        payments.PaymentAttempted, tokens, baskets, currencies, st.integers(1, 10**11).map(Money), instants
    ),
    payments.PaymentResolved: st.builds(
        payments.PaymentResolved, tokens, st.sampled_from(payments.Outcome), instants, codes, codes
    ),
}
