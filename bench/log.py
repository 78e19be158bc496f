"""How long the journal's log grows beside a till that never pauses, with bridge and backroom running."""

import random
import time
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.figure import Figure
from bench.road import Road, wait_until
from demo.seller import fill, pay
from kiosk.bootstrap import open_desk

_SALES_PER_S: Final = 100  # a hundred times what a counter does
_SECONDS: Final = 15
_ITEMS: Final = 500
_MOST_MB: Final = 64.0  # 16 is the bound that the backroom keeps, looking once a second; unkept it is 9 a second


def log(folder: Path, rng: random.Random) -> list[Figure]:
    """Sell a hundred baskets a second, scanned line by line; watch the log's file."""
    road = Road(folder)
    desk = open_desk(road.data)
    items = make_items(rng, _ITEMS)
    desk.catalogue.put(items)
    longest = 0
    try:
        road.start_peers()
        road.bridge.start()
        road.backroom.start()
        wait_until(road.online, "the bridge to be connected")
        began = time.perf_counter()
        for sale in range(_SALES_PER_S * _SECONDS):
            ahead_s = began + sale / _SALES_PER_S - time.perf_counter()
            time.sleep(max(0.0, ahead_s))  # noqa: TID251 - sales come at a steady pace
            pay(desk, fill(desk, items, rng))
            longest = max(longest, road.log.stat().st_size)
    finally:
        road.stop()
        desk.close()
    return [Figure("till_log_mb", round(longest / 2**20, 1), "MB", _MOST_MB)]
