"""One road of real processes on loopback: a kiosk's journal, bridge and backroom, a broker, a hub."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from bench import naive
from contract.down import Item
from contract.facts import MAX_LINES, SaleRecorded, StockLine, StockReceived
from contract.values import Quantity
from demo import processes
from demo.processes import Process
from demo.seller import MAX_LINES as MAX_SALE_LINES
from demo.seller import cash_sale
from kiosk.bootstrap import LocalDesk
from kiosk.core.basket import Basket, add, make_line

REGION: Final = "demo"
_AT_ONCE: Final = 250  # sales a transaction while a backlog is prepared, which is not measured
_PLENTY: Final = 1_000_000
_WAIT_S: Final = 120.0
_POLL_S: Final = 0.005  # one part in a hundred of the fastest drain


class BenchError(Exception):
    """A benchmark could not run; the message says why."""


class Road:
    """The parts of one road; each is started by whoever measures."""

    def __init__(self, folder: Path, *, one_fact: bool = False, one_message: bool = False) -> None:
        """Write the settings. ``one_fact`` a message and ``one_message`` a transaction are :mod:`bench.naive`."""
        folder.mkdir(parents=True)
        self.data = folder / "k1"
        self.journal = self.data / "till.db"
        self.log = self.data / "till.db-wal"
        port = processes.spare_port()
        self._link = self.data / "link.db"
        self._hub_log = folder / "hub.log"
        self._port = port
        url = f"mqtt://{processes.LOOPBACK}:{port}"
        self.data.mkdir(mode=0o700)
        settings = [f'region = "{REGION}"', 'site = "market"', 'kiosk = "k1"', 'clock = "system"', "[link]"]
        (self.data / "kiosk.toml").write_text("\n".join([*settings, f'brokers = ["{url}"]', ""]))
        self.broker = processes.broker(folder, port)
        self.hub = _alone(url, folder) if one_message else _hub(url, folder)
        env = {"KIOSK_DATA": str(self.data)}
        self.bridge = (
            processes.module("bench.naive", [naive.BRIDGE, str(self.data)], folder, label="bridge")
            if one_fact
            else processes.program("kiosk", ["bridge"], folder, label="bridge", env=env)
        )
        self.backroom = processes.program("kiosk", ["backroom"], folder, label="backroom", env=env)

    def start_peers(self) -> None:
        """Start broker and hub; return once the hub hears the broker."""
        self.broker.start()
        processes.wait_for_port(self._port, self.broker)
        self.hub.start()
        wait_until(lambda: "connected to" in self._hub_log.read_text(), "the hub to be connected")

    def online(self) -> bool:
        """Return whether the bridge has stored that it is connected: from now on it may send."""
        return bool(self._ask("SELECT count(*) FROM meta WHERE key = 'connected' AND value = '1'"))

    def acked(self) -> int:
        """Return how many facts of the journal the kiosk has stored as acknowledged."""
        return self._ask("SELECT coalesce(sum(position), 0) FROM acks")

    def stop(self) -> None:
        """End everything."""
        for process in (self.bridge, self.backroom, self.hub, self.broker):
            process.stop()

    def _ask(self, sql: str) -> int:
        if not self._link.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self._link}?mode=ro", uri=True, timeout=10)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'acks'").fetchone():
                return 0
            return int(db.execute(sql).fetchone()[0])


def book_in(desk: LocalDesk, items: list[Item]) -> int:
    """Book more of ``items`` in than is sold afterwards, as a shop does before it opens; return how many facts it took.

    A till that sells what nobody booked in says so with every line, and the hub opens a case for each sku.
    """
    lines = [StockLine(item.sku, Quantity(_PLENTY, item.unit)) for item in items]
    deliveries = [lines[start : start + MAX_LINES] for start in range(0, len(lines), MAX_LINES)]
    desk.record([StockReceived(some, desk.clock.stamp().at) for some in deliveries])
    return len(deliveries)


def record_backlog(desk: LocalDesk, items: list[Item], rng: random.Random, count: int) -> None:
    """Sell ``count`` baskets of one to six lines through the real checkout into the real journal, many at once."""
    for start in range(0, count, _AT_ONCE):
        desk.record([make_sale(desk, items, rng) for _ in range(min(_AT_ONCE, count - start))])


def make_sale(desk: LocalDesk, items: list[Item], rng: random.Random) -> SaleRecorded:
    """Return a sale as decided at the checkout, for cash."""
    basket = Basket(desk.new_basket_id(), desk.config.currency)
    for _ in range(rng.randint(1, MAX_SALE_LINES)):
        basket = add(basket, make_line(rng.choice(items), rng.randint(1, 3)))
    return cash_sale(basket, desk.clock.stamp().at)


def wait_until(done: Callable[[], bool], what: str, poll_s: float = _POLL_S) -> float:
    """Return the moment (``time.perf_counter``) at which ``done`` was seen.

    Raises: BenchError.
    """
    deadline = time.monotonic() + _WAIT_S
    while not done():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {_WAIT_S:.0f} s for {what}")
        time.sleep(poll_s)  # noqa: TID251 - polls with a deadline
    return time.perf_counter()


def operator(folder: Path, *arguments: str) -> str:
    """Run a command of the hub's operator on the books below ``folder``; return what it says. Raises BenchError."""
    command = [str(Path(sys.executable).parent / "hub"), *arguments, "--database-url", f"sqlite:///{folder / 'hub.db'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if done.returncode:
        raise BenchError(f"hub {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on ``cores``."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _hub(url: str, folder: Path) -> Process:
    env = {"HUB_DATABASE_URL": f"sqlite:///{folder / 'hub.db'}"}
    serve = ["serve", "--broker", url, "--listen", f"{processes.LOOPBACK}:{processes.spare_port()}"]
    serve += ["--state-dir", str(folder / "hub-state"), "--region", REGION]
    return processes.program("hub", serve, folder, label="hub", env=env)


def _alone(url: str, folder: Path) -> Process:
    return processes.module("bench.naive", [naive.HUB, url, REGION, str(folder)], folder, label="hub")
