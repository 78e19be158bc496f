"""An old card's facts in the kiosk that lives on: each once, with its receipt, and no number given twice."""

import os
import resource
import shutil
from contextlib import contextmanager

import pytest
from facts_of_a_day import STARTED, received, refund, sale
from till_terminal import stock_desk

from contract.codec import digest, verify_chain
from contract.values import Epoch, Lane, Quantity, Seq
from kiosk.bootstrap import open_desk
from kiosk.clock import KioskClock
from kiosk.config import Config
from kiosk.core.basket import Basket, Line
from kiosk.journal.errors import BasketClosed, StorageFailed
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Outbox
from kiosk.journal.salvage.copy import BLOCK, check_room, copy_file, workplace
from kiosk.journal.salvage.errors import Busy, ForeignCard, NewerFacts, NoRoom, NothingToSalvage, Unreadable
from kiosk.journal.salvage.lines import Aside
from kiosk.journal.salvage.salvage import salvage
from kiosk.journal.salvage.shelf import Kept
from kiosk.journal.schema import OF_LANE
from kiosk.journal.stock import kept


@contextmanager
def quiet(what, length):
    yield lambda _: None


def open_lane(folder, lane=Lane.TILL, address=Config().address):
    clock = KioskClock(Config().clock)
    return Journal(folder / f"{lane}.db", OF_LANE[lane], address=address, lane=lane, clock=clock)


def bring(card, kiosk, address=Config().address):
    return salvage(card, kiosk, address, lambda lane: open_lane(kiosk, lane, address), quiet)


def basket_of(desk, name):
    item = desk.item("P-01")
    return Basket(name, "EUR", (Line(item.sku, item.name, Quantity(1), item.price_minor, item.price_minor),))


@pytest.fixture
def old(tmp_path):
    """A kiosk whose card will be pulled while it runs: its log is hot."""
    desk = stock_desk(tmp_path / "old")
    desk.record([STARTED, received(50)])
    desk.record([sale("b1"), sale("b2")])
    yield desk
    desk.close()


@pytest.fixture
def kiosk(tmp_path):
    """The new card's folder."""
    stock_desk(tmp_path / "new").close()
    return tmp_path / "new"


def pull(desk, tmp_path, name="card"):
    """Return a copy of the card as it is at this moment."""
    shutil.copytree(desk.journal.path.parent, tmp_path / name)
    return tmp_path / name


def stored(folder, epoch=1, lane=Lane.TILL):
    journal = open_lane(folder, lane)
    rows = [bytes(raw) for _, raw in journal.stored(Epoch(epoch))]
    journal.close()
    return rows


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_fact_comes_as_it_was_and_the_card_stays_as_it_was(old, kiosk, tmp_path):
    card = pull(old, tmp_path)
    before = contents(card)
    found = bring(card, kiosk)
    assert stored(kiosk) == [bytes(raw) for _, raw in old.journal.stored(Epoch(1))]
    assert contents(card) == before
    assert (found.facts, found.taken.taken, found.taken.known, found.ends) == (4, 4, 0, {"till@1": 4})
    assert Outbox(kiosk).newest() == {"till@1": 4}
    assert list((kiosk / "salvage").glob("work-*")) == []


def test_twice_salvaged_changes_nothing(old, kiosk, tmp_path):
    card = pull(old, tmp_path)
    bring(card, kiosk)
    first = stored(kiosk)
    again = bring(card, kiosk)
    assert (again.taken.taken, again.taken.known, again.epochs) == (0, 4, {Lane.TILL: 2})
    assert stored(kiosk) == first


def test_the_kiosk_goes_on_beyond_every_epoch_of_the_card(old, kiosk, tmp_path):
    old.journal.raise_epoch(Epoch(4))
    old.record([sale("b5")])
    found = bring(pull(old, tmp_path), kiosk)
    assert found.ends == {"till@1": 4, "till@5": 1}
    desk = open_desk(kiosk)
    assert desk.record([sale("b6")])[0].receipt == "k1-6-1"
    assert [fact.seq for fact in verify_chain(desk.journal.stored(Epoch(1)))] == [1, 2, 3, 4]
    desk.close()


def test_a_salvaged_sale_can_be_refunded_and_its_stock_is_left_alone(old, kiosk, tmp_path):
    old.record([refund("b1")])
    bring(pull(old, tmp_path), kiosk)
    desk = open_desk(kiosk)
    rows = desk.journal.connection.execute("SELECT epoch, n, seq, kind, basket, total_minor FROM receipts ORDER BY n")
    assert rows.fetchall() == [
        (1, 1, 3, "sale", "b1", 100),
        (1, 2, 4, "sale", "b2", 100),
        (1, 3, 5, "refund", "b1", 100),
    ]
    assert kept(desk.journal) == []
    assert (last := desk.last_sale())
    assert last.receipt == "k1-1-2"
    desk.close()


