"""Disks that are full or read-only: said in words, nothing half-written, and it works again once there is room."""

import pytest
from facts_of_a_day import sale

from contract.values import Epoch
from kiosk.bootstrap import open_desk
from kiosk.journal.errors import StorageFailed


def fill(folder):
    """Leave no room on a small disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out:
        try:
            while out.write(b"\0" * 4096):
                pass
        except OSError:
            return filler


def sell_on(desk):
    """Sell until it fails; what is left of the log's last page may take a few."""
    for number in range(1000):
        desk.record([sale(f"full-{number}")])


def test_a_full_disk_is_said_before_and_refused_whole(small_disk):
    folder = small_disk(40 * 2**20)
    desk = open_desk(folder)
    desk.record([sale("b1")])
    assert desk.storage_problem() == ""
    filler = fill(folder)
    assert "sales cannot be stored" in desk.storage_problem()
    with pytest.raises(StorageFailed, match="free space"):
        sell_on(desk)
    stored = [seq for seq, _ in desk.journal.stored(Epoch(1))]
    assert stored == list(range(1, len(stored) + 1))
    filler.unlink()
    assert desk.storage_problem() == ""
    assert desk.record([sale("b2")])[0].receipt == f"k1-1-{len(stored) + 1}"
    desk.close()


def test_a_disk_that_is_nearly_full_is_said_and_still_sells(small_disk):
    desk = open_desk(small_disk(16 * 2**20))
    assert "nearly full" in desk.storage_problem()
    assert desk.record([sale("b1")])[0].receipt == "k1-1-1"
    desk.close()


def test_a_folder_without_room_at_all_is_refused(small_disk):
    folder = small_disk(2**16)
    fill(folder)
    with pytest.raises(StorageFailed, match="free space"):
        open_desk(folder)


def test_a_read_only_folder_is_refused(tmp_path, read_only):
    desk = open_desk(tmp_path / "data")
    desk.record([sale("b1")])
    desk.close()
    read_only(tmp_path / "data")
    with pytest.raises(StorageFailed, match="cannot write"):
        open_desk(tmp_path / "data").record([sale("b2")])


def test_files_are_private(tmp_path):
    open_desk(tmp_path / "data").close()
    assert oct((tmp_path / "data" / "till.db").stat().st_mode & 0o777) == "0o600"
