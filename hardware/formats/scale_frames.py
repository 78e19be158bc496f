"""From a scale's bytes to what it said. A file of raw bytes can be read as well as a line: the reader also counts.

Rules
-----
1.  A frame ends with its profile's end; what stands between two ends is judged at its last bytes, so garbage before a
    frame does not lose it, and the first piece of a recording gives nothing unless it is a whole frame.
2.  What fits no pattern, or a check byte, or is no number, is dropped and counted. It is never repaired.
3.  A weight is stable when ``agree`` frames in a row say the same weight and none of them says otherwise: most scales
    send no check byte, and one flipped bit must not sell 5 kg as 1 kg.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import reduce
from operator import xor
from typing import Final

from msgspec import Struct

from hardware.errors import BadSetting
from hardware.formats.scale_profile import Profile, State, Unit
from hardware.ports.scale import NoWeight, Reading, Reason, Weight

MAX_FRAME: Final = 512  # bytes; the longest known record has 191
MAX_MG: Final = 10**10  # ten tonnes; more is no goods
_NUMBER: Final = re.compile(r" *([+-]?) *([0-9]{1,8}(?:\.[0-9]{0,6})?)")  # no space after: figures stand at the right
_MG: Final[dict[str, Decimal]] = {
    "g": Decimal(1_000),
    "kg": Decimal(1_000_000),
    "lb": Decimal("453592.37"),  # exact by definition, as is the ounce: a sixteenth
    "oz": Decimal("28349.523125"),
}


class Frame(Struct, frozen=True):
    """What one frame says. ``weight_mg`` is None where it tells no weight, and ``state`` then says why."""

    weight_mg: int | None
    state: State | Reason | None = None
    net: bool | None = None


class FrameReader:
    """Reads what one scale sends.

    ``frames``: understood. ``drops``: pieces between two ends that held anything else; ``dropped_bytes`` in them.
    """

    def __init__(self, profile: Profile, unit: Unit | None = None) -> None:
        """Raise BadSetting if neither profile nor ``unit`` says what the figures mean, or both do and differ."""
        if not profile.names_unit and unit is None:
            raise BadSetting(f"profile {profile.name!r} names no unit: set one of {', '.join(_MG)}")
        if unit is not None and unit != (profile.unit or unit):
            raise BadSetting(f"profile {profile.name!r} is in {profile.unit}, the settings say {unit}")
        self.frames = self.drops = self.dropped_bytes = 0
        self._profile = profile
        self._unit: Unit | None = profile.unit or unit
        self._end = profile.end.encode("latin-1")
        self._piece = bytearray()
        self._lost = 0  # bytes of the piece that were let go because it is longer than any frame

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return what the frames say that end in ``chunk``, in order."""
        found = []
        self._piece += chunk
        while (at := self._piece.find(self._end)) >= 0:
            at += len(self._end)
            piece = bytes(self._piece[max(0, at - MAX_FRAME) : at])
            self._lost += max(0, at - MAX_FRAME)
            del self._piece[:at]
            if frame := self._judge(piece):
                found.append(frame)
        if len(self._piece) > MAX_FRAME:
            self._lost += len(self._piece) - MAX_FRAME
            del self._piece[:-MAX_FRAME]
        return found

    def finish(self) -> None:
        """Count what has no end; nothing more is fed."""
        self._count_drop(len(self._piece))
        self._piece.clear()

    def _judge(self, piece: bytes) -> Frame | None:
        match = self._profile.pattern.search(piece)
        frame = read_frame(self._profile, match, self._unit) if match else None
        self.frames += frame is not None
        self._count_drop(match.start() if match and frame else len(piece))
        return frame

    def _count_drop(self, size: int) -> None:
        dropped = size + self._lost
        self._lost = 0
        self.drops += dropped > 0
        self.dropped_bytes += dropped


def read_frame(profile: Profile, match: re.Match[bytes], unit: Unit | None) -> Frame | None:
    """Return what a frame says, or None if it contradicts itself."""
    groups = {name: text.decode("latin-1") for name, text in match.groupdict().items() if text is not None}
    if "xor" in groups and reduce(xor, match["checked"]) != match["xor"][0]:
        return None
    net = groups["kind"] in profile.net if "kind" in groups else None
    if "bits" in groups:
        return Frame(None, _why(profile, ord(groups["bits"])), net)
    state = profile.states.get(groups["state"]) if "state" in groups else (profile.untold or None)
    if "state" in groups and state is None:
        return None
    if groups.get("over") or state in {"overload", "negative"}:
        return Frame(None, "overload" if groups.get("over") else state, net)
    named = groups.get("unit", unit or "").strip().lower()
    weight_mg = to_mg(groups.get("value", ""), named)
    return None if weight_mg is None else Frame(weight_mg, state, net)


def to_mg(text: str, unit: str) -> int | None:
    """Return milligrams, halves to even, or None if ``text`` is no number or ``unit`` none that is known."""
    match = _NUMBER.fullmatch(text)
    if match is None or unit not in _MG:
        return None
    weight = Decimal(match[1] + match[2]) * _MG[unit]
    weight_mg = int(weight.quantize(Decimal(1), ROUND_HALF_EVEN))
    return weight_mg if abs(weight_mg) <= MAX_MG else None


def _why(profile: Profile, status: int) -> Reason:
    return next((reason for bit, reason in profile.bits if status >> bit & 1), "unsaid")


def decide_reading(frames: list[Frame], agree: int) -> Reading:
    """Return what the newest of ``frames`` (at least one) means in the light of those before it."""
    newest = frames[-1]
    if newest.weight_mg is None:
        return NoWeight(newest.state if newest.state != "stable" and newest.state else "unsaid")
    recent = frames[-agree:]
    same = len(recent) == agree and all(frame.weight_mg == newest.weight_mg for frame in recent)
    calm = all(frame.state in {"stable", None} for frame in recent)
    return Weight(newest.weight_mg, same and calm, newest.net)
