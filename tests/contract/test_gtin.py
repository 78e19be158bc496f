"""Barcodes: known codes, what the check digit catches, and what stripped zeros may be given back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, check_digit, is_valid, parse_gtin, restore_gtin, shown

# Widely published examples: GS1's check digit calculator, encyclopaedia articles on EAN, UPC and ISBN, codes on goods.
KNOWN = [
    "6291041500213",
    "4006381333931",
    "9780306406157",
    "5901234123457",
    "036000291452",
    "012345678905",
    "96385074",
    "73513537",
    "00012345600012",
    "10614141000415",
]


@st.composite
def valid_codes(draw):
    payload = "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=7, max_size=13)))
    length = draw(st.sampled_from([n for n in GTIN_LENGTHS if n > len(payload)]))
    payload = payload.zfill(length - 1)
    return f"{payload}{check_digit(payload)}"


@pytest.mark.parametrize("code", KNOWN)
def test_known_codes_are_valid_and_padded_to_fourteen(code):
    assert is_valid(code)
    assert parse_gtin(code) == code.zfill(14)
    assert restore_gtin(code) == code.zfill(14)


@given(valid_codes(), st.data())
def test_every_wrong_digit_is_detected(code, data):
    at = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != code[at]]))
    wrong = code[:at] + digit + code[at + 1 :]
    assert not is_valid(wrong)
    with pytest.raises(Malformed, match="check digit"):
        parse_gtin(wrong)
    with pytest.raises(Malformed):
        restore_gtin(wrong)


@given(valid_codes(), st.data())
def test_neighbours_that_changed_places_are_detected_unless_they_differ_by_five(code, data):
    at = data.draw(st.integers(0, len(code) - 2))
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    undetected = (int(code[at]) - int(code[at + 1])) % 5 == 0  # the standard's own limit: weights 3 and 1
    assert is_valid(swapped) == undetected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "digits only"),
        ("400638133393X", "digits only"),
        ("4006381 333931", "digits only"),
        (" 4006381333931", "digits only"),
        ("4006381333931\n", "digits only"),
        ("-4006381333931", "digits only"),
        ("4.00638E+12", "digits only"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "digits only"),
        ("４００６３８１３３３９３１", "digits only"),
        ("1234567", "7 digits"),
        ("123456789", "9 digits"),
        ("12345678901", "11 digits"),
        ("123456789012345", "15 digits"),
        ("9" * 100_000, "100000 digits"),
        ("4006381333930", "wrong check digit"),
        ("96385075", "wrong check digit"),
    ],
)
def test_what_is_no_barcode_is_refused_saying_why(text, what):
    assert not is_valid(text)
    with pytest.raises(Malformed) as refusal:
        parse_gtin(text)
    assert what in refusal.value.what
    assert refusal.value.where == "barcode"
    assert len(str(refusal.value)) < 200


@given(valid_codes())
def test_stripped_zeros_are_restored_down_to_eight_digits_and_never_below(code):
    stripped = code.lstrip("0")
    if len(stripped) >= 8:
        assert restore_gtin(stripped) == code.zfill(14)
    elif stripped:
        with pytest.raises(Malformed):
            restore_gtin(stripped)


@given(st.text("0123456789", max_size=7))
def test_no_code_under_eight_digits_is_restored(text):
    with pytest.raises(Malformed):
        restore_gtin(text)


@given(st.text("0123456789", max_size=16))
def test_restoring_adds_leading_zeros_only_and_never_passes_a_wrong_check_digit(text):
    try:
        restored = restore_gtin(text)
    except Malformed:
        return
    assert restored.lstrip("0") == text.lstrip("0")
    assert check_digit(restored[:-1]) == int(restored[-1])


@pytest.mark.parametrize(
    "text", ["", "abc", "123456789", "12345678901", "4006381333930", "123456789012345", "36000291453"]
)
def test_what_no_zeros_can_repair_is_refused_as_given(text):
    with pytest.raises(Malformed) as refusal:
        restore_gtin(text)
    with pytest.raises(Malformed) as plain:
        parse_gtin(text)
    assert str(refusal.value) == str(plain.value)


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("96385074", "96385074"),
        ("4006381333931", "4006381333931"),
        ("036000291452", "0036000291452"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_a_code_is_shown_as_printed_under_its_bars(code, printed):
    assert shown(parse_gtin(code)) == printed
