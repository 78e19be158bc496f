"""Sells through the real counter until it is killed; says on standard output what was done, after it was done.

``counter_victim.py FOLDER SEED`` says ``OPEN basket lines``, ``KEPT basket lines`` or ``SOLD receipt basket`` a line.
"""

import random
import sys
from pathlib import Path

from till_terminal import barcode

from kiosk.bootstrap import open_desk
from kiosk.core.counter import Counter, Mood


def main(folder: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - what a shopper takes
    counter = Counter(open_desk(folder))
    say("OPEN", counter)
    while True:
        for _ in range(rng.randint(1, 5)):
            counter.enter(f"{rng.randint(1, 3)}*{barcode(rng.randrange(60))}")
            say("KEPT", counter)
        basket = counter.basket.id
        notice = counter.sell(counter.basket.total_minor)
        assert notice.mood is Mood.SOLD, notice.text
        assert counter.sold is not None
        sys.stdout.write(f"SOLD {counter.sold.receipt} {basket}\n")
        sys.stdout.flush()


def say(word: str, counter: Counter) -> None:
    lines = ",".join(f"{line.sku}:{line.quantity.amount}" for line in counter.basket.lines)
    sys.stdout.write(f"{word} {counter.basket.id} {lines}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
