"""What a dialogue shows: its title, what it tells, and what there is to choose from. Only what fits is drawn."""

from typing import Final

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from kiosk.core.dialogue import Option
from kiosk.core.words import say_many
from kiosk.till.parts import speech_of

_INDENT: Final = 2
_AROUND: Final = 10  # cells of a row beside name and hint: mark, number, gaps


class OptionList(Widget):
    """Title, told lines, numbered options; ``at`` is the option that Enter takes, None while nobody chose."""

    DEFAULT_CSS = "OptionList { height: 1fr; }"

    class Chosen(Message):
        """An option was clicked or touched."""

        def __init__(self, option: Option) -> None:
            """Name it."""
            super().__init__()
            self.option = option

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.options: tuple[Option, ...] = ()
        self.at: int | None = None
        self._title = ""
        self._told: tuple[str, ...] = ()
        self._numbered = True
        self._rows: list[int | None] = []  # what each row drawn stands for

    def show(self, title: str, told: tuple[str, ...], options: tuple[Option, ...], *, numbered: bool) -> None:
        """Show this, in the words of the counter's language; ``numbered`` where a number chooses."""
        if options != self.options:
            self.options, self.at = options, None
        self._title, self._told, self._numbered = title, told, numbered
        self.refresh()

    def move(self, step: int) -> None:
        """Choose the next or the previous option; past either end stays there."""
        if self.options:
            wanted = (0 if step > 0 else len(self.options) - 1) if self.at is None else self.at + step
            self.at = max(0, min(len(self.options) - 1, wanted))
            self.refresh()

    def chosen(self) -> Option | None:
        """Return the option that a person chose."""
        return None if self.at is None else self.options[self.at]

    def render(self) -> Content:
        """Draw the title, the newest told lines, and the options around the chosen one."""
        width, height = self.size
        rows: list[Content] = []
        self._rows = [None]
        room = max(1, height - 1)
        told_room = room if not self.options else max(0, room - min(len(self.options), max(1, room // 2)))
        shown = self._newest(max(1, width - _INDENT), told_room)
        rows += [(Content(" " * _INDENT) + row).truncate(width, ellipsis=True) for row in shown]
        self._rows += [None] * len(shown)
        left = max(0, room - len(rows))
        at = self.at or 0
        first = max(0, min(len(self.options) - left, at - left // 2))
        for number, option in enumerate(self.options[first : first + left], first):
            rows.append(self._row(number, option, width))
            self._rows.append(number)
        last = min(first + left, len(self.options))
        where = f"{first + 1}–{last} / {len(self.options)}" if last - first < len(self.options) else ""
        return Content("\n").join([self._head(where, width), *rows])

    def _head(self, where: str, width: int) -> Content:
        """Return the title and, to the right, which options are shown where not all are."""
        room = max(1, width - len(where) - 1)
        title = Content.styled(f"  {self._title}", "bold").truncate(room, ellipsis=True, pad=True)
        return (title + Content(f"{where} ")).truncate(width).stylize("underline")

    def _newest(self, width: int, room: int) -> list[Content]:
        """Return what is told, lines whole; where there is no room the newest, and how many there are before."""
        rows: list[Content] = []
        hidden = len(self._told)
        for line in reversed(self._told[-room:] if room else ()):
            wrapped = Content(line).wrap(width) or [Content("")]
            if len(wrapped) + len(rows) + (hidden > 1) > room and rows:
                break
            rows, hidden = [*wrapped[:room], *rows], hidden - 1
        above = speech_of(self).say(say_many("… {n} line above", "… {n} lines above", hidden))
        return [Content(above), *rows][-room:] if hidden and rows else rows

    def on_click(self, event: Click) -> None:
        """Take the option under the mouse or finger."""
        if 0 <= event.y < len(self._rows) and (number := self._rows[event.y]) is not None:
            self.post_message(self.Chosen(self.options[number]))

    def _row(self, number: int, option: Option, width: int) -> Content:
        mark = ">" if number == self.at else " "
        label, room = Content(option.label), width - _AROUND
        hint = Content(option.hint).truncate(max(width // 3, room - label.cell_length), ellipsis=True)
        label = label.truncate(max(4, room - hint.cell_length), ellipsis=True, pad=True)
        text = f"{mark} {number + 1 if self._numbered else '':>3}  {label.plain}  {hint.plain} "
        return Content.styled(text, "reverse" if number == self.at else "").truncate(width)
