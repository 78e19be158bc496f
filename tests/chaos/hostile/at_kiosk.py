"""An attack on a kiosk's real pump, over its real files, while it sells to a real ingest."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final

from facts_of_a_day import sale
from hub_books import Hub, open_hub
from progress import nowhere

from hostile.kiosk_twin import KioskTwin
from hostile.report import Memory, Report, as_fates, counted_log
from hostile.whispers import Whispers
from hub.intake.arrivals import Message
from mqtt_bridge.pump import MAX_DOWN_BYTES, MAX_EVENTS, MAX_LOGS, Pump

WARM: Final = 0.1
TURN_S: Final = 0.1  # what the clock moves between two turns
AT_ONCE: Final = MAX_EVENTS - 8  # messages a turn; the pump's queue would make the link wait beyond
SALE_EVERY: Final = 4  # turns
QUIET_TURNS: Final = 40  # of half a second, after the last message: ten times the session's first patience
HEARD_LAST_S: Final = 2.0

Alter = Callable[[Pump], None]


class KioskAttack:
    """One kiosk, its hub, and whispers."""

    def __init__(self, folder: Path, hub: Hub, seed: int) -> None:
        self.kiosk = KioskTwin(folder)
        self.hub = hub
        self.rng = Random(seed)
        self.whispers = Whispers(self.rng, incarnation=2)
        self.report = Report("kiosk")
        self.waiting: list[Message] = []  # what the hub said and the kiosk has not heard
        self.recorded = 0

    def turn(self, size: int) -> None:
        """Let ``size`` messages in, those of the hub among them."""
        if self.recorded * SALE_EVERY * AT_ONCE <= self.report.sent and size:
            self.kiosk.record(sale(f"b{self.recorded}"))
            self.recorded += 1
        said, self.waiting = self.waiting[: size or None], []
        messages = [self.whispers.say() for _ in range(size - len(said))]
        for one in said:
            messages.insert(self.rng.randint(0, len(messages)), one)
        self.kiosk.hear(messages)
        self.report.sent += len(messages)
        self.kiosk.clock.advance(TURN_S if size else HEARD_LAST_S)
        self.hub.clock.advance(TURN_S)
        sent = [one for one in self.kiosk.wire.take() if "/up/" in one.topic or one.topic.endswith("status")]
        self.waiting = [one for one in self.hub.take(*sent).answers if "/ack/up" in one.topic]
        self.whispers.heard(self.waiting)


def attack_kiosk(
    messages: int, seed: int, folder: Path, alter: Alter = lambda _: None, tell: Callable[[int], None] = nowhere
) -> Report:
    """Let ``messages`` come down to a kiosk in ``folder`` and return what came of them; ``alter`` puts a bug in."""
    began_s = time.monotonic()
    url = f"sqlite:///{folder}/books/hub.db"
    with open_hub(url, folder / "state"):
        pass  # a life of the hub that is over, for lies about it
    with counted_log("mqtt_bridge", "kiosk", "hub") as log, open_hub(url, folder / "state", promoted=True) as hub:
        attack = KioskAttack(folder, hub, seed)
        alter(attack.kiosk.pump)
        report = attack.report
        attack.turn(0)
        attack.turn(0)  # it has heard its hub: whoever never did believes the first that speaks
        memory: Memory | None = None
        while report.sent < messages:
            attack.turn(min(AT_ONCE, messages - report.sent))
            tell(report.sent)
            if memory is None and report.sent >= messages * WARM:
                memory = Memory()
        report.rss_growth_mb = memory.growth_mb() if memory else 0.0
        for _ in range(QUIET_TURNS):
            attack.turn(0)
        report.fates = as_fates(Counter(attack.kiosk.pump.fates))
        report.log_lines = log.lines
        _compare(attack, folder, report)
        attack.kiosk.close()
    report.seconds = round(time.monotonic() - began_s, 1)
    return report


def _compare(attack: KioskAttack, folder: Path, report: Report) -> None:
    """Compare the hub's file with the kiosk's journal, and count what lies in link.db."""
    wanted = attack.kiosk.stored()
    report.honest = len(wanted)
    with closing(sqlite3.connect(folder / "books" / "hub.db")) as db:
        stored = [bytes(row[0]) for row in db.execute("SELECT bytes FROM facts ORDER BY seq")]
        aside = db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
    if stored != wanted or aside or len(wanted) != attack.recorded:
        report.wrong.append(f"{len(wanted)} facts recorded, {len(stored)} in the books, {aside} set aside")
    if attack.kiosk.session.backlog():
        report.wrong.append(f"{attack.kiosk.session.backlog()} facts are not acknowledged")
    with closing(sqlite3.connect(folder / "link.db")) as db:
        report.rows = {
            "down_facts": db.execute("SELECT count(*) FROM down_facts").fetchone()[0],
            "bytes of down_facts": int(db.execute("SELECT total(length(bytes)) FROM down_facts").fetchone()[0]),
            "logs": db.execute("SELECT count(DISTINCT log) FROM down_facts").fetchone()[0],
            "acks": db.execute("SELECT count(*) FROM acks").fetchone()[0],
            "strayed": db.execute("SELECT count(*) FROM strayed").fetchone()[0],
        }
    most = {"logs": MAX_LOGS, "bytes of down_facts": MAX_DOWN_BYTES, "acks": 1, "strayed": 0}
    report.beyond += [
        f"{name}: {report.rows[name]} > {bound}" for name, bound in most.items() if report.rows[name] > bound
    ]
