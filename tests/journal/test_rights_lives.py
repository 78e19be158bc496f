"""A new life of a kiosk begins without rights, whichever way it begins; old files get their accounts parted by life."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rights_facts as facts
from facts_of_a_day import received, refund, sale
from kiosk_command import Kiosk
from rights_facts import down
from till_terminal import stock_desk

from contract.codec import decode
from contract.down_rights import EpochClosed
from contract.rights import RightsReported
from contract.stock import Account, StockKey
from contract.values import MAX_EPOCH, Condition, Epoch, Sku
from hub.core.reconcile import account_of as account_of_delta
from hub.core.reconcile import effects_of
from kiosk.bootstrap import open_desk
from kiosk.core.reservations import State
from kiosk.journal import accounts, reservations
from kiosk.journal.database import open_database
from kiosk.journal.errors import NotHeld, RightsMissing
from kiosk.journal.links import LinkStore
from kiosk.journal.own_log import OwnLog
from kiosk.journal.schema import TILL
from kiosk.journal.stock import account_of, past

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
TEA = StockKey(Sku("tea"))
FIXTURE = Path(__file__).parent.parent / "fixtures" / "0002-first-road"


def by_settings(data_dir, desk):
    (data_dir / "kiosk.toml").write_text('clock = "system"\nepoch = 2\n')
    desk.close()
    return open_desk(data_dir)


def by_acknowledgement(data_dir, desk):
    with closing(LinkStore(data_dir / "link.db")) as store:
        store.save_acks({"till@1": 99}, incarnation=1, at=AT)
    desk.record([sale("b9")])
    return desk


def by_hand(data_dir, desk):
    desk.journal.raise_epoch(Epoch(1))
    return desk


@pytest.mark.parametrize("begin", [by_settings, by_acknowledgement, by_hand])
def test_a_new_life_has_no_rights_and_sells_goods_in_hand(tmp_path, begin):
    desk = stock_desk(tmp_path)
    desk.record([received(5), facts.held("r1", 2), sale("b1")])
    was = account_of(desk.journal, TEA)
    desk = begin(tmp_path, desk)
    journal = desk.journal
    assert journal.follow_epoch() == 2
    assert [(epoch, one.account) for epoch, one in past(journal)] == [(1, was)]
    sold = desk.record([sale("b2", amount=2)])[0].data
    assert sold.lines[0].overdraft == 2
    with pytest.raises(RightsMissing):
        desk.record([facts.released(1)])
    desk.close()


def test_what_an_earlier_life_set_aside_lies_there_without_rights(journal):
    journal.record([received(5), facts.held("r1", 2), facts.held("r2", 1), facts.lapsed("r2")])
    journal.raise_epoch(Epoch(1))
    states = {one.id: one.state for one in reservations.in_state(journal.connection, *State)}
    assert states == {"r1": State.PAST, "r2": State.LAPSED}
    assert reservations.waits(journal.connection) == {}
    for end in (facts.collected("r1", 2), facts.lapsed("r1", 2), facts.cancelled("r1", 2)):
        with pytest.raises(NotHeld, match="r1 is past"):
            journal.record([end])


def test_each_life_is_kept_to_be_looked_at(journal):
    for epoch in (1, 2, 3):
        journal.record([received(epoch)])
        journal.raise_epoch(Epoch(epoch))
    assert [(epoch, one.account.received) for epoch, one in past(journal)] == [(1, 1), (2, 2), (3, 3)]
    assert accounts.every(journal.connection) == []


def test_an_epoch_that_does_not_begin_takes_no_rights(journal):
    journal.raise_epoch(Epoch(4))
    journal.record([received(3), facts.held("r1", 1)])
    for above in (1, 4):
        assert journal.raise_epoch(Epoch(above)) == 5
    assert account_of(journal, TEA) == Account(received=3, held=1)
    journal.raise_epoch(Epoch(MAX_EPOCH))
    journal.record([received(2)])
    journal.raise_epoch(Epoch(MAX_EPOCH))
    assert account_of(journal, TEA).received == 2, "the last life there can be goes on"


def test_a_life_that_begins_amid_a_generation_reports_at_once(journal):
    own = OwnLog(journal)
    own.report()
    assert journal.newest() == 0, "a hub that never spoke waits for nothing"
    own.apply(1, 1, down(facts.granted(5), 1, address=journal.address), AT)
    own.report()
    assert journal.newest() == 1
    journal.raise_epoch(Epoch(1))
    own.report()
    own.report()
    assert [decode(raw).data for _, raw in journal.stored(Epoch(2))] == [RightsReported(1, [])]
    own.apply(1, 2, down(facts.granted(3, epoch=2), 2, address=journal.address), AT)
    assert account_of(journal, TEA) == Account(granted=3)


def test_a_card_restored_from_a_backup_has_none_of_its_rights(tmp_path):
    desk = stock_desk(tmp_path)
    own = OwnLog(desk.journal)
    desk.record([received(9)])
    own.apply(1, 1, down(facts.granted(4), 1, address=desk.journal.address), AT)
    desk.close()
    shutil.copyfile(tmp_path / "till.db", tmp_path / "backup.db")
    desk = open_desk(tmp_path)
    desk.record([sale("b1", amount=13)])
    end = desk.journal.newest()
    desk.close()
    with closing(LinkStore(tmp_path / "link.db")) as store:
        store.save_acks({"till@1": end}, incarnation=1, at=AT)
    (tmp_path / "backup.db").replace(tmp_path / "till.db")
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"till.db{suffix}").unlink(missing_ok=True)
    desk = open_desk(tmp_path)
    assert desk.journal.epoch == 2
    assert "lost sales that others have: it was restored, or a second card has this kiosk's name" in desk.warning()
    own = OwnLog(desk.journal)
    assert own.apply(1, 2, down(facts.granted(6), 2, address=desk.journal.address), AT)
    assert account_of(desk.journal, TEA) == Account(), "what is granted to the life before is not taken"
    desk.close()


def test_every_process_says_that_a_life_was_lost_until_the_hub_grants_anew(tmp_path):
    first = stock_desk(tmp_path)
    first.record([sale("b1")])
    with closing(LinkStore(tmp_path / "link.db")) as store:
        store.save_acks({"till@1": 5}, incarnation=1, at=AT)
        open_desk(tmp_path).close()  # another process begins the new life
        second = open_desk(tmp_path)
        assert "goes on as epoch 2" in second.warning()
        assert "goes on as epoch 2" in first.warning()
        second.record([sale("b2")])
        store.save_acks({"till@2": 1}, incarnation=1, at=AT)
        assert "sells goods in hand and promises nothing: call the hub's operator" in second.warning(), (
            "to be known is little"
        )
    second.close()
    second = open_desk(tmp_path)
    assert "goes on as epoch 2" in second.warning(), "nor does a restart help"
    own = OwnLog(second.journal)
    own.apply(1, 1, down(facts.granted(0, epoch=2), 1, address=second.journal.address), AT)
    assert "goes on as epoch 2" in second.warning()
    own.apply(1, 2, down(facts.granted(4, epoch=2), 2, address=second.journal.address), AT)
    assert (first.warning(), second.warning()) == ("", "")
    first.close()
    second.close()


def test_a_closed_kiosk_says_so_to_whoever_waits_for_goods_until_a_person_dismisses_it(tmp_path):
    kiosk = Kiosk(tmp_path)
    desk = stock_desk(tmp_path)
    desk.record([received(9)])
    OwnLog(desk.journal).apply(1, 1, down(EpochClosed(Epoch(1), "lost"), 1, address=desk.journal.address), AT)
    desk.close()
    note = "note: the hub closed this kiosk's rights; it goes on as epoch 2, sells goods in hand and promises nothing"
    refused = kiosk("reservation", "hold", "P-01", "1")
    assert (refused.status, refused.err.startswith(note)) == (1, True)
    assert kiosk("stock", "waste", "P-01", "1", "--reason", "broken").err.startswith(note)
    assert kiosk("journal", "dismiss").out == "dismissed: the hub closed this kiosk's rights\n"
    assert kiosk("stock", "waste", "P-01", "1", "--reason", "broken").err == ""
    assert "nothing was dismissed" in kiosk("journal", "dismiss").complaint


def old_file(folder, *, epoch=1):
    """Return a file of the release before, with facts in it, and its accounts as that release kept them."""
    path = folder / "till.db"
    with closing(open_database(path, TILL[:2])) as db:
        db.execute("INSERT INTO meta VALUES ('epoch', ?)", (str(epoch),))
    return path


def put(path, epoch, seq, kind, raw):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO facts VALUES (?, ?, ?, ?, 'd')", (epoch, seq, kind, raw))


def test_accounts_of_an_earlier_release_are_parted_by_life(tmp_path, journal):
    journal.record([received(9), sale("b1", amount=2), refund("b2"), refund("b3", restock=False), sale("b4", amount=9)])
    journal.raise_epoch(Epoch(1))
    journal.record([received(4), received(3, sku="milk"), sale("b5", amount=1)])
    folder = tmp_path / "old"
    folder.mkdir()
    path = old_file(folder, epoch=2)
    for epoch in (1, 2):
        for seq, raw in journal.stored(epoch):
            put(path, epoch, seq, decode(raw).type, raw)
    put(path, 2, 4, "sale.recorded.v1", b"\xff{ damaged")
    put(path, 2, 5, "clock.stepped.v1", b'{"data":{"lines":[{"sku":"tea"}]}}')
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO accounts VALUES ('tea', 'sellable', 'pc', 13, 1, 12, 0, 1)")
    with closing(open_database(path, TILL)) as db:
        assert accounts.every(db) == accounts.every(journal.connection)
        old = [(1, StockKey(one.sku, one.condition, one.unit), one.account) for _, one in past(journal)]
        assert accounts.every_past(db) == old
        assert [key.condition for _, key, _ in old] == [Condition.DAMAGED, Condition.SELLABLE]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_of_the_first_release_keeps_its_accounts(tmp_path):
    shutil.copyfile(FIXTURE / "till.db", tmp_path / "till.db")
    with closing(sqlite3.connect(tmp_path / "till.db")) as db:
        before = db.execute("SELECT * FROM accounts ORDER BY 1, 2, 3").fetchall()
        stored = [decode(raw) for (raw,) in db.execute("SELECT bytes FROM facts ORDER BY epoch, seq")]
    with closing(open_database(tmp_path / "till.db", TILL)) as db:
        after = accounts.every(db)
        assert [(*key, *(getattr(one, term) for term in Account.__struct_fields__[:5])) for key, one in after] == before
        assert accounts.every_past(db) == []
    sums: dict[StockKey, int] = {}
    for fact in stored:
        for key, delta in effects_of(fact).stock:
            sums[key] = sums.get(key, 0) + account_of_delta(delta).available
    assert {key: one.available for key, one in after} == sums
    assert json.loads((FIXTURE / "expected.json").read_text())["facts"] >= len(stored) > 0
