"""When the time of goods set aside is over: by instants that can be trusted, else by running time alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import Stamp
from kiosk.core.lapsing import NOTE_EVERY_S, begin, extend, is_over, note

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE_NS = 10**9


def stamp(after=timedelta(0), *, sure=True, boot="a", ran_s=0.0):
    """Return a moment ``after`` AT by the wall, ``ran_s`` of running time into its boot."""
    return Stamp(at=AT + after, clock="trusted" if sure else "untrusted", boot=boot, mono_ns=int(ran_s * ONE_NS))


def hold(*, sure=True, placed=False, boot="a"):
    return begin(AT + HOUR, placed=placed, stamp=stamp(sure=sure, boot=boot))


@pytest.mark.parametrize("boot", ["a", "b"])
@pytest.mark.parametrize(("after", "over"), [(HOUR - timedelta(seconds=1), False), (HOUR, True), (2 * HOUR, True)])
def test_between_trusted_clocks_time_without_power_counts(after, over, boot):
    assert is_over(hold(), stamp(after, boot=boot, ran_s=1)) is over


@pytest.mark.parametrize(("sure_then", "sure_now"), [(True, False), (False, True), (False, False)])
def test_without_trust_only_running_time_counts(sure_then, sure_now):
    wait = hold(sure=sure_then)
    days = timedelta(days=30)
    assert not is_over(wait, stamp(days, sure=sure_now, ran_s=3599))
    assert is_over(wait, stamp(-days, sure=sure_now, ran_s=3600))
    assert not is_over(wait, stamp(days, sure=sure_now, boot="b", ran_s=9999))


def test_what_the_hub_placed_ends_at_the_hubs_instant():
    wait = hold(sure=False, placed=True)
    assert not is_over(wait, stamp(2 * HOUR, sure=False, ran_s=99999)), "its length is not known"
    assert not is_over(wait, stamp(HOUR - timedelta(seconds=1), boot="b"))
    assert is_over(wait, stamp(HOUR, boot="b"))
    known = hold(sure=True, placed=True)
    assert is_over(known, stamp(sure=False, ran_s=3600))


def test_an_end_that_the_hub_puts_off_is_the_hubs():
    wait = extend(AT + 2 * HOUR, stamp=stamp(sure=False))
    assert not is_over(wait, stamp(HOUR, sure=True))
    assert is_over(wait, stamp(2 * HOUR, sure=True))


def test_a_machine_that_does_not_know_its_boots_waits():
    assert not is_over(hold(sure=False, boot=""), stamp(sure=False, boot="", ran_s=99999))


def test_running_time_adds_up_over_power_cuts():
    wait = hold(sure=False)
    for boot in ("a", "b"):
        wait = note(wait, stamp(sure=False, boot=boot)) or wait
        wait = note(wait, stamp(sure=False, boot=boot, ran_s=1300)) or wait
    wait = note(wait, stamp(sure=False, boot="c")) or wait
    assert wait.left_s == 1000
    assert not is_over(wait, stamp(sure=False, boot="c", ran_s=999))
    assert is_over(wait, stamp(sure=False, boot="c", ran_s=1000))


def test_little_is_written():
    wait = hold(sure=False)
    assert note(wait, stamp(sure=False, ran_s=NOTE_EVERY_S - 1)) is None
    assert note(wait, stamp(sure=False, ran_s=NOTE_EVERY_S)) is not None
    assert note(hold(), stamp(boot="b", ran_s=99999)) is None, "instants need no note"
    assert note(hold(sure=False, placed=True), stamp(sure=False, boot="b")) is None, "nothing to count"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2000)), max_size=8))
def test_running_time_is_never_counted_twice(boots):
    """A wait that is noted at every look is over exactly when so much time has run."""
    wait, ran_s = hold(sure=False), 0
    for number, (noted, seconds) in enumerate(boots):
        boot = f"b{number}"
        wait = note(wait, stamp(sure=False, boot=boot)) or wait
        if noted and seconds >= NOTE_EVERY_S:
            ran_s += seconds
            wait = note(wait, stamp(sure=False, boot=boot, ran_s=seconds)) or wait
        assert wait.left_s == pytest.approx(3600 - ran_s)
        assert is_over(wait, stamp(sure=False, boot="z")) is (ran_s >= 3600)
