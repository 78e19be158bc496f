"""How large a chaos run is and which chance it takes, as the ``CHAOS_*`` variables say."""

import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

PREFIX: Final = "CHAOS_"
SEEDS: Final = 1_000_000  # to choose from; short enough to be typed again


class UsedWrongly(Exception):
    """A variable says what cannot be; the message says what can."""


class Size(NamedTuple):
    """What was asked for. ``cuts`` or ``hostile`` 0 leaves that part out."""

    facts: int
    kills: int
    cuts: int
    hostile: int  # messages to the hub, and as many to a kiosk
    seed: int


DEFAULT: Final = Size(facts=20_000, kills=60, cuts=1_000, hostile=100_000, seed=-1)  # -1: chosen by chance
LEAST: Final = Size(facts=1, kills=0, cuts=0, hostile=0, seed=0)


def read_size(env: Mapping[str, str]) -> Size:
    """Return what the variables ask for; those that are not set, or empty, have their defaults.

    Raises: UsedWrongly, also for a variable that there is not: a slip of the pen must not start the default run.
    """
    known = {f"{PREFIX}{field.upper()}": field for field in Size._fields}
    for name in env:
        if name.startswith(PREFIX) and name not in known:
            raise UsedWrongly(f"there is no {name}; the variables are {', '.join(known)}")
    given = {field: _number(name, env[name], getattr(LEAST, field)) for name, field in known.items() if env.get(name)}
    return DEFAULT._replace(seed=secrets.randbelow(SEEDS))._replace(**given)


def _number(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise UsedWrongly(f"{name} is {text!r}; give a whole number of at least {least}")
    return int(text)
