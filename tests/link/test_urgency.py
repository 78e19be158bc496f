"""When an urgent request is said, with a clock that is only a number."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from mosquitto_record import seeded

from mqtt_bridge.session import FOREVER_S, Limits, Session
from mqtt_bridge.urgent import MAX_PENDING, Urgency, Urgent

LIMITS = Limits(retry_min_s=1.0, retry_max_s=4.0)


def make_urgency(seed: int = 1) -> Urgency:
    urgency = Urgency(Session(rng=seeded(seed), limits=LIMITS))
    urgency.connected()
    return urgency


def said_at(urgency: Urgency, *, upto_s: float, step_s: float = 0.05, since_s: float = 0.0) -> list[tuple[float, str]]:
    """Return what is said, and when, while the clock runs."""
    said, now_s = [], since_s
    while now_s < upto_s:
        while request := urgency.due(now_s):
            urgency.said(request, now_s)
            said.append((now_s, request.id))
        now_s += step_s
    return said


def names(*ids: str) -> list[Urgent]:
    return [Urgent(name, name.encode()) for name in ids]


def test_requests_are_said_at_once_oldest_first_and_once() -> None:
    urgency = make_urgency()
    assert urgency.due(0) is None
    assert urgency.wake_in(0) == FOREVER_S
    urgency.pending(names("a", "b"))
    assert urgency.wake_in(0) == 0
    assert said_at(urgency, upto_s=0.5) == [(0, "a"), (0, "b")]


@given(st.integers(0, 1000))
def test_a_request_is_said_again_ever_more_seldom_and_for_ever(seed: int) -> None:
    urgency = make_urgency(seed)
    urgency.pending(names("a"))
    at = [when for when, _ in said_at(urgency, upto_s=60)]
    gaps = [later - before for before, later in pairwise(at)]
    assert 0.8 <= gaps[0] <= 1.3
    assert 1.6 <= gaps[1] <= 2.5
    assert all(3.2 <= gap <= 4.9 for gap in gaps[2:])
    assert len(gaps) > 10


def test_what_is_answered_is_not_said_again_and_what_is_new_does_not_wait() -> None:
    urgency = make_urgency()
    urgency.pending(names("a"))
    said_at(urgency, upto_s=0.5)
    urgency.pending(names("b"))
    assert said_at(urgency, since_s=0.5, upto_s=1.2) == [(0.5, "b")]
    urgency.pending(names("a", "b"))  # the hub went back: the answer is gone, so it is a new question
    assert urgency.due(1.2) == names("a")[0]


def test_a_new_connection_says_all_again() -> None:
    urgency = make_urgency()
    urgency.pending(names("a", "b"))
    said_at(urgency, upto_s=0.1)
    urgency.connected()
    assert [name for _, name in said_at(urgency, since_s=0.1, upto_s=0.2)] == ["a", "b"]


def test_while_the_link_is_down_nothing_is_due() -> None:
    urgency = make_urgency()
    urgency.pending(names("a"))
    urgency.disconnected()
    assert urgency.due(0) is None
    assert urgency.wake_in(0) == FOREVER_S
    urgency.connected()
    assert urgency.due(0) == names("a")[0]


def test_a_refusal_puts_off_what_was_said_and_nothing_else() -> None:
    urgency = make_urgency()
    urgency.pending(names("a"))
    said_at(urgency, upto_s=0.1)
    urgency.pending(names("a", "b"))
    urgency.refused(0.7)
    assert urgency.wake_in(0.0) > 0.7 or urgency.due(0.7) == names("b")[0]
    assert [name for _, name in said_at(urgency, since_s=0.7, upto_s=1.4)] == ["b"]


def test_a_crowd_is_bounded() -> None:
    urgency = make_urgency()
    urgency.pending(names(*(f"n{number}" for number in range(MAX_PENDING + 5))))
    assert len(said_at(urgency, upto_s=0.1)) == MAX_PENDING
