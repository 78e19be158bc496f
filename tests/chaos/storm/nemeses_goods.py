"""What goes wrong with goods, and no till is told."""

import random
from contextlib import closing
from typing import Final

from storm.nemesis import Grip, Nemesis, Steps
from storm.shelf import Shelf
from storm.shop import Kiosk


class Thief(Nemesis):
    """Goods are stolen, or turn up: only a count can tell."""

    name = "goods_stolen_or_found"
    grip = Grip.NOTHING

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Take a little of what lies on the display of the kiosk's site; once in three times put something there."""
        with closing(Shelf(self.world.folder / "shelf.db", kiosk.site, "nobody")) as shelf:
            skus = shelf.skus()
            amount = rng.choice((2, 1, -1))
            self.bit(bool(skus) and shelf.lose(rng.choice(skus), amount) != 0)
        yield


GOODS: Final[tuple[type[Nemesis], ...]] = (Thief,)
