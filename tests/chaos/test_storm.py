"""A small storm, whole; and what decides when it strikes and what counts as a fault."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from disks import CANNOT_MOUNT
from storm import disk
from storm.conductor import NEMESES, WEIGHTS, Conductor, _Active
from storm.nemeses_link import ClockJump
from storm.nemesis import Nemesis
from storm.orders import Orders, read_number, write_number
from storm.result import DEFAULT_FACTS, DEFAULT_KILLS, Result, faults
from storm.schedule import KILLS_A_DISTURBANCE, MOST_STRIKES, Strike, draw, once_more
from storm.worker import StormError, Worker
from waiting import wait_until

KILLERS = {"kill_seller": 5, "kill_hub": 2, "power_cut": 1}
OTHERS = ("wire_cut", "disk_full")
GOOD = Result(
    facts=20_000,
    kills=60,
    lost=0,
    doubled=0,
    redelivered=7,
    chain_ok=True,
    bites={"kill_hub": 1, "wire_cut": 3},
    seed=1,
    seconds=100.0,
    sales=17_000,
    refunds=1_000,
    refused=5,
    unsent=0,
    findings=["note: of no weight"],
)


@pytest.fixture(scope="module")
def storm(repo_root: Path) -> subprocess.CompletedProcess[str]:
    """One small storm, as people run it."""
    size = {"CHAOS_FACTS": "700", "CHAOS_KILLS": "7", "CHAOS_SEED": "45"}
    path = os.pathsep.join([str(repo_root / "tests" / "chaos"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "storm"],
        env={**os.environ, **size, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_small_storm_loses_and_doubles_nothing(storm):
    assert storm.returncode == 0, storm.stderr
    word, _, rest = storm.stdout.splitlines()[-1].partition(" ")
    result = msgspec.json.decode(rest, type=Result)
    assert word == "RESULT"
    assert (result.lost, result.doubled, result.chain_ok, result.unsent) == (0, 0, True, 0)
    assert (result.oversold, result.i2_violations, result.overdrafts_beyond, result.promises_broken) == (0, 0, 0, 0)
    assert result.overdrafts > 0
    assert (result.kills, result.seed) == (7, 45)
    assert result.facts >= 700
    assert result.sales + result.refunds >= 200
    assert sum(result.bites[name] for name in ("kill_hub", "hub_restored", "hub_promoted")) > 0
    assert result.bites["reimaged"] > 0
    assert all(result.bites[act] > 0 for act in ("holds", "promises_told", "shelves_counted", "rights_granted"))


def test_a_good_storm_leaves_nothing_behind(storm):
    folder = Path(storm.stderr.splitlines()[0].rpartition(" in ")[2])
    assert folder.name.startswith("popup-storm-")
    assert not folder.exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()


def test_a_small_storm_strikes_the_disks_where_it_can(storm):
    if f"left out: {disk.CANNOT_MOUNT}" in storm.stderr:
        pytest.skip(CANNOT_MOUNT)
    bites = json.loads(storm.stdout.splitlines()[-1].partition(" ")[2])["bites"]
    assert {"disk_full", "disk_read_only"} <= bites.keys()


def test_a_seed_gives_the_same_strikes_and_another_gives_others():
    one, again, other = (draw(60, seed, killers=KILLERS, others=OTHERS) for seed in (1, 1, 2))
    assert one == again
    assert [strike.name for strike in one] != [strike.name for strike in other]


@pytest.mark.parametrize("kills", [0, 1, 3, 12, 60, 500])
def test_as_many_kills_are_drawn_as_were_asked_for_and_every_disturbance(kills):
    drawn = Counter(strike.name for strike in draw(kills, 7, killers=KILLERS, others=OTHERS))
    assert sum(drawn[name] for name in KILLERS) == kills
    assert {drawn[name] for name in OTHERS} == {max(1, kills // KILLS_A_DISTURBANCE)}
    assert all(drawn[name] for name in KILLERS) or kills < len(KILLERS)


def test_strikes_are_due_in_order_while_something_is_sold():
    due = [strike.due for strike in draw(60, 7, killers=KILLERS, others=OTHERS)]
    assert due == sorted(due)
    assert min(due) > 0
    assert max(due) < 1


def test_a_nemesis_that_never_bit_strikes_again_at_once():
    again = once_more("wire_cut", strikes=4, bites=0, to_come=["disk_full"], salt=9)
    assert again == [Strike(0.0, "wire_cut", 9)]


@pytest.mark.parametrize(("facts", "more"), [(DEFAULT_FACTS, ["wire_cut"]), (DEFAULT_FACTS - 1, [])])
def test_only_a_run_of_default_size_insists(tmp_path, facts, more):
    world = SimpleNamespace(mounts=False, facts=facts, folder=tmp_path)
    conductor = Conductor(world, 0, 1, print)
    conductor._plan.clear()
    nemesis = conductor.nemeses["wire_cut"]
    conductor._active.append(_Active(nemesis, iter(()), set(), 0.0))
    conductor._step()
    assert [strike.name for strike in conductor._plan] == more


@pytest.mark.parametrize(
    "known",
    [
        {"strikes": 4, "bites": 1, "to_come": []},
        {"strikes": 4, "bites": 0, "to_come": ["wire_cut"]},
        {"strikes": MOST_STRIKES, "bites": 0, "to_come": []},
    ],
    ids=["it bit", "more are to come", "it strikes in vain"],
)
def test_a_nemesis_strikes_again_only_while_it_may_help(known):
    assert once_more("wire_cut", **known, salt=9) == []


def test_a_card_that_is_away_says_nothing_of_clocks(tmp_path):
    world = SimpleNamespace(kiosks=[SimpleNamespace(journal=tmp_path / "away.db")])
    assert ClockJump(world).bites == 0


@pytest.mark.parametrize(("clones", "moved"), [([], True), (["a copy"], False)])
def test_the_clock_of_the_hub_is_left_alone_once_a_card_was_copied(tmp_path, clones, moved):
    kiosk, hub = (SimpleNamespace(shift=tmp_path / name) for name in ("kiosk", "hub"))
    jump = ClockJump(SimpleNamespace(hub=hub, clones=clones))
    for seed in range(20):
        next(jump.strike(random.Random(seed), kiosk))
    assert kiosk.shift.exists()
    assert hub.shift.exists() == moved


def test_what_is_killed_more_often_is_a_nemesis_that_kills():
    names = [kind.name for kind in NEMESES]
    assert len(set(names)) == len(names)
    assert WEIGHTS.keys() <= {kind.name for kind in NEMESES if kind.kills}


@pytest.mark.parametrize(
    ("committed", "waiting", "goes_on"),
    [(Counter(k1=5), 3, True), (Counter(k1=6), 2, False), (Counter(k1=4), 4, False), (Counter(k1=5), 0, False)],
    ids=["nothing new", "it commits", "other books", "it has all"],
)
def test_the_hub_is_left_alone_until_it_commits_again(committed, waiting, goes_on):
    books = [Counter(k1=5), committed]
    hub = SimpleNamespace(committed=lambda: books.pop(0))
    steps = Nemesis(SimpleNamespace(hub=hub, waiting=lambda: waiting, facts=DEFAULT_FACTS)).until_heard()
    assert (next(steps, "heard") is None) == goes_on


def test_a_storm_that_kept_every_promise_has_no_fault():
    assert not faults(GOOD, facts=DEFAULT_FACTS, kills=DEFAULT_KILLS, absent={})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"lost": 1}, "1 lost"),
        ({"doubled": 2}, "2 doubled"),
        ({"chain_ok": False}, "a chain is broken"),
        ({"oversold": 2}, "2 oversold"),
        ({"i2_violations": 4}, "rights are off by 4"),
        ({"overdrafts_beyond": 5}, "5 overdrafts of goods that nobody had in hand without rights"),
        ({"promises_broken": 6}, "6 promises broken"),
        ({"unsent": 3}, "3 facts never reached the hub"),
        ({"kills": 59}, "59 of 60 kills"),
        ({"findings": ["lost: the sale k1-1-7"]}, "lost: the sale k1-1-7"),
        ({"bites": {"kill_hub": 1, "wire_cut": 0}}, "wire_cut never bit"),
    ],
    ids=str,
)
def test_a_broken_promise_is_a_fault(broken, said):
    result = msgspec.structs.replace(GOOD, **broken)
    assert faults(result, facts=DEFAULT_FACTS, kills=DEFAULT_KILLS, absent={}) == [said]


def test_a_nemesis_that_never_bit_is_no_fault_of_a_small_storm():
    idle = msgspec.structs.replace(GOOD, bites={"wire_cut": 0})
    assert not faults(idle, facts=600, kills=12, absent={"disk_full": CANNOT_MOUNT})


def test_a_default_storm_without_its_disks_says_so():
    said = faults(GOOD, facts=DEFAULT_FACTS, kills=DEFAULT_KILLS, absent={"disk_full": CANNOT_MOUNT})
    assert said == ["disk_full could not strike: this user cannot mount"]


def test_orders_come_back_as_they_were_given():
    at = Path("/somewhere")
    files = (at / name for name in ("data", "diary", "pulse", "pace", "shift", "phase", "shelf"))
    place = {"site": "here", "kiosk": "k1", "sites": ["here", "there"], "neighbours": {"k2": at}, "counts": True}
    orders = Orders(*files, share=5, seed=1, bold=0.5, **place)  # type: ignore[misc]
    assert Orders.from_json(orders.to_json()) == orders


def test_a_small_number_replaces_a_large_one_whole(tmp_path):
    path = tmp_path / "number"
    assert read_number(path) == 0
    for number in (123456, -10800, 0.25, 0):
        write_number(path, number)
        assert read_number(path) == number


@pytest.fixture
def worker(tmp_path):
    made = Worker("sleeper", ["sh", "-c", "echo awake; while :; do sleep 0.1; done"], tmp_path)
    made.start()
    yield made
    made.end()


def test_a_process_that_ends_by_itself_fails_the_storm_with_its_last_words(tmp_path):
    worker = Worker("talker", ["sh", "-c", "echo the disk is gone; exit 3"], tmp_path)
    worker.start()
    wait_until(lambda: worker.ended is not None, what="the talker's end")
    with pytest.raises(StormError, match=r"(?s)talker ended by itself with status 3.*the disk is gone"):
        worker.must_run()
    with pytest.raises(StormError, match="ended by itself"):
        worker.kill()


def test_a_killed_process_is_no_failure(worker):
    worker.kill()
    worker.must_run()
    assert worker.ended == -9


def test_a_paused_process_stands_still_until_it_is_resumed(worker):
    worker.pause()
    assert worker._state() == "T"
    worker.resume()
    assert worker._state() != "T"


def test_a_process_that_does_not_end_in_order_fails_the_storm(worker):
    with pytest.raises(StormError, match="sleeper was told to end and did so with status -15"):
        worker.stop()


STARTER = """
import sys, time
from pathlib import Path
from storm.worker import Worker
worker = Worker("orphan", ["sleep", "100"], Path(sys.argv[1]))
worker.start()
print(worker.pid, flush=True)
sys.stdin.read()
"""


def test_a_process_dies_with_the_storm_even_if_that_is_killed(tmp_path, repo_root):
    env = {**os.environ, "PYTHONPATH": str(repo_root / "tests" / "chaos")}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, tmp_path], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout
        stat = Path(f"/proc/{starter.stdout.readline().strip()}/stat")
        assert stat.exists()
        starter.kill()
    wait_until(lambda: not stat.exists() or ") Z " in stat.read_text(), what="the orphan's end", deadline_s=60)
