"""Hypothesis strategies for values: names, goods, money, moments, sources. See ``contract_strategies``."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from contract.codec import Stamp
from contract.envelope import LaneSource, LogSource
from contract.facts import StockLine
from contract.streams import own_log
from contract.values import (
    MAX_AMOUNT,
    MAX_MINOR,
    MAX_POSITION,
    Address,
    BasketId,
    Condition,
    Currency,
    Epoch,
    Gtin,
    Incarnation,
    KioskId,
    Lane,
    Money,
    Quantity,
    Receipt,
    RegionId,
    Seq,
    SiteId,
    Sku,
    Unit,
    is_instant,
)

MAX_PARTS = 4  # lines or payments in one generated fact: enough to add up wrongly, small enough to be fast
EXAMPLE_AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
_CONTROL = "".join(map(chr, range(0x20))) + "\x7f"
_characters = st.characters(exclude_categories=["Cs"], exclude_characters=_CONTROL)

names = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)
texts = st.text(_characters, max_size=20) | st.sampled_from(["x" * 200, "ö" * 200, "🍵" * 200])
codes = st.text(_characters, max_size=8) | st.sampled_from(["C" * 32, "🍵" * 32])
skus = (
    st.text(_characters, min_size=1, max_size=64)
    .filter(lambda text: text == text.strip(" ").strip("\ufeff").strip())
    .map(Sku)
)
item_names = texts.filter(bool)
gtins = st.from_regex(r"[0-9]{14}", fullmatch=True).map(Gtin)
currencies = st.from_regex(r"[A-Z]{3}", fullmatch=True).map(Currency)
receipts = st.from_regex(r"[a-z0-9-]{1,32}-[1-9][0-9]{0,9}-[1-9][0-9]{0,15}", fullmatch=True).map(Receipt)
baskets = st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True).map(BasketId)
prices = st.integers(0, MAX_MINOR).map(Money)
pers = st.sampled_from([1, 10, 1000]) | st.integers(1, 10**9)
units = st.sampled_from(Unit)
quantities = st.builds(Quantity, st.integers(1, MAX_AMOUNT), units)
positions = st.integers(0, MAX_POSITION).map(Seq)
sequences = st.integers(1, MAX_POSITION).map(Seq)
epochs = st.integers(1, 10**9 - 1).map(Epoch)

_zones = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(timezones=st.just(UTC) | _zones).filter(is_instant)
stamps = st.builds(
    Stamp,
    at=instants,
    clock=st.sampled_from(["trusted", "untrusted"]),
    boot=st.just("") | st.uuids().map(str),
    mono_ns=st.integers(0, 2**63),
)
addresses = st.builds(Address, names.map(RegionId), names.map(SiteId), names.map(KioskId))
lane_sources = st.builds(LaneSource, addresses, epochs, st.sampled_from(Lane))
log_names = names | addresses.map(own_log)
log_sources = st.builds(LogSource, names.map(RegionId), log_names, st.integers(1, MAX_POSITION))

conditions = st.sampled_from(Condition)
stock_lines = st.builds(StockLine, skus, quantities, conditions)
sites = names.map(SiteId)
kiosks = names.map(KioskId)
incarnations = st.integers(1, MAX_POSITION).map(Incarnation)
tokens = st.uuids().map(str) | st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True)
languages = st.from_regex(r"[a-z]{2,3}", fullmatch=True)
totals = st.integers(0, MAX_POSITION)


def several(part: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[list[Any]]:
    """Return a short list of ``part``."""
    return st.lists(part, min_size=least, max_size=MAX_PARTS)
