"""One measured figure beside its target."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct


class Figure(Struct, frozen=True):
    """A value with its unit. ``target`` is a bound: at most (or at least) that; None where a figure only informs."""

    name: str
    value: float
    unit: str
    target: float | None = None
    bound: Literal["at most", "at least"] = "at most"

    @property
    def ok(self) -> bool:
        """Return whether the target is met."""
        if self.target is None:
            return True
        return self.value <= self.target if self.bound == "at most" else self.value >= self.target


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the others do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