def test_a_restored_card_gets_its_tail_and_its_open_basket_is_not_sold_again(old, tmp_path):
    old.keep(basket_of(old, "b3"))
    restored = pull(old, tmp_path, "restored")
    old.record([sale("b3"), sale("b4")])
    found = bring(pull(old, tmp_path), restored)
    assert (found.taken.known, found.taken.taken) == (4, 2)
    desk = open_desk(restored)
    assert desk.open_basket().id != "b3"
    with pytest.raises(BasketClosed):
        desk.keep(basket_of(desk, "b3"))
    with pytest.raises(BasketClosed):
        desk.record([sale("b3")])
    assert desk.record([sale("b9")])[0].receipt == "k1-2-1"
    desk.close()


def test_numbers_that_were_given_again_are_kept_aside_whole_and_once(old, tmp_path):
    restored = pull(old, tmp_path, "restored")
    old.record([sale("b3"), sale("b4"), sale("b5")])
    desk = open_desk(restored)
    desk.record([sale("c3"), sale("c4")])  # before it could hear from anybody
    ours = [bytes(raw) for _, raw in desk.journal.stored(Epoch(1))]
    desk.close()
    card = pull(old, tmp_path)
    theirs = [bytes(raw) for _, raw in old.journal.stored(Epoch(1))]
    for _ in range(2):
        found = bring(card, restored)
        assert found.taken.conflicts == {"till@1": [5, 6]}
        assert stored(restored) == [*ours, theirs[6]]
        assert found.aside == restored / "salvage/demo/demo/k1"
        assert (found.aside / "till@1.facts").read_bytes() == b"".join(raw + b"\n" for raw in theirs[4:6])
    aside = bring(restored / "salvage/demo/demo/k1", restored)  # it has a mirror's layout
    assert aside.taken.conflicts == {"till@1": [5, 6]}


def test_a_fact_that_does_not_fit_whole_is_not_called_kept(tmp_path):
    facts = [Kept(Lane.TILL, Epoch(1), Seq(n), digest(raw), "x", raw) for n, raw in enumerate((b"a" * 70, b"b" * 70))]
    aside = Aside(tmp_path, Config().address)
    aside.keep(facts[0])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # as a disk that takes a part and is full then
    try:
        with pytest.raises(StorageFailed):
            aside.keep(facts[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    aside.keep(facts[1])
    assert {fact.raw for fact in facts} <= set((aside.folder / "till@1.facts").read_bytes().splitlines())


def test_a_basket_sold_in_both_lives_keeps_both_facts_and_is_named(old, tmp_path):
    restored = pull(old, tmp_path, "restored")
    old.record([sale("b3")])
    desk = open_desk(restored)
    desk.journal.raise_epoch(Epoch(1))
    desk.record([sale("b3")])
    desk.close()
    found = bring(pull(old, tmp_path), restored)
    assert found.taken.twice == ["k1-1-3"]
    assert (len(stored(restored)), len(stored(restored, 2))) == (5, 1)


def test_every_lane_of_the_card_comes(old, kiosk, tmp_path):
    sense = open_lane(tmp_path / "old", Lane.SENSE)
    sense.record([STARTED])
    found = bring(pull(old, tmp_path), kiosk)
    sense.close()
    assert found.ends == {"sense@1": 1, "till@1": 4}
    assert len(stored(kiosk, lane=Lane.SENSE)) == 1


def test_a_hole_is_named_unless_the_journal_has_it(old, kiosk, tmp_path):
    bring(pull(old, tmp_path, "early"), kiosk)
    old.record([sale("b3"), sale("b4"), sale("b5")])
    lines = [bytes(raw) + b"\n" for seq, raw in old.journal.stored(Epoch(1)) if seq not in {2, 6}]
    (tmp_path / "till@1.facts").write_bytes(b"".join(lines))
    found = bring(tmp_path / "till@1.facts", kiosk)
    assert found.missing == {"till@1": [(6, 6)]}
    assert len(stored(kiosk)) == 6


def test_another_kiosks_card_is_refused(old, kiosk, tmp_path):
    other = Config(kiosk="k2").address
    with pytest.raises(ForeignCard, match=r"belongs to kiosk demo/demo/k1, this folder to demo/demo/k2: salvage it on"):
        bring(pull(old, tmp_path), tmp_path / "k2", other)
    assert not (tmp_path / "k2/till.db").exists()


def test_a_fact_that_says_another_place_or_another_kiosk_is_not_taken(old, kiosk, tmp_path):
    raws = [bytes(raw) for _, raw in old.journal.stored(Epoch(1))]
    foreign = raws[3].replace(b"/kiosks/k1/", b"/kiosks/k2/")
    ninth = raws[3].replace(b'"id":"4"', b'"id":"9"').replace(b"0000000000000004", b"0000000000000009")
    rows = [(5, ninth, digest(ninth)), (6, foreign, digest(foreign))]
    old.journal.connection.executemany("INSERT INTO facts VALUES (1, ?, 'sale.recorded.v1', ?, ?)", rows)
    found = bring(pull(old, tmp_path), kiosk)
    assert stored(kiosk) == raws
    assert (found.facts, found.foreign, found.missing) == (4, 1, {"till@1": [(5, 6)]})


def test_another_kiosks_mirror_is_refused(kiosk, tmp_path):
    folder = tmp_path / "stick/mirror/north/market/k9"
    folder.mkdir(parents=True)
    (folder / "till@1.facts").write_text("")
    with pytest.raises(ForeignCard, match="belongs to kiosk north/market/k9"):
        bring(tmp_path / "stick", kiosk)


def test_of_a_mirror_of_many_only_ours_is_read(old, kiosk, tmp_path):
    mirror = tmp_path / "stick/mirror/demo/demo"
    for name in ("k1", "k2"):
        (mirror / name).mkdir(parents=True)
        lines = b"".join(raw + b"\n" for _, raw in old.journal.stored(Epoch(1)))
        (mirror / name / "till@1.facts").write_bytes(lines)
    assert bring(tmp_path / "stick", kiosk).source == mirror / "k1"
    assert len(stored(kiosk)) == 4


def newer_mirror(old, folder, *, linked):
    """A mirror whose third line is of a type that nobody knows here, and whose fourth names it, or names another."""
    folder.mkdir()
    raws = [bytes(raw) for _, raw in old.journal.stored(Epoch(1))]
    strange = raws[2].replace(b"sale.recorded.v1", b"sale.recorded.v9")
    last = raws[3].replace(digest(raws[2]).encode(), digest(strange).encode()) if linked else raws[3]
    (folder / "till@1.facts").write_bytes(b"\n".join([*raws[:2], strange, last, b""]))
    return folder


def test_facts_of_a_newer_release_are_not_passed_over(old, kiosk, tmp_path):
    with pytest.raises(NewerFacts, match="install that release here"):
        bring(newer_mirror(old, tmp_path / "card", linked=True), kiosk)
    assert stored(kiosk) == []


def test_a_type_that_damage_made_is_no_newer_release(old, kiosk, tmp_path):
    found = bring(newer_mirror(old, tmp_path / "card", linked=False), kiosk)
    assert found.missing == {"till@1": [(3, 3)]}
    assert len(stored(kiosk)) == 3


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("new", "where this kiosk itself lives"),
        ("new/till.db", "this kiosk's own"),
        ("empty", "no journal beneath"),
        ("nowhere", "No such file or directory"),
        ("two", "several journals: name one of .*two/a, .*two/b"),
    ],
)
def test_what_cannot_be_meant_is_said(kiosk, tmp_path, place, sentence):
    (tmp_path / "empty").mkdir()
    for name in ("a", "b"):
        stock_desk(tmp_path / "two" / name).close()
    with pytest.raises(NothingToSalvage, match=sentence):
        bring(tmp_path / place, kiosk)


