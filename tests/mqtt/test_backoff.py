"""Waiting between attempts: it grows, it is bounded, and kiosks do not wait in step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mosquitto_record import seeded

from mqtt_bridge.backoff import Backoff


@given(st.integers(0, 2**32), st.integers(1, 10_000))
def test_a_delay_lies_within_its_bounds(seed, failures):
    delay_s = Backoff(seeded(seed), min_s=0.5, max_s=30).delay_s(failures)
    ceiling_s = min(30.0, 0.5 * 2 ** min(failures - 1, 20))
    assert ceiling_s / 2 <= delay_s <= ceiling_s


def test_two_kiosks_do_not_wait_in_step():
    one, other = (Backoff(seeded(seed)) for seed in (1, 2))
    assert [one.delay_s(n) for n in range(1, 9)] != [other.delay_s(n) for n in range(1, 9)]


@pytest.mark.parametrize(("min_s", "max_s"), [(0, 1), (-1, 1), (2, 1)])
def test_bounds_that_would_hammer_a_broker_are_refused(min_s, max_s):
    with pytest.raises(ValueError, match="min_s"):
        Backoff(seeded(1), min_s=min_s, max_s=max_s)
