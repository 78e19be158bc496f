"""A scale says what lies on it, in whole milligrams, or why it cannot."""

from typing import Final, Literal, Protocol

from msgspec import Struct

MG_PER_G: Final = 1000

Reason = Literal["moving", "overload", "negative", "unsaid"]


class Weight(Struct, frozen=True):
    """What the scale shows. Goods are sold by a stable weight only; it is below zero when a tared vessel is lifted.

    ``net`` says whether a tare was taken off, where the scale tells.
    """

    weight_mg: int
    stable: bool
    net: bool | None = None

    @property
    def weight_g(self) -> int:
        """Return whole grams, halves away from zero."""
        grams = (abs(self.weight_mg) * 2 + MG_PER_G) // (2 * MG_PER_G)
        return grams if self.weight_mg >= 0 else -grams


class NoWeight(Struct, frozen=True):
    """The scale answered without a weight.

    ``moving``: not at rest. ``overload``: more than it can bear. ``negative``: below zero or its range.
    ``unsaid``: it did not say why.
    """

    reason: Reason


Reading = Weight | NoWeight


class Scale(Protocol):
    """A scale, asked by one thread at a time."""

    def read(self, timeout_s: float = 1.0) -> Reading:
        """Return what the scale says now, never what it said before the call, within ``timeout_s``.

        Raises: NoAnswer, Unplugged, Busy, NotAllowed; Closed after ``close``.
        """

    def tare(self) -> None:
        """Ask the scale to take off what lies on it; whether it did, the next readings tell.

        Raises: NotSupported where the scale has no command for it; and as ``read``.
        """

    def zero(self) -> None:
        """Ask the scale to call what it feels now zero; whether it did, the next readings tell.

        Raises: as ``tare``.
        """

    def close(self) -> None:
        """Give the device back."""
