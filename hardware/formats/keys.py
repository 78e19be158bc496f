"""From the keys of a scanner that types like a keyboard (US layout) to the bytes of its codes.

The kernel tells keys as ``struct input_event``: two words of time, type, code, value. What is no character of a code (F
keys, arrows, CapsLock, Alt) becomes NUL, which spoils the line: see scan_lines. Scanners send GS as Ctrl and ``]``.
"""

import struct
from collections.abc import Iterator
from typing import Final

EVENT: Final = struct.Struct("@llHHi")  # linux/input.h: 24 bytes where a word has 64 bits, 16 where it has 32
EV_SYN: Final = 0
EV_KEY: Final = 1
SYN_DROPPED: Final = 3  # the kernel's buffer overflowed: keys are missing
DOWN: Final = 1  # 0 is up, 2 the repeat of a held key
SHIFTS: Final = {42, 54}
CTRLS: Final = {29, 97}
SILENT: Final = {69}  # NumLock: the keypad is always read as digits
SPOILED: Final = b"\0"

# Codes of linux/input-event-codes.h: the first of each row, then the plain and the shifted characters from there on.
_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (15, "\t", "\t"),
    (28, "\r", "\r"),
    (55, "*", "*"),  # from here on the keypad
    (71, "789-456+1230.", "789-456+1230."),
    (96, "\r", "\r"),
    (98, "/", "/"),
)
_PLAIN: Final = {first + place: char for first, row, _ in _ROWS for place, char in enumerate(row)}
_SHIFTED: Final = {first + place: char for first, _, row in _ROWS for place, char in enumerate(row)}


class KeyReader:
    """Reads the events of one keyboard; forgotten with the connection."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the characters that the events in ``chunk`` type; a piece of an event waits for its rest."""
        data = self._rest + chunk
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        return b"".join(self._type(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]))

    def _type(self, kind: int, code: int, value: int) -> bytes:
        if kind == EV_SYN and code == SYN_DROPPED:
            self._held.clear()
            return SPOILED
        if kind != EV_KEY:
            return b""
        if code in SHIFTS | CTRLS:
            (self._held.add if value else self._held.discard)(code)
            return b""
        if value != DOWN or code in SILENT:
            return b""
        return self._character(code)

    def _character(self, code: int) -> bytes:
        char = (_SHIFTED if self._held & SHIFTS else _PLAIN).get(code)
        if char is None:
            return SPOILED
        if self._held & CTRLS:
            return bytes([ord(char) & 0x1F])  # Ctrl and ] is GS; other letters become bytes that no code has
        return char.encode("ascii")


def type_keys(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield type, code and value of the events with which a US keyboard types ``text``.

    Raises: KeyError for a character that it lacks.
    """
    plain = {char: code for code, char in reversed(_PLAIN.items())}
    shifted = {char: code for code, char in reversed(_SHIFTED.items())}
    for char in text:
        code, shift = (plain[char], False) if char in plain else (shifted[char], True)
        if shift:
            yield EV_KEY, min(SHIFTS), 1
        yield EV_KEY, code, 1
        yield EV_SYN, 0, 0
        yield EV_KEY, code, 0
        if shift:
            yield EV_KEY, min(SHIFTS), 0
        yield EV_SYN, 0, 0
