"""Codes that shoppers read out: what is mistyped is found, and what is typed otherwise is still read."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codes import CHARACTERS, CODES, LENGTH, is_mistyped, make_code, normalize

numbers = st.integers(0, CODES - 1)


@given(numbers, numbers)
def test_each_number_has_a_code_of_its_own_without_characters_that_look_alike(one, other):
    codes = {make_code(one), make_code(other)}
    assert len(codes) == len({one, other})
    plain = make_code(one).replace("-", "")
    assert len(plain) == LENGTH
    assert not set(plain) & set("01ILO")


@given(numbers)
def test_any_one_wrong_character_is_found(number):
    code = make_code(number).replace("-", "")
    for place, right in enumerate(code):
        for wrong in set(CHARACTERS) - {right}:
            assert is_mistyped(code[:place] + wrong + code[place + 1 :])


@given(numbers)
def test_any_two_characters_exchanged_are_found(number):
    code = make_code(number).replace("-", "")
    for one, other in combinations(range(LENGTH), 2):
        swapped = list(code)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        assert is_mistyped("".join(swapped)) == (code[one] != code[other])


@given(numbers, st.sampled_from(["", " ", "-", " - ", "."]), st.booleans())
def test_a_code_is_read_whatever_way_it_is_typed(number, between, lower):
    code = make_code(number)
    typed = between.join([code[:2], code[2:4], code[5:]])
    assert normalize(typed.lower() if lower else typed) == code
    assert not is_mistyped(typed)


def test_a_code_of_an_earlier_hub_is_read_and_has_nothing_to_check_it():
    assert normalize("oil1-2ab") == "0111-2AB"
    assert not is_mistyped("0111-2AB")
    assert not is_mistyped("short")
    assert normalize("ab") == "AB"


@pytest.mark.parametrize("number", [-1, CODES])
def test_a_number_without_a_code_is_refused(number):
    with pytest.raises(ValueError, match="is not below"):
        make_code(number)
