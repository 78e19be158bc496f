"""PINs on this kiosk: made to hashes, checked against them, and guarded against guessing (``kiosk.core.people``).

Hashes are argon2id with the parameters of RFC 9106 for little memory: 64 MiB, three passes, four lanes. That took 0.2 s
on two busy cores of a server, and is what a Pi 4 with its four is expected to need (not measured on one). Each hash
names its own parameters, so they may be raised later; one that asks for more than a Pi has is refused, not computed.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from contract.shop import Person
from kiosk.core.people import Tries, after_boot, decide_try, parse_pin
from kiosk.core.ports import Clock, DeskError
from kiosk.core.words import say

FILE: Final = "pins.json"
_MAX_MEMORY_KIB: Final = 256 * 1024  # a quarter of the smallest Pi that the kit is for
_MAX_PASSES: Final = 10  # with that memory some three seconds on a Pi 4: longer, and a till looks dead
_MAX_LANES: Final = 16  # each is a thread


class PinGuard:
    """Checks PINs at one till. Wrong tries are on the card before the PIN is looked at."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        """Guard the till of a data folder."""
        self._path = data_dir / FILE
        self._clock = clock

    def check(self, person: Person, pin: str) -> bool:
        """Return whether the PIN is the person's.

        Raises: PinRefused for what is no PIN, and while there is to wait; DeskError if tries cannot be kept.
        """
        cleaned, stamp, kept = parse_pin(pin), self._clock.stamp(), self._read()
        found = after_boot(kept, boot=stamp.boot, mono_ns=stamp.mono_ns)
        if found.wrong and found != kept:
            self._write(found)  # the wait of another boot begins now, and not again when the till is started again
        self._write(decide_try(found, boot=stamp.boot, mono_ns=stamp.mono_ns))
        right = verify(person, cleaned)
        if right:
            self._write(Tries())
        return right

    def _read(self) -> Tries:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Tries)
        except FileNotFoundError:
            return Tries()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unusable(self._path, error) from error

    def _write(self, tries: Tries) -> None:
        beside = self._path.with_suffix(".new")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(tries))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _unusable(self._path, error) from error


def make_hash(pin: str) -> str:
    """Return what the settings hold of a PIN; raises PinRefused."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - a till that asks for no PIN starts without it
    from argon2.profiles import RFC_9106_LOW_MEMORY  # noqa: PLC0415

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY).hash(parse_pin(pin))


def verify(person: Person, pin: str) -> bool:
    """Return whether a PIN makes the person's hash.

    Raises: DeskError for a hash that is none, or that this kiosk cannot afford.
    """
    from argon2 import PasswordHasher, extract_parameters  # noqa: PLC0415 - as above
    from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError  # noqa: PLC0415

    try:
        costs = extract_parameters(person.pin)
        if costs.memory_cost > _MAX_MEMORY_KIB or costs.time_cost > _MAX_PASSES or costs.parallelism > _MAX_LANES:
            raise DeskError(say("the PIN of {name} costs more than this till has: set it anew", name=person.name))
        return PasswordHasher().verify(person.pin, pin)
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as error:
        raise DeskError(say("the PIN of {name} cannot be read here: set it anew", name=person.name)) from error


def _unusable(path: Path, error: Exception) -> DeskError:
    why = error.strerror or type(error).__name__ if isinstance(error, OSError) else "damaged"
    return DeskError(say("{path} cannot be used ({why}): no PIN is taken until it can", path=str(path), why=why))
