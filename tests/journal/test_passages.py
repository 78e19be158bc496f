"""Halves of passages are booked once by their id: a repeated one is refused and changes nothing, in any life."""

import pytest
import rights_facts as facts
from facts_of_a_day import received
from sqlite_utils import Database

from contract.stock import Account, StockKey
from contract.values import Epoch, Sku
from kiosk.journal import passages
from kiosk.journal.errors import BookedAlready, PartMissing
from kiosk.journal.schema_lan import passage_tables
from kiosk.journal.stock import account_of

TEA = StockKey(Sku("tea"))


@pytest.mark.parametrize("make", [facts.moved_in, facts.moved_out, facts.arrived])
def test_a_repeated_half_is_refused_and_changes_nothing(journal, make):
    journal.record([received(9)])
    journal.record([make("m1", 2)])
    before, newest = account_of(journal, TEA), journal.newest()
    with pytest.raises(BookedAlready, match="m1 was booked here already"):
        journal.record([received(1), make("m1", 2)])
    assert (account_of(journal, TEA), journal.newest()) == (before, newest)
    journal.record([make("m2", 2)])


def test_an_id_stays_booked_over_lives(journal):
    journal.record([facts.moved_in("m1", 2)])
    journal.raise_epoch(Epoch(1))
    with pytest.raises(BookedAlready):
        journal.record([facts.moved_in("m1", 2)])
    assert account_of(journal, TEA) == Account()


def arrive(journal, transfer, part):
    with journal.writing() as writing:
        passages.begin_part(writing.connection, transfer, part)
        writing.add([facts.arrived(transfer, 2)])


def test_each_part_of_a_transfer_is_booked_once_and_in_order(journal):
    for part in range(1, 12):
        arrive(journal, "t1", part)
        for again in range(1, part + 1):
            with pytest.raises(BookedAlready, match=f"t1 was booked here already.*that is part {part + 1}$"):
                arrive(journal, "t1", again)
        with pytest.raises(PartMissing, match=f"book part {part + 1}$"):
            arrive(journal, "t1", part + 2)
    assert account_of(journal, TEA) == Account(arrived=22)
    with pytest.raises(BookedAlready):
        journal.record([facts.arrived("t1", 2)])


def test_the_parts_of_one_transfer_are_no_others(journal):
    for transfer in ("t1", "t10", "t", "t1-2", "T1"):
        with pytest.raises(PartMissing, match=r"book part 1$"):
            arrive(journal, transfer, 2)
        arrive(journal, transfer, 1)
    journal.raise_epoch(Epoch(1))
    arrive(journal, "t1", 2)
    with pytest.raises(BookedAlready):
        arrive(journal, "t1", 2)


def test_a_move_and_a_transfer_of_one_id_are_two_things(journal):
    journal.record([facts.moved_in("m1", 2), facts.arrived("m1", 3)])
    assert account_of(journal, TEA) == Account(moved_in=2, arrived=3)


def test_a_move_is_on_its_way_until_its_receiver_says_otherwise(journal):
    journal.record([received(9), facts.moved_out("m1", 2)])
    db = journal.connection
    (one,) = passages.open_moves(db, 9)
    assert (one.move, one.receiver, one.to_epoch) == ("m1", "k8", 1)
    assert passages.given_beyond(db, "k8", Epoch(1), 0) == {TEA: 2}
    assert not passages.note_accepted(db, "m1", "k9", Epoch(1), 5), "another till"
    assert not passages.note_accepted(db, "m1", "k8", Epoch(2), 5), "another life"
    assert passages.note_accepted(db, "m1", "k8", Epoch(1), 5)
    assert not passages.note_accepted(db, "m1", "k8", Epoch(1), 6), "no news"
    assert passages.open_moves(db, 9) == []
    assert passages.given_beyond(db, "k8", Epoch(1), 4) == {TEA: 2}, "its question was older"
    assert passages.given_beyond(db, "k8", Epoch(1), 5) == {}


def test_what_earlier_releases_booked_is_known_to_the_tables_that_came_later(journal):
    journal.record([facts.moved_in("m1", 2), facts.arrived("t1", 3)])
    db = journal.connection
    db.execute("INSERT INTO facts VALUES (1, 99, 'rights.accepted.v1', ?, 'x')", (b"\xff damaged",))
    for table in ("passed", "moved", "asks"):
        db.execute(f"DROP TABLE {table}")
    passage_tables(Database(db))
    rows = db.execute("SELECT kind, id, epoch, seq FROM passed ORDER BY kind").fetchall()
    assert rows == [("move", "m1", 1, 1), ("transfer", "t1", 1, 2)]
