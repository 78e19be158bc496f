"""Damaged journals: whatever is whole is found wherever it lies, and nothing false is taken."""

import random
import re
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from facts_of_a_day import paid, refund, sale
from msgspec.structs import replace

from contract.codec import Stamp, digest
from contract.values import Address, Epoch, KioskId, Lane, RegionId, SiteId
from kiosk.journal.journal import Journal
from kiosk.journal.salvage.errors import NothingToSalvage
from kiosk.journal.salvage.log import committed_frames
from kiosk.journal.salvage.salvage import salvage
from kiosk.journal.schema import OF_LANE, TILL

ADDRESS = Address(RegionId("north"), SiteId("market"), KioskId("k7"))
PAGE = 4096
FRAME = 24 + PAGE
BEFORE, AFTER = 120, 60  # facts in the file, and in its log
LARGE = 17  # every so many facts, one that fills several pages
WOUNDS = 24  # ways to damage it
SIZES = (1, 16, 512, PAGE, 5 * PAGE)


class SteadyClock:
    def stamp(self):
        return Stamp(at=datetime(2026, 11, 21, 9, tzinfo=UTC), clock="trusted", boot="", mono_ns=1)


def open_lane(folder, lane=Lane.TILL):
    return Journal(folder / f"{lane}.db", OF_LANE[lane], address=ADDRESS, lane=lane, clock=SteadyClock())


@contextmanager
def quiet(what, length):
    yield lambda _: None


def bring(card, kiosk):
    return salvage(card, kiosk, ADDRESS, lambda lane: open_lane(kiosk, lane), quiet)


