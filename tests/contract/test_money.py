"""Money: every rounding half up, every price exact, nothing but plain numbers read."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import Malformed
from contract.money import exponent, format_minor, line_amount, parse_decimal, round_half_up, to_minor, to_price
from contract.values import MAX_AMOUNT, MAX_MINOR, Currency, Money

EUR, JPY, KWD = Currency("EUR"), Currency("JPY"), Currency("KWD")
currencies = st.sampled_from([EUR, JPY, KWD])
minors = st.integers(-MAX_MINOR, MAX_MINOR).map(Money)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_rounding_is_half_up_as_decimal_knows_it(numerator, denominator):
    exact = Decimal(numerator) / Decimal(denominator)
    assert round_half_up(numerator, denominator) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (3, 2, 2),
        (5, 2, 3),
        (-5, 2, -3),
        (1, 3, 0),
        (2, 3, 1),
        (0, 7, 0),
        (49, 100, 0),
        (50, 100, 1),
    ],
)
def test_halves_go_away_from_zero(numerator, denominator, rounded):
    assert round_half_up(numerator, denominator) == rounded


@given(st.integers(), st.integers(min_value=1))
def test_rounding_is_never_off_by_more_than_a_half(numerator, denominator):
    assert abs(2 * (round_half_up(numerator, denominator) * denominator - numerator)) <= denominator


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_positive_is_our_own_mistake(denominator):
    with pytest.raises(ValueError, match="positive"):
        round_half_up(1, denominator)


@pytest.mark.parametrize(
    ("amount", "price", "per", "total"),
    [
        (1, 450, 1, 450),
        (3, 450, 1, 1350),
        (335, 1890, 1000, 633),
        (1, 50, 100, 1),
        (1, 49, 100, 0),
        (7, 625, 10000, 0),
        (8, 625, 10000, 1),
        (1000, 0, 1, 0),
        (MAX_AMOUNT, MAX_MINOR, 1, 10**20),
    ],
)
def test_a_line_costs_quantity_times_price_rounded_half_up(amount, price, per, total):
    assert line_amount(amount, Money(price), per) == total


@given(st.integers(0, 10**6), st.decimals(0, 10**4, places=4), currencies, st.sampled_from([1, 1000]))
def test_a_line_from_an_exact_price_equals_decimal_arithmetic(amount, price, currency, unit_per):
    minor, per = to_price(price, currency, unit_per)
    exact = (price * amount / unit_per).scaleb(exponent(currency))
    assert line_amount(amount, minor, per) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.decimals(0, 10**3, places=6), currencies, st.sampled_from([1, 1000]))
def test_a_price_is_exact_also_below_a_minor_unit(price, currency, unit_per):
    minor, per = to_price(price, currency, unit_per)
    assert Decimal(minor) * unit_per == price.scaleb(exponent(currency)) * per
    assert per == unit_per or minor % 10


@pytest.mark.parametrize(
    ("text", "currency", "unit_per", "price"),
    [
        ("4.50", EUR, 1, (450, 1)),
        ("0.0625", EUR, 1, (625, 100)),
        ("18.90", EUR, 1000, (1890, 1000)),
        ("120", JPY, 1, (120, 1)),
        ("0.5", JPY, 1, (5, 10)),
        ("1.2345", KWD, 1, (12345, 10)),
        ("0", EUR, 1, (0, 1)),
        ("1000000000", EUR, 1, (MAX_MINOR, 1)),
    ],
)
def test_prices_as_people_write_them(text, currency, unit_per, price):
    assert to_price(parse_decimal(text, "price"), currency, unit_per) == price


@pytest.mark.parametrize(
    ("text", "unit_per"), [("1000000000.01", 1), ("-1000000000.01", 1), ("0.000000001", 1000), ("100000.123456", 1)]
)
def test_a_price_that_does_not_fit_is_refused(text, unit_per):
    with pytest.raises(Malformed) as refusal:
        to_price(parse_decimal(text, "price"), EUR, unit_per, "row 7")
    assert refusal.value.where == "row 7"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("-0.5", "-0.5"),
        ("+3.25", "3.25"),
        (" 7 ", "7"),
        ("007", "7"),
        ("0.000000001", "1E-9"),
        ("9" * 15, "9" * 15),
    ],
)
def test_plain_numbers_are_read(text, value):
    assert parse_decimal(text, "price") == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "+", ".", ".5", "5.", "1,5", "1,2,3", "1.2.3", "1 000", "1_000", "1e3", "1E3", "0x10"),
        *(
            "NaN",
            "Infinity",
            "-inf",
            "--1",
            "+-1",
            "€1",
            "1€",
            "1/2",
            "١",
            "½",
            "１",
            "1\x00",
            "1\n2",
            "9" * 16,
            "0." + "1" * 10,
        ),
        "9" * 1_000_000,
    ],
)
def test_what_is_no_plain_number_is_refused_naming_where(text):
    with pytest.raises(Malformed) as refusal:
        parse_decimal(text, "column price")
    assert refusal.value.where == "column price"
    assert len(str(refusal.value)) < 200


@given(minors, currencies)
def test_an_amount_is_read_back_from_how_it_is_shown(amount, currency):
    assert to_minor(parse_decimal(format_minor(amount, currency), "x"), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, EUR, "0.00"),
        (5, EUR, "0.05"),
        (-5, EUR, "-0.05"),
        (-305, EUR, "-3.05"),
        (123456, EUR, "1234.56"),
        (123456, JPY, "123456"),
        (-7, JPY, "-7"),
        (1, KWD, "0.001"),
        (12345, Currency("TND"), "12.345"),
    ],
)
def test_amounts_are_shown_plainly(amount, currency, shown):
    assert format_minor(Money(amount), currency) == shown


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.001", EUR),
        ("0.5", JPY),
        ("0.0001", KWD),
        ("1000000000.01", EUR),
        ("-1000000000.01", EUR),
        ("100000000001", JPY),
    ],
)
def test_an_amount_that_is_too_fine_or_too_large_is_refused(text, currency):
    with pytest.raises(Malformed):
        to_minor(parse_decimal(text, "x"), currency)


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("XXX", 2)]
)
def test_decimals_follow_iso_4217(currency, decimals):
    assert exponent(Currency(currency)) == decimals
