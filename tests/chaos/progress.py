"""Tells a waiting person how far a long run is, on standard error."""

import sys
import time
from typing import Final

_EVERY_S: Final = 5.0  # often enough to see that it lives


class Progress:
    """Says how much of ``of`` is done, now and then; may be handed to another process."""

    def __init__(self, what: str, of: int) -> None:
        """Begin; nothing is said of what takes a moment."""
        self._what, self._of = what, of
        self._said_s = time.monotonic()

    def __call__(self, done: int) -> None:
        """Say it, if nothing was said for some seconds."""
        if time.monotonic() - self._said_s >= _EVERY_S:
            self._said_s = time.monotonic()
            say(f"{self._what}: {done:,} of {self._of:,}")


def nowhere(_: int) -> None:
    """Say nothing."""


def say(text: str) -> None:
    """Print a line on standard error at once."""
    print(text, file=sys.stderr, flush=True)