def fact(number):
    if number % LARGE:
        return sale(f"b{number}") if number % 5 else refund(f"b{number}", sku="tea" * (number % 20 + 1))
    one = sale(f"b{number}", sku="x" * 60)
    count = 20 + number
    return replace(one, lines=one.lines * count, total_minor=100 * count, payments=paid(100 * count))


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A journal as a power cut leaves it, and what it holds: most in its file, the rest in its log."""
    folder = tmp_path_factory.mktemp("whole")
    journal = Journal(folder / "till.db", TILL, address=ADDRESS, lane=Lane.TILL, clock=SteadyClock())
    for number in range(BEFORE):
        journal.record([fact(number)])
    assert journal.checkpoint() == 0
    for number in range(BEFORE, BEFORE + AFTER):
        journal.record([fact(number)])
    taken = tmp_path_factory.mktemp("card")
    for name in ("till.db", "till.db-wal"):
        shutil.copyfile(folder / name, taken / name)
    stored = {seq: bytes(raw) for seq, raw in journal.stored(Epoch(1))}
    journal.close()
    return taken, stored


@pytest.fixture
def wounded(card, tmp_path):
    """Return a function that gives a copy of the card with other contents."""

    def make(**contents):
        folder = tmp_path / "wounded"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(card[0], folder)
        for name, data in contents.items():
            (folder / name.replace("_", ".db").replace(".dbwal", ".db-wal")).write_bytes(data)
        shutil.rmtree(tmp_path / "kiosk", ignore_errors=True)
        return folder, tmp_path / "kiosk"

    return make


def held(kiosk):
    journal = open_lane(kiosk)
    found = {seq: bytes(raw) for seq, raw in journal.stored(Epoch(1))}
    journal.close()
    return found


def bytes_of(card):
    return [bytearray((card / name).read_bytes()) for name in ("till.db", "till.db-wal")]


def spoil(rng, data, *, zeros):
    size = rng.choice(SIZES)
    at = rng.randrange(len(data))
    at -= at % min(size, PAGE)
    length = min(size, len(data) - at)
    data[at : at + length] = bytes(length) if zeros else rng.randbytes(length)


def commits_of(log):
    """Where the commits of the newest life of the log begin; behind it lies what is left of an older one."""
    return [
        at for at in range(32, len(log), FRAME) if any(log[at + 4 : at + 8]) and log[at + 8 : at + 16] == log[16:24]
    ]


def test_a_whole_card_is_taken_whole(card, wounded):
    folder, kiosk = wounded()
    found = bring(folder, kiosk)
    assert held(kiosk) == card[1]
    assert (found.facts, found.taken.taken, found.missing, found.doubtful) == (180, 180, {}, 0)


@pytest.mark.parametrize("seed", range(WOUNDS))
def test_nothing_whole_is_lost_and_nothing_false_is_taken(card, wounded, seed):
    rng = random.Random(seed)  # noqa: S311
    stored = card[1]
    file, log = bytes_of(card[0])
    for _ in range(rng.randint(1, 12)):
        spoil(rng, rng.choice((file, log)), zeros=rng.random() < 0.7)
    folder, kiosk = wounded(till_=file, till_wal=log)
    found = bring(folder, kiosk)
    taken = held(kiosk)
    assert taken.items() <= stored.items(), "something false was taken"
    aside = b"".join(path.read_bytes() for path in (kiosk / "salvage").rglob("*.facts"))
    whole = {
        seq: raw
        for seq, raw in stored.items()
        if (row := raw + digest(raw).encode()) in file or row in log  # those that lie in one piece
    }
    assert {seq for seq in whole.keys() - taken.keys() if whole[seq] not in aside} == set()
    named = {seq for first, last in found.missing.get("till@1", []) for seq in range(first, last + 1)}
    assert named >= set(range(1, max(taken, default=0))) - taken.keys()


def test_wounds_are_deep_enough_to_lose_something(card, wounded):
    file, log = bytes_of(card[0])
    first = file.index(b"specversion") // PAGE  # before it lie the roots of tables that are still empty
    file[first * PAGE : (first + 35) * PAGE] = bytes(35 * PAGE)
    folder, kiosk = wounded(till_=file, till_wal=log)
    found = bring(folder, kiosk)
    assert found.missing["till@1"]
    assert len(held(kiosk)) < len(card[1])


def test_without_any_root_every_fact_is_found_the_large_ones_too(card, wounded):
    """The first page (schema and page size), the table's root, and every inner page of every tree."""
    stored = card[1]
    file, log = bytes_of(card[0])
    pages = [
        (data, at)
        for data, first, step in ((file, 0, PAGE), (log, 32 + 24, FRAME))
        for at in range(first, len(data), step)
    ]
    for data, at in pages:
        if at == 0 or data[at] in (0x02, 0x05, 0x0A):
            data[at : at + PAGE] = bytes(PAGE)
    folder, kiosk = wounded(till_=file, till_wal=log)
    found = bring(folder, kiosk)
    assert held(kiosk) == stored
    assert found.doubtful == 0


def test_a_torn_frame_hides_nothing_that_was_committed_after_it(card, wounded):
    _, log = bytes_of(card[0])
    at = 32 + 3 * FRAME + 24
    log[at + 100 : at + 200] = bytes(100)
    folder, kiosk = wounded(till_wal=log)
    bring(folder, kiosk)
    missing = card[1].keys() - held(kiosk).keys()
    assert len(missing) <= 2


def test_a_transaction_that_was_never_committed_is_not_taken(card, tmp_path):
    """It was so large that its pages were written to the log before its end, which never came."""
    live, kiosk = tmp_path / "live", tmp_path / "kiosk"
    journal = open_lane(live)
    journal.record([fact(0)])
    db = journal.connection
    db.execute("PRAGMA cache_size=10")
    db.execute("BEGIN IMMEDIATE")
    for seq in range(2, 101):
        db.execute("INSERT INTO facts VALUES (1, ?, 'x', ?, ?)", (seq, card[1][seq], digest(card[1][seq])))
    shutil.copytree(live, tmp_path / "card")
    db.execute("ROLLBACK")
    kept = held(live)
    journal.close()
    assert card[1][2] + digest(card[1][2]).encode() in (tmp_path / "card/till.db-wal").read_bytes()
    found = bring(tmp_path / "card", kiosk)
    assert held(kiosk) == kept
    assert (len(kept), found.doubtful, found.missing, found.aside) == (1, 0, {}, None)


