"""Amounts in large figures. They are drawn with reversed spaces, which every terminal has, whatever its font."""

from itertools import groupby
from typing import Final

from textual.content import Content

HEIGHT: Final = 5
_PATTERNS: Final = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    "-": ("   ", "   ", "###", "   ", "   "),
    ".": (" ", " ", " ", " ", "#"),
    ",": ("  ", "  ", "  ", " #", "# "),
    "\u202f": (" ", " ", " ", " ", " "),  # between French groups
}


def width(text: str) -> int:
    """Return how many cells the large figures take."""
    return sum(len(_PATTERNS[char][0]) + 1 for char in text) - 1


def row(text: str, number: int, style: str) -> Content:
    """Return one of the five rows of ``text``, right to its last cell."""
    cells = " ".join(_PATTERNS[char][number] for char in text)
    runs = (("#" if marked else " ", len(list(run))) for marked, run in groupby(cells, key="#".__eq__))
    return Content.assemble(*((" " * length, style if mark == "#" else "") for mark, length in runs))
