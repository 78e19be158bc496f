"""The power goes at any instant of selling: nothing that was shown as done is lost, doubled or given out again."""

# ruff: noqa: S608 - what is tampered with is said in SQL of our own

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from powercut.books import read_books
from powercut.calls import Said
from powercut.check import Shown, Wrong
from powercut.cuts import Instant, Report, cut_tape, diary, judge, run
from powercut.disk import Disk
from powercut.record import Start, can_trace, record
from powercut.syncs import payments
from powercut.variants import BUGS, Variant

from kiosk.core.basket import make_line
from kiosk.core.counter import OPEN_ITEM

pytestmark = pytest.mark.skipif(not can_trace(), reason="tracing is not allowed here")

MEMORY = Path("/dev/shm")  # noqa: S108 - only where to make a folder of our own
SEED = 20261122
CUTS = 150  # each finds a lost sale in two of three when nothing is synced; 1,000 by hand and in `make chaos`
CUTS_OF_A_BUG = 100


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """A folder in memory, where there is one: what the real disk does is not asked here."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else tmp_path_factory.mktemp("memory")) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def tape(memory):
    """A seller from a blank folder on, long enough to count on."""
    return record(memory / "tape", seed=SEED, sales=120)


def test_what_was_shown_as_done_survives(memory):
    report = run(CUTS, SEED, memory)
    assert report.cuts == CUTS
    assert not report.wrong, report.examples
    assert not report.blind, report
    assert report.lost_names, report


@pytest.mark.parametrize("bug", BUGS)
def test_a_till_with_a_bug_is_caught(memory, bug):
    report = run(CUTS_OF_A_BUG, SEED, memory, variant=bug, starts=[Start.STOCKED], sales=30)
    expected = "reopened" if bug is Variant.CLOSES_LATER else "missing"
    assert report.wrong.get(expected, 0) > 0, report


def test_the_recording_makes_the_same_disk_again(tape):
    disk = Disk()
    for event in [*tape.found, *tape.events]:
        if not isinstance(event, Said):
            disk.apply(event)
    root = tape.data.parent
    left = {str(path.relative_to(root)): None if path.is_dir() else path.read_bytes() for path in root.rglob("*")}
    assert disk.newest() == left


def test_a_till_that_ended_in_order_has_nothing_at_chance(tape, memory):
    report = Report()
    end = len(tape.events)
    cut_tape(tape, [Instant(end, random.Random(n).getrandbits(32)) for n in range(10)], memory / "fallen", report)
    assert not report.wrong, report.examples
    assert report.blind, "such cuts prove nothing, and the report must say so"


def tampered(tape, folder, statements):
    """Return what the judge finds once somebody changed the files behind its back; ``C:`` is the catalogue."""
    shutil.copytree(tape.data, folder)
    for statement in statements:
        name, sql = ("catalogue.db", statement[2:]) if statement.startswith("C:") else ("till.db", statement)
        with closing(sqlite3.connect(folder / name, isolation_level=None)) as db:
            db.execute(sql)
    said = [entry for _, entry in diary(tape)]
    return judge(folder, Shown(said, [], read_books(tape.data / "till.db").facts))


LAST_SALE = "(SELECT max(seq) FROM receipts WHERE kind = 'sale')"
LINE = "CAST('" + msgspec.json.encode(make_line(OPEN_ITEM, 1, asked_minor=100)).decode() + "' AS BLOB)"
BASKET_OF_LAST = f"(SELECT basket FROM receipts WHERE seq = {LAST_SALE})"
FACT_OF_LAST = f"(SELECT bytes FROM facts WHERE seq = {LAST_SALE})"
TAMPERING = {
    Wrong.MISSING: [f"DELETE FROM facts WHERE seq >= {LAST_SALE}"],
    Wrong.DOUBLED: [f"UPDATE facts SET bytes = {FACT_OF_LAST} WHERE type = 'sale.recorded.v1'"],
    Wrong.REUSED: [
        f"UPDATE facts SET bytes = {FACT_OF_LAST} WHERE seq = (SELECT min(seq) FROM receipts WHERE kind = 'sale')"
    ],
    Wrong.REOPENED: [
        f"UPDATE baskets SET state = 'open' WHERE id = {BASKET_OF_LAST}",
        f"INSERT INTO basket_lines VALUES ({BASKET_OF_LAST}, 1, {LINE})",
    ],
    Wrong.BASKET_LOST: [
        "INSERT INTO baskets (id, state, opened_at, currency) VALUES ('b', 'open', '2026-01-01T00:00:00Z', 'EUR')",
        f"INSERT INTO basket_lines VALUES ('b', 1, {LINE})",
    ],
    Wrong.CHAIN_BROKEN: ["UPDATE facts SET digest = prev.digest FROM facts prev WHERE prev.seq = 2 AND facts.seq = 3"],
    Wrong.CORRUPT: [f"INSERT INTO basket_lines VALUES ('nobody', 1, {LINE})"],
    Wrong.DISAGREE: ["UPDATE accounts SET sold = sold + 1 WHERE sku = (SELECT max(sku) FROM accounts)"],
    Wrong.FOREIGN: ["UPDATE facts SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"boot\"', '\"Boot\"') AS BLOB)"],
    Wrong.GOODS_LOST: ["C:DELETE FROM items WHERE sku = 'P-01'"],
    Wrong.NOT_SELLING: ["PRAGMA user_version = 99"],
}


@pytest.mark.parametrize("wrong", Wrong)
def test_whatever_could_be_wrong_is_found(tape, memory, wrong):
    assert wrong in tampered(tape, memory / f"tampered-{wrong}", TAMPERING[wrong])


def test_nothing_is_wrong_where_nothing_was_changed(tape, memory):
    assert not tampered(tape, memory / "as-it-was", [])


def test_a_sale_costs_one_sync(tape):
    paid = payments(tape)
    sales = [one for one in paid if one.kind == "sale"]
    assert len(sales) == 120
    assert {one.syncs for one in sales} == {1}
    assert sum(one.after_tidying for one in sales) >= 5
    assert {one.syncs for one in paid if one.kind == "refund"} == {1}