def test_a_commit_that_cannot_be_proven_is_set_aside(card, wounded):
    _, log = bytes_of(card[0])
    commits = commits_of(log)
    before = commits[-1] - FRAME
    log[before : before + 24] = bytes(24)
    folder, kiosk = wounded(till_wal=log)
    found = bring(folder, kiosk)
    last = card[1][len(card[1])]
    assert (len(held(kiosk)), found.doubtful) == (len(card[1]) - 1, 1)
    assert (kiosk / "salvage/north/market/k7/till@1.facts").read_bytes() == last + b"\n"


def test_every_frame_of_a_whole_log_counts(card):
    log = (card[0] / "till.db-wal").read_bytes()
    frames = committed_frames(log, PAGE)
    assert len(frames) == (len(log) - 32) // FRAME
    assert all(frame.sure for frame in frames)


def test_a_changed_letter_is_found_out(card, wounded):
    """The row is well-formed, and says so; only its digest knows."""
    file, log = bytes_of(card[0])
    raw = card[1][30]
    changed = raw.replace(b"2026-11-21T09:30", b"2026-11-21T09:31")
    assert changed != raw
    file = bytearray(bytes(file).replace(raw, changed))
    log = bytearray(bytes(log).replace(raw, changed))
    folder, kiosk = wounded(till_=file, till_wal=log)
    found = bring(folder, kiosk)
    assert found.missing == {"till@1": [(30, 30)]}
    assert held(kiosk).items() <= card[1].items()


def test_a_digest_that_is_damaged_is_vouched_for_by_the_next_fact(card, wounded):
    file, log = bytes_of(card[0])
    mark = digest(card[1][30]).encode()
    spoilt = [re.sub(rb"(?<=\})" + mark, b"0" * 64, bytes(data)) for data in (file, log)]
    folder, kiosk = wounded(till_=spoilt[0], till_wal=spoilt[1])
    assert spoilt[0] != bytes(file)
    bring(folder, kiosk)
    assert held(kiosk) == card[1]


def test_a_file_of_zeros_says_that_nothing_can_be_read(wounded):
    folder, kiosk = wounded(till_=bytes(20 * PAGE), till_wal=b"")
    with pytest.raises(NothingToSalvage, match=r"no fact on .* can be read"):
        bring(folder, kiosk)


def test_mirror_lines_are_vouched_for_by_their_neighbours(card, tmp_path):
    lines = [card[1][seq] for seq in sorted(card[1])]
    folder = tmp_path / "mirror/north/market/k7"
    folder.mkdir(parents=True)
    changed = lines[9].replace(b"2026-11-21T09:30", b"2026-11-21T09:31")
    text = [*lines[:9], changed, *lines[10:49], b"\x00" * 80, *lines[50:-1]]
    (folder / "till@1.facts").write_bytes(b"\n".join(text) + b"\n" + lines[-1][:-5])
    found = bring(tmp_path / "mirror", tmp_path / "kiosk")
    assert found.missing == {"till@1": [(10, 10), (50, 50)]}
    assert held(tmp_path / "kiosk") == {seq: raw for seq, raw in card[1].items() if seq not in {10, 50, len(lines)}}


def test_two_last_lines_that_disagree_are_both_set_aside(card, tmp_path):
    lines = [card[1][seq] for seq in (1, 2, 3, 4)]
    folder = tmp_path / "mirror/north/market/k7"
    folder.mkdir(parents=True)
    lines[2] = lines[2].replace(b"2026-11-21T09:30", b"2026-11-21T09:31")
    (folder / "till@1.facts").write_bytes(b"\n".join(lines) + b"\n")
    found = bring(tmp_path / "mirror", tmp_path / "kiosk")
    assert (sorted(held(tmp_path / "kiosk")), found.doubtful) == ([1, 2], 2)
