"""When a clock is believed, and what a person's answer changes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.timekeeping import ClockMode, Timekeeper, decide_trust, must_ask, settle, tell

FLOOR = datetime(2026, 11, 21, tzinfo=UTC)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("mode", "late_s", "synchronized", "trust"),
    [
        (ClockMode.NTP, 1, True, "trusted"),
        (ClockMode.NTP, 1, False, "untrusted"),
        (ClockMode.NTP, -1, True, "untrusted"),
        (ClockMode.SYSTEM, 0, False, "trusted"),
        (ClockMode.SYSTEM, -1, False, "untrusted"),
    ],
)
def test_trust(mode, late_s, synchronized, trust):
    at = FLOOR + timedelta(seconds=late_s)
    assert decide_trust(Timekeeper(mode, FLOOR), machine_at=at, synchronized=synchronized) == trust


@given(instants, instants)
def test_a_told_date_is_what_the_clock_then_shows(machine_at, told_at):
    keeper = tell(Timekeeper(ClockMode.NTP, FLOOR), machine_at=machine_at, told_at=told_at)
    assert machine_at + keeper.offset == told_at
    assert not must_ask(keeper, "untrusted")


def test_only_an_untrusted_clock_that_nobody_set_is_asked_about():
    keeper = Timekeeper(ClockMode.NTP, FLOOR)
    assert must_ask(keeper, "untrusted")
    assert not must_ask(keeper, "trusted")


@given(instants, instants)
def test_settling_happens_once_and_only_when_trusted(machine_at, told_at):
    told = tell(Timekeeper(ClockMode.NTP, FLOOR), machine_at=machine_at, told_at=told_at)
    assert settle(told, "untrusted") is told
    settled = settle(told, "trusted")
    assert settled == Timekeeper(ClockMode.NTP, FLOOR)
    assert settle(settled, "trusted") is settled
