"""A promise while the shopper waits: how long from its request, recorded, to its answer in the kiosk's ``link.db``.

Broker, hub and ``kiosk bridge`` run as they are shipped; nothing else is asked meanwhile. The clock starts when the
request is on the kiosk's disk and stops when the bridge has stored the answer, synced: within it the bridge sees the
request, the hub decides it, sets the goods aside and commits, and its downlink sends what it told the kiosk.
"""

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.figure import Figure, percentile
from bench.road import Road, wait_until
from contract.facts import StockLine, StockReceived
from contract.rights import ReservationRequested, RightsReleased
from contract.values import Money, Quantity, Sku
from kiosk.bootstrap import LocalDesk, open_desk

COUNT: Final = 200
TARGET_MS: Final = 200.0  # what a person takes for at once
_STOCK: Final = 100_000  # more than the steward gives away meanwhile
_POLL_S: Final = 0.001
_PAUSE_S: Final = 0.05  # between two shoppers, at most: they do not come in step with any poll
_ANSWERED: Final = "SELECT count(*) FROM down_facts WHERE log LIKE '%/%' AND instr(bytes, ?) AND instr(bytes, ?)"


def promise(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure promises of one piece that is free at the kiosk's own site, one after the other."""
    took_ms = measure(folder, rng, COUNT)
    return [
        Figure("promise_p50_ms", round(percentile(took_ms, 0.5), 1), "ms"),
        Figure("promise_p99_ms", round(percentile(took_ms, 0.99), 1), "ms", TARGET_MS),
    ]


def measure(folder: Path, rng: random.Random, count: int) -> list[float]:
    """Return how long each of ``count`` promises took, in milliseconds; raises BenchError."""
    road = Road(folder)
    desk = open_desk(road.data)
    _give_stock(desk)
    try:
        road.start_peers()
        road.bridge.start()
        wait_until(lambda: road.acked() >= 2, "the stock to be known")  # noqa: PLR2004 - received and released
        with closing(sqlite3.connect(f"file:{road.data / 'link.db'}?mode=ro", uri=True, timeout=10)) as link:
            return [_ask(desk, link, rng, f"promise-{n}-{rng.getrandbits(64):016x}") for n in range(count)]
    finally:
        road.stop()
        desk.close()


def _give_stock(desk: LocalDesk) -> None:
    at, lines = desk.clock.stamp().at, [StockLine(Sku("tea"), Quantity(_STOCK))]
    desk.record([StockReceived(lines, at)])
    desk.record([RightsReleased(lines, at, "bench-1")])


def _ask(desk: LocalDesk, link: sqlite3.Connection, rng: random.Random, name: str) -> float:
    """Ask for one piece and return the milliseconds until its answer was stored."""
    wish = [StockLine(Sku("tea"), Quantity(1))]
    request = ReservationRequested(name, wish, "en", desk.config.currency, desk.clock.stamp().at, Money(0))
    time.sleep(rng.random() * _PAUSE_S)  # noqa: TID251 - a shopper comes at any moment; nothing is waited for
    desk.record([request])
    began = time.perf_counter()

    def answered() -> bool:
        return bool(link.execute(_ANSWERED, (b"promise.resolved", name.encode())).fetchone()[0])

    return (wait_until(answered, f"the answer to {name}", _POLL_S) - began) * 1000
