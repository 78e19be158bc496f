"""The model of a disk against a plainer one: lists of whole versions, and no choice."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from powercut.blocks import SECTOR
from powercut.disk import Disk, Names
from powercut.ops import ROOT, Make, Map, Name, Op, Resize, Sync, Tree, Write

Change = Write | Resize | Sync
Step = tuple[str, int | None, bool]
MAX_BYTES = 4 * SECTOR
FILES = (1, 2)

seeds = st.integers(0, 2**32)
files = st.sampled_from(FILES)
writes = st.builds(
    lambda file, offset, length, byte: Write(file, offset, bytes([byte]) * length),
    files,
    st.integers(0, MAX_BYTES),
    st.integers(1, 2 * SECTOR),
    st.integers(1, 255),
)
changes = st.lists(
    st.one_of(writes, writes, st.builds(Resize, files, st.integers(0, MAX_BYTES)), st.builds(Sync, files))
)
entries = st.sampled_from(["a", "b", "c"])


def named(file: int | None, name: str) -> Name:
    return Name(((ROOT, name, file),))


def disk_with_files(*ops: Op) -> Disk:
    disk = Disk()
    for file in FILES:
        disk.apply(Make(file))
        disk.apply(named(file, str(file)))
    for op in (Sync(ROOT), *ops):
        disk.apply(op)
    return disk


def versions_since_sync(ops: list[Change], file: int) -> list[bytes]:
    """Return every content that the file had since its last sync, oldest first."""
    versions = [b""]
    for op in ops:
        if op.file != file:
            continue
        content = versions[-1]
        match op:
            case Write(_, offset, data):
                content = content.ljust(offset, b"\0")
                versions.append(content[:offset] + data + content[offset + len(data) :])
            case Resize(_, length):
                versions.append(content[:length].ljust(length, b"\0"))
            case Sync():
                versions = [content]
    return versions


def sector_of(content: bytes, number: int) -> bytes:
    return content[number * SECTOR :][:SECTOR].ljust(SECTOR, b"\0")


@given(changes)
def test_while_the_power_is_on_a_reader_sees_every_change(ops: list[Change]) -> None:
    newest = {str(file): versions_since_sync(ops, file)[-1] for file in FILES}
    assert disk_with_files(*ops).newest() == newest


@given(changes, seeds)
def test_what_was_synced_is_there(ops: list[Change], seed: int) -> None:
    disk = disk_with_files(*ops, *map(Sync, FILES))
    fallen = disk.cut(random.Random(seed))
    assert fallen.tree == disk.newest()
    assert not fallen.losses.bit
    assert not fallen.losses.torn_writes


@given(changes, seeds)
def test_a_sector_holds_a_version_that_it_had_since_the_sync(ops: list[Change], seed: int) -> None:
    tree = disk_with_files(*ops).cut(random.Random(seed)).tree
    for file in FILES:
        versions = versions_since_sync(ops, file)
        content = held(tree, str(file))
        assert min(map(len, versions)) <= len(content) <= max(map(len, versions))
        for number in range(len(content) // SECTOR):
            assert sector_of(content, number) in {sector_of(version, number) for version in versions}


@given(changes, seeds)
def test_a_cut_tells_the_same_twice_and_leaves_the_disk_as_it_was(ops: list[Change], seed: int) -> None:
    disk = disk_with_files(*ops)
    first, before = disk.cut(random.Random(seed)), disk.newest()
    assert disk.cut(random.Random(seed)) == first
    assert disk.newest() == before


@given(changes, seeds)
def test_losses_are_told_where_anything_differs_from_the_newest(ops: list[Change], seed: int) -> None:
    disk = disk_with_files(*ops)
    fallen = disk.cut(random.Random(seed))
    cut_short = any(len(held(fallen.tree, name)) != len(held(disk.newest(), name)) for name in fallen.tree)
    assert fallen.tree == disk.newest() or fallen.losses.bit or cut_short


@given(st.lists(st.tuples(entries, st.integers(1, 6) | st.none(), st.booleans())), seeds)
def test_a_name_stands_for_what_it_stood_for_since_the_folder_was_synced(steps: list[Step], seed: int) -> None:
    disk = Disk()
    for file in range(1, 7):
        for op in (Make(file), Write(file, 0, bytes([file])), Sync(file)):
            disk.apply(op)
    stood_for: dict[str, list[bytes | None]] = {name: [None] for name in "abc"}
    for name, stands_for, synced in steps:
        disk.apply(named(stands_for, name))
        stood_for[name].append(bytes([stands_for]) if stands_for else None)
        if synced:
            disk.apply(Sync(ROOT))
            stood_for = {key: [values[-1]] for key, values in stood_for.items()}
    tree = disk.cut(random.Random(seed)).tree
    for name, values in stood_for.items():
        assert tree.get(name) in values


@pytest.mark.parametrize("then", [Sync(3), Sync(2)])
@given(seed=seeds)
def test_a_file_that_moves_is_never_in_neither_place(seed: int, then: Sync) -> None:
    disk = disk_with_files(Make(3, is_folder=True), named(3, "folder"), Sync(ROOT))
    disk.apply(Name(((ROOT, "1", None), (3, "new", 1))))
    disk.apply(then)
    tree = disk.cut(random.Random(seed)).tree
    assert ("1" in tree) + ("folder/new" in tree) == 1
    assert "folder/new" in tree or then != Sync(3)


def held(tree: Tree, name: str) -> bytes:
    content = tree[name]
    assert content is not None
    return content


def outcomes(disk: Disk, cuts: int = 500) -> list[Tree]:
    return [disk.cut(random.Random(seed)).tree for seed in range(cuts)]


def test_a_new_name_is_at_chance_until_the_folder_is_synced() -> None:
    for rule, lost in ((Names.FOLDER, True), (Names.WITH_FILE, False)):
        disk = Disk(rule)
        for op in (Make(1), named(1, "new"), Write(1, 0, b"x"), Sync(1)):
            disk.apply(op)
        assert any("new" not in tree for tree in outcomes(disk)) is lost
        assert all(tree.get("new", b"x") == b"x" for tree in outcomes(disk))


def test_a_folder_that_is_lost_takes_all_in_it_along() -> None:
    disk = Disk()
    for op in (Make(1, is_folder=True), named(1, "folder"), Make(2), Name(((1, "file", 2),)), Sync(2), Sync(1)):
        disk.apply(op)
    assert {tuple(tree) for tree in outcomes(disk)} == {(), ("folder", "folder/file")}


def test_what_was_done_to_a_name_before_a_synced_move_is_not_done_after_it() -> None:
    disk = disk_with_files(Make(3, is_folder=True), named(3, "folder"), Sync(ROOT), Name(((3, "there", 1),)))
    disk.apply(Name(((ROOT, "2", None), (3, "there", 2))))
    disk.apply(Write(2, 0, b"moved"))
    disk.apply(Sync(2))
    disk.apply(Sync(ROOT))
    assert {held(tree, "folder/there") for tree in outcomes(disk)} == {b"moved"}


def test_every_mixture_of_versions_happens() -> None:
    pages = [bytes([byte]) * (3 * SECTOR) for byte in (1, 2, 3)]
    disk = disk_with_files(Write(1, 0, pages[0]), Sync(1), Write(1, 0, pages[1]), Write(1, 0, pages[2]))
    seen = {held(tree, "1")[::SECTOR] for tree in outcomes(disk, 3000)}
    assert seen == {bytes(mixture) for mixture in itertools.product((1, 2, 3), repeat=3)}


def test_what_grew_unsynced_has_any_length_and_may_read_as_zeros() -> None:
    disk = disk_with_files(Write(1, 0, b"a" * SECTOR), Sync(1), Write(1, SECTOR, b"b" * SECTOR))
    contents = {held(tree, "1") for tree in outcomes(disk)}
    assert {SECTOR, 2 * SECTOR} < {len(content) for content in contents}
    assert b"a" * SECTOR + bytes(SECTOR) in contents
    assert all(content.startswith(b"a" * SECTOR) for content in contents)


def test_a_file_mapped_for_sharing_holds_anything() -> None:
    disk = disk_with_files(Map(1), Write(1, 0, b"x"), Sync(1))
    assert len({held(tree, "1") for tree in outcomes(disk, 50)}) > 10
