"""The session under everything a network can do, with a peer that applies the inbox's own rule."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mosquitto_record import seeded

from contract.streams import Gap, place
from mqtt_bridge.session import FOREVER_S, Limits, Send, Session

LIMITS = Limits(window_batches=3, window_bytes=1000, linger_s=0.05, full_batch=5, retry_min_s=1, retry_max_s=8)
EAGER = Limits(window_batches=3, window_bytes=1000, full_batch=1)  # no batch waits for company
SIZE = 100


def make_session(limits: Limits = LIMITS) -> Session:
    return Session(rng=seeded(7), limits=limits)


def send_all(session: Session, now_s: float, per_batch: int = 5) -> list[tuple[str, int, int]]:
    """Take everything that is due; return (stream, first, count)."""
    batches = []
    while send := session.due(now_s):
        count = min(per_batch, send.newest - send.first + 1)
        session.sent(send.stream, send.first, count, SIZE, now_s)
        batches.append((send.stream, send.first, count))
    return batches


@dataclass
class Peer:
    """A hub that applies contiguous facts once and can forget."""

    incarnation: int = 1
    applied: dict[str, list[int]] = field(default_factory=dict)

    def take(self, stream: str, first: int, count: int) -> bool:
        """Return whether the batch was beyond a gap."""
        have = self.applied.setdefault(stream, [])
        where = place(len(have), first, count)
        if isinstance(where, Gap):
            return True
        have.extend(range(first + where.repeats, first + count))
        return False

    def positions(self) -> dict[str, int]:
        return {stream: len(have) for stream, have in self.applied.items()}


def test_nothing_is_sent_before_a_connection() -> None:
    session = make_session()
    session.grew("till@1", 3, 0)
    assert session.due(10) is None
    assert session.wake_in(10) == FOREVER_S
    session.connected(10)
    assert session.due(10) == Send("till@1", 1, 3)


def test_an_urgent_stream_goes_first() -> None:
    session = make_session()
    session.grew("count@1", 1, 0, priority=3)
    session.grew("till@1", 1, 0, priority=1)
    session.connected(0)
    assert [batch[0] for batch in send_all(session, 0)] == ["till@1", "count@1"]


def test_the_window_bounds_what_is_unacknowledged_by_batches_and_by_bytes() -> None:
    session = make_session()
    session.grew("till@1", 100, 0)
    session.connected(0)
    assert len(send_all(session, 0)) == 3
    narrow = make_session(Limits(window_batches=100, window_bytes=2 * SIZE))
    narrow.grew("till@1", 100, 0)
    narrow.connected(0)
    assert len(send_all(narrow, 0, per_batch=1)) == 1  # a small batch waits while another is on its way
    assert len(send_all(narrow, 1, per_batch=1)) == 1
    assert send_all(narrow, 1.5, per_batch=1) == []


def test_a_lone_fact_goes_at_once_and_its_followers_wait_for_company() -> None:
    session = make_session()
    session.connected(0)
    session.grew("till@1", 1, 0)
    assert send_all(session, 0) == [("till@1", 1, 1)]
    session.grew("till@1", 2, 0.01)
    assert send_all(session, 0.02) == []
    assert session.wake_in(0.02) == pytest.approx(0.04)
    session.grew("till@1", 3, 0.03)
    assert send_all(session, 0.061) == [("till@1", 2, 2)]


def test_silence_is_answered_from_the_acknowledgement_with_a_growing_delay() -> None:
    session = make_session()
    session.grew("till@1", 4, 0)
    session.connected(0)
    assert send_all(session, 0, per_batch=2) == [("till@1", 1, 2)]
    session.acknowledged({"till@1": 2}, incarnation=1, now_s=0.1)
    assert send_all(session, 0.2) == [("till@1", 3, 2)]
    sent_at: list[float] = []
    now_s = 0.2
    while len(sent_at) < 6:
        now_s += session.wake_in(now_s)
        if send_all(session, now_s) == [("till@1", 3, 2)]:
            sent_at.append(now_s)
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent_at)]
    assert gaps[0] < gaps[1] < gaps[2]
    assert max(gaps) <= LIMITS.retry_max_s * 1.2
    assert session.repeats == 6


def test_a_lower_acknowledgement_is_believed_only_from_a_higher_incarnation() -> None:
    session = make_session()
    session.grew("till@1", 10, 0)
    session.connected(0)
    session.acknowledged({"till@1": 10}, incarnation=2, now_s=0)
    assert not session.acknowledged({"till@1": 4}, incarnation=2, now_s=1)
    assert not session.acknowledged({"till@1": 4}, incarnation=1, resume=True, now_s=1)
    assert session.acked("till@1") == 10
    assert session.acknowledged({"till@1": 4}, incarnation=3, now_s=2)
    assert send_all(session, 2) == [("till@1", 5, 5)]
    assert send_all(session, 2.06) == [("till@1", 10, 1)]


def test_a_reborn_hub_that_does_not_name_a_stream_gets_all_of_it() -> None:
    session = make_session()
    session.grew("till@1", 3, 0)
    session.grew("sense@1", 2, 0, priority=2)
    session.connected(0)
    session.acknowledged({"till@1": 3, "sense@1": 2}, incarnation=1, now_s=0)
    assert session.acknowledged({"till@1": 3}, incarnation=2, now_s=1)
    assert send_all(session, 1) == [("sense@1", 1, 2)]


def test_an_acknowledgement_beyond_the_end_hides_nothing_recorded_later() -> None:
    session = make_session()
    session.grew("till@1", 5, 0)
    session.connected(0)
    send_all(session, 0)
    session.acknowledged({"till@1": 9}, incarnation=1, now_s=0)
    assert session.acked("till@1") == 5
    session.grew("till@1", 7, 1)
    assert send_all(session, 1) == [("till@1", 6, 2)]


def test_an_acknowledgement_beyond_the_end_hides_nothing_that_was_not_sent() -> None:
    session = make_session()
    session.grew("till@1", 20, 0)
    session.restore("till@1", 2, incarnation=1)  # the copy of the card knew no more; it has sold since
    session.connected(0)
    session.acknowledged({"till@1": 90}, incarnation=1, now_s=0)
    sent = []
    while batches := send_all(session, 0):
        sent += batches
        session.acknowledged({"till@1": 90}, incarnation=1, now_s=0)
    assert [first for _, first, _ in sent] == [3, 8, 13, 18]
    assert session.backlog() == 0


def test_a_stored_acknowledgement_beyond_the_end_counts_for_nothing() -> None:
    session = make_session()
    session.grew("till@1", 4, 0)
    session.restore("till@1", 9, incarnation=1)
    session.connected(0)
    assert send_all(session, 0) == [("till@1", 1, 4)]


def test_a_reported_gap_is_answered_at_once_but_not_in_a_storm() -> None:
    session = make_session()
    session.grew("till@1", 4, 0)
    session.connected(0)
    send_all(session, 0)
    session.acknowledged({"till@1": 0}, incarnation=1, resume=True, now_s=0.3)
    assert send_all(session, 0.3) == [("till@1", 1, 4)]
    session.acknowledged({"till@1": 0}, incarnation=1, resume=True, now_s=0.4)
    assert send_all(session, 0.4) == []


def test_a_window_refused_together_counts_as_one_refusal() -> None:
    session = make_session()
    session.grew("till@1", 15, 0)
    session.connected(0)
    send_all(session, 0)
    for _ in range(3):
        session.refused(0)
    assert session.due(0.5) is None
    assert 0.8 <= session.wake_in(0) <= 1.2
    assert send_all(session, 1.3)[0] == ("till@1", 1, 5)


def test_a_new_connection_begins_again_from_the_acknowledgement() -> None:
    session = make_session()
    session.grew("till@1", 6, 0)
    session.connected(0)
    send_all(session, 0, per_batch=3)
    session.acknowledged({"till@1": 3}, incarnation=1, now_s=0.01)
    session.disconnected()
    assert session.due(1) is None
    session.connected(2)
    assert send_all(session, 2) == [("till@1", 4, 3)]
    assert session.backlog() == 3


def test_what_was_acknowledged_before_a_restart_is_not_sent_again() -> None:
    session = make_session()
    session.grew("till@1", 6, 0)
    session.restore("till@1", 4, incarnation=5)
    session.connected(0)
    assert send_all(session, 0) == [("till@1", 5, 2)]
    assert session.positions() == {"till@1": 4}
    assert session.newest() == {"till@1": 6}
    assert not session.acknowledged({"till@1": 1}, incarnation=4, now_s=0)


@pytest.mark.parametrize("bad", [{"window_batches": 0}, {"window_bytes": 0}, {"retry_min_s": 0}, {"retry_max_s": 0.5}])
def test_bounds_that_would_stop_the_flow_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="window"):
        Limits(**bad)


FATES = st.sampled_from(["arrive", "arrive", "arrive", "lose", "twice", "late"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.sampled_from(["till@1", "sense@1"]), st.integers(1, 12)),
        st.tuples(st.just("send"), FATES, st.integers(1, 5)),
        st.tuples(st.just("ack"), FATES, st.booleans()),
        st.tuples(st.just("cut"), st.just(""), st.just(0)),
        st.tuples(st.just("reborn"), st.just(""), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 40)),
    ),
    max_size=60,
)


class World:
    """A session, its peer, and the network between them."""

    def __init__(self) -> None:
        self.session, self.peer, self.now_s = make_session(), Peer(), 0.0
        self.newest: dict[str, int] = {}
        self.late: list[tuple[str, int, int]] = []
        self.session.connected(self.now_s)

    def step(self, what: str, how: str, number: int) -> None:
        self.now_s += 0.01
        getattr(self, what)(how, number)
        assert self.session.backlog() >= 0

    def grow(self, stream: str, number: int) -> None:
        self.newest[stream] = self.newest.get(stream, 0) + number
        self.session.grew(stream, self.newest[stream], self.now_s)

    def send(self, fate: str, number: int) -> None:
        for batch in send_all(self.session, self.now_s, per_batch=number):
            self.late += [batch] if fate in {"late", "twice"} else []
            if fate not in {"lose", "late"}:
                self.peer.take(*batch)

    def ack(self, fate: str, number: int) -> None:
        if fate != "lose":
            positions, born = self.peer.positions(), self.peer.incarnation
            self.session.acknowledged(positions, incarnation=born, resume=bool(number), now_s=self.now_s)

    def cut(self, _how: str, _number: int) -> None:
        self.session.disconnected()
        for batch in self.late:
            self.peer.take(*batch)
        self.session.connected(self.now_s)

    def reborn(self, _how: str, number: int) -> None:
        self.peer.incarnation += 1
        for have in self.peer.applied.values():
            del have[max(0, len(have) - number) :]

    def wait(self, _how: str, number: int) -> None:
        self.now_s += number / 4

    def heal(self) -> None:
        """Let everything through until nothing is left to send; bounded."""
        for _ in range(200):
            if self.peer.positions() == self.newest and self.session.backlog() == 0:
                return
            self.now_s += max(0.001, min(self.session.wake_in(self.now_s), 10.0))
            self.send("arrive", 5)
            self.ack("arrive", 0)


@given(steps=STEPS)
def test_whatever_the_network_does_everything_arrives_once_and_in_order(steps: list[tuple[str, str, int]]) -> None:
    world = World()
    for step in steps:
        world.step(*step)
    world.heal()
    applied = world.peer.applied
    assert {stream: len(have) for stream, have in applied.items() if have} == world.newest
    assert all(have == list(range(1, len(have) + 1)) for have in applied.values())
    assert world.session.backlog() == 0


def doubting() -> Session:
    """Return a session of five facts, all stored as acknowledged, where the hub has others up to the seventh."""
    session = make_session(EAGER)
    session.grew("till@1", 5, 0)
    session.restore("till@1", 5, incarnation=1)
    session.connected(0)
    session.acknowledged({"till@1": 7}, incarnation=1, doubts={"till@1": "strange"}, now_s=0)
    return session


def send_marked(session: Session) -> list[str]:
    """Send all that is due in batches of two, each named by its first position."""
    marks = []
    while send := session.due(0):
        marks.append(str(send.first))
        session.sent(send.stream, send.first, min(2, send.newest - send.first + 1), SIZE, 0, mark=marks[-1])
    return marks


def test_what_was_stored_counts_for_nothing_where_the_hub_has_other_facts() -> None:
    session = doubting()
    assert session.acked("till@1") == 0
    assert send_marked(session) == ["1", "3", "5"]


def test_only_batches_that_the_hub_names_count_where_it_has_other_facts() -> None:
    session = doubting()
    send_marked(session)
    for heard, acked in (((), 0), (("3", "5"), 0), (("1",), 2), (("nothing",), 2), (("3", "5"), 5)):
        session.acknowledged({"till@1": 7}, incarnation=1, doubts={"till@1": "strange"}, heard=heard, now_s=0)
        assert session.acked("till@1") == acked
    session.acknowledged({"till@1": 7}, incarnation=1, doubts={"till@1": "strange"}, now_s=0)
    assert (session.acked("till@1"), session.due(0)) == (5, None)


def test_what_the_hub_confirmed_since_the_start_is_believed_when_it_takes_other_facts_later() -> None:
    session = make_session(EAGER)
    session.grew("till@1", 5, 0)
    session.connected(0)
    session.acknowledged({"till@1": 3}, incarnation=1, now_s=0)
    session.acknowledged({"till@1": 5}, incarnation=1, doubts={"till@1": "strange"}, now_s=0)
    assert session.acked("till@1") == 3


def test_a_position_in_a_lane_of_two_journals_moves_nothing() -> None:
    session = make_session(EAGER)
    session.grew("till@1", 5, 0)
    session.connected(0)
    assert not session.acknowledged({"till@1": 5}, incarnation=1, doubts={"till@1": "broken"}, now_s=0)
    assert send_marked(session) == ["1", "3", "5"]
    assert session.acknowledged(
        {"till@1": 5}, incarnation=1, doubts={"till@1": "broken"}, heard=["1", "3", "5"], now_s=0
    )
    assert session.acked("till@1") == 5


def test_a_reborn_hub_that_has_other_facts_gets_everything() -> None:
    session = doubting()
    send_marked(session)
    session.acknowledged({"till@1": 7}, incarnation=1, doubts={"till@1": "strange"}, heard=["1", "3", "5"], now_s=0)
    session.acknowledged({"till@1": 5}, incarnation=2, doubts={"till@1": "broken"}, now_s=0)
    assert session.acked("till@1") == 0


def test_a_stream_that_shrinks_is_sent_from_its_beginning() -> None:
    session = make_session(EAGER)
    session.grew("till@1", 5, 0)
    session.connected(0)
    session.acknowledged({"till@1": 5}, incarnation=1, now_s=0)
    session.grew("till@1", 3, 0)
    assert send_marked(session) == ["1", "3"]
    session.grew("till@1", 0, 0)
    assert session.due(0) is None
