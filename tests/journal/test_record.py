"""Recording: everything that follows from a fact, with the fact, or nothing."""

import sqlite3
import threading
from contextlib import closing

import pytest
from facts_of_a_day import STARTED, counted, received, refund, sale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.codec import verify_chain
from contract.errors import Malformed
from contract.facts import KioskStopping
from contract.stock import StockKey
from contract.values import MAX_EPOCH, Address, Epoch, KioskId, RegionId, SiteId, Sku, Unit
from kiosk.journal.database import open_database
from kiosk.journal.errors import BasketClosed, JournalError, NewerDatabase, NotADatabase, WrongKiosk
from kiosk.journal.schema import TILL
from kiosk.journal.stock import account_of, kept


def everything(journal):
    """Return all that is stored, but the write-ahead log's own mark."""
    tables = ["facts", "receipts", "baskets", "basket_lines", "accounts"]
    return {name: sorted(journal.connection.execute(f"SELECT * FROM {name}")) for name in tables}  # noqa: S608


def account(journal, sku="tea"):
    return account_of(journal, StockKey(Sku(sku)))


def test_facts_are_numbered_without_gaps_and_chained(journal):
    recorded = [*journal.record([STARTED, sale("b1")]), *journal.record([sale("b2")])]
    assert [one.seq for one in recorded] == [1, 2, 3]
    assert [one.receipt for one in recorded] == [None, "k7-1-1", "k7-1-2"]
    assert [fact.data for fact in verify_chain(journal.stored(Epoch(1)))] == [one.data for one in recorded]
    assert journal.newest() == 3


@pytest.mark.parametrize(
    "bad",
    [
        [sale("new"), sale("sold-before")],
        [received(5), sale("new"), sale("new")],
        [sale("new"), KioskStopping(reason="a broken surrogate \ud800")],
    ],
    ids=["sold before", "sold twice at once", "unreadable fact"],
)
def test_of_facts_that_cannot_all_be_none_is(journal, bad):
    journal.record([received(3), sale("sold-before")])
    before = everything(journal)
    with pytest.raises((BasketClosed, Malformed, JournalError)):
        journal.record(bad)
    assert everything(journal) == before
    assert journal.record([sale("after")])[0].receipt == "k7-1-2"


def test_receipts_and_refunds_share_one_row_of_numbers(journal):
    receipts = [one.receipt for one in journal.record([sale("b1"), refund("b1"), sale("b2")])]
    assert receipts == ["k7-1-1", "k7-1-2", "k7-1-3"]


def test_a_new_epoch_numbers_its_own_receipts_and_facts(journal):
    journal.record([sale("b1")])
    assert journal.raise_epoch(Epoch(4)) == 5
    recorded = journal.record([sale("b2")])[0]
    assert (recorded.seq, recorded.receipt) == (1, "k7-5-1")
    assert journal.epochs() == [1, 5]


def test_an_epoch_is_kept(journal, open_journal):
    journal.raise_epoch(Epoch(1))
    assert open_journal().epoch == 2


def test_what_is_sold_beyond_the_account_is_an_overdraft(journal):
    journal.record([received(2)])
    sold = journal.record([sale("b1", amount=5)])[0].data
    assert sold.lines[0].overdraft == 3
    assert account(journal).available == 0


operations = st.lists(
    st.tuples(st.sampled_from(["receive", "sell", "return", "discard", "count"]), st.integers(1, 9)), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(operations)
def test_accounts_are_never_below_zero_and_balance(open_journal, tmp_path_factory, done):
    journal = open_journal(tmp_path_factory.mktemp("life"))
    shelf = overdraft = 0
    for number, (what, amount) in enumerate(done):
        match what:
            case "receive":
                journal.record([received(amount)])
                shelf += amount
            case "sell":
                data = journal.record([sale(f"b{number}", amount=amount)])[0].data
                overdraft += data.lines[0].overdraft
                shelf -= amount
            case "return" | "discard":
                journal.record([refund(f"b{number}", amount=amount, restock=what == "return")])
                shelf += amount if what == "return" else 0
            case "count":
                journal.record([counted(amount, expected=account(journal).available)])
                shelf = amount - overdraft
        assert account(journal).available >= 0
        assert account(journal).available == shelf + overdraft
    journal.close()


def test_another_kiosks_folder_is_refused(journal, open_journal):
    with pytest.raises(WrongKiosk, match="north/market/k7"):
        open_journal(address=Address(RegionId("north"), SiteId("market"), KioskId("k8")))


def test_a_newer_database_is_refused(journal, open_journal):
    journal.connection.execute("PRAGMA user_version=99")
    with pytest.raises(NewerDatabase, match="install the newer release again"):
        open_journal()


def test_what_is_no_database_is_refused(open_journal, tmp_path):
    (tmp_path / "till.db").write_bytes(b"once upon a time " * 1000)
    with pytest.raises(NotADatabase, match="cannot be read as a database"):
        open_journal()


def test_a_reopened_journal_goes_on(journal, open_journal):
    journal.record([sale("b1")])
    journal.close()
    again = open_journal()
    assert again.record([sale("b2")])[0].receipt == "k7-1-2"
    assert len(list(verify_chain(again.stored(Epoch(1))))) == 2


@pytest.mark.parametrize("above", [MAX_EPOCH - 1, MAX_EPOCH])
def test_the_last_epoch_there_can_be_still_sells(journal, above):
    journal.raise_epoch(above)
    assert journal.record([sale("b1")])[0].receipt == f"k7-{MAX_EPOCH}-1"


def test_a_checkpoint_loses_nothing(journal, open_journal):
    journal.record([sale("b1")])
    assert journal.checkpoint() == 0
    journal.record([sale("b2")])
    assert [one[0] for one in open_journal().stored(Epoch(1))] == [1, 2]


def test_each_commit_is_synced(journal):
    assert journal.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_processes_that_are_all_the_first_all_open(tmp_path):
    def run():
        start.wait()
        opened.append(open_database(path, TILL))

    opened: list[sqlite3.Connection] = []
    for number in range(150):
        path = tmp_path / f"{number}.db"
        start = threading.Barrier(3)
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(opened) == len(threads)
        while opened:
            opened.pop().close()


def test_a_copy_that_lost_its_way_of_writing_gets_it_back(journal, tmp_path):
    copy = tmp_path / "copy.db"
    journal.connection.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with closing(open_database(copy, TILL)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_goods_whose_unit_was_changed_are_still_sold(journal):
    journal.record([received(5)])
    sold = journal.record([sale("changed", unit=Unit.GRAM)])[0].data.lines[0]
    assert sold.overdraft == sold.quantity.amount
    assert [(one.unit, one.account.available) for one in kept(journal)] == [(Unit.GRAM, 0), (Unit.PIECE, 5)]
