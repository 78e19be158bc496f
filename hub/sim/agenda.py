"""What happens next: actions by their instant, and in the order they were planned where instants agree."""

import heapq
from collections.abc import Callable, Iterable
from itertools import count


class Agenda:
    """A simulated clock: ``now_s`` stands still while an action runs."""

    def __init__(self) -> None:
        """Begin at 0 with nothing to do."""
        self.now_s = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, at_s: float, action: Callable[[], None]) -> None:
        """Plan ``action`` for an instant, or for now where it is past."""
        heapq.heappush(self._queue, (max(at_s, self.now_s), next(self._order), action))

    def after(self, wait_s: float, action: Callable[[], None]) -> None:
        """Plan ``action`` for ``wait_s`` from now."""
        self.at(self.now_s + wait_s, action)

    def every(self, gap_s: float, until_s: float, action: Callable[[], None]) -> None:
        """Plan ``action`` each ``gap_s`` before ``until_s``."""
        for nth in range(1, int(until_s / gap_s) + 1):
            self.at(nth * gap_s, action)

    def steps(self, until_s: float) -> Iterable[float]:
        """Run one action after the other up to ``until_s``, and yield the instant after each."""
        while self._queue and self._queue[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._queue)
            action()
            yield self.now_s
