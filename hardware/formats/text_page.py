"""Text as Western ESC/POS devices have it: one code page, and what it lacks by its nearest letter."""

import unicodedata
from typing import Final

CODE_PAGE: Final = "cp858"  # western Europe with the euro sign
SELECT: Final = b"\x1bt\x13"  # ESC t 19


def showable(text: str) -> str:
    """Return ``text`` in characters that the page has: a letter without its accent for one it lacks, else ``?``."""
    return "".join(map(_one, unicodedata.normalize("NFC", text)))


def _one(char: str) -> str:
    for candidate in (char, unicodedata.normalize("NFKD", char)[0]):
        if candidate.isprintable() and candidate.encode(CODE_PAGE, "ignore"):
            return candidate
    return " " if char.isspace() else "?"
