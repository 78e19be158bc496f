"""What ``make chaos`` runs: one result of three parts, and a failure of any is a failure of all."""

import json

import proof


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
