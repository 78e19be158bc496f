"""What the till lets its people hear. Nothing is told by sound alone."""

from collections.abc import Callable
from typing import Final, Literal

Sound = Literal["bell", "both", "none"]

GAP_S: Final = 0.3  # between two bells: a broken scanner must not ring without a pause, a person hears no more
# Linux' console takes pitch (Hz) and length (ms) of its bell; then the usual ones again. Others pass over both.
TONE: Final = "\x1b[10;1760]\x1b[11;40]\a\x1b[10;750]\x1b[11;125]"


class Sounds:
    """The bell for what is wrong; with ``both`` also a short, high tone for what is right; with ``none`` neither."""

    def __init__(self, sound: Sound, ring: Callable[[], None], write: Callable[[str], None]) -> None:
        """Ring the terminal's bell by ``ring``, and send it a tone by ``write``."""
        self._sound = sound
        self._ring = ring
        self._write = write
        self._rung_at_s = float("-inf")

    def bad(self, at_s: float) -> None:
        """Ring, unless it rang a moment before ``at_s``."""
        if self._sound != "none" and not 0 <= at_s - self._rung_at_s < GAP_S:
            self._rung_at_s = at_s
            self._ring()

    def good(self) -> None:
        """Let a good scan be heard."""
        if self._sound == "both":
            self._write(TONE)
