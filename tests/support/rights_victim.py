"""Applies a kiosk's own log, sells beside it and sets goods aside until it is killed: ``rights_victim.py FOLDER SEED``.

Says ``READY``, then ``APPLIED position`` or ``SOLD basket`` a line, after it was done.
"""

import random
import sys
from pathlib import Path

from facts_of_a_day import sale
from rights_facts import AT

from kiosk.bootstrap import open_desk
from kiosk.journal.links import LinkReader
from kiosk.journal.own_log import OwnLog


def main(folder: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - what happens when
    desk = open_desk(folder)
    own, link = OwnLog(desk.journal), LinkReader(folder / "link.db")
    say("READY")
    while True:
        for generation, position, raw in link.own_facts(own.name, own.cursor(), rng.randint(1, 4)):
            assert own.apply(generation, position, raw, AT)
            say(f"APPLIED {position}")
        basket = desk.new_basket_id()
        desk.record([sale(basket, amount=rng.randint(1, 3))])
        say(f"SOLD {basket}")


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
