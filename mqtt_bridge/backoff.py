"""How long to wait before the next attempt."""

import random
from typing import Final

from msgspec import Struct

MIN_S: Final = 0.5  # a broker that restarts is back within a second
MAX_S: Final = 30.0  # 400 kiosks then make 13 to 27 attempts a second together, which one broker bears


class Backoff(Struct, frozen=True):
    """A delay that doubles from ``min_s`` up to ``max_s``, of which half is left to chance."""

    rng: random.Random
    min_s: float = MIN_S
    max_s: float = MAX_S

    def __post_init__(self) -> None:
        """Refuse what would hammer a broker or wait for ever.

        Raises: ValueError.
        """
        if not 0 < self.min_s <= self.max_s:
            raise ValueError("a back-off needs 0 < min_s <= max_s")

    def delay_s(self, failures: int) -> float:
        """Return the seconds to wait after ``failures`` failures in a row, from 1."""
        doublings = min(failures - 1, 30)  # beyond any sane ratio, and within a float
        ceiling = min(self.max_s, self.min_s * 2.0**doublings)
        return ceiling * self.rng.uniform(0.5, 1.0)
