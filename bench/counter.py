"""The counter comes first: how long a sale takes while a backlog drains, against how long it takes alone.

Till, bridge and backroom share one core, broker and hub have the other: in the field those two are other machines. On
one core alone the figure says nothing, and is left out. All share this machine's disk. The seller asks for the priority
that ``kiosk till`` asks for, in both kinds of window. Windows alternate within one run, each with the same pace of
sales: a backlog drains to the real hub, then the till is alone, without a bridge.
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.figure import Figure, percentile
from bench.road import Road, pinned, record_backlog, wait_until
from contract.down import Item
from demo.seller import fill, pay
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.priority import come_first

_ITEMS: Final = 500
_WINDOWS: Final = 6
_BACKLOG: Final = 4_000  # a window; 24,000 in all
_PAUSE_S: Final = 0.004  # 100 to 150 sales a second: more than any counter, so that a short drain holds enough of them


class Till:
    """Sells at a pace, and notes how long each sale took from decision to commit."""

    def __init__(self, road: Road, rng: random.Random) -> None:
        """Open the desk and fill the catalogue."""
        self.desk: LocalDesk = open_desk(road.data)
        self.items: list[Item] = make_items(rng, _ITEMS)
        self.desk.catalogue.put(self.items)
        self._rng = rng
        self._seller = ThreadPoolExecutor(1, initializer=come_first)  # a thread: what this process starts is ordinary

    def sell_while(self, going_on: Callable[[int], bool]) -> list[float]:
        """Sell while ``going_on(sales so far)``; return milliseconds."""
        return self._seller.submit(self._sell_while, going_on).result()

    def _sell_while(self, going_on: Callable[[int], bool]) -> list[float]:
        took_ms: list[float] = []
        while going_on(len(took_ms)):
            basket = fill(self.desk, self.items, self._rng)
            began = time.perf_counter()
            pay(self.desk, basket)
            took_ms.append((time.perf_counter() - began) * 1000)
            time.sleep(_PAUSE_S)  # noqa: TID251 - shoppers do not come back to back
        return took_ms


def counter(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure p99 of a sale's commit, alone and while a backlog drains."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        return []
    road = Road(folder)
    till = Till(road, rng)
    alone_ms: list[float] = []
    draining_ms: list[float] = []
    with pinned(cores[1:]):
        road.start_peers()
    try:
        with pinned(cores[:1]):
            road.backroom.start()
            for _ in range(_WINDOWS):
                record_backlog(till.desk, till.items, rng, _BACKLOG)
                till.desk.journal.checkpoint()  # a log of thousands of sales at once is no part of a day
                draining_ms += _drain(road, till)
                missing = len(draining_ms) - len(alone_ms)
                alone_ms += till.sell_while(missing.__gt__)
    finally:
        road.stop()
        till.desk.close()
    alone, draining = percentile(alone_ms, 0.99), percentile(draining_ms, 0.99)
    return [
        Figure("commit_alone_p99_ms", round(alone, 2), "ms"),
        Figure("commit_drain_p99_ms", round(draining, 2), "ms"),
        Figure("commit_drain_vs_alone", round(draining / alone, 2), "x", 2.0),
    ]


def _drain(road: Road, till: Till) -> list[float]:
    """Start the bridge, and sell until what lay in the journal before is acknowledged."""
    backlog = int(till.desk.journal.newest())
    before = road.acked()
    road.bridge.start()
    wait_until(lambda: road.acked() > before, "the backlog to begin to drain")
    took_ms = till.sell_while(lambda _: road.acked() < backlog)
    road.bridge.stop()
    return took_ms
