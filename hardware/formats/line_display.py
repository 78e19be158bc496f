"""Two rows of text as a line display with the ESC/POS command set is told them."""

import unicodedata
from typing import Final

from hardware.ports.display import COLUMNS

CODE_PAGE: Final = "cp858"  # western Europe with the euro sign; ESC t 19 selects it
START: Final = b"\x1b@\x1bt\x13"
SELECT_DISPLAY: Final = b"\x1b=\x02"  # where the display hangs on the printer: what follows is for the display
SELECT_PRINTER: Final = b"\x1b=\x01"
MOVE: Final = b"\x1f$"  # US $ column row, both from 1


def rows_of(top: str, bottom: str) -> tuple[str, str]:
    """Return both rows as the display shows them: COLUMNS wide, without what it lacks."""
    first, second = (_fit(text) for text in (top, bottom))
    return first, second


def show(rows: tuple[str, str]) -> bytes:
    """Return the commands that overwrite both rows; nothing flickers, for nothing is cleared first."""
    return b"".join(MOVE + bytes([1, row]) + text.encode(CODE_PAGE) for row, text in enumerate(rows, 1))


def _fit(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_showable, composed))[:COLUMNS].ljust(COLUMNS)


def _showable(char: str) -> str:
    """Return one character that the display has: itself, its letter without accent, or ``?``."""
    for candidate in (char, unicodedata.normalize("NFKD", char)[0]):
        if candidate.isprintable() and candidate.encode(CODE_PAGE, "ignore"):
            return candidate
    return " " if char.isspace() else "?"
