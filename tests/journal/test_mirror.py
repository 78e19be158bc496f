"""A second copy before "sold": what is waited for, what is not, and what is said."""

import random
import shutil
import threading
import time

import pytest
from facts_of_a_day import sale
from till_terminal import stock_desk
from waiting import wait_until

from contract.values import Epoch, Lane, parse_address
from kiosk.bootstrap import open_desk
from kiosk.journal.links import LinkStore
from kiosk.journal.mirror.copier import Copier
from kiosk.journal.mirror.folder import MARKER, FolderMirror
from kiosk.journal.mirror.mirrors import Mirrors
from kiosk.journal.outbox import Outbox
from mqtt_bridge.backoff import Backoff

HERE = parse_address("north/market/k7")
QUICK = Backoff(random.Random(1), min_s=0.01, max_s=0.02)  # noqa: S311 - jitter
LONG_S = 30.0  # longer than any test waits: what does not wait for it did not wait
SHORT_S = 0.2


@pytest.fixture
def mirrored(tmp_path, journal):
    """Return a function that mirrors the journal, waiting at most so long for a sale."""
    opened = []

    def start(mirror, wait_s=LONG_S, check_s=0.05):
        copier = Copier(mirror, Outbox(tmp_path, HERE), Lane.TILL, backoff=QUICK, check_s=check_s)
        opened.append(Mirrors([copier], wait_s))
        journal.after_commit = opened[-1].after_commit
        return opened[-1]

    yield start
    for mirrors in opened:
        mirrors.close()


class Hanging(FolderMirror):
    """A medium whose sync takes as long as a test likes."""

    def __init__(self, *args):
        super().__init__(*args)
        self.goes_on = threading.Event()
        self.goes_on.set()

    def keep(self, epoch, first, facts):
        assert self.goes_on.wait(LONG_S)
        super().keep(epoch, first, facts)


def lines(stick, epoch=1):
    path = stick / f"north/market/k7/till@{epoch}.facts"
    return path.read_bytes().splitlines() if path.exists() else []


def stored(journal, epoch=1):
    return [raw for _, raw in journal.stored(Epoch(epoch))]


def sell(journal, *names):
    journal.record([sale(name) for name in names])


def test_a_sale_is_on_both_when_it_is_shown_as_done(journal, stick, mirrored):
    mirrors = mirrored(FolderMirror(stick, HERE, Lane.TILL))
    for number in range(30):
        sell(journal, f"b{number}")
        assert lines(stick) == stored(journal)
    assert mirrors.warning({}) == ""


def test_an_empty_medium_is_filled_with_all_there_is(journal, stick, mirrored):
    sell(journal, *(f"b{number}" for number in range(700)))
    journal.raise_epoch(Epoch(1))
    sell(journal, "c1")
    mirrored(FolderMirror(stick, HERE, Lane.TILL))
    sell(journal, "c2")
    assert (lines(stick), lines(stick, 2)) == (stored(journal), stored(journal, 2))


def test_a_medium_that_hangs_costs_one_wait_and_is_said(journal, stick, mirrored):
    mirror = Hanging(stick, HERE, Lane.TILL)
    mirrors = mirrored(mirror, SHORT_S)
    mirror.goes_on.clear()
    sell(journal, "b1")
    assert lines(stick) == []
    assert "SALES ARE ON THIS CARD ONLY: the second medium" in mirrors.warning({})
    assert "does not answer: see that it is plugged in" in mirrors.warning({})
    began_s = time.monotonic()
    sell(journal, *"23456789")
    for number in range(20):
        sell(journal, f"c{number}")
    assert time.monotonic() - began_s < 20 * SHORT_S / 2
    mirror.goes_on.set()
    wait_until(lambda: not mirrors.warning({}), what="the mirror to catch up")
    assert lines(stick) == stored(journal)
    sell(journal, "d1")
    assert lines(stick) == stored(journal)


def test_a_medium_that_hangs_at_the_start_and_at_the_end_holds_nobody_up(tmp_path, journal, stick):
    class Stuck(Hanging):
        def newest(self):
            assert self.goes_on.wait(LONG_S)
            return super().newest()

    mirror = Stuck(stick, HERE, Lane.TILL)
    mirror.goes_on.clear()
    began_s = time.monotonic()
    mirrors = Mirrors([Copier(mirror, Outbox(tmp_path), Lane.TILL, backoff=QUICK)], SHORT_S)
    journal.after_commit = mirrors.after_commit
    sell(journal, "b1")
    assert "does not answer" in mirrors.warning({})
    mirrors.close()
    assert time.monotonic() - began_s < LONG_S / 3
    mirror.goes_on.set()


def test_a_medium_pulled_out_is_said_before_the_next_sale_and_filled_when_it_is_back(journal, stick, mirrored):
    mirrors = mirrored(FolderMirror(stick, HERE, Lane.TILL))
    sell(journal, "b1")
    (stick / MARKER).rename(stick / "away")
    told = wait_until(lambda: mirrors.warning({}), what="a warning")
    assert told == f"SALES ARE ON THIS CARD ONLY: the second medium {stick} is not there: put it back"
    began_s = time.monotonic()
    sell(journal, *"234")
    assert time.monotonic() - began_s < LONG_S / 3
    assert len(lines(stick)) == 1
    (stick / "away").rename(stick / MARKER)
    wait_until(lambda: not mirrors.warning({}), what="the mirror to catch up")
    assert lines(stick) == stored(journal)


