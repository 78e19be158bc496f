"""What a dialogue shows: its title, what it tells, and what there is to choose from. Only what fits is drawn.

Options stand one below the other, or as a grid of fields that a finger finds: as many beside each other as fit.
"""

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
_WIDEST: Final = 90  # cells of a row: farther apart an eye no longer finds the hint of a name
_WHERE: Final = 14  # cells of a head's end: "10–20 / 28 ↓"
_FIELD: Final = 22  # cells of a grid's field at least: three of them on a 7-inch screen
_FIELD_ROWS: Final = 3  # name, hint, and a gap: 9 mm on a 7-inch screen of 20 rows
_APART: Final = 2  # rows of an option where all have so many: a finger's width on a 7-inch screen of 20 rows


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
        self._grid = False
        self._rows: list[range] = []  # the options that each row drawn stands for
        self._shown = range(0)
        self._high = 1  # rows of each option, as drawn last

    @property
    def columns(self) -> int:
        """Return how many options stand beside each other."""
        return max(1, self.size.width // _FIELD) if self._grid else 1

    def show(
        self,
        title: str,
        told: tuple[str, ...],
        options: tuple[Option, ...],
        *,
        numbered: bool = True,
        grid: bool = False,
    ) -> None:
        """Show this, in the words of the counter's language; ``numbered`` where a number chooses."""
        if options != self.options:
            self.options, self.at = options, None
        self._title, self._told, self._numbered, self._grid = title, told, numbered, grid
        self.refresh()

    def move(self, step: int) -> None:
        """Choose another option, so many further on or back; past either end stays there, in a grid in its column."""
        if self.options:
            last = len(self.options) - 1
            wanted = (0 if step > 0 else last) if self.at is None else self.at + step
            if 0 <= wanted <= last or self.at is None:
                self.at = wanted
            elif abs(step) == 1:
                self.at = max(0, min(last, wanted))
            self.refresh()

    def chosen(self) -> Option | None:
        """Return the option that a person chose."""
        return None if self.at is None else self.options[self.at]

    def render(self) -> Content:
        """Draw the title, the newest told lines, and the options around the chosen one."""
        width, height = self.size
        title = self._title_rows(width)[: max(1, height // 2)]
        room = max(1, height - len(title))
        self._high = self._decide_high(room, width)
        wanted = -(-len(self.options) // self.columns) * self._high
        told_room = room if not self.options else max(0, room - min(wanted, max(self._high, room // 2)))
        shown = self._newest(max(1, width - _INDENT), told_room)
        rows = [(Content(" " * _INDENT) + row).truncate(width, ellipsis=True) for row in shown]
        self._rows = [range(0)] * (len(title) + len(shown))
        self._shown = seen = self._seen(max(0, room - len(rows)))
        for start in range(seen.start, seen.stop, self.columns):
            beside = range(start, min(start + self.columns, seen.stop))
            below = [Content("")] * (self._high - 1)
            rows += self._fields(beside, width) if self._grid else [self._row(start, width), *below]
            self._rows += [beside] * self._high
        where = f"{seen.start + 1}–{seen.stop} / {len(self.options)} ↓" if len(seen) < len(self.options) else ""
        return Content("\n").join([self._head(title[0], where, width), *title[1:], *rows])

    def _decide_high(self, room: int, width: int) -> int:
        """Return the rows of each option: some to touch it by, if that hides nothing."""
        if self._grid:
            return _FIELD_ROWS
        told = sum(len(Content(line).wrap(max(1, width - _INDENT))) or 1 for line in self._told[-room:])
        return _APART if told + _APART * len(self.options) <= room else 1

    def _seen(self, room: int) -> range:
        """Return which options fit into as many rows, the chosen one among them."""
        rows, columns = -(-len(self.options) // self.columns), self.columns
        fit = room // self._high
        first = max(0, min(rows - fit, (self.at or 0) // columns - fit // 2))
        return range(min(first * columns, len(self.options)), min((first + fit) * columns, len(self.options)))

    def _fields(self, beside: range, width: int) -> list[Content]:
        """Return the rows of a grid's fields: each a number like a key's cap, a name, and its hint below."""
        wide = width // self.columns
        above, below = Content(""), Content("")
        for number in beside:
            option = self.options[number]
            cap = Content.styled(f"{'>' if number == self.at else ' '}{number + 1:>2} ", "bold reverse")
            name = Content(f" {option.label}").truncate(wide - cap.cell_length - 1, ellipsis=True, pad=True)
            hint = Content(f"     {option.hint}").truncate(wide - 1, ellipsis=True, pad=True)
            style = "reverse" if number == self.at else ""
            above += cap + name.stylize(style) + Content(" ")
            below += hint + Content(" ")
        return [above, below, Content("")]

    def _title_rows(self, width: int) -> list[Content]:
        """Return the title, whole: with a long name before it, what matters may be its end."""
        wrapped = Content(self._title).wrap(max(1, width - _INDENT - _WHERE)) or [Content("")]
        return [Content.styled(" " * _INDENT + row.plain, "bold underline") for row in wrapped]

    def _head(self, title: Content, where: str, width: int) -> Content:
        """Return the title's first row and, to the right, which options are shown where not all are."""
        room = max(1, width - len(where) - 1)
        return (title.truncate(room, pad=True) + Content(f"{where} ")).truncate(width).stylize("underline")

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

    def turn(self) -> None:
        """Mark the first option below those that are shown; after the last ones the very first again."""
        if len(self._shown) < len(self.options):
            self.at = self._shown.stop % len(self.options)
            self.refresh()

    def on_mouse_scroll_down(self) -> None:
        """Go on with the wheel."""
        self.move(self.columns)

    def on_mouse_scroll_up(self) -> None:
        """Go back with the wheel."""
        self.move(-self.columns)

    def on_click(self, event: Click) -> None:
        """Take the option under the mouse or finger; the head turns to the options that are not shown."""
        if event.y == 0:
            self.turn()
            return
        beside = self._rows[event.y] if 0 <= event.y < len(self._rows) else range(0)
        at = event.x // max(1, self.size.width // self.columns)
        if at < len(beside):
            self.post_message(self.Chosen(self.options[beside[at]]))

    def _row(self, number: int, width: int) -> Content:
        option = self.options[number]
        mark, width = ">" if number == self.at else " ", min(width, _WIDEST)
        label, room = Content(option.label), width - _AROUND
        hint = Content(option.hint).truncate(max(width // 3, room - label.cell_length), ellipsis=True)
        label = label.truncate(max(4, room - hint.cell_length), ellipsis=True, pad=True)
        text = f"{mark} {number + 1 if self._numbered else '':>3}  {label.plain}  {hint.plain} "
        return Content.styled(text, "reverse" if number == self.at else "").truncate(width)
