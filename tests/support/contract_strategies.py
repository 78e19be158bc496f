"""Hypothesis strategies for everything that crosses the wire: values, every fact type, stamps, sources, chains.

``FACTS`` has a strategy for each published struct; a test fails if one is missing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contract_strategies_rights import GOODS_AND_RIGHTS, requests
from contract_strategies_sales import ATTEMPTS, sale_lines, sales, tenders
from contract_strategies_values import (
    EXAMPLE_AT,
    MAX_PARTS,
    addresses,
    baskets,
    codes,
    conditions,
    currencies,
    epochs,
    gtins,
    instants,
    item_names,
    lane_sources,
    log_sources,
    pers,
    positions,
    prices,
    quantities,
    receipts,
    sequences,
    several,
    sites,
    skus,
    stamps,
    stock_lines,
    texts,
    units,
)
from hypothesis import strategies as st
from msgspec.structs import replace

from contract import down, facts, shop
from contract.codec import Fact, Stamp, digest, encode
from contract.envelope import NO_DIGEST, Source
from contract.registry import DOWN, UP, Data, Registry
from contract.values import MAX_AMOUNT, BasketId, Currency, Money, Quantity, Receipt, Seq, Sku, Unit

__all__ = [
    "EXAMPLE_AT",
    "FACTS",
    "addresses",
    "chain",
    "chains",
    "down_facts",
    "instants",
    "lane_sources",
    "log_sources",
    "meaning",
    "positions",
    "quantities",
    "refunds",
    "requests",
    "sale",
    "sales",
    "sequences",
    "stamps",
    "up_facts",
]


@st.composite
def _refund_lines(draw: st.DrawFn) -> facts.RefundLine:
    line = draw(sale_lines())
    return facts.RefundLine(
        line.sku,
        line.name,
        line.quantity,
        line.price_minor,
        line.amount_minor,
        line.price_per,
        line.tax,
        draw(st.booleans()),
    )


@st.composite
def refunds(draw: st.DrawFn) -> facts.RefundRecorded:
    """Return a refund whose lines and payments add up."""
    lines = draw(st.lists(_refund_lines(), min_size=1, max_size=MAX_PARTS))
    total = sum(line.amount_minor for line in lines)
    return facts.RefundRecorded(
        draw(receipts),
        draw(baskets),
        draw(instants),
        draw(currencies),
        lines,
        Money(total),
        draw(tenders(total)),
        draw(st.none() | receipts),
        draw(st.sampled_from(facts.Origin)),
    )


_count_lines = st.builds(
    facts.CountLine,
    skus,
    st.builds(Quantity, st.integers(0, MAX_AMOUNT), units),
    st.integers(-MAX_AMOUNT, MAX_AMOUNT),
    conditions,
)
_plain_items = st.builds(
    down.Item,
    skus,
    item_names,
    st.lists(gtins, max_size=MAX_PARTS),
    st.none() | prices,
    pers,
    units,
    texts,
    codes,
    st.none(),
    st.just([]),
    st.integers(0, 99),
    st.booleans(),
)


@st.composite
def _items(draw: st.DrawFn) -> down.Item:
    """Return an item: plain, with a deposit, or a bundle."""
    item = draw(_plain_items)
    others = draw(st.lists(skus.filter(lambda sku: sku != item.sku), max_size=MAX_PARTS, unique=True))
    deposit = draw(st.none() | st.sampled_from(others)) if others else None
    if item.unit is not Unit.PIECE:
        return replace(item, deposit=deposit)
    return replace(item, deposit=deposit, parts=[shop.BundlePart(sku, draw(st.integers(1, 10**6))) for sku in others])


@st.composite
def _configs(draw: st.DrawFn) -> down.ConfigChanged:
    """Return settings that name nothing twice."""
    taxes = st.builds(shop.TaxRate, codes, st.integers(0, 10**6), item_names)
    rates = st.builds(shop.ExchangeRate, currencies, st.integers(1, 10**9).map(Money), pers)
    hashes = st.just("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g")
    people = st.builds(
        shop.Person, st.from_regex(r"\A[0-9a-z-]{1,32}\Z"), item_names, st.sampled_from(shop.Role), hashes
    )
    decided = shop.Shop(
        draw(st.lists(taxes, max_size=MAX_PARTS, unique_by=lambda one: one.code)),
        draw(st.booleans()),
        draw(st.integers(1, 10_000)),
        draw(st.lists(rates, max_size=MAX_PARTS, unique_by=lambda one: one.currency)),
        draw(st.lists(people, max_size=MAX_PARTS, unique_by=lambda one: one.id)),
        draw(st.integers(0, 10**6)),
        draw(st.lists(skus, max_size=MAX_PARTS)),
        draw(st.lists(st.from_regex(r"\A[0-9A-Z]{1,40}( ?\*[1-9][0-9]{0,3})?\Z"), max_size=MAX_PARTS)),
    )
    return down.ConfigChanged(draw(texts), draw(texts), decided)


_prices = st.builds(down.Price, skus, st.none() | prices, pers)

FACTS: dict[type[Data], st.SearchStrategy[Any]] = {
    facts.SaleRecorded: sales(),
    facts.RefundRecorded: refunds(),
    facts.StockReceived: st.builds(
        facts.StockReceived, several(stock_lines), instants, codes, st.sampled_from(facts.Origin)
    ),
    facts.StockCounted: st.builds(facts.StockCounted, several(_count_lines), instants, positions, texts),
    facts.KioskStarted: st.builds(facts.KioskStarted, codes, epochs),
    facts.KioskStopping: st.builds(facts.KioskStopping, texts),
    facts.ClockStepped: st.builds(facts.ClockStepped, instants, instants, st.sampled_from(["person", "network"])),
    down.CatalogueChanged: st.builds(
        down.CatalogueChanged, currencies, several(_items(), 0), st.lists(skus, max_size=MAX_PARTS)
    ),
    down.PriceChanged: st.builds(down.PriceChanged, currencies, several(_prices)),
    down.ConfigChanged: _configs(),
    down.AvailabilityChanged: st.builds(
        down.AvailabilityChanged,
        st.booleans(),
        several(st.builds(down.Level, sites, skus, st.integers(0, MAX_AMOUNT), units, st.booleans()), 0),
        several(st.builds(down.SiteHeard, sites, instants), 0),
    ),
    **ATTEMPTS,
    **GOODS_AND_RIGHTS,
}
_small_facts = st.one_of(FACTS[facts.KioskStopping], FACTS[facts.ClockStepped], FACTS[facts.KioskStarted])
up_facts: st.SearchStrategy[Data] = st.one_of(*(FACTS[struct] for struct in UP.types.values()))
down_facts: st.SearchStrategy[Data] = st.one_of(*(FACTS[struct] for struct in DOWN.types.values()))


def sale(*, lines: int = 1, name: str = "Tea", at: datetime = EXAMPLE_AT) -> facts.SaleRecorded:
    """Return a plain sale of ``lines`` lines, paid in cash."""
    line = facts.SaleLine(Sku("TEA"), name, Quantity(2), Money(100), Money(200))
    total = Money(200 * lines)
    payment = facts.Payment(facts.PaymentKind.CASH, total, total, Money(0))
    return facts.SaleRecorded(Receipt("k1-1-1"), BasketId("b1"), at, Currency("EUR"), [line] * lines, total, [payment])


def chain(data: Sequence[Data], source: Source, *, at: datetime, registry: Registry = UP) -> list[tuple[Seq, bytes]]:
    """Return ``data`` as stored facts that follow from each other, from sequence 1 on."""
    stored: list[tuple[Seq, bytes]] = []
    prev = NO_DIGEST
    for number, each in enumerate(data, 1):
        raw = encode(each, source=source, seq=Seq(number), prev=prev, stamp=Stamp(at=at), registry=registry)
        stored.append((Seq(number), raw))
        prev = digest(raw)
    return stored


@st.composite
def chains(draw: st.DrawFn, *, least: int = 1, most: int = 4) -> list[tuple[Seq, bytes]]:
    """Return a lane's stored facts, whole and in order. They are of small types: a chain is over bytes."""
    data = draw(st.lists(_small_facts, min_size=least, max_size=most))
    return chain(data, draw(lane_sources), at=draw(instants))


def meaning(fact: Fact) -> tuple[object, ...]:
    """Return what a fact says, without the digest of its bytes."""
    return fact.source, fact.seq, fact.type, fact.stamp, fact.seen, fact.prev, fact.data