def test_a_card_is_found_a_few_folders_deep(old, kiosk, tmp_path):
    deep = tmp_path / "media/rootfs/home/pi/.local/share"
    deep.mkdir(parents=True)
    pull(old, tmp_path).rename(deep / "popup-kiosk")
    assert bring(tmp_path / "media", kiosk).facts == 4


def test_bad_blocks_cost_themselves_alone(tmp_path):
    card, copy = tmp_path / "card", tmp_path / "copy"
    data = os.urandom(600 * BLOCK + 100)
    card.write_bytes(data)
    bad = {3, 300, 301, 600}

    def read(file, length, at):
        if any(at <= block * BLOCK < at + length for block in bad):
            raise OSError(5, "Input/output error")
        return os.pread(file, length, at)

    told: list[int] = []
    assert copy_file(card, copy, told.append, read) == len(bad)
    copied = copy.read_bytes()
    assert len(copied) == len(data) == sum(told)
    for block in range(601):
        span = slice(block * BLOCK, (block + 1) * BLOCK)
        assert copied[span] == (bytes(len(data[span])) if block in bad else data[span])


def test_a_card_that_cannot_be_opened_says_so(tmp_path):
    with pytest.raises(Unreadable, match=r"cannot read .*: No such file"):
        copy_file(tmp_path / "gone", tmp_path / "copy", lambda _: None)


def test_a_copy_that_would_not_fit_is_not_begun(tmp_path):
    with pytest.raises(NoRoom, match="free space"):
        check_room(tmp_path, [shutil.disk_usage(tmp_path).free])


def test_two_salvages_at_once_are_refused_and_a_dead_ones_copies_are_thrown_away(tmp_path):
    left = tmp_path / "work-dead"
    left.mkdir()
    with workplace(tmp_path) as work:
        assert not left.exists()
        with pytest.raises(Busy), workplace(tmp_path):
            pass
    assert not work.exists()
