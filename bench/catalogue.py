"""Search by name prefix over 50,000 items."""

import random
import time
from pathlib import Path
from typing import Final

from bench.figure import Figure, percentile
from contract.down import Item
from contract.values import Gtin, Money, Sku
from kiosk.journal.catalogue import Catalogue

ITEMS: Final = 50_000
_WORDS: Final = 4_000
_LETTERS: Final = "aaabcdeeefghiiijklmnoooprstuuvw"
_QUERIES: Final = 1_000
_SHOWN: Final = 20  # rows that a till shows


def make_items(rng: random.Random, count: int = ITEMS) -> list[Item]:
    """Return items with names of three to six made-up words."""
    words = ["".join(rng.choices(_LETTERS, k=rng.randint(3, 9))) for _ in range(_WORDS)]
    return [
        Item(
            sku=Sku(f"S{number:06d}"),
            name=" ".join(rng.choices(words, k=rng.randint(3, 6))),
            gtins=[Gtin(f"{number:014d}")],
            price_minor=Money(rng.randint(10, 5000)),
        )
        for number in range(count)
    ]


def search(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure prefixes of one to six letters of words that exist, one or two words long."""
    catalogue = Catalogue(folder / "catalogue.db")
    items = make_items(rng)
    catalogue.put(items)
    took_ms = []
    for _ in range(_QUERIES):
        words = rng.choice(items).name.split()
        typed = " ".join(word[: rng.randint(1, 6)] for word in rng.sample(words, rng.randint(1, 2)))
        began = time.perf_counter()
        catalogue.search(typed, _SHOWN)
        took_ms.append((time.perf_counter() - began) * 1000)
    catalogue.close()
    return [
        Figure("search_p50_ms", round(percentile(took_ms, 0.5), 3), "ms"),
        Figure("search_p99_ms", round(percentile(took_ms, 0.99), 3), "ms", 5.0),
    ]
