"""How long a sale takes once the cash is in hand: decided, committed, synced."""

import random
import time
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.figure import Figure, percentile
from demo.seller import fill, pay
from kiosk.bootstrap import open_desk

_SALES: Final = 400


def commit(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure whole sales through the real checkout: baskets kept line by line, then the sale's transaction."""
    desk = open_desk(folder / "sale")
    items = make_items(rng, 500)
    desk.catalogue.put(items)
    took_ms = []
    for _ in range(_SALES):
        basket = fill(desk, items, rng)
        began = time.perf_counter()
        pay(desk, basket)
        took_ms.append((time.perf_counter() - began) * 1000)
    desk.close()
    return [
        Figure("commit_p50_ms", round(percentile(took_ms, 0.5), 3), "ms"),
        Figure("commit_p99_ms", round(percentile(took_ms, 0.99), 3), "ms"),
    ]
