"""How long a sale's commit takes, and how fast the road from the journal to the hub's commit is."""

import random
import time
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.figure import Figure, percentile
from demo.seller import sell
from kiosk.bootstrap import open_desk

_SALES: Final = 400


def commit(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure whole sales through the real checkout: baskets kept line by line, then the sale's transaction."""
    desk = open_desk(folder / "sale")
    items = make_items(rng, 500)
    desk.catalogue.put(items)
    took_ms, record = [], desk.record

    def timed(facts: object) -> object:
        began = time.perf_counter()
        recorded = record(facts)  # type: ignore[arg-type]
        took_ms.append((time.perf_counter() - began) * 1000)
        return recorded

    desk.record = timed  # type: ignore[method-assign,assignment]
    for _ in range(_SALES):
        sell(desk, items, rng)
    desk.close()
    return [
        Figure("commit_p50_ms", round(percentile(took_ms, 0.5), 3), "ms"),
        Figure("commit_p99_ms", round(percentile(took_ms, 0.99), 3), "ms"),
    ]
