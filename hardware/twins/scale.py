"""A scale in memory, and what a person does with it: lay something on, take it off, overload it, pull its cable."""

import time
from threading import Event
from typing import Final

from hardware.errors import Closed, NoAnswer, Unplugged
from hardware.ports.scale import NoWeight, Reading, Weight

MAX_MG: Final = 15_000_000  # shops' scales bear 15 kg


class Plate:
    """What lies on a scale and what the scale makes of it; shared by the twin and the machines that speak bytes."""

    def __init__(self) -> None:
        self.stable = True
        self.silent = False
        self._load_mg = self._zero_mg = self._tare_mg = 0

    def put(self, weight_mg: int, *, stable: bool = True) -> None:
        """Let exactly ``weight_mg`` lie there."""
        self._load_mg, self.stable = weight_mg, stable

    def tare(self) -> None:
        """Take off what lies there; a scale does so only at rest."""
        if self.stable:
            self._tare_mg = self._load_mg - self._zero_mg

    def zero(self) -> None:
        """Call what lies there zero; a scale does so only at rest."""
        if self.stable:
            self._zero_mg, self._tare_mg = self._load_mg, 0

    def reading(self) -> Reading:
        """Return what the scale shows."""
        if self._load_mg > MAX_MG:
            return NoWeight("overload")
        net = bool(self._tare_mg)
        return Weight(self._load_mg - self._zero_mg - self._tare_mg, self.stable, net)


class TwinScale:
    """A scale on which ``plate`` lies."""

    def __init__(self) -> None:
        self.plate = Plate()
        self._plugged = True
        self._closed = Event()

    def read(self, timeout_s: float = 1.0) -> Reading:
        """Return what the scale says now; see the port."""
        self._check()
        give_up_at = time.monotonic() + timeout_s
        while self.plate.silent:
            if self._closed.wait(min(0.01, timeout_s)) or time.monotonic() > give_up_at:
                self._check()
                raise NoAnswer(f"nothing came within {timeout_s:g} s")
        return self.plate.reading()

    def tare(self) -> None:
        """Take off what lies there."""
        self._check()
        self.plate.tare()

    def zero(self) -> None:
        """Call what lies there zero."""
        self._check()
        self.plate.zero()

    def close(self) -> None:
        """Give the scale back."""
        self._closed.set()

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged = False

    def plug(self) -> None:
        """Put the cable back."""
        self._plugged = True

    def _check(self) -> None:
        if self._closed.is_set():
            raise Closed
        if not self._plugged:
            raise Unplugged("the twin")
