"""Folders that cannot be written: seen from a private mount namespace, for nothing else keeps root from writing."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kiosk_command import Done, Kiosk, environment

from kiosk.journal.bridge_lock import only_bridge

LIST = "sku,name,price\nA,Apple,1.20\n"
TICKETS = "t,time,item,price\n" + "".join(f"{n},2020-01-01,item {n},1\n" for n in range(4000))
REPLAY = "--ticket t --time time --item item --price price".split()
Inside = Callable[[str], Done]


@pytest.fixture(scope="module")
def inside() -> Inside:
    """Run a shell script as one that may mount, seen by nobody else; skips where that is not allowed."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]

    def run(script: str) -> Done:
        argv = [*unshare, "sh", "-euc", script]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120, env=environment())
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    if run("mount -t tmpfs tmpfs /mnt").status:
        pytest.skip("private mounts are not allowed here")
    return run


def test_a_folder_that_nobody_may_write_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST)
    done = Kiosk(Path("/sys/kernel/popup-kiosk"))("catalogue", "import", tmp_path / "list.csv")
    assert "make the folder writable" in done.complaint
    assert done.status == 1


def test_no_other_user_can_read_or_lock_what_a_kiosk_makes(kiosk: Kiosk, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LIST)
    (tmp_path / "tickets.csv").write_text(TICKETS)
    kiosk.data.mkdir()
    if as_root := os.geteuid() == 0:
        os.chown(kiosk.data, 65534, 65534)
    kiosk("catalogue", "import", tmp_path / "list.csv")
    kiosk("replay", tmp_path / "tickets.csv", *REPLAY)
    kiosk("backroom", "--once")
    with only_bridge(kiosk.data):
        made = sorted(kiosk.data.iterdir())
        assert {"till.db", "till.lock", "catalogue.db", "replay.lock", "bridge.lock"} <= {path.name for path in made}
        assert [path for path in made if path.stat().st_mode & 0o077] == []
        assert {path.stat().st_uid for path in made} == {65534 if as_root else os.geteuid()}


@pytest.mark.parametrize(
    "command", ["catalogue import list.csv", f"replay tickets.csv {' '.join(REPLAY)}", "stock count A 1"]
)
def test_a_folder_that_has_become_read_only_is_one_line(
    inside: Inside, kiosk: Kiosk, tmp_path: Path, command: str
) -> None:
    (tmp_path / "list.csv").write_text(LIST)
    (tmp_path / "tickets.csv").write_text(TICKETS)
    kiosk("catalogue", "import", tmp_path / "list.csv")
    shop = shlex.quote(str(kiosk.data))
    read_only = f"cd {tmp_path}; mount --bind {shop} {shop}; mount -o remount,bind,ro {shop}; "
    done = inside(read_only + shlex.join(kiosk.argv(*command.split())))
    assert "make the folder writable" in done.complaint
    assert done.status == 1


def test_a_disk_that_fills_up_midway_loses_nothing(inside: Inside, kiosk: Kiosk, tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(TICKETS)
    kiosk.data.mkdir()
    shop = shlex.quote(str(kiosk.data))
    replay = shlex.join(kiosk.argv("replay", tmp_path / "tickets.csv", *REPLAY))
    done = inside(
        f"mount -t tmpfs -o size=3m tmpfs {shop}; if {replay}; then exit 3; fi; "
        f"mount -o remount,size=100m {shop}; {replay}; {shlex.join(kiosk.argv('journal', 'verify'))}"
    )
    full, resumed = done.err.splitlines()
    assert "disk is full" in full
    assert "going on" in resumed
    assert '"tickets": 4000, "lines": 4000' in done.out
    assert "4008 facts, the chain is whole" in done.out  # the items came in by 500
