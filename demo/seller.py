"""A seller: a process that sells through the real checkout, and notes each sale shown as done in a diary of its own.

The diary is written after the sale, aside from the journal, as a shopper would keep the receipt.
"""

import os
import random
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from contract.down import Item
from contract.facts import SaleRecorded
from contract.values import Money
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.core.basket import Basket, add, make_line
from kiosk.core.checkout import cash, decide_sale
from kiosk.core.ports import Recorded

MAX_LINES: Final = 6
_NOTE: Final = 500  # the smallest bank note, in minor units


def sell(desk: LocalDesk, items: list[Item], rng: random.Random) -> Recorded:
    """Scan a basket line by line, take cash, and record the sale."""
    return pay(desk, fill(desk, items, rng))


def fill(desk: LocalDesk, items: list[Item], rng: random.Random) -> Basket:
    """Scan a basket line by line; each line is kept before the next."""
    basket = desk.open_basket()  # what a crash left is sold first
    while not basket.lines or (len(basket.lines) < MAX_LINES and rng.random() < 0.6):  # noqa: PLR2004
        chosen = rng.choice(items)
        found = desk.scan(chosen.gtins[0]) if chosen.gtins else desk.item(chosen.sku)
        if found is None:
            raise LookupError(f"{chosen.sku} is not in the catalogue")
        basket = add(basket, make_line(found, rng.randint(1, 3)))
        desk.keep(basket)
    return basket


def pay(desk: LocalDesk, basket: Basket) -> Recorded:
    """Take cash, and record the sale."""
    return desk.record([cash_sale(basket, desk.clock.stamp().at)])[0]


def cash_sale(basket: Basket, sold_at: datetime) -> SaleRecorded:
    """Return the sale of a basket that is paid in notes."""
    total = basket.total_minor
    tendered = Money(-(-total // _NOTE) * _NOTE)
    return decide_sale(basket, [cash(total, tendered)], sold_at=sold_at)


def run(data_dir: Path, diary: Path, *, sales: int, pause_s: float, seed: int) -> None:
    """Sell until the diary holds ``sales`` lines; a restarted seller goes on where the diary ends."""
    desk = open_desk(data_dir)
    rng = random.Random(seed)  # noqa: S311 - which goods a shopper takes
    items = [item for item in desk.catalogue.items() if item.price_minor and item.unit == "pc"]
    with diary.open("a+b", buffering=0) as book:
        book.seek(0)
        done = book.read().count(b"\n")
        for _ in range(sales - done):
            sold = sell(desk, items, rng)
            book.write(f"{sold.receipt} {sold.data.total_minor}\n".encode())  # type: ignore[union-attr]
            os.fsync(book.fileno())
            time.sleep(pause_s * rng.uniform(0.5, 1.5))  # noqa: TID251 - shoppers do not come back to back
    desk.journal.checkpoint()
    desk.close()


if __name__ == "__main__":
    folder, diary_path, count, pause, chance = sys.argv[1:]
    run(Path(folder), Path(diary_path), sales=int(count), pause_s=float(pause), seed=int(chance))
