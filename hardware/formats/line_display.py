"""Two rows of text as a line display with the ESC/POS command set is told them."""

from typing import Final

from hardware.formats.text_page import CODE_PAGE, SELECT, showable
from hardware.ports.display import COLUMNS

START: Final = b"\x1b@" + SELECT
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
    return showable(text)[:COLUMNS].ljust(COLUMNS)
