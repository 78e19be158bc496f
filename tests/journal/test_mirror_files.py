"""The second copy as files: what counts, what is cut off, what is never written over."""

import fcntl
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from facts_of_a_day import sale

from contract.codec import digest
from contract.values import Epoch, Lane, Seq, parse_address
from kiosk.core.ports import Held, MirrorFailed, MirrorStrayed
from kiosk.journal.mirror import files as mirror_files
from kiosk.journal.mirror.files import LaneFiles
from kiosk.journal.mirror.folder import MARKER, FolderMirror, prepare
from kiosk.journal.mirror.paths import opened_root

ADDRESS = parse_address("north/market/k7")
ONE = Epoch(1)


@pytest.fixture
def facts(journal):
    journal.record([sale(f"b{number}") for number in range(9)])
    return [raw for _, raw in journal.stored(ONE)]


@pytest.fixture
def path(stick):
    return stick / "north/market/k7/till@1.facts"


def mirror(stick):
    return FolderMirror(stick, ADDRESS, Lane.TILL)


@contextmanager
def lane_files(stick):
    with opened_root(stick) as root:
        yield LaneFiles(ADDRESS, Lane.TILL), root


def held(facts, count):
    return {ONE: Held(Seq(count), digest(facts[count - 1]))}


def test_line_n_is_fact_n(stick, path, facts):
    mirror(stick).keep(ONE, Seq(1), facts[:4])
    second = mirror(stick)
    second.keep(ONE, Seq(3), facts[2:6])
    assert path.read_bytes() == b"".join(raw + b"\n" for raw in facts[:6])
    assert second.newest() == mirror(stick).newest() == held(facts, 6)
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(parent.stat().st_mode & 0o777 == 0o700 for parent in path.parents[:3])


def test_two_who_write_take_turns(stick, path, facts):
    one, two = mirror(stick), mirror(stick)
    for seq, raw in enumerate(facts, 1):
        (one, two)[seq % 2].keep(ONE, Seq(seq), [raw])
        (two, one)[seq % 2].keep(ONE, Seq(seq), [raw])
    assert path.read_bytes() == b"".join(raw + b"\n" for raw in facts)


def test_who_writes_waits_for_who_holds_the_file(stick, path, facts):
    mirror(stick).keep(ONE, Seq(1), facts[:1])
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = threading.Thread(target=mirror(stick).keep, args=(ONE, Seq(2), facts[1:2]))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert len(path.read_bytes().splitlines()) == 1
    second.join()
    assert path.read_bytes().splitlines() == facts[:2]


DEEP = b'{"id":"5","data":' + b"[" * 100_000 + b"\n"


@pytest.mark.parametrize(
    "torn", [b"{", b'{"id":"5"}', b'{"id":"5"}\n', b"\0" * 700 + b"\n\n", b"\n\n", b"\xff\n{", DEEP]
)
def test_a_torn_end_counts_for_nothing_and_goes(stick, path, facts, torn):
    mirror(stick).keep(ONE, Seq(1), facts[:4])
    with path.open("ab") as file:
        file.write(torn)
    again = mirror(stick)
    assert again.newest() == held(facts, 4)
    again.keep(ONE, Seq(5), facts[4:6])
    assert path.read_bytes() == b"".join(raw + b"\n" for raw in facts[:6])


def test_a_line_that_rotted_in_the_last_write_is_written_anew(stick, path, facts):
    lines = [*facts[:3], b"\0" * len(facts[3]), facts[4]]
    mirror(stick).keep(ONE, Seq(1), facts[:1])
    path.write_bytes(b"".join(raw + b"\n" for raw in lines))
    mirror(stick).keep(ONE, Seq(1), facts[:5])
    assert path.read_bytes() == b"".join(raw + b"\n" for raw in facts[:5])


def test_another_fact_under_a_number_is_said_and_stays(stick, path, facts):
    other = facts[1].replace(b"b1", b"b7")
    mirror(stick).keep(ONE, Seq(1), [facts[0], other])
    before = path.read_bytes()
    with pytest.raises(MirrorStrayed, match="another fact 2"):
        mirror(stick).keep(ONE, Seq(1), facts)
    assert path.read_bytes() == before


def test_a_fact_that_rotted_on_the_card_does_not_spoil_its_copy(stick, path, facts):
    mirror(stick).keep(ONE, Seq(1), facts[:3])
    mirror(stick).keep(ONE, Seq(1), [facts[0], facts[1][:-9], b"", facts[3]])
    assert path.read_bytes() == b"".join(raw + b"\n" for raw in facts[:4])


def test_a_gap_is_refused(stick, facts):
    with pytest.raises(MirrorFailed, match="ends at 0 of epoch 1, before 2"):
        mirror(stick).keep(ONE, Seq(2), facts[1:])
    assert mirror(stick).newest() == {}


def test_what_cannot_stand_on_a_line_keeps_its_place(stick, facts):
    mirror(stick).keep(ONE, Seq(1), [facts[0], b"", b"a\nb", facts[3]])
    with lane_files(stick) as (files, root):
        assert list(files.read(root, ONE, Seq(1))) == [(2, b""), (3, b""), (4, facts[3])]
    assert mirror(stick).newest() == held(facts, 4)


def test_epochs_and_lanes_are_files_of_their_own(stick, facts):
    till, sense = mirror(stick), FolderMirror(stick, ADDRESS, Lane.SENSE)
    till.keep(ONE, Seq(1), facts[:2])
    (stick / "north/market/k7/note.txt").write_text("not ours", "utf-8")
    (stick / "north/market/k7/x@1.facts").write_text("not ours", "utf-8")
    assert till.newest() == held(facts, 2)
    assert sense.newest() == {}


