"""A promise while the shopper waits: how long from its request, recorded, to its answer in the kiosk's ``link.db``.

Broker, hub, ``kiosk bridge`` and ``kiosk backroom`` run as they are shipped; nothing else is asked meanwhile. The clock
starts when the request is on the kiosk's disk and stops when the bridge has stored the answer, synced: within it the
bridge sees the request, the hub decides it, sets the goods aside and commits, and its downlink sends what it told the
kiosk. Goods are free at the hub; or, as *fetched*, a till has them: the hub asks it, and it gives them back first.
"""

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.figure import Figure, percentile
from bench.road import BenchError, Road, operator, wait_until
from contract.facts import StockLine, StockReceived
from contract.rights import Answer, ReservationRequested
from contract.values import Money, Quantity, Sku
from kiosk.bootstrap import LocalDesk, open_desk

COUNT: Final = 200
TARGET_MS: Final = 200.0  # what a person takes for at once
_STOCK: Final = 100_000
_POLL_S: Final = 0.001
_PAUSE_S: Final = 0.05  # between two shoppers, at most: they do not come in step with any poll
_CONFIRMED: Final = f'"answer":"{Answer.CONFIRMED}"'.encode()
_FREE: Final = "SELECT coalesce(sum(free), 0) FROM pools"
_SAID: Final = "SELECT count(*) FROM down_facts WHERE log LIKE '%/%' AND instr(bytes, ?) AND instr(bytes, ?)"


def promise(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure promises of one piece at the kiosk's own site, one after the other."""
    took_ms = measure(folder / "free", rng, COUNT)
    fetched_ms = measure(folder / "fetched", rng, COUNT, at_till=True)
    return [
        Figure("promise_p50_ms", round(percentile(took_ms, 0.5), 1), "ms"),
        Figure("promise_p99_ms", round(percentile(took_ms, 0.99), 1), "ms", TARGET_MS),
        Figure("promise_fetched_p50_ms", round(percentile(fetched_ms, 0.5), 1), "ms"),
        Figure("promise_fetched_p99_ms", round(percentile(fetched_ms, 0.99), 1), "ms"),
    ]


def measure(folder: Path, rng: random.Random, count: int, *, at_till: bool = False) -> list[float]:
    """Return how long each of ``count`` promises took, in milliseconds; raises BenchError."""
    road = Road(folder)
    desk = open_desk(road.data)
    desk.record([StockReceived([StockLine(Sku("tea"), Quantity(_STOCK))], desk.clock.stamp().at)])
    try:
        road.start_peers()
        road.bridge.start()
        road.backroom.start()
        wait_until(lambda: road.acked() >= 1, "the stock to be known")
        if not at_till:
            _have_released(folder)
        with closing(sqlite3.connect(f"file:{road.data / 'link.db'}?mode=ro", uri=True, timeout=10)) as link:
            return [_ask(desk, link, rng, f"promise-{n}-{rng.getrandbits(64):016x}") for n in range(count)]
    finally:
        road.stop()
        desk.close()


def _have_released(folder: Path) -> None:
    """Have the till's rights recalled by hand: what an operator recalled is not shared out to tills for a while."""
    operator(folder, "rights", "recall", "demo/market/k1", "tea", str(_STOCK))
    with closing(sqlite3.connect(f"file:{folder / 'hub.db'}?mode=ro", uri=True, timeout=10)) as books:
        wait_until(lambda: books.execute(_FREE).fetchone()[0] >= _STOCK, "the till to give its rights back")


def _ask(desk: LocalDesk, link: sqlite3.Connection, rng: random.Random, name: str) -> float:
    """Ask for one piece and return the milliseconds until its answer was stored."""
    wish = [StockLine(Sku("tea"), Quantity(1))]
    request = ReservationRequested(name, wish, "en", desk.config.currency, desk.clock.stamp().at, Money(0))
    time.sleep(rng.random() * _PAUSE_S)  # noqa: TID251 - a shopper comes at any moment; nothing is waited for
    desk.record([request])
    began = time.perf_counter()

    def said(what: bytes) -> bool:
        return bool(link.execute(_SAID, (what, name.encode())).fetchone()[0])

    took_ms = (wait_until(lambda: said(b"promise.resolved"), f"the answer to {name}", _POLL_S) - began) * 1000
    if not said(_CONFIRMED):
        raise BenchError(f"{name} was not confirmed, though the goods are there")
    return took_ms
