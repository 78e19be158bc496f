"""How a make of scale talks, as data: ``scales.toml`` holds those that are shipped, and a shop may add its own.

A profile is a pattern for one whole frame. Its named groups say what is what:

* ``value``: the weight with its sign, as the scale prints it; ``unit``: g, kg, lb or oz in any case
* ``state``: looked up in ``states``; ``over``: not empty when the scale bears too much
* ``bits``: one byte; the first of ``bits`` whose bit is set says why there is no weight
* ``kind``: net where it is one of ``net``
* ``checked`` and ``xor``: the exclusive or of the bytes of the one is the byte of the other

A pattern must hold its whole frame by its width or by marks at both ends, so that a frame without its beginning never
fits.
"""

import re
from functools import cached_property
from importlib import resources
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from hardware.errors import BadSetting
from hardware.ports.scale import Reason
from hardware.settings import Parity

MAX_PROFILES_FILE: Final = 1 << 16  # bytes; the shipped file has 6 kB

Proof = Literal["capture", "description"]  # real frames of it were read, or it was only read about
State = Literal["stable", "moving", "overload", "negative"]
Unit = Literal["g", "kg", "lb", "oz"]


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to get a frame, and the answer to wait for before the next is sent (none after the last)."""

    send: str
    expect: str = ""


class Profile(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One way in which scales talk. ``ask`` is empty for a scale that sends by itself."""

    name: str
    title: str
    proof: Proof
    source: str
    frame: str
    end: Annotated[str, Meta(min_length=1, max_length=4)]
    ask: tuple[Ask, ...] = ()
    states: dict[str, State] = {}
    untold: Literal["stable", ""] = ""  # what a frame without a state means; "" where only agreement can tell
    bits: tuple[tuple[Annotated[int, Meta(ge=0, le=7)], Reason], ...] = ()
    net: tuple[str, ...] = ()
    unit: Unit | Literal[""] = ""  # of frames that name none; "" where the shop must say
    agree: Annotated[int, Meta(ge=1, le=5)] = 2  # frames in a row that must say the same before a weight is stable
    tare: str = ""
    zero: str = ""
    baud: int = 9600
    bits_per_byte: Literal[7, 8] = 8
    parity: Parity = "N"

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Return the frame's pattern, which ends where the data ends."""
        return re.compile(f"(?:{self.frame})\\Z".encode("latin-1"), re.DOTALL)

    @property
    def usual_line(self) -> dict[str, str]:
        """Return how these scales leave the factory, as options of a serial address."""
        return {"baud": str(self.baud), "bits": str(self.bits_per_byte), "parity": self.parity}

    @property
    def names_unit(self) -> bool:
        """Return whether the unit is known without the shop's word."""
        return bool(self.unit) or "unit" in self.pattern.groupindex


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    profile: tuple[Profile, ...]


def parse_profiles(text: bytes) -> dict[str, Profile]:
    """Return the profiles in a TOML file, by name.

    Raises: BadSetting, saying what is wrong.
    """
    if len(text) > MAX_PROFILES_FILE:
        raise BadSetting(f"profiles of scales: more than {MAX_PROFILES_FILE} bytes")
    try:
        profiles = msgspec.toml.decode(text, type=_File, strict=True).profile
        for profile in profiles:
            if "value" not in profile.pattern.groupindex:
                raise BadSetting(f"profile {profile.name!r} of a scale: its frame has no group 'value'")
    except (msgspec.DecodeError, re.error, UnicodeError) as error:
        raise BadSetting(f"profiles of scales: {error}") from error
    return {profile.name: profile for profile in profiles}


def shipped_profiles() -> dict[str, Profile]:
    """Return the profiles that come with the kit, by name."""
    return parse_profiles((resources.files("hardware.formats") / "scales.toml").read_bytes())


def find_profile(name: str) -> Profile:
    """Return a shipped profile.

    Raises: BadSetting, with the names that there are.
    """
    profiles = shipped_profiles()
    if name not in profiles:
        raise BadSetting(f"no scale profile {name!r}; there are {', '.join(sorted(profiles))}")
    return profiles[name]
