"""What an attack came to, and what must hold of it."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil
from msgspec import Struct

MAX_GROWTH_MB: Final = 96.0  # SQLite's page caches, eight connections of 2 MiB, the bounded counts, and the allocator's
# own holes after messages of a mebibyte; a leak of one message in a hundred thousand's worth would be hundreds
MAX_LINES: Final = 1100  # of log: one for each kind of refusal that is counted, and a few


class Report(Struct):
    """One attack: every message sent is in exactly one of ``fates``."""

    target: str
    sent: int = 0
    fates: dict[str, int] = {}
    honest: int = 0  # facts of the honest kiosk
    late: int = 0  # of its batches, those not answered at once with all that was sent
    wrong: list[str] = []  # what differs between its diary and the books
    crashes: int = 0
    rss_growth_mb: float = 0.0
    log_lines: int = 0
    rows: dict[str, int] = {}
    beyond: list[str] = []  # bounds that did not hold
    seconds: float = 0.0

    @property
    def unaccounted(self) -> int:
        """Return how many messages have no fate, or one too many."""
        return abs(self.sent - sum(self.fates.values()))

    @property
    def held(self) -> bool:
        """Return whether everything that was promised is so."""
        return not (
            self.unaccounted
            or self.late
            or self.wrong
            or self.crashes
            or self.beyond
            or self.rss_growth_mb > MAX_GROWTH_MB
            or self.log_lines > MAX_LINES
        )


class Both(Struct):
    """An attack on a hub and one on a kiosk."""

    hub: Report
    kiosk: Report

    @property
    def held(self) -> bool:
        """Return whether everything that was promised is so, at both."""
        return self.hub.held and self.kiosk.held


class Memory:
    """How much this process has grown since it was warm."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._warm = self._now()

    def growth_mb(self) -> float:
        return max(0.0, round(self._now() - self._warm, 1))

    def _now(self) -> float:
        gc.collect()
        return float(self._process.memory_info().rss) / 2**20


class _Counting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1 + record.getMessage().count("\n")


@contextmanager
def counted_log(*names: str) -> Iterator[_Counting]:
    """Count the lines that the loggers ``names`` and those below them write."""
    handler = _Counting()
    loggers = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    for logger, _ in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        for logger, level in loggers:
            logger.removeHandler(handler)
            logger.setLevel(level)


def as_fates(counts: Counter[str]) -> dict[str, int]:
    """Return counts without those of nothing."""
    return {fate: count for fate, count in sorted(counts.items()) if count}
