"""What damage and malice do to bytes, and values that readers stumble over. Pure: chance comes in."""

import re
from random import Random
from typing import Final

DEEP: Final = 5_000  # levels: five times what Python's own recursion bears

NASTY: Final[tuple[bytes, ...]] = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"-1",
    b"0",
    b"9" * 400,
    b"9223372036854775808",
    b"9007199254740992",
    b"1.5",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\xff\xfe"',
    b'"\\u202e\\n"',
    b'"' + b"x" * 3000 + b'"',
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
)
_VALUE: Final = re.compile(rb'(?<=[:\[,])("(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false|null)')


def noise(rng: Random, most: int = 200) -> bytes:
    """Return random bytes."""
    return rng.randbytes(rng.randrange(most))


def damaged(rng: Random, raw: bytes) -> bytes:
    """Return ``raw`` with bits flipped, or something cut off, taken out, doubled or put in."""
    if not raw:
        return noise(rng)
    at, length = rng.randrange(len(raw)), rng.randrange(1, 40)
    match rng.randrange(6):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + raw[at + length :]
        case 2:
            return raw[:at] + raw[at : at + length] + raw[at:]
        case 3:
            return raw[:at] + noise(rng, length) + raw[at:]
        case 4:
            return raw + noise(rng)
        case _:
            flipped = bytearray(raw)
            for _ in range(rng.randrange(1, 5)):
                flipped[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            return bytes(flipped)


def twisted(rng: Random, raw: bytes) -> bytes:
    """Return JSON in which one value is another, a field stands twice, or one more is there."""
    values = list(_VALUE.finditer(raw))
    if not values:
        return damaged(rng, raw)
    match rng.randrange(4):
        case 0:
            return raw.replace(b"{", b'{"\\u0000' + noise(rng, 8).hex().encode() + b'":1,', 1)
        case 1:
            return raw.replace(b"{", b'{"incarnation":1,"seen":0,"online":true,', 1)
        case _:
            chosen = rng.choice(values)
            return raw[: chosen.start()] + rng.choice(NASTY) + raw[chosen.end() :]
