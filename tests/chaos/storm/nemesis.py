"""What a nemesis is: it strikes in steps, each of which returns at once, so that several can be at work together."""

import random
import time
from collections.abc import Callable, Generator
from enum import Enum
from typing import ClassVar, Final

from storm.shop import Kiosk
from storm.world import World

Steps = Generator[None, None, None]

_BACK_S: Final = 15.0  # a hub starts within seconds on a busy machine, and bridges that wait try again as soon


class Grip(Enum):
    """What a strike holds alone."""

    KIOSK = ("kiosk",)
    HUB = ("hub",)
    BROKER = ("broker",)
    BOTH = ("broker", "hub")
    NOTHING = ()
    CARD = ("kiosk", "hub")  # the kiosk, while nobody exchanges the hub's books


class Nemesis:
    """One thing that goes wrong. ``bites`` counts the strikes that met what they were meant to, by what was seen."""

    name: ClassVar[str]
    grip: ClassVar[Grip] = Grip.KIOSK
    kills: ClassVar[bool] = False
    mounts: ClassVar[bool] = False  # needs file systems of its own

    def __init__(self, world: World) -> None:
        """Take the world to strike."""
        self.world = world
        self.strikes = 0
        self._bites = 0

    @property
    def bites(self) -> int:
        """Return how often it bit."""
        return self._bites

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Strike once and heal; a nemesis that does not hold a kiosk leaves ``kiosk`` alone."""
        raise NotImplementedError

    def bit(self, times: int) -> None:
        """Count what was seen: how often, or whether."""
        self._bites += times

    def patience_s(self, most_s: float) -> float:
        """Return how long to wait for the right moment: less in a small storm, which has no need of it."""
        return min(most_s, 0.5 + self.world.facts / 1000)

    def until_heard(self) -> Steps:
        """Wait until the hub commits again, or has all: whoever strikes it while it starts, strikes nothing."""
        then = self.world.hub.committed()
        limit_s = self.patience_s(_BACK_S)
        yield from until(lambda: self.world.hub.committed() != then or self.world.waiting() <= 0, limit_s)


def until(done: Callable[[], bool], limit_s: float) -> Generator[None, None, bool]:
    """Step until ``done``; return False after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            return False
        yield
    return True


def hold(seconds: float) -> Steps:
    """Step for so long."""
    yield from until(lambda: False, seconds)
