"""A hostile peer in small; ``run`` in large is part of the chaos runs. Then that each of its checks can fail."""

import logging
from collections import Counter
from pathlib import Path

import pytest
from hostile import at_hub
from hostile.at_hub import attack_hub
from hostile.at_kiosk import attack_kiosk
from hostile.attack import run
from hostile.report import MAX_GROWTH_MB, MAX_LINES, Memory, Report

from hub.intake.arrivals import Message
from hub.intake.ingest import Ingest, Outcome
from hub.store.bounds import Bounds
from mqtt_bridge.pump import Pump

FEW = 500  # enough for every way to speak at least once


def test_hub_and_kiosk_bear_a_hostile_peer(tmp_path: Path) -> None:
    both = run(1500, 7, tmp_path)
    assert both.held, both
    assert both.hub.sent >= 1500
    assert both.kiosk.sent >= 1500
    assert set(both.hub.fates) == {
        "unheard",
        "heard",
        "gapped",
        "repeated",
        "taken",
        "forked",
        "quarantined",
        "refused",
    }
    assert set(both.kiosk.fates) == {"heard", "taken", "repeated", "gapped", "outdated", "refused"}
    assert min(both.hub.honest, both.kiosk.honest) > 5


def test_the_same_seed_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (attack_hub(300, 3, tmp_path / name) for name in ("one", "two"))
    assert (one.fates, one.rows) == (two.fates, two.rows)


def swallow(ingest: Ingest) -> None:
    """Repeats are not counted."""
    take = ingest.take

    def taken(messages: list[Message]) -> Outcome:
        outcome = take(messages)
        del ingest.fates["repeated"]
        return outcome

    ingest.take = taken  # type: ignore[method-assign, assignment]


def count_twice(ingest: Ingest) -> None:
    take = ingest.take

    def taken(messages: list[Message]) -> Outcome:
        outcome = take(messages)
        ingest.fates["refused"] += 1
        return outcome

    ingest.take = taken  # type: ignore[method-assign, assignment]


def lose_answers(ingest: Ingest) -> None:
    take = ingest.take

    def taken(messages: list[Message]) -> Outcome:
        return Outcome(told=take(messages).told)

    ingest.take = taken  # type: ignore[method-assign, assignment]


def accept_everybody(ingest: Ingest) -> None:
    """No bound for kiosks that nobody has heard of."""
    ingest._limits = Bounds()


def apply_twice(ingest: Ingest) -> None:
    """The honest kiosk's sale is on the receipts once more."""
    take = ingest.take

    def taken(messages: list[Message]) -> Outcome:
        outcome = take(messages)
        with ingest._store.write() as connection:
            connection.exec_driver_sql("UPDATE accounts SET sold = sold + 1 WHERE site = 'market'")
        return outcome

    ingest.take = taken  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize(
    ("alter", "shows"),
    [
        (swallow, "unaccounted"),
        (count_twice, "unaccounted"),
        (lose_answers, "late"),
        (apply_twice, "wrong"),
    ],
)
def test_a_hub_that_does_wrong_does_not_hold(tmp_path: Path, alter: object, shows: str) -> None:
    report = attack_hub(FEW, 5, tmp_path, alter)
    assert not report.held
    assert getattr(report, shows)


def test_a_table_that_grows_without_bound_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_hub, "LIMITS", Bounds(kiosks=5))
    report = attack_hub(FEW, 5, tmp_path, accept_everybody)
    assert not report.held
    assert any("kiosks" in one for one in report.beyond)


def test_a_kiosk_that_swallows_messages_does_not_hold(tmp_path: Path) -> None:
    def alter(pump: Pump) -> None:
        class Forgetful(Counter):
            def __setitem__(self, fate: str, count: int) -> None:
                if fate != "gapped":
                    super().__setitem__(fate, count)

        pump.fates = Forgetful()

    report = attack_kiosk(FEW, 5, tmp_path, alter)
    assert report.unaccounted
    assert not report.held


def test_a_kiosk_that_is_talked_out_of_its_hub_does_not_hold(tmp_path: Path) -> None:
    def alter(pump: Pump) -> None:
        pump._session.incarnation = 9  # as if a lie had been believed: the hub's own words are old news now
        pump._publish_status = lambda **_: None  # type: ignore[method-assign]  # and nobody tells the hub

    report = attack_kiosk(FEW, 5, tmp_path, alter)
    assert report.wrong
    assert not report.held


@pytest.mark.parametrize(
    "bad",
    [
        {"rss_growth_mb": MAX_GROWTH_MB + 1},
        {"log_lines": MAX_LINES + 1},
        {"crashes": 1},
        {"beyond": ["x"]},
        {"sent": 1},
    ],
)
def test_each_bound_counts(bad: dict[str, object]) -> None:
    assert Report("hub").held
    assert not Report("hub", **bad).held


def test_memory_that_grows_is_measured() -> None:
    memory = Memory()
    kept = bytearray(b"x" * 2**26)
    assert memory.growth_mb() > 50
    del kept


def test_log_lines_are_counted(tmp_path: Path) -> None:
    def chatter(ingest: Ingest) -> None:
        take = ingest.take

        def taken(messages: list[Message]) -> Outcome:
            for _ in messages:
                logging.getLogger("hub.intake.ingest").warning("one more\nline")
            return take(messages)

        ingest.take = taken  # type: ignore[method-assign, assignment]

    report = attack_hub(FEW, 5, tmp_path, chatter)
    assert report.log_lines > 2 * FEW
