"""The entry line: every text means one thing, and a barcode is never money or a quantity."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.gtin import GTIN_LENGTHS, check_digit
from contract.money import format_minor
from contract.values import Currency, Money, Unit
from kiosk.core.entry import (
    EntryError,
    Kind,
    as_gtin,
    has_wrong_check_digit,
    is_code,
    is_scan,
    parse_amount,
    parse_entry,
    parse_moment,
    parse_price,
    parse_times,
    shown_code,
)

EUR, JPY, KWD = Currency("EUR"), Currency("JPY"), Currency("KWD")
digits = st.text("0123456789", min_size=1, max_size=40)
barcodes = st.sampled_from(GTIN_LENGTHS).flatmap(
    lambda size: st.text("0123456789", min_size=size - 1, max_size=size - 1).map(lambda s: s + str(check_digit(s)))
)


@given(digits)
def test_digits_alone_are_a_code(text):
    assert parse_entry(text).kind is Kind.DIGITS


@given(digits.filter(lambda text: len(text) <= 5 and int(text)), barcodes)
def test_a_quantity_leaves_the_code_as_it_was(times, code):
    entry = parse_entry(f"{times}*{code}")
    assert (entry.kind, entry.text, entry.times) == (Kind.DIGITS, code, Decimal(times))


@given(barcodes)
def test_a_barcode_is_never_a_quantity_nor_an_amount(code):
    assert is_scan(code)
    assert as_gtin(code) == code.zfill(14)
    with pytest.raises(EntryError):
        parse_entry(f"{code}*")
    with pytest.raises(EntryError):
        parse_times(code)
    with pytest.raises(EntryError):
        parse_price(code, EUR)


@given(barcodes, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(code, place, step):
    place %= len(code)
    wrong = code[:place] + str((int(code[place]) + step) % 10) + code[place + 1 :]
    assert as_gtin(wrong) is None
    assert has_wrong_check_digit(wrong)


@given(st.integers(0, 9_999_999), st.sampled_from([EUR, JPY, KWD]), st.sampled_from([".", ","]))
def test_what_is_shown_as_money_can_be_typed_as_money(minor, currency, mark):
    text = format_minor(Money(minor), currency).replace(".", mark)
    assert parse_price(text, currency) == minor


@given(st.text(max_size=30))
def test_every_text_means_something_or_is_refused(text):
    with suppress(EntryError):
        entry = parse_entry(text)
        assert entry.text == entry.text.strip(" \t\r\n")


@pytest.mark.parametrize(
    ("line", "kind", "text", "times"),
    [
        ("", Kind.NOTHING, "", None),
        ("  ", Kind.NOTHING, "", None),
        ("3*", Kind.NOTHING, "", Decimal(3)),
        (" 3 * 12 ", Kind.DIGITS, "12", Decimal(3)),
        ("0,250*apple", Kind.WORDS, "apple", Decimal("0.250")),
        (".5*", Kind.NOTHING, "", Decimal("0.5")),
        ("4.50", Kind.PRICE, "4.50", None),
        ("4,", Kind.PRICE, "4,", None),
        (".", Kind.WORDS, ".", None),
        ("1,2,3", Kind.WORDS, "1,2,3", None),
        ("2*.50", Kind.PRICE, ".50", Decimal(2)),
        ("a*b", Kind.WORDS, "a*b", None),
        ("\u0663", Kind.WORDS, "\u0663", None),
        ("2*\x1d0109520123456788\x1d ", Kind.WORDS, "\x1d0109520123456788\x1d", Decimal(2)),
        ("01095201234567881012*3", Kind.WORDS, "01095201234567881012*3", None),
        ("+", Kind.WORDS, "+", None),
    ],
)
def test_entries(line, kind, text, times):
    entry = parse_entry(line)
    assert (entry.kind, entry.text, entry.times) == (kind, text, times)


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        ("4006381333931", True),
        ("1234567", False),
        ("4.50", False),
        ("]C10109520123456788", True),
        ("\x1d0109520123456788", True),
        ("(01)09520123456788(10)A7", True),
        ("(01)09520123456789", True),
        ("https://example.com/01/09520123456788", True),
        ("red scarf", False),
        ("k1-1-12", False),
        ("ESP-1", False),
    ],
)
def test_labels_are_scans_wherever_they_come(text, scan):
    assert is_scan(text) is scan


def test_a_code_in_a_message_is_short_and_can_be_printed():
    assert shown_code("]C101\x1d10A") == "]C101^10A"
    assert shown_code("9" * 100) == "9" * 39 + "…"


@pytest.mark.parametrize("line", ["0*", "0.0*5", "123456*", "4006381333931*"])
def test_what_is_no_quantity_is_refused(line):
    with pytest.raises(EntryError):
        parse_entry(line)


@pytest.mark.parametrize(
    ("text", "minor"), [("20", 2000), ("4.", 400), (".5", 50), (" 1,05 ", 105), ("100000000.", 10_000_000_000)]
)
def test_amounts(text, minor):
    assert parse_price(text, EUR) == minor


@pytest.mark.parametrize("text", ["", ".", "-1", "1.2.3", "4.505", "1e3", "12345678", "1234567890.", "x" * 50])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(EntryError, match="such as"):
        parse_price(text, EUR)


@pytest.mark.parametrize(
    ("times", "unit", "amount"), [("3", Unit.PIECE, 3), ("0.250", Unit.GRAM, 250), ("2", Unit.MILLIMETRE, 2000)]
)
def test_quantities_in_the_unit_that_stock_counts(times, unit, amount):
    assert parse_amount(Decimal(times), unit) == amount


@pytest.mark.parametrize(("times", "unit"), [("0.5", Unit.PIECE), ("0.0005", Unit.GRAM)])
def test_quantities_too_fine_are_refused(times, unit):
    with pytest.raises(EntryError):
        parse_amount(Decimal(times), unit)


@pytest.mark.parametrize("text", ["0.250", "0,250*", " .25 "])
def test_an_asked_quantity_needs_no_star(text):
    assert parse_times(text) == Decimal("0.25")


@pytest.mark.parametrize("text", ["", "x", "3*4", "0", "-1"])
def test_what_is_no_asked_quantity_is_refused(text):
    with pytest.raises(EntryError):
        parse_times(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-21 14:05", "2026-11-21T14:05", "21.11.2026 14:05", " 2026-11-21 14.05 ", "21/11/2026 14:05"],
)
def test_moments(text):
    assert parse_moment(text).isoformat() == "2026-11-21T14:05:00"


@pytest.mark.parametrize("text", ["", "14:05", "2026-02-30 10:00", "2026-11-21 25:00", "11/21/2026 10:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(EntryError, match="such as"):
        parse_moment(text)


@pytest.mark.parametrize(("text", "expected"), [("ESP-1", True), ("espresso", False), ("oat milk 1", False)])
def test_codes_have_digits_and_no_spaces(text, expected):
    assert is_code(text) is expected


def test_a_code_that_lost_its_zeros_is_given_them_back():
    assert as_gtin("36000291452") == "00036000291452"
    assert as_gtin("1234567") is None
    assert not has_wrong_check_digit("1234567")
