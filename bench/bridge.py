"""Resident memory of `kiosk bridge` after a backlog, and how fast the road is, with a real broker and hub."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from bench.figure import Figure
from contract.facts import KioskStopping
from demo import check
from demo.shop import Shops
from kiosk.bootstrap import open_desk

_BACKLOG: Final = 10_000
_WAIT_S: Final = 120.0
_POLL_S: Final = 0.02


class BenchError(Exception):
    """A benchmark could not run; the message says why."""


def road(folder: Path) -> list[Figure]:
    """Measure a backlog of 10,000 facts from one kiosk: journal -> broker -> hub's commit (FULL) -> acknowledgement."""
    folder.mkdir()
    shops = Shops(folder)
    kiosk = shops.kiosks[0]
    try:
        shops.start()
        _wait(kiosk.has_catalogue, "the catalogue")
        kiosk.relay.cut()
        desk = open_desk(kiosk.data)
        for start in range(0, _BACKLOG, 500):
            desk.record([KioskStopping(f"fact {start + number}") for number in range(500)])
        desk.close()
        kiosk.relay.mend()
        lag = check.unsent(kiosk.journal, kiosk.site, kiosk.name, shops.hub_db)
        _wait(lambda: _unsent(shops) < lag, "the first acknowledgement")
        began, left = time.perf_counter(), _unsent(shops)
        _wait(lambda: _unsent(shops) == 0, "the backlog to drain")
        rate = left / max(time.perf_counter() - began, 1e-3)
        resident = psutil.Process(kiosk.bridge.pid).memory_info().rss / 2**20
    finally:
        shops.stop()
    return [
        Figure("bridge_rss_mb", round(resident, 1), "MB", 60.0),
        Figure("road_facts_per_s", round(rate), "facts/s"),
    ]


def _unsent(shops: Shops) -> int:
    kiosk = shops.kiosks[0]
    return check.unsent(kiosk.journal, kiosk.site, kiosk.name, shops.hub_db)


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not done():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {_WAIT_S:.0f} s for {what}")
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
