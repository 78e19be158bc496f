"""The same voices over a real Mosquitto, at a real ``hub serve`` and a real ``kiosk bridge``, while a till sells."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil
from broker import Broker
from children import end_child, start_child
from facts_of_a_day import sale
from hub_books import LaneTwin
from kiosk_command import KIOSK
from ports import LOOPBACK, find_spare_port
from waiting import wait_until

from contract.values import Lane
from hostile.kiosk_twin import TwinClock
from hostile.raw_mqtt import RawPeer
from hostile.report import Report
from hostile.voices import HONEST, Voices
from hostile.whispers import Whispers
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader
from kiosk.journal.outbox import lane_path
from kiosk.journal.schema import TILL
from mqtt_bridge.broker_config import Keeping, open_config

WARM: Final = 0.2
HONEST_LANE: Final = Lane.TILL
UPWARDS: Final = 0.7  # of the messages go to the hub
STEP: Final = 100  # messages between two looks: the hub's queue has room for them
SALES: Final = 5  # facts in each step
DEADLINE_S: Final = 120.0  # twice the longest silence before a bridge sends again
INCARNATION: Final = 2


def configure(port: int, folder: Path) -> str:
    """Return the configuration that installations have, open to everybody."""
    del folder
    return open_config(port, keeping=Keeping(user="root" if os.geteuid() == 0 else None))


class Live:
    """Broker, hub and bridge as processes; the till is here."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.broker = broker
        self.api = find_spare_port()
        self.database = f"sqlite:///{folder}/books/hub.db"
        path = lane_path(folder / "k1", HONEST_LANE)
        self._write_settings()
        self.journal = Journal(path, TILL, address=HONEST, lane=HONEST_LANE, clock=TwinClock())
        for _ in range(INCARNATION):  # a life of the hub that is over, for lies about it
            migrate = [sys.executable, "-m", "hub", "migrate", "--promoted", "--database-url", self.database]
            subprocess.run(migrate, check=True, capture_output=True)
        where = f"mqtt://{broker.host}:{broker.port}"
        serve = [sys.executable, "-m", "hub", "serve", "--database-url", self.database]
        self.hub = start_child(
            [*serve, "--broker", where, "--listen", f"{LOOPBACK}:{self.api}"], log=folder / "hub.log"
        )
        wait_until(self.is_well, what="the hub to be connected", deadline_s=DEADLINE_S)
        self.bridge = start_child([KIOSK, "--data", folder / "k1", "bridge"], log=folder / "bridge.log")
        self.sold = 0

    def sell(self, count: int) -> None:
        for _ in range(count):
            self.sold += 1
            self.journal.record([sale(f"b{self.sold}")])

    def acknowledged(self) -> int:
        state = LinkReader(self.folder / "k1" / "link.db").state({"till@1": self.sold}, configured=True)
        return self.sold - state.unsent

    def get(self, address: str) -> Any:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.api}{address}", timeout=10) as answer:
            return json.load(answer)

    def is_well(self) -> bool:
        try:
            return bool(self.get("/health")["status"] == "ok")
        except OSError:
            return False

    def rss_mb(self) -> list[float]:
        return [psutil.Process(child.pid).memory_info().rss / 2**20 for child in (self.hub, self.bridge)]

    def ended(self) -> int:
        return sum(child.poll() is not None for child in (self.hub, self.bridge))

    def log_lines(self) -> int:
        return max(len((self.folder / name).read_bytes().splitlines()) for name in ("hub.log", "bridge.log"))

    def stop(self) -> list[int]:
        for child in (self.bridge, self.hub):
            end_child(child, signal.SIGTERM)
        self.journal.connection.close()
        return [self.hub.returncode, self.bridge.returncode]

    def _write_settings(self) -> None:
        (self.folder / "k1").mkdir(parents=True)
        settings = [
            f'{name} = "{value}"'
            for name, value in zip(("region", "site", "kiosk"), str(HONEST).split("/"), strict=True)
        ]
        link = ["[link]", f'brokers = ["mqtt://{self.broker.host}:{self.broker.port}"]', ""]
        (self.folder / "k1" / "kiosk.toml").write_text("\n".join([*settings, *link]))


def attack_live(messages: int, seed: int, folder: Path, broker: Broker) -> Report:
    """Send ``messages`` to hub and kiosk through ``broker`` while the till sells; return what came of them."""
    began_s = time.monotonic()
    live = Live(folder, broker)
    peer = RawPeer(broker.host, broker.port, "nobody")
    try:
        report = _attack(live, peer, messages, Random(seed))
    finally:
        peer.close()
        statuses = live.stop()
    report.crashes += sum(status != 0 for status in statuses)
    report.log_lines = live.log_lines()
    report.seconds = round(time.monotonic() - began_s, 1)
    return report


def _attack(live: Live, peer: RawPeer, messages: int, rng: Random) -> Report:
    report = Report("live")
    honest = LaneTwin(address=HONEST)
    voices, whispers = Voices(rng, honest), Whispers(rng, incarnation=INCARNATION)
    _settle(live, honest)
    warm: list[float] = []
    while report.sent < messages and not live.ended():
        live.sell(SALES)
        for _ in range(STEP):
            says = voices.say() if rng.random() < UPWARDS else whispers.say()
            peer.publish(says.topic, says.payload, retain=says.retain)
        report.sent += STEP
        wait_until(lambda: live.get("/health")["waiting"] == 0, what="the hub to have looked", deadline_s=DEADLINE_S)
        honest.raws = [raw for _, raw in live.journal.stored(live.journal.epoch)]
        voices.sync(live.acknowledged(), len(voices.own.raws))
        if not warm and report.sent >= messages * WARM:
            warm = live.rss_mb()
    _settle(live, honest)
    report.crashes = live.ended()
    report.rss_growth_mb = round(max(now - then for now, then in zip(live.rss_mb(), warm, strict=True)), 1)
    report.honest = live.sold
    report.fates = {
        "thrown out by the broker": peer.thrown_out,
        "not counted one by one": report.sent - peer.thrown_out,
    }
    _compare(live, honest, report)
    return report


def _settle(live: Live, honest: LaneTwin) -> None:
    """Sell once more and wait until the hub has all of it."""
    live.sell(1)
    wait_until(
        lambda: live.acknowledged() == live.sold,
        what=f"{live.sold} facts to be acknowledged",
        deadline_s=DEADLINE_S,
    )
    honest.raws = [raw for _, raw in live.journal.stored(live.journal.epoch)]


def _compare(live: Live, honest: LaneTwin, report: Report) -> None:
    with closing(sqlite3.connect(live.folder / "books" / "hub.db")) as db:
        mine = "FROM facts JOIN kiosks ON id = kiosk_id WHERE region = 'demo' AND site = 'market' AND kiosk = 'k1'"
        stored = [bytes(row[0]) for row in db.execute(f"SELECT bytes {mine} ORDER BY seq")]
        sold = db.execute(
            "SELECT sum(sold) FROM accounts WHERE site = 'market' AND sku = 'tea' AND epoch > 0"
        ).fetchone()[0]
        report.rows = {
            "quarantine": db.execute("SELECT count(*) FROM quarantine").fetchone()[0],
            "kiosks": db.execute("SELECT count(*) FROM kiosks").fetchone()[0],
        }
    report.rows["connections of the bridge"] = (live.folder / "bridge.log").read_text().count("link: connected to")
    if stored != honest.raws or sold != live.sold:
        report.wrong.append(f"{live.sold} sold, {len(stored)} in the books, stock {sold}")
    if not live.is_well():
        report.wrong.append("the hub is not well")
