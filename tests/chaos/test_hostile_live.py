"""A hostile peer over a real broker, at real processes."""

from collections.abc import Callable
from pathlib import Path

from broker import Broker
from hostile.live import attack_live, configure


def test_hub_and_bridge_outlive_a_hostile_peer(tmp_path: Path, make_mosquitto: Callable[..., Broker]) -> None:
    report = attack_live(1500, 11, tmp_path, make_mosquitto(configure))
    assert report.held, report
    assert report.sent == 1500
    assert report.honest > 50
    assert report.rows["quarantine"] > 10
    assert (
        report.rows["connections of the bridge"] == 1
    )  # only who sends too much, or a topic that is none, is thrown out
    assert report.fates["thrown out by the broker"] > 3
