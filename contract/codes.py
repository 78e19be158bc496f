"""The code with which a shopper collects: eight characters that survive being read out, typed and smudged. Pure.

Rules
-----
1.  No character is taken for another: no 0 and O, no 1, I and L.
2.  The last one checks the others: any one wrong character, and any two exchanged, are found. There are 31 characters
    because 31 is prime, and they are weighed by their places.
3.  Tills draw their numbers, the hub counts them from a reservation's id; whoever types a code need not know which.
4.  Codes of seven characters, 0 and 1 among them, were given by the hub of an earlier release: they are read as well,
    and have nothing to check them.
"""

import re
from typing import Final

CHARACTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH: Final = 8
CODES: Final = len(CHARACTERS) ** (LENGTH - 1)  # 27 thousand million: whoever guesses is seen before one is hit

_GROUP: Final = 4  # characters between dashes, as people read them out
_NOISE: Final = re.compile(r"[\s.-]+")
_ALIKE: Final = str.maketrans("OIL", "011")


def make_code(number: int) -> str:
    """Return the code of ``number``, one of 0 to :data:`CODES` less one, such as ``7K2M-9XPA``.

    Raises: ValueError.
    """
    if not 0 <= number < CODES:
        raise ValueError(f"{number} is not below {CODES}")
    body = ""
    for _ in range(LENGTH - 1):
        number, digit = divmod(number, len(CHARACTERS))
        body += CHARACTERS[digit]
    return _dashed(body + _check(body))


def normalize(text: str) -> str:
    """Return a code as it is stored, whatever way a person typed it; what is none is returned without its spaces."""
    return _dashed(_NOISE.sub("", text).upper().translate(_ALIKE))


def is_mistyped(text: str) -> bool:
    """Return whether ``text`` has the length of a till's code, but not its check character."""
    code = normalize(text).replace("-", "")
    return len(code) == LENGTH and not (set(code) <= set(CHARACTERS) and _check(code[:-1]) == code[-1])


def _dashed(code: str) -> str:
    return f"{code[:_GROUP]}-{code[_GROUP:]}" if len(code) > _GROUP else code


def _check(body: str) -> str:
    weighed = sum(weight * CHARACTERS.index(char) for weight, char in enumerate(body, 2))  # its own weight is 1
    return CHARACTERS[-weighed % len(CHARACTERS)]
