"""The kiosk's half of redistribution: what it asks for, and what it gives back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import asking
from contract.asking import HOUR_S, MEMORY_S, SURE, Ask, Meter

amounts = st.integers(0, 10_000)
rates = st.floats(0, 1_000)
lengths_s = st.floats(0, 7 * 24 * HOUR_S)
instants = st.floats(0, 1e9)


def test_a_new_meter_believes_what_it_is_told():
    assert asking.per_h(asking.begin(3, at_s=50), at_s=50) == pytest.approx(3)


def test_a_steady_pace_is_what_a_meter_reads_in_the_end():
    meter = asking.begin(0, at_s=0)
    for nth in range(1, 1_001):
        meter = asking.count(meter, 1, at_s=nth * 60.0)
    assert asking.per_h(meter, at_s=60_000) == pytest.approx(60, rel=0.02)


def test_silence_forgets_at_the_pace_of_the_memory():
    meter = asking.begin(8, at_s=0)
    assert asking.per_h(meter, at_s=MEMORY_S) == pytest.approx(8 / math.e)


@given(units=st.floats(0, 1_000), at_s=instants, back_s=lengths_s)
def test_an_instant_that_is_past_adds_no_age(units, at_s, back_s):
    meter = Meter(units, at_s)
    assert asking.count(meter, 2, at_s=at_s - back_s) == Meter(units + 2, at_s)
    assert asking.per_h(meter, at_s=at_s - back_s) == asking.per_h(meter, at_s=at_s)


@given(units=st.floats(0, 1_000), first_s=lengths_s, second_s=lengths_s)
def test_when_it_is_looked_at_does_not_change_what_a_meter_reads(units, first_s, second_s):
    meter = Meter(units, 0)
    looked = asking.count(meter, 0, at_s=first_s)
    end_s = first_s + second_s
    assert asking.per_h(looked, at_s=end_s) == pytest.approx(asking.per_h(meter, at_s=end_s))


@pytest.mark.parametrize(
    ("per_h", "outage_s", "units"),
    [(0, 3_600, 0), (5, 0, 0), (1, 3_600, 9), (2, 2_700, 13), (60, 60, 9), (0.01, 3_600, 1)],
)
def test_a_cover_lasts_an_outage(per_h, outage_s, units):
    assert asking.cover(per_h, outage_s) == units


@given(per_h=st.floats(0.01, 100), outage_s=st.floats(60, HOUR_S * 24))
def test_a_cover_is_the_least_that_is_sure_enough(per_h, outage_s):
    expected = per_h * outage_s / HOUR_S
    q = expected / (1 + expected)
    units = asking.cover(per_h, outage_s)
    assert q ** (units + 1) <= (1 - SURE) * (1 + 1e-6)
    assert units == 0 or q**units > (1 - SURE) * (1 - 1e-6)


@pytest.mark.parametrize(
    ("available", "waiting", "ask"),
    [
        (20, 0, Ask()),
        (13, 0, Ask()),
        (12, 0, Ask(0, 1)),
        (0, 0, Ask(0, 13)),
        (0, 3, Ask(3, 13)),
        (2, 3, Ask(1, 13)),
        (15, 3, Ask(0, 1)),
        (-4, 1, Ask(5, 13)),
    ],
)
def test_shoppers_are_asked_for_first_and_then_the_cover(available, waiting, ask):
    assert asking.decide_ask(available, waiting=waiting, demand_per_h=2, outage_s=2_700) == ask


@given(available=st.integers(-100, 10_000), waiting=amounts, per_h=rates, outage_s=lengths_s)
def test_who_gets_what_it_asks_for_asks_no_more(available, waiting, per_h, outage_s):
    ask = asking.decide_ask(available, waiting=waiting, demand_per_h=per_h, outage_s=outage_s)
    held = available + ask.waiting + ask.ahead
    assert asking.decide_ask(held, waiting=waiting, demand_per_h=per_h, outage_s=outage_s) == Ask()


@pytest.mark.parametrize(
    ("available", "wanted", "urgent", "waiting", "released"),
    [
        (20, 5, False, 0, 5),
        (20, 9, False, 0, 7),  # the cover of 13 stays
        (20, 9, False, 3, 4),
        (13, 9, False, 0, 0),
        (13, 9, True, 0, 9),
        (13, 99, True, 0, 13),
        (13, 99, True, 4, 9),
        (0, 5, True, 0, 0),
        (-3, 5, True, 0, 0),
        (2, 5, True, 3, 0),
    ],
)
def test_a_recall_is_answered_with_what_is_not_needed(available, wanted, urgent, waiting, released):
    found = asking.decide_release(
        available, wanted=wanted, urgent=urgent, waiting=waiting, demand_per_h=2, outage_s=2_700
    )
    assert found == released


@given(available=st.integers(-100, 10_000), wanted=amounts, waiting=amounts, per_h=rates, outage_s=lengths_s)
def test_a_release_is_within_what_is_there_and_what_was_wanted(available, wanted, waiting, per_h, outage_s):
    plain, urgent = (
        asking.decide_release(
            available, wanted=wanted, urgent=flag, waiting=waiting, demand_per_h=per_h, outage_s=outage_s
        )
        for flag in (False, True)
    )
    assert 0 <= plain <= urgent <= min(wanted, max(0, available - waiting))
