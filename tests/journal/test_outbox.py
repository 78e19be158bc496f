"""The outbox and link.db on damaged disks, in the wrong folder, and over a long day."""

from contextlib import closing
from datetime import UTC, datetime

import pytest
from facts_of_a_day import STARTED

from contract.batch import MAX_BATCH_FACTS, Batch, Head, decode_batch, encode_batch
from contract.streams import lane_stream
from contract.values import Epoch, Lane, Seq, parse_address
from kiosk.journal.errors import WrongKiosk
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import Outbox

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
STREAM = lane_stream(Epoch(1), Lane.TILL)
ADDRESS, OTHER = parse_address("north/market/k7"), parse_address("north/market/k8")
ACKS = 2000
LOG_BYTES = 8 * 2**20


def lose(journal, *positions):
    journal.connection.executemany("DELETE FROM facts WHERE seq = ?", [(position,) for position in positions])


def test_a_fact_that_the_disk_lost_leaves_its_place_empty(journal, tmp_path):
    journal.record([STARTED] * 6)
    raws = [raw for _, raw in journal.stored(Epoch(1))]
    lose(journal, 1, 3, 4)
    outbox = Outbox(tmp_path)
    assert outbox.read(STREAM, 1) == [b"", raws[1], b"", b"", raws[4], raws[5]]
    assert outbox.read(STREAM, 4) == [b"", raws[4], raws[5]]
    assert outbox.read(STREAM, 7) == []


def test_how_far_each_epoch_is(journal, tmp_path):
    outbox = Outbox(tmp_path)
    assert outbox.newest() == {}
    journal.record([STARTED] * 3)
    journal.raise_epoch(Epoch(6))
    journal.record([STARTED] * 2)
    assert outbox.newest() == {"till@1": 3, "till@7": 2}


def test_an_empty_place_travels(journal, tmp_path):
    journal.record([STARTED] * 2)
    lose(journal, 1)
    facts = Outbox(tmp_path).read(STREAM, 1)
    for sent in (facts, facts[:1]):
        batch = decode_batch(encode_batch(STREAM, Seq(1), sent, Seq(2)))
        assert batch == Batch(Head(STREAM, Seq(1), len(sent), Seq(2), batch.head.digest), tuple(sent))


def test_a_great_hole_stays_within_the_bound_of_a_batch(journal, tmp_path):
    journal.record([STARTED] * (MAX_BATCH_FACTS + 10))
    lose(journal, *range(2, MAX_BATCH_FACTS + 9))
    assert len(Outbox(tmp_path).read(STREAM, 1)) == MAX_BATCH_FACTS


def test_the_journal_of_another_kiosk_is_not_sent(journal, tmp_path):
    journal.record([STARTED])
    assert Outbox(tmp_path, ADDRESS).newest() == {STREAM: 1}
    with pytest.raises(WrongKiosk, match="north/market/k7/till, the settings say north/market/k8/till"):
        Outbox(tmp_path, OTHER).newest()


def test_a_wrong_name_that_was_never_answered_leaves_no_trace(tmp_path):
    LinkStore(tmp_path / "link.db", OTHER).close()
    LinkStore(tmp_path / "link.db", ADDRESS).close()


def test_the_acknowledgements_of_another_kiosk_are_not_believed(tmp_path):
    with closing(LinkStore(tmp_path / "link.db", ADDRESS)) as store:
        store.save_acks({STREAM: 2}, incarnation=1, at=AT)
    with pytest.raises(WrongKiosk):
        LinkStore(tmp_path / "link.db", OTHER)
    with closing(LinkStore(tmp_path / "link.db", ADDRESS)) as store:
        assert store.acks() == {STREAM: 2}


def test_link_db_keeps_its_log_short_by_itself(tmp_path):
    with closing(LinkStore(tmp_path / "link.db", ADDRESS)) as store:
        for position in range(ACKS):
            store.save_acks({STREAM: position}, incarnation=1, at=AT)
        assert (tmp_path / "link.db-wal").stat().st_size < LOG_BYTES
