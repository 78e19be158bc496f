"""A mirrored seller killed at random: what was shown as done is on both media, and on one if the other is gone."""

import random
import subprocess
import sys
from pathlib import Path

from till_terminal import stock_desk

from contract.codec import verify_chain
from contract.facts import SaleRecorded
from contract.values import Epoch
from kiosk.bootstrap import open_desk
from kiosk.journal.mirror.folder import prepare

KILLS = 20
VICTIM = Path(__file__).parent.parent / "support" / "counter_victim.py"
SETTINGS = 'clock = "system"\n[mirror]\nfolder = "{}"\nwait_s = 10\n'  # so that every sale waits until it is kept


def sold_until_killed(data_dir, seed, sales):
    """Return the receipts that the victim showed as sold until it was killed, after at least ``sales`` of them."""
    argv = ["setpriv", "--pdeathsig", "KILL", sys.executable, VICTIM, data_dir, str(seed)]
    said: list[str] = []
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as victim:
        assert victim.stdout
        assert victim.stderr
        while sum(line.startswith("SOLD") for line in said) < sales and (line := victim.stdout.readline()):
            said.append(line)
        victim.kill()
        said += [line for line in victim.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        assert "Traceback" not in victim.stderr.read()
    return [line.split()[1] for line in said if line.startswith("SOLD")]


def receipts(lines):
    facts = [fact.data for fact in verify_chain(enumerate(lines, 1))]
    return [data.receipt for data in facts if isinstance(data, SaleRecorded)]


def test_killed_twenty_times_everything_shown_is_on_both_media(tmp_path):
    data_dir, stick, rng = tmp_path / "data", tmp_path / "stick", random.Random(20261123)  # noqa: S311 - when to kill
    stick.mkdir()
    data_dir.mkdir()
    prepare(stick, data_dir, same_disk=True)
    (data_dir / "kiosk.toml").write_text(SETTINGS.format(stick), "utf-8")
    stock_desk(data_dir).close()
    copy, shown = stick / "demo/demo/k1/till@1.facts", list[str]()
    behind = 0
    for kill in range(KILLS):
        shown += sold_until_killed(data_dir, kill, rng.randint(1, 12))
        kept = copy.read_bytes().split(b"\n")[:-1]
        assert set(shown) <= set(receipts(kept)), "a sale shown as done is not on the second medium"
        if kill % 4 == 3:  # a start heals what is behind; so does the next victim's
            desk = open_desk(data_dir)
            assert desk.warning() == ""
            stored = [raw for _, raw in desk.journal.stored(Epoch(1))]
            desk.close()
            behind += len(stored) - len(kept)
            assert stored[: len(kept)] == kept
            assert set(shown) <= set(receipts(stored)), "a sale shown as done is not on the first"
            assert copy.read_bytes().split(b"\n")[:-1] == stored
    assert len(set(shown)) == len(shown) >= KILLS
    assert behind <= KILLS  # at most the sale that the kill came into, which nobody was shown
    for suffix in ("", "-wal", "-shm"):
        (data_dir / f"till.db{suffix}").unlink(missing_ok=True)
    assert set(shown) <= set(receipts(copy.read_bytes().split(b"\n")[:-1]))
    desk = open_desk(data_dir)
    assert desk.journal.epoch == 2
    assert "kiosk journal salvage" in desk.warning()
    desk.close()
