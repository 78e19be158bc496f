"""What ``make chaos`` runs: one result of three parts, and a failure of any is a failure of all."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import proof
import pytest
from hostile.attack import outcome
from hostile.report import Report
from size import DEFAULT, UsedWrongly, read_size
from waiting import wait_until


def test_a_storm_that_ends_without_a_result_is_a_failure():
    status, result = proof.storm({"CHAOS_FACTS": "many", "PATH": "/usr/bin:/bin"})
    assert status == 1
    assert "without a result" in result["storm"]


def test_the_parts_come_together_in_one_result(monkeypatch, capsys):
    monkeypatch.setattr(proof, "storm", lambda env: (0, {"facts": 7, "seed": env["CHAOS_SEED"]}))
    assert proof.main({"CHAOS_SEED": "3", "CHAOS_CUTS": "30", "CHAOS_HOSTILE": "200"}) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1].removeprefix("RESULT "))
    assert (said["facts"], said["seed"], said["power_cuts"]["cuts"]) == (7, "3", 30)
    assert {said["hostile"][part]["sent"] >= 200 for part in ("hub", "kiosk")} == {True}


def test_one_part_that_fails_fails_all(monkeypatch, capsys):
    monkeypatch.setattr(proof, "storm", lambda _: (0, {}))
    monkeypatch.setattr(proof, "power_cuts", lambda *_: (False, {"wrong": {"missing": 1}}))
    assert proof.main({"CHAOS_CUTS": "1", "CHAOS_HOSTILE": "0"}) == 1
    assert json.loads(capsys.readouterr().out.removeprefix("RESULT "))["power_cuts"]["wrong"] == {"missing": 1}


def test_a_part_that_breaks_down_is_told_in_the_result(monkeypatch, capsys):
    def break_down(*_):
        raise OSError("no strace here")

    monkeypatch.setattr(proof, "storm", lambda _: (0, {"facts": 7}))
    monkeypatch.setattr(proof, "power_cuts", break_down)
    assert proof.main({"CHAOS_CUTS": "1", "CHAOS_HOSTILE": "0"}) == 1
    said = json.loads(capsys.readouterr().out.removeprefix("RESULT "))
    assert said["facts"] == 7
    assert "no strace here" in said["power_cuts"]["failed"]


def test_what_a_hostile_peer_brings_down_has_crashed():
    brought_down: Future[Report] = Future()
    brought_down.set_exception(RecursionError("too deep"))
    report = outcome(brought_down, "hub")
    assert (report.crashes, report.held) == (1, False)
    assert "too deep" in report.wrong[0]


def test_what_is_not_set_has_its_default():
    assert read_size({"CHAOS_KILLS": "", "CHAOS_SEED": "3"}) == DEFAULT._replace(seed=3)
    assert read_size({"PATH": "/bin", "CHAOS_FACTS": "5", "CHAOS_CUTS": "0"})[:4] == (5, 60, 0, 100_000)
    assert read_size({}).seed >= 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHAOS_FACTS", "many"),
        ("CHAOS_FACTS", "0"),
        ("CHAOS_KILLS", "-1"),
        ("CHAOS_CUTS", "1e3"),
        ("CHAOS_HOSTILE", "0.5"),
        ("CHAOS_SEED", "x"),
        ("CHAOS_SEED", "²"),
        ("CHAOS_FACT", "20"),
    ],
)
def test_a_variable_that_says_what_cannot_be_is_refused_by_name_before_anything_runs(name, text, monkeypatch, capsys):
    monkeypatch.setattr(proof, "storm", lambda _: pytest.fail("it ran"))
    with pytest.raises(UsedWrongly, match=name):
        read_size({name: text})
    assert proof.main({name: text}) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("chaos: ")
    assert len(said.err.splitlines()) == 1


def test_ctrl_c_ends_it_with_one_sentence_and_leaves_nothing_behind(tmp_path, repo_root):
    """A terminal sends the signal to all of them at once."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CHAOS_")}
    env |= {"PYTHONPATH": str(repo_root / "tests" / "support"), "TMPDIR": str(tmp_path)}
    heard = tmp_path / "heard"
    with heard.open("w") as errors:
        run = subprocess.Popen(
            [
                "env",
                "--default-signal=INT",
                sys.executable,
                repo_root / "tests/chaos/proof.py",
            ],  # whatever our own does
            env=env,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    with run:
        wait_until(lambda: "the shops are open" in heard.read_text(), what="the storm to begin", deadline_s=60)
        os.killpg(run.pid, signal.SIGINT)
        said, _ = run.communicate(timeout=60)
    assert (run.returncode, said) == (proof.STOPPED, b"")
    assert heard.read_text().splitlines()[-1] == "chaos: stopped before its end, so nothing is proven"
    assert "Traceback" not in heard.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["heard"]
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mentions(path, tmp_path)]


def mentions(cmdline, folder):
    try:
        return bytes(folder) in cmdline.read_bytes()
    except OSError:  # it has just ended
        return False
