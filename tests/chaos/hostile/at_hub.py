"""An attack on the hub's real ingest, over a real SQLite file, while an honest kiosk sells."""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from hub_books import Hub, LaneTwin, make_hub, open_hub
from progress import nowhere

from contract.batch import decode_ack
from contract.values import Address
from hostile.report import Memory, Report, as_fates, counted_log
from hostile.voices import HONEST, LIAR, Voices
from hub.intake.arrivals import Message
from hub.intake.inbound import GROUP_MESSAGES
from hub.intake.ingest import Ingest
from hub.store.bounds import Bounds
from mqtt_bridge.topics import ACK_UP, topic

LIMITS: Final = Bounds(
    kiosks=500, lanes=64, unfit=5000, forks=2000
)  # small enough that an attack of minutes meets them
WARM: Final = 0.1  # of the messages: by then every table, cache and code path was in use
GROUP_S: Final = 0.5  # what the clock moves between two groups
TABLES: Final = ("kiosks", "lanes", "quarantine", "exceptions", "down_cursors", "down_facts", "facts", "accounts")

Alter = Callable[[Ingest], None]


class HubAttack:
    """One hub, one honest kiosk, and voices."""

    def __init__(self, hub: Hub, seed: int) -> None:
        self.hub = hub
        self.rng = Random(seed)
        self.honest = LaneTwin(address=HONEST)
        self.voices = Voices(self.rng, self.honest)
        self.report = Report("hub")

    def group(self, size: int) -> None:
        """Let one transaction's worth of messages in, one honest batch among them."""
        first = len(self.honest.raws) + 1
        for _ in range(self.rng.randint(1, 3)):
            self.honest.sell(self.rng.choice(["tea", "coffee"]), self.rng.randint(1, 3))
        messages = [self.voices.say() for _ in range(size - 1)]
        messages.insert(self.rng.randrange(size), self.honest.message(first))
        outcome = self.hub.take(*messages)
        self.hub.clock.advance(GROUP_S)
        self.report.sent += size
        known, own = (_position(outcome.answers, address) for address in (HONEST, LIAR))
        self.report.late += known != len(self.honest.raws)
        self.voices.sync(known or 0, len(self.voices.own.raws) if own is None else own)


def attack_hub(
    messages: int, seed: int, folder: Path, alter: Alter = lambda _: None, tell: Callable[[int], None] = nowhere
) -> Report:
    """Send ``messages`` to a hub in ``folder`` and return what came of them; ``alter`` puts a bug in."""
    began_s = time.monotonic()
    url = f"sqlite:///{folder}/hub.db"
    with open_hub(url, folder / "state") as opened, counted_log("hub") as log:
        attack = HubAttack(make_hub(opened.store, opened.life, limits=LIMITS), seed)
        alter(attack.hub.ingest)
        memory: Memory | None = None
        while attack.report.sent < messages:
            attack.group(min(GROUP_MESSAGES, messages - attack.report.sent))
            tell(attack.report.sent)
            if memory is None and attack.report.sent >= messages * WARM:
                memory = Memory()
        report = attack.report
        report.rss_growth_mb = memory.growth_mb() if memory else 0.0
        report.fates = as_fates(Counter(attack.hub.ingest.fates))
        report.log_lines = log.lines
    report.honest = len(attack.honest.raws)
    _look_into_books(folder / "hub.db", attack.honest, report)
    report.seconds = round(time.monotonic() - began_s, 1)
    return report


def _position(answers: list[Message], address: Address) -> int | None:
    """Return how far the till's first epoch is, as the last answer to a kiosk says."""
    found = [decode_ack(one.payload) for one in answers if one.topic == topic(address, ACK_UP)]
    if not found:
        return None
    return max((int(one.position) for one in found[-1].positions if one.stream == "till@1"), default=0)


def _look_into_books(file: Path, honest: LaneTwin, report: Report) -> None:
    """Compare the file with the honest kiosk's diary, in plain SQL, and count what the others left in it."""
    db = sqlite3.connect(file)

    def ask(sql: str, *args: object) -> list[tuple[Any, ...]]:
        return db.execute(sql, args).fetchall()

    (kiosk,) = ask("SELECT id FROM kiosks WHERE region = 'demo' AND site = 'market' AND kiosk = 'k1'")[0]
    stored = [bytes(row[0]) for row in ask("SELECT bytes FROM facts WHERE kiosk_id = ? ORDER BY seq", kiosk)]
    if stored != honest.raws:
        report.wrong.append(f"facts: {len(stored)} stored, {len(honest.raws)} recorded")
    wanted = _sums(honest)
    receipts = ask("SELECT count(*), sum(total_minor) FROM receipts WHERE kiosk_id = ? AND again < 1 << 52", kiosk)[0]
    if receipts != (len(honest.raws), 300 * sum(wanted.values())):
        report.wrong.append(f"receipts: {receipts}")
    stock = dict(ask("SELECT sku, sum(sold) FROM accounts WHERE kiosk_id = ? AND epoch > 0 GROUP BY sku", kiosk))
    if stock != wanted:
        report.wrong.append(f"stock: {stock}, not {wanted}")
    report.rows = {table: ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608
    report.rows["lanes of one kiosk"] = ask("SELECT max(n) FROM (SELECT count(*) n FROM lanes GROUP BY kiosk_id)")[0][0]
    aside = "SELECT max(n) FROM (SELECT sum(length(bytes)) n FROM quarantine GROUP BY kiosk_id)"
    report.rows["bytes set aside of one kiosk"] = ask(aside)[0][0] or 0
    db.close()
    _check_bounds(report)


def _sums(honest: LaneTwin) -> dict[str, int]:
    """Return how much of each sku was sold, read out of the facts with code that is not ours."""
    sold: Counter[str] = Counter()
    for raw in honest.raws:
        for line in json.loads(raw)["data"]["lines"]:
            sold[line["sku"]] += line["quantity"]["amount"]
    return dict(sold)


def _check_bounds(report: Report) -> None:
    most = {
        "kiosks": LIMITS.kiosks,
        "lanes of one kiosk": LIMITS.lanes,
        "bytes set aside of one kiosk": 2 * LIMITS.aside_bytes,
        "quarantine": LIMITS.unfit + 2 * LIMITS.forks + LIMITS.kiosks,
        "exceptions": 3 * 1001 + 4 * LIMITS.kiosks,
        "down_cursors": LIMITS.kiosks,
    }
    report.beyond += [
        f"{name}: {report.rows[name]} > {bound}" for name, bound in most.items() if report.rows[name] > bound
    ]
