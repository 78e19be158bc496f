"""A card that was restored, or lost its tail: no number is given twice once anybody could know."""

import shutil
from datetime import UTC, datetime

import pytest
from facts_of_a_day import STARTED, sale
from till_terminal import stock_desk

from contract.values import Epoch, Lane
from kiosk.bootstrap import open_desk
from kiosk.config import load_config
from kiosk.core.epochs import Heard
from kiosk.journal.links import LinkReader, LinkStore

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def store(data_dir):
    data_dir.mkdir()
    opened = LinkStore(data_dir / "link.db")
    yield opened
    opened.close()


def test_a_journal_restored_below_the_acknowledgement_goes_on_in_a_new_epoch(data_dir, store):
    desk = stock_desk(data_dir)
    desk.record([sale("b1")])
    desk.close()
    backup = data_dir / "backup.db"
    shutil.copyfile(data_dir / "till.db", backup)
    desk = open_desk(data_dir)
    desk.record([sale("b2"), sale("b3")])
    store.save_acks({"till@1": 3}, incarnation=1, at=AT)
    desk.close()
    shutil.copyfile(backup, data_dir / "till.db")
    for suffix in ("-wal", "-shm"):
        (data_dir / f"till.db{suffix}").unlink(missing_ok=True)
    desk = open_desk(data_dir)
    assert (desk.journal.epoch, desk.journal.ends()) == (2, {1: 1})
    assert desk.record([sale("b4")])[0].receipt == "k1-2-1"
    assert "epoch 2" in desk.warning()
    desk.close()


def test_a_running_till_learns_it_before_its_next_sale(data_dir, store):
    desk = stock_desk(data_dir)
    assert desk.record([sale("b1")])[0].receipt == "k1-1-1"
    store.save_strayed("till", 1, 1)
    assert desk.record([sale("b2")])[0].receipt == "k1-2-1"
    assert desk.record([sale("b3")])[0].receipt == "k1-2-2"
    desk.close()


@pytest.mark.parametrize("epoch", [1002, 999_999_998, 999_999_999])
def test_a_forged_acknowledgement_changes_nothing(data_dir, store, epoch):
    desk = stock_desk(data_dir)
    store.save_acks({f"till@{epoch}": 7}, incarnation=1, at=AT)
    store.save_strayed("till", epoch, 1)
    assert desk.record([sale("b1")])[0].receipt == "k1-1-1"
    store.save_acks({"till@1": 9}, incarnation=1, at=AT)
    assert desk.record([sale("b2")])[0].receipt == "k1-2-1"
    desk.close()


def test_a_till_that_holds_all_stays_in_its_epoch(data_dir, store):
    desk = stock_desk(data_dir)
    desk.record([sale("b1"), sale("b2")])
    store.save_acks({"till@1": 2}, incarnation=1, at=AT)
    desk.record([sale("b3")])
    assert (desk.journal.epoch, desk.warning()) == (1, "")
    desk.close()


def test_another_process_follows_into_the_new_epoch(data_dir, store):
    first, second = stock_desk(data_dir), open_desk(data_dir)
    first.record([sale("b1")])
    store.save_acks({"till@1": 9}, incarnation=1, at=AT)
    first.record([sale("b2")])
    assert [second.record([sale(name)])[0].receipt for name in ("b3", "b4")] == ["k1-2-2", "k1-2-3"]
    first.close()
    second.close()


def test_an_epoch_that_another_process_began_is_not_gone_beyond(data_dir, store):
    first, second = stock_desk(data_dir), open_desk(data_dir)
    first.journal.raise_epoch(Epoch(1))
    first.record([sale("b1")])
    store.save_acks({"till@2": 1}, incarnation=1, at=AT)
    assert second.record([sale("b2")])[0].receipt == "k1-2-2"
    first.close()
    second.close()


def test_a_new_card_begins_where_its_settings_say(data_dir):
    data_dir.mkdir()
    (data_dir / "kiosk.toml").write_text('clock = "system"\nepoch = 4\n')
    desk = open_desk(data_dir)
    assert desk.record([STARTED, sale("b1")])[1].receipt == "k1-4-1"
    desk.journal.raise_epoch(Epoch(6))
    desk.close()
    desk = open_desk(data_dir, load_config(data_dir))
    assert desk.journal.epoch == 7
    desk.close()


def test_what_is_unsent_counts_every_epoch(data_dir, store):
    desk = stock_desk(data_dir)
    desk.record([sale("b1"), sale("b2")])
    desk.journal.raise_epoch(Epoch(1))
    desk.record([sale("b3")])
    store.save_acks({"till@1": 1}, incarnation=1, at=AT)
    assert desk.link().unsent == 2
    desk.close()


def test_the_newest_epoch_that_strayed_is_kept(tmp_path):
    store = LinkStore(tmp_path / "link.db")
    for epoch, position in ((2, 5), (1, 900), (2, 7)):
        store.save_strayed("till", epoch, position)
    store.save_acks({"till@1": 3, "sense@1": 4}, incarnation=1, at=AT)
    reader = LinkReader(tmp_path / "link.db")
    assert reader.heard(Lane.TILL) == Heard({1: 3}, 2)
    assert reader.heard(Lane.SENSE) == Heard({1: 4}, 0)
    store.save_acks({"till@2": 1}, incarnation=1, at=AT)
    assert reader.heard(Lane.TILL).positions == {1: 3, 2: 1}
    store.close()


def test_every_lane_of_a_reader_hears_what_was_written(tmp_path):
    store = LinkStore(tmp_path / "link.db")
    reader = LinkReader(tmp_path / "link.db")
    assert [reader.heard(lane) for lane in (Lane.TILL, Lane.SENSE)] == [Heard(), Heard()]
    store.save_acks({"till@1": 3, "sense@1": 4}, incarnation=1, at=AT)
    assert [reader.heard(lane).positions for lane in (Lane.TILL, Lane.SENSE)] == [{1: 3}, {1: 4}]
    store.close()


def test_what_an_earlier_release_acknowledged_is_heard(tmp_path):
    store = LinkStore(tmp_path / "link.db")
    store.save_acks({"till@1": 3}, incarnation=1, at=AT)
    store.connection.execute("DROP TABLE strayed")  # which its bridge did not have
    assert LinkReader(tmp_path / "link.db").heard(Lane.TILL) == Heard({1: 3})
    store.close()
