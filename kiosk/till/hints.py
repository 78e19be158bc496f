"""The row of keys: what they do, for hands, mouse and fingers."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

MAX_ROWS: Final = 2


class Hint(Struct, frozen=True):
    """An action and what it is called in a row of hints. ``pinned``: always there, at the end of the last row."""

    action: str
    word: str = ""
    pinned: bool = False


class Placed(Struct, frozen=True):
    """One hint where it is drawn: row, first cell and the cell behind it."""

    row: int
    begin: int
    end: int
    cap: str
    hint: Hint


class HintRow(Widget):
    """The keys of this screen; those that fit. A click or a touch does the same as the key."""

    DEFAULT_CSS = "HintRow { height: auto; max-height: 2; }"

    class Touched(Message):
        """An action's hint was clicked or touched."""

        def __init__(self, action: str) -> None:
            """Name it."""
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._hints: tuple[tuple[str, Hint], ...] = ()

    def show(self, hints: Sequence[tuple[str, Hint]]) -> None:
        """Show (key, hint), the most important first; what is shown already is not drawn again."""
        wanted = tuple(hints)
        if wanted != self._hints:
            self._hints = wanted
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the rows that the hints take."""
        del container, viewport
        return 1 + max((one.row for one in place(self._hints, width)), default=0)

    def render(self) -> Content:
        """Draw keys in bold, each before its word."""
        placed = place(self._hints, self.size.width)
        rows = []
        for number in range(self.size.height):
            parts: list[str | tuple[str, str]] = []
            used = 0
            for one in (one for one in placed if one.row == number):
                parts += [" " * (one.begin - used), (f" {one.cap} ", "bold reverse"), _word(one.hint)]
                used = one.end
            rows.append(Content.assemble(*parts))
        return Content("\n").join(rows)

    def on_click(self, event: Click) -> None:
        """Do what was touched."""
        for one in place(self._hints, self.size.width):
            if one.row == event.y and one.begin <= event.x < one.end:
                self.post_message(self.Touched(one.hint.action))


def place(hints: Sequence[tuple[str, Hint]], width: int) -> list[Placed]:
    """Return where each hint stands, in one row or two; what does not fit is left out, never cut."""
    in_one = _placed(hints, width, 1)
    return in_one if len(in_one) == len(hints) else _placed(hints, width, MAX_ROWS)


def _placed(hints: Sequence[tuple[str, Hint]], width: int, rows: int) -> list[Placed]:
    ends = [one for one in hints if one[1].pinned]
    reserved = sum(_cells(*one) for one in ends)
    used = [1] * rows
    placed = []
    for cap, hint in hints:
        if hint.pinned:
            continue
        cells = _cells(cap, hint)
        for row in range(rows):
            if used[row] + cells <= width - (reserved if row == rows - 1 else 0):
                placed.append(Placed(row, used[row], used[row] + cells, cap, hint))
                used[row] += cells
                break
    begin = width - reserved
    for cap, hint in ends:
        placed.append(Placed(rows - 1, begin, begin + _cells(cap, hint), cap, hint))
        begin += _cells(cap, hint)
    return placed


def _cells(cap: str, hint: Hint) -> int:
    return len(cap) + 2 + Content(_word(hint)).cell_length


def _word(hint: Hint) -> str:
    return f" {hint.word} " if hint.word else " "