def test_one_of_two_that_is_away_is_said_as_such(tmp_path, journal, stick):
    copiers = [
        Copier(FolderMirror(folder, HERE, Lane.TILL), Outbox(tmp_path), Lane.TILL, backoff=QUICK)
        for folder in (stick, tmp_path / "other")
    ]
    mirrors = Mirrors(copiers, LONG_S)
    journal.after_commit = mirrors.after_commit
    sell(journal, "b1")
    assert lines(stick) == stored(journal)
    assert mirrors.warning({}).startswith("ONE COPY LESS: the second medium")
    mirrors.close()


def test_what_another_process_recorded_comes_along(tmp_path, journal, open_journal, stick, mirrored):
    mirrored(FolderMirror(stick, HERE, Lane.TILL))
    other = open_journal()
    sell(other, "b1", "b2")
    wait_until(lambda: lines(stick) == stored(other), what="the other process's facts")


def test_two_processes_with_a_copier_each_do_not_disturb_each_other(tmp_path, open_journal, stick):
    def run(name):
        journal = open_journal()
        mirrors = Mirrors(
            [Copier(FolderMirror(stick, HERE, Lane.TILL), Outbox(tmp_path), Lane.TILL, backoff=QUICK)], LONG_S
        )
        journal.after_commit = mirrors.after_commit
        for number in range(40):
            sell(journal, f"{name}{number}")
        told.append(mirrors.warning({}))
        mirrors.close()

    told: list[str] = []
    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["", ""]
    assert lines(stick) == stored(open_journal())
    assert len(lines(stick)) == 80


def test_a_medium_exchanged_for_another_cards_is_told_apart_while_selling(journal, stick, mirrored):
    mirrors = mirrored(FolderMirror(stick, HERE, Lane.TILL))
    sell(journal, "b1", "b2")
    ours = lines(stick)
    theirs = [ours[0], ours[1].replace(b'"b2"', b'"b9"')]
    (stick / "theirs").write_bytes(b"".join(raw + b"\n" for raw in theirs))
    (stick / "theirs").rename(stick / "north/market/k7/till@1.facts")
    wait_until(lambda: mirrors.heard()[0].strayed, what="the other card's facts to be seen")
    sell(journal, "b3")
    assert lines(stick) == theirs
    assert "salvage" in mirrors.warning({1: 2})


def mirrored_desk(tmp_path, stick):
    data_dir = tmp_path / "data"
    data_dir.mkdir(exist_ok=True)
    (data_dir / "kiosk.toml").write_text(
        f'region = "north"\nsite = "market"\nkiosk = "k7"\nclock = "system"\n[mirror]\nfolder = "{stick}"\nwait_s = 5\n'
    )
    return stock_desk(data_dir)


def forget_journal(data_dir):
    for suffix in ("", "-wal", "-shm"):
        (data_dir / f"till.db{suffix}").unlink(missing_ok=True)


def test_a_new_card_learns_from_the_mirror_which_numbers_are_taken(tmp_path, stick):
    desk = mirrored_desk(tmp_path, stick)
    desk.record([sale("b1"), sale("b2")])
    desk.close()
    before = lines(stick)
    forget_journal(tmp_path / "data")
    desk = open_desk(tmp_path / "data")
    assert desk.record([sale("b3")])[0].receipt == "k7-2-1"
    assert f"run `kiosk journal salvage {stick}`" in desk.warning()
    assert (lines(stick), len(lines(stick, 2))) == (before, 1)
    desk.close()
    desk = open_desk(tmp_path / "data")
    assert f"run `kiosk journal salvage {stick}`" in desk.warning()
    store = LinkStore(tmp_path / "data" / "link.db")
    store.save_acks({"till@1": 2, "till@2": 1}, incarnation=1, at=desk.clock.stamp().at)
    assert "salvage" not in desk.warning()
    assert "epoch 2" in desk.warning(), "it stays until the new life has rights"
    store.close()
    desk.close()


def test_a_card_restored_from_a_backup_that_sold_on_is_told_apart(tmp_path, stick):
    data_dir, backup = tmp_path / "data", tmp_path / "backup.db"
    desk = mirrored_desk(tmp_path, stick)
    desk.record([sale("b1")])
    desk.close()
    shutil.copyfile(data_dir / "till.db", backup)
    desk = open_desk(data_dir)
    desk.record([sale("b2")])
    desk.close()
    forget_journal(data_dir)
    shutil.copyfile(backup, data_dir / "till.db")
    (stick / MARKER).rename(stick / "away")
    desk = open_desk(data_dir)
    assert desk.record([sale("b3")])[0].receipt == "k7-1-2"
    (stick / "away").rename(stick / MARKER)
    wait_until(lambda: "salvage" in desk.warning(), what="the mirror to be compared")
    assert desk.record([sale("b4")])[0].receipt == "k7-2-1"
    assert len(lines(stick, 2)) == 1
    assert b'"b2"' in lines(stick)[1]
    desk.close()


def test_a_mirror_that_is_away_lets_the_till_start_and_sell(tmp_path):
    desk = mirrored_desk(tmp_path, tmp_path / "nowhere")
    assert desk.record([sale("b1")])[0].receipt == "k7-1-1"
    assert "put it back" in desk.warning()
    desk.close()


def test_a_copier_that_breaks_is_said(journal, stick, mirrored, monkeypatch):
    broke: list[object] = []
    monkeypatch.setattr(threading, "excepthook", broke.append)

    class Broken(FolderMirror):
        def keep(self, epoch, first, facts):
            raise RuntimeError("a fault of ours")

    mirrors = mirrored(Broken(stick, HERE, Lane.TILL))
    sell(journal, "b1")
    assert "broke: start the till again" in mirrors.warning({})
    wait_until(lambda: broke, what="the fault to be reported")
