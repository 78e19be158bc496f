"""What became of every message: a fate each, and what was refused, a kiosk and reason each, within a bound.

A message's fate is the worst that came to any of its facts, in the order of ``FATES``.
"""

import logging
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from hub.core.inbox import printable

MAX_KINDS: Final = 1000  # 120 sites of a few kiosks; whoever makes up names beyond that is counted as one
OTHERS: Final = ("others", "any")
Fate = Literal["unheard", "heard", "gapped", "repeated", "taken", "forked", "quarantined", "refused"]
FATES: Final[tuple[Fate, ...]] = (
    "unheard",  # of a kind that this release does not listen to
    "heard",  # a status or an acknowledgement
    "gapped",  # it begins beyond what is held, and its sender is asked to go back
    "repeated",
    "taken",
    "forked",
    "quarantined",
    "refused",
)
_log = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """One refusal: who sent it, a short name for why, and a sentence."""

    who: str
    why: str
    sentence: str


class Refusals:
    """How many messages were refused, by whom they came and why."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, who: str, why: str, sentence: str) -> None:
        """Count one; the first of its kind is logged with ``sentence``, the others are silent."""
        key = (printable(who), why)
        if key not in self._counts and len(self._counts) >= MAX_KINDS:
            key = OTHERS
        if key not in self._counts:
            _log.warning("refused from %s: %s; further ones of this kind are counted only", key[0], printable(sentence))
        self._counts[key] = self._counts.get(key, 0) + 1

    @property
    def total(self) -> int:
        """Return how many were refused in all."""
        return sum(self._counts.copy().values())

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return the counts by (who, why)."""
        return self._counts.copy()