def test_an_older_part_than_the_window_is_not_compared(stick, facts, monkeypatch):
    monkeypatch.setattr(mirror_files, "WINDOW", 3)
    first = mirror(stick)
    first.keep(ONE, Seq(1), facts)
    first.keep(ONE, Seq(1), [b"who knows", *facts[1:]])
    assert first.newest() == held(facts, 9)


def test_a_file_that_was_exchanged_is_read_anew(stick, path, facts):
    first = mirror(stick)
    first.keep(ONE, Seq(1), facts)
    path.unlink()
    assert first.newest() == {}
    first.keep(ONE, Seq(1), facts[:2])
    assert first.newest() == held(facts, 2)


def test_garbage_is_not_taken_for_a_torn_end(stick, path, facts):
    mirror(stick).keep(ONE, Seq(1), facts[:1])
    with path.open("ab") as file:
        file.write(b"x\n" * (mirror_files.WINDOW + 1))
    with pytest.raises(MirrorFailed, match="are no facts: move the file away"):
        mirror(stick).newest()
    path.write_bytes(b"x" * 2**20)
    with pytest.raises(MirrorFailed, match="line 1 is too long"):
        mirror(stick).newest()


def test_an_empty_mount_point_is_never_written(stick, facts):
    (stick / MARKER).unlink()
    for ask in (lambda: mirror(stick).newest(), lambda: mirror(stick).keep(ONE, Seq(1), facts)):
        with pytest.raises(MirrorFailed, match=r"the second medium .*stick is not there: put it back"):
            ask()
    assert list(stick.iterdir()) == []


def test_a_full_medium_is_said_and_takes_nothing_half(small_disk, tmp_path, facts):
    disk = small_disk(64 * 1024)
    prepare(disk, tmp_path)
    small = mirror(disk)
    small.keep(ONE, Seq(1), facts[:4])
    with pytest.raises(MirrorFailed, match=r"No space left.*free space on it"):
        small.keep(ONE, Seq(5), [raw[:-1] + b" " * 20_000 + b"}" for raw in facts[4:]])
    assert small.newest() == held(facts, 4)
    small.keep(ONE, Seq(5), facts[4:6])
    assert small.newest() == held(facts, 6)


def test_a_read_only_medium_is_noticed_by_looking(stick, read_only, facts):
    mirror(stick).keep(ONE, Seq(1), facts)
    read_only(stick)
    with pytest.raises(MirrorFailed, match="Read-only file system"):
        mirror(stick).newest()


def test_a_folder_of_the_same_card_is_not_prepared(tmp_path, small_disk):
    with pytest.raises(MirrorFailed, match="mount the second medium there first"):
        prepare(tmp_path, tmp_path)
    with pytest.raises(MirrorFailed, match="No such file"):
        prepare(tmp_path / "none", tmp_path)
    prepare(small_disk(64 * 1024), tmp_path)


SYNCED = """
import sys
from pathlib import Path
from contract.values import Lane, parse_address
from kiosk.journal.mirror.folder import FolderMirror
lines = Path(sys.argv[2]).read_bytes().splitlines()
mirror = FolderMirror(Path(sys.argv[1]), parse_address("north/market/k7"), Lane.TILL)
mirror.keep(1, 1, lines[:1])
print("NOW", flush=True)
mirror.keep(1, 2, lines[1:2])
"""


def test_a_lone_fact_costs_one_sync(stick, tmp_path, facts):
    (tmp_path / "facts").write_bytes(b"\n".join(facts))
    argv = [sys.executable, "-c", SYNCED, str(stick), str(tmp_path / "facts")]
    trace = ["strace", "-f", "-e", "trace=write,pwrite64,fsync,fdatasync", *argv]
    done = subprocess.run(trace, capture_output=True, text=True, check=True)
    after = done.stderr.partition('"NOW')[2]
    calls = [line.partition("(")[0].split()[-1] for line in after.splitlines() if "sync(" in line or "pwrite" in line]
    assert calls == ["pwrite64", "fdatasync"]


SOLD = """
import sys
from pathlib import Path
from facts_of_a_day import sale
from kiosk.bootstrap import open_desk
desk = open_desk(Path(sys.argv[1]))
desk.record([sale("b0")])
desk.idle()
print("NOW", flush=True)
for number in range(8):
    desk.record([sale(f"c{number}")])
print("THEN", flush=True)
"""


def test_a_mirrored_sale_syncs_each_medium_once(stick, tmp_path):
    data, support = tmp_path / "data", str(Path(__file__).parent.parent / "support")
    data.mkdir()
    settings = f'clock = "system"\n[mirror]\nfolder = "{stick}"\nwait_s = 10\n'
    (data / "kiosk.toml").write_text(settings, "utf-8")
    trace = ["strace", "-f", "-y", "-e", "trace=write,fsync,fdatasync", sys.executable, "-c", SOLD, str(data)]
    environment = {**os.environ, "PYTHONPATH": support}
    done = subprocess.run(trace, capture_output=True, text=True, check=True, env=environment)
    sold = done.stderr.partition('"NOW')[2].partition('"THEN')[0]
    synced = re.findall(r"f(?:data)?sync\(\d+<([^>]*)>", sold)
    assert sorted(synced) == sorted([str(data / "till.db-wal"), str(stick / "demo/demo/k1/till@1.facts")] * 8)
