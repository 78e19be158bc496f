"""Values are parsed once at the edge: what is accepted stays as it is, what is refused says why."""

from datetime import UTC, datetime, timedelta, timezone

import contract_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.envelope import LaneSource, parse_source
from contract.errors import ContractError, Malformed
from contract.values import (
    Address,
    Epoch,
    Lane,
    Unit,
    instant_text,
    is_instant,
    parse_address,
    parse_currency,
    parse_name,
    parse_sku,
)


@pytest.mark.parametrize("text", ["a", "0", "k1", "market-hall", "a--b", "x" * 32, "0-9"])
def test_names_are_accepted_as_they_are(text):
    assert parse_name(text, "site") == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "-a", "a-", "A", "a b", "a_b", "a.b", "a/b", "a+", "a#", "é", "x" * 33, "a\n", "\na", "a\x00"),
        *("+", "#", "$SYS", "ａ", "x" * 100_000),
    ],
)
def test_what_is_no_name_is_refused_naming_what_it_should_be(text):
    with pytest.raises(Malformed) as refusal:
        parse_name(text, "site")
    assert refusal.value.where == "site"
    assert len(str(refusal.value)) < 500


@given(some.addresses)
def test_an_address_is_read_back_from_its_text(address):
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "address"),
        ("north", "address"),
        ("north/hall", "address"),
        ("north/hall/k1/", "address"),
        ("north//k1", "site"),
        ("North/hall/k1", "region"),
        ("north/ha ll/k1", "site"),
        ("north/hall/+", "kiosk"),
        ("north/hall/k1\n", "kiosk"),
    ],
)
def test_an_address_is_refused_naming_its_part(text, where):
    with pytest.raises(Malformed) as refusal:
        parse_address(text)
    assert refusal.value.where == where


def test_addresses_are_keys_and_have_an_order():
    one, two = parse_address("a/a/a"), parse_address("a/a/b")
    assert {one: 1}[parse_address("a/a/a")] == 1
    assert sorted([two, one]) == [one, two]
    assert isinstance(one, Address)


@given(some.lane_sources | some.log_sources)
def test_a_source_is_read_back_from_its_text(source):
    assert parse_source(str(source)) == source


def test_sources_have_an_order():
    address = parse_address("a/a/a")
    sources = [LaneSource(address, Epoch(2), Lane.TILL), LaneSource(address, Epoch(1), Lane.TILL)]
    assert [source.epoch for source in sorted(sources)] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "0",
        "POST",
        "TEA-GREEN-100",
        "a b",
        "85123A",
        "größe",
        "茶",
        "🍵",
        "x" * 64,
        "<b>",
        "'; --",
        "a\u200bb",
        "%",
    ],
)
def test_skus_are_accepted_as_they_are(text):
    assert parse_sku(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "a ",
            " a",
            "\ta",
            "a\t",
            "a\n",
            "a\nb",
            "a\x00b",
            "a\x7fb",
            "\x1b[2J",
            "x" * 65,
            "\u00a0a",
            "a\u3000",
        ),
        *("\u0085a", "a\u0085", "\ufeffa", "a\ufeff", "\u2028a", "\ud800", "a\udfffb", "x" * 100_000),
    ],
)
def test_what_is_no_sku_is_refused(text):
    with pytest.raises(Malformed) as refusal:
        parse_sku(text)
    assert refusal.value.where == "sku"
    assert len(str(refusal.value)) < 1_000


@given(st.text(max_size=70))
def test_every_sku_that_is_accepted_can_be_written_and_shown_on_one_line(text):
    try:
        sku = parse_sku(text)
    except Malformed:
        return
    assert sku == text == text.strip()
    assert sku.encode()
    assert sku.isascii() is False or sku.isprintable()


@pytest.mark.parametrize("text", ["EUR", "USD", "JPY", "XXX"])
def test_currencies_are_accepted_as_they_are(text):
    assert parse_currency(text) == text


@pytest.mark.parametrize("text", ["", "eur", "EU", "EURO", "€", "EUR ", "EUR\n", "E1R", "ＥＵＲ", "E" * 100_000])
def test_what_is_no_currency_is_refused(text):
    with pytest.raises(Malformed) as refusal:
        parse_currency(text)
    assert refusal.value.where == "currency"
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 14, tzinfo=UTC), "2026-03-14T00:00:00.000000Z"),
        (datetime(2026, 3, 14, 1, tzinfo=timezone(timedelta(hours=2))), "2026-03-13T23:00:00.000000Z"),
        (datetime(2026, 3, 14, 0, 0, 0, 1, tzinfo=UTC), "2026-03-14T00:00:00.000001Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_is_written_in_utc(at, text):
    assert instant_text(at) == text


@given(some.instants, some.instants)
def test_instants_as_text_have_the_order_of_time(one, other):
    assert (instant_text(one) < instant_text(other)) == (one < other)
    assert datetime.fromisoformat(instant_text(one)) == one


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the point
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=1))),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(microseconds=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(minutes=-1))),
        datetime.min.replace(tzinfo=timezone(timedelta(minutes=1))),
    ],
)
def test_what_is_no_instant_is_refused(at):
    assert not is_instant(at)
    with pytest.raises(Malformed) as refusal:
        instant_text(at)
    assert refusal.value.where == "time"


@pytest.mark.parametrize(
    ("unit", "per"), [(Unit.PIECE, 1), (Unit.GRAM, 1000), (Unit.MILLILITRE, 1000), (Unit.MILLIMETRE, 1000)]
)
def test_a_price_is_for_one_piece_or_a_thousand_of_what_is_measured(unit, per):
    assert unit.per == per


def test_a_refusal_is_a_contract_error_that_keeps_its_parts():
    refusal = Malformed("no digits", "barcode")
    assert isinstance(refusal, ContractError)
    assert (str(refusal), refusal.what, refusal.where) == ("no digits at barcode", "no digits", "barcode")
    assert Malformed("x").where == "$"
