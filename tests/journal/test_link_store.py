"""The outbox as the bridge reads it, and what the bridge keeps."""

from datetime import UTC, datetime

import pytest
from facts_of_a_day import STARTED, sale

from contract.batch import MAX_BATCH_FACTS
from contract.streams import lane_stream
from contract.values import Epoch, Lane
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.errors import JournalError, NewerDatabase
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.outbox import Outbox

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
STREAM = lane_stream(Epoch(1), Lane.TILL)


def test_an_outbox_without_lanes_is_empty(tmp_path):
    assert Outbox(tmp_path).newest() == {}


def test_the_outbox_sees_what_is_recorded(journal, tmp_path):
    outbox = Outbox(tmp_path)
    journal.record([STARTED])
    assert outbox.newest() == {STREAM: 1}
    journal.record([sale("b1")])
    assert outbox.newest() == {STREAM: 2}
    stored = [raw for _, raw in journal.stored(Epoch(1))]
    assert outbox.read(STREAM, 1) == stored
    assert outbox.read(STREAM, 2) == stored[1:]
    assert outbox.read(STREAM, 3) == []


def test_a_batch_is_bounded(journal, tmp_path):
    journal.record([STARTED] * (MAX_BATCH_FACTS + 5))
    first = Outbox(tmp_path).read(STREAM, 1)
    assert 0 < len(first) <= MAX_BATCH_FACTS
    assert Outbox(tmp_path).read(STREAM, len(first) + 1)


def test_each_life_of_a_kiosk_is_its_own_stream(journal, tmp_path):
    journal.record([STARTED])
    journal.raise_epoch(Epoch(1))
    journal.record([STARTED, STARTED])
    assert Outbox(tmp_path).newest() == {STREAM: 1, lane_stream(Epoch(2), Lane.TILL): 2}


@pytest.fixture
def store(tmp_path):
    opened = LinkStore(tmp_path / "link.db")
    yield opened
    opened.close()


def test_before_the_bridge_ever_ran_everything_is_unsent(tmp_path):
    state = LinkReader(tmp_path / "link.db").state({STREAM: 7}, configured=True)
    assert (state.connected, state.unsent, state.acked_at) == (False, 7, None)


def test_the_status_line_reads_what_a_running_bridge_wrote(store, tmp_path):
    reader = LinkReader(tmp_path / "link.db")
    with only_bridge(tmp_path):
        store.save_state(connected=False, problem="refused")
        assert reader.state({STREAM: 3}, configured=True).problem == "refused"
        store.save_state(connected=True, problem="")
        store.save_acks({STREAM: 2}, incarnation=4, at=AT)
        state = reader.state({STREAM: 3}, configured=True)
        assert (state.connected, state.unsent, state.acked_at, state.problem) == (True, 1, AT, "")
        assert not reader.state({STREAM: 3}, configured=False).connected


def test_a_bridge_that_died_connected_is_not_connected(store, tmp_path):
    with only_bridge(tmp_path):
        store.save_state(connected=True, problem="")
    state = LinkReader(tmp_path / "link.db").state({STREAM: 3}, configured=True)
    assert (state.connected, state.problem) == (False, "the bridge is not running")
    assert LinkReader(tmp_path / "link.db").state({STREAM: 3}, configured=False).problem == ""


def test_a_second_bridge_of_a_folder_is_refused(tmp_path):
    with only_bridge(tmp_path), pytest.raises(JournalError, match="another bridge is running"), only_bridge(tmp_path):
        pass  # never entered


def test_acknowledgements_survive(store, tmp_path):
    store.save_acks({STREAM: 2}, incarnation=4, at=AT)
    again = LinkStore(tmp_path / "link.db")
    assert (again.acks(), again.incarnation()) == ({STREAM: 2}, 4)
    again.close()


def test_down_facts_are_read_in_order_beyond_a_cursor(store, tmp_path):
    store.accept("k7", 1, 1, (b"one", b"two"))
    store.accept("k7", 2, 1, (b"anew",))
    store.accept("catalogue", 1, 1, (b"tea",))
    reader = LinkReader(tmp_path / "link.db")
    assert [row[3] for row in reader.down_facts({}, 10)] == [b"tea", b"one", b"two", b"anew"]
    assert [row[3] for row in reader.down_facts({"k7": (1, 1), "catalogue": (1, 1)}, 10)] == [b"two", b"anew"]
    assert store.down_positions() == {("k7", 1): 2, ("k7", 2): 1, ("catalogue", 1): 1}


def test_readers_refuse_a_database_of_a_newer_release(store, tmp_path):
    store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerDatabase, match="version 99"):
        LinkReader(tmp_path / "link.db").down_facts({}, 10)
