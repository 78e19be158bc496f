"""A scale on a serial line, read by its profile.

Rules
-----
1.  What came before a ``read`` is thrown away first: a till that looked away for a minute must not sell an old weight,
    and a buffer that overflowed holds frames glued together.
2.  A scale that is asked is asked anew for each frame; one that sends by itself is listened to.
3.  ``agree`` frames are heard before a weight is called stable (scale_frames). With fewer before the time is over, the
    weight is told as not stable.
"""

import time
from collections.abc import Callable
from typing import Final

from hardware.drivers.lines import SerialWire, Wire
from hardware.errors import Closed, HardwareError, NoAnswer, NotSupported
from hardware.formats.scale_frames import Frame, FrameReader, decide_reading
from hardware.formats.scale_profile import Ask, Profile, Unit
from hardware.ports.scale import Reading
from hardware.settings import SerialLine

ASK_S: Final = 0.5  # how long one answer may take before the scale is asked again; scales answer within 0.2 s
MAX_PRELUDE: Final = 64  # bytes of noise before an expected answer


class SerialScale:
    """A scale that speaks ``profile`` on ``line``; it need not be plugged in yet."""

    def __init__(
        self, line: SerialLine, profile: Profile, unit: Unit | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Raise BadSetting if the unit of the profile's figures is not known."""
        FrameReader(profile, unit)  # judges the unit now, not at the first sale
        self._line = line
        self._profile = profile
        self._unit: Unit | None = unit
        self._now = now
        self._wire: Wire | None = None
        self._closed = False

    def read(self, timeout_s: float = 1.0) -> Reading:
        """Return what the scale says now; see the port."""
        with _Session(self) as wire:
            wire.discard_input()
            reader = FrameReader(self._profile, self._unit)
            frames = self._hear(wire, reader, self._now() + timeout_s)
            if frames:
                return decide_reading(frames, self._profile.agree)
            reader.finish()
            heard = f"{reader.dropped_bytes} bytes came that are no frame of {self._profile.name}"
            raise NoAnswer(heard if reader.dropped_bytes else f"nothing came within {timeout_s:g} s")

    def tare(self) -> None:
        """Send the profile's command for it."""
        self._command(self._profile.tare)

    def zero(self) -> None:
        """Send the profile's command for it."""
        self._command(self._profile.zero)

    def close(self) -> None:
        """Give the line back."""
        self._closed = True
        self.drop()

    def connect(self) -> Wire:
        """Return the open line, opening it if need be.

        Raises: Unplugged, Busy, NotAllowed, BadSetting; Closed.
        """
        if self._closed:
            raise Closed
        if self._wire is None:
            self._wire = SerialWire.open(self._line)
        return self._wire

    def drop(self) -> None:
        """Close the line until it is needed again."""
        wire, self._wire = self._wire, None
        if wire:
            wire.close()

    def _hear(self, wire: Wire, reader: FrameReader, give_up_at: float) -> list[Frame]:
        frames: list[Frame] = []
        while len(frames) < self._profile.agree and (left_s := give_up_at - self._now()) > 0:
            if self._profile.ask:
                frames += self._ask(wire, reader, min(give_up_at, self._now() + ASK_S))
            else:
                frames += reader.feed(wire.read(left_s))
        return frames

    def _ask(self, wire: Wire, reader: FrameReader, give_up_at: float) -> list[Frame]:
        """Return the frames of one answer, or none."""
        for ask in self._profile.ask:
            wire.write(ask.send.encode("latin-1"), ASK_S)
            if ask.expect and not self._expect(wire, ask, give_up_at):
                return []
        while (left_s := give_up_at - self._now()) > 0:
            if frames := reader.feed(wire.read(left_s)):
                return frames
        return []

    def _expect(self, wire: Wire, ask: Ask, give_up_at: float) -> bool:
        heard = b""
        while (left_s := give_up_at - self._now()) > 0 and len(heard) < MAX_PRELUDE:
            heard += wire.read(left_s)
            if heard.endswith(ask.expect.encode("latin-1")):
                return True
        return False

    def _command(self, command: str) -> None:
        if self._closed:
            raise Closed
        if not command:
            raise NotSupported(self._profile.title)
        with _Session(self) as wire:
            wire.write(command.encode("latin-1"), ASK_S)
            wire.drain(ASK_S)


class _Session:
    """The open line for one request; a line that failed is closed, so that the next request opens it anew."""

    def __init__(self, scale: SerialScale) -> None:
        self._scale = scale

    def __enter__(self) -> Wire:
        return self._scale.connect()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind and issubclass(kind, HardwareError) and not issubclass(kind, NoAnswer):
            self._scale.drop()
