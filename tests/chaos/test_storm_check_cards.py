"""The judge of copied cards: what either card recorded must stand at the hub, as a fact or as a fork, and once."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from storm.check import Shop, judge
from storm_worlds import World, append, change_data, last_sale, make_world

K1 = "market/k1"


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    return make_world(folder)


def copy_of(world: World) -> Shop:
    folder = world.folder / "copy"
    shutil.copytree(world.journal(K1).parent, folder)
    (folder / "diary").write_text("")
    return Shop("north", "market", "k1", folder / "till.db", folder / "diary")


def sell(copy: Shop) -> None:
    with closing(sqlite3.connect(copy.journal)) as db, db:
        append(db, change_data(last_sale(db), basket="stray", receipt="k1-1-18"))


def test_a_copy_that_sold_nothing_changes_nothing(world):
    verdict = judge(world.shops, world.hub_db, clones=[copy_of(world)])
    assert (verdict.lost, verdict.doubled, verdict.chain_ok) == (0, 0, True), verdict.findings


def test_what_a_copy_sold_and_the_hub_lacks_is_lost(world):
    copy = copy_of(world)
    sell(copy)
    said = judge(world.shops, world.hub_db, clones=[copy]).findings
    assert any("of one of its cards is missing" in sentence for sentence in said), said
    assert any("the receipts of its cards lack" in sentence for sentence in said), said


def test_what_the_hub_keeps_as_a_fork_is_not_missing_and_must_be_booked(world):
    copy = copy_of(world)
    sell(copy)
    with closing(sqlite3.connect(copy.journal)) as db:
        row = db.execute("SELECT epoch, seq, digest, bytes FROM facts ORDER BY epoch DESC, seq DESC LIMIT 1").fetchone()
    with world.hub() as db:
        columns = "kiosk_id, epoch, lane, seq, kind, what, path, digest, bytes, at"
        kiosk = "(SELECT id FROM kiosks WHERE site = 'market' AND kiosk = 'k1')"
        sql = f"INSERT INTO quarantine ({columns}) VALUES ({kiosk}, ?, 'till', ?, 'fork', 'x', '', ?, ?, 'now')"  # noqa: S608
        db.execute(sql, row)
    said = judge(world.shops, world.hub_db, clones=[copy]).findings
    assert not any("is missing" in sentence for sentence in said), said
    assert any("the receipts of its cards lack" in sentence for sentence in said), said
    assert any("stock at the hub: sold of tea" in sentence for sentence in said), said


def test_a_fact_that_no_card_holds_is_found(world):
    copy = copy_of(world)
    with world.till(K1) as db:
        db.execute("DELETE FROM facts WHERE seq = (SELECT max(seq) FROM facts WHERE epoch = 1)")
    with closing(sqlite3.connect(copy.journal)) as db, db:
        db.execute("DELETE FROM facts WHERE seq = (SELECT max(seq) FROM facts WHERE epoch = 1)")
    said = judge(world.shops, world.hub_db, clones=[copy]).findings
    assert any("is on none of its cards" in sentence for sentence in said), said
