"""The rows that every screen has: the panel with the large amount, the notice, the entry line, key hints, status."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from kiosk.core.counter import Mood, Notice
from kiosk.till import figures

NOTICE_STYLES: Final = {
    Mood.ERROR: "bold ansi_white on ansi_red",
    Mood.INFO: "ansi_black on ansi_cyan",
    Mood.SOLD: "bold ansi_black on ansi_green",
}
NOTICE_MARKS: Final = {Mood.ERROR: "! ", Mood.INFO: "", Mood.SOLD: ""}
_WARNING_STYLE: Final = "bold ansi_black on ansi_yellow"
_INDENT: Final = 2


class Told(Struct, frozen=True):
    """What a panel shows: words, an amount in figures, and the style of these."""

    words: tuple[str, ...]
    amount: str
    style: str = "reverse"


class Panel(Widget):
    """Words to the left, one amount in large figures to the right."""

    DEFAULT_CSS = "Panel { height: 6; }"

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._told = Told((), "")

    def show(self, told: Told) -> None:
        """Show this; what is shown already is not drawn again."""
        if told != self._told:
            self._told = told
            self.refresh()

    def render(self) -> Content:
        """Draw a rule and five rows; figures that do not fit are left to the words."""
        told, width = self._told, self.size.width
        big = figures.width(told.amount)
        words = told.words[: figures.HEIGHT] + ("",) * (figures.HEIGHT - len(told.words))
        room = width - big - 2 if big + 24 <= width else width
        rows = [Content("─" * width)]
        for number, text in enumerate(words):
            style = "bold" if number == 0 else ""
            left = Content.styled(" " * _INDENT + text, style).truncate(room, ellipsis=True, pad=True)
            rows.append(left + figures.row(told.amount, number, told.style) if room < width else left)
        return Content("\n").join(rows)


class NoticeRow(Widget):
    """What happened, in two rows; it stays until it is seen."""

    DEFAULT_CSS = "NoticeRow { height: 2; }"

    def __init__(self) -> None:
        """Begin with nothing to say."""
        super().__init__()
        self.notice: Notice | None = None

    def show(self, notice: Notice | None) -> None:
        """Show a notice, or none."""
        self.notice = notice
        self.refresh()

    def render(self) -> Content:
        """Draw the notice over the whole width; an error begins with an exclamation mark, so colour is not its sign."""
        if self.notice is None:
            return Content("")
        text = Content(NOTICE_MARKS[self.notice.mood] + self.notice.text)
        style, width = NOTICE_STYLES[self.notice.mood], self.size.width
        rows = text.wrap(max(1, width - 2 * _INDENT))[:2]
        indent = Content(" " * _INDENT)
        drawn = [(indent + row).truncate(width, pad=True).stylize(style) for row in rows]
        above = [Content("")] * (2 - len(rows))  # a notice of one row keeps its distance from the figures
        return Content("\n").join([*above, *drawn])


class WarningRow(Widget):
    """What somebody must know although selling goes on, above all else as long as it lasts; no row when all is well.

    It takes its rows from the basket: entry line, notice and figures stay where they are.
    """

    DEFAULT_CSS = "WarningRow { height: auto; max-height: 2; display: none; }"

    def __init__(self) -> None:
        """Begin with nothing to say."""
        super().__init__()
        self.text = ""

    def show(self, text: str) -> None:
        """Show a warning, or none; what is shown already is not drawn again."""
        if text != self.text:
            self.text = text
            self.display = bool(text)
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the rows that the text takes."""
        del container, viewport
        return len(self._rows(width))

    def render(self) -> Content:
        """Draw the text over the whole width; it begins with an exclamation mark, so colour is not its sign."""
        width, height = self.size
        rows = self._rows(width)
        if len(rows) > height:  # what does not fit is said to be missing
            rows = [*rows[: height - 1], Content(f"{rows[height - 1].plain.rstrip()} …")]
        indent = Content(" " * _INDENT)
        drawn = [(indent + row).truncate(width, ellipsis=True, pad=True).stylize(_WARNING_STYLE) for row in rows]
        return Content("\n").join(drawn)

    def _rows(self, width: int) -> list[Content]:
        return Content(f"! {self.text}").wrap(max(1, width - 2 * _INDENT))


class EntryRow(Widget):
    """The entry line with its prompt and cursor."""

    DEFAULT_CSS = "EntryRow { height: 2; }"

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.prompt = ""
        self.text = ""

    def render(self) -> Content:
        """Draw a rule, then the end of the text if it is longer than the row."""
        width = self.size.width
        prompt = f"  {self.prompt} > "
        text = self.text[-max(1, width - len(prompt) - 2) :]
        line = Content.assemble((prompt, "bold"), text, (" ", "reverse"))
        return Content("\n").join([Content("─" * width), line])


class Hint(Struct, frozen=True):
    """An action and what it is called in a row of hints."""

    action: str
    word: str


class HintRow(Widget):
    """The keys of this screen; those that fit. A click or a touch does the same as the key."""

    DEFAULT_CSS = "HintRow { height: 1; }"

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._hints: tuple[tuple[str, Hint], ...] = ()
        self._ends: list[tuple[int, str]] = []

    class Touched(Message):
        """An action's hint was clicked or touched."""

        def __init__(self, action: str) -> None:
            """Name it."""
            super().__init__()
            self.action = action

    def show(self, hints: Sequence[tuple[str, Hint]]) -> None:
        """Show (key, hint), the most important first; what is shown already is not drawn again."""
        wanted = tuple(hints)
        if wanted != self._hints:
            self._hints = wanted
            self.refresh()

    def render(self) -> Content:
        """Draw keys in bold, each before its word, as many as fit whole."""
        parts: list[str | tuple[str, str]] = [" "]
        used, self._ends = 1, []
        for key, hint in self._hints:
            cap = f" {key} "
            cells = Content(cap + hint.word).cell_length + 2
            if used + cells > self.size.width:
                continue
            parts += [(cap, "bold reverse"), f" {hint.word} "]
            used += cells
            self._ends.append((used, hint.action))
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        """Do what was touched."""
        for end, action in self._ends:
            if event.x < end:
                self.post_message(self.Touched(action))
                return


class StatusRow(Widget):
    """Link, unsent facts, last acknowledgement, clock."""

    DEFAULT_CSS = "StatusRow { height: 1; }"

    def __init__(self) -> None:
        """Begin empty; the app writes it every second."""
        super().__init__()
        self.text = ""

    def render(self) -> Content:
        """Draw the text reversed over the whole width."""
        return Content.styled(self.text, "reverse").truncate(self.size.width, pad=True).stylize("reverse")
