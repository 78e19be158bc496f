"""The rows that every screen has: the panel with the large amount, the notice, the entry line, status."""

from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from kiosk.core.counter import Mood, Notice
from kiosk.till import figures
from kiosk.till.speech import Speech
from kiosk.till.themes import Looks

if TYPE_CHECKING:
    from kiosk.till.app import TillApp

TALL_ROWS: Final = 23  # of a screen; with fewer the large figures would leave too few rows to the basket
LOW_ROWS: Final = 3  # of a panel then
NOTICE_MARKS: Final = {Mood.ERROR: "! ", Mood.INFO: "", Mood.SOLD: ""}
_INDENT: Final = 2


def speech_of(widget: Widget) -> Speech:
    """Return the language of the till."""
    return cast("TillApp", widget.app).speech


def looks_of(widget: Widget) -> Looks:
    """Return what the till looks like."""
    return cast("TillApp", widget.app).looks


class Told(Struct, frozen=True):
    """What a panel shows: words, an amount in figures, and the style of these."""

    words: tuple[str, ...]
    amount: str
    style: str = "reverse"


class Panel(Widget):
    """Words to the left, an amount in large figures to the right; where rows are few it is one of the words."""

    DEFAULT_CSS = "Panel { height: auto; }"

    class Touched(Message):
        """The panel was clicked or touched."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._told = Told((), "")

    def show(self, told: Told) -> None:
        """Show this; what is shown already is not drawn again."""
        if told != self._told:
            self._told = told
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the rows that the panel takes."""
        del container, width
        return 1 + figures.HEIGHT if viewport.height >= TALL_ROWS else LOW_ROWS

    def render(self) -> Content:
        """Draw a rule and five rows; figures that do not fit are left to the words."""
        told, width = self._told, self.size.width
        if self.size.height <= LOW_ROWS:
            return self._low(told, width)
        big = figures.width(told.amount)
        room = width - big - 2 if big + 24 <= width else width
        rows = [Content("─" * width)]
        for number, (text, style) in enumerate(_spread(told.words, room - _INDENT, figures.HEIGHT)):
            left = Content.styled(" " * _INDENT + text, style).truncate(room, ellipsis=True, pad=True)
            rows.append(left + figures.row(told.amount, number, told.style) if room < width else left)
        return Content("\n").join(rows)

    def on_click(self) -> None:
        """Say so."""
        self.post_message(self.Touched())

    def _low(self, told: Told, width: int) -> Content:
        """Draw a rule, the first words with the amount behind them, and the others in one row."""
        amount = f" {told.amount} "
        first, *others = [*told.words, ""]
        room = width - len(amount) - 2 * _INDENT
        first, beyond = _broken(first, room)
        head = Content.styled(" " * _INDENT + first, "bold").truncate(room + _INDENT, ellipsis=True, pad=True)
        rest = Content(" " * _INDENT + " · ".join(filter(None, (beyond, *others)))).truncate(width, ellipsis=True)
        return Content("\n").join([Content("─" * width), head + Content.styled(amount, told.style), rest])


def _spread(words: tuple[str, ...], room: int, height: int) -> list[tuple[str, str]]:
    """Return ``height`` rows with their styles; a text that is too long goes on below, as long as there are rows."""
    spare, rows = max(0, height - len(words)), list[tuple[str, str]]()
    for number, text in enumerate(words[:height]):
        style, rest = "bold" if number == 0 else "", text
        while spare and len(rest) > room:
            row, rest = _broken(rest, room)
            rows.append((row, style))
            spare -= 1
        rows.append((rest, style))
    return rows + [("", "")] * (height - len(rows))


def _broken(text: str, room: int) -> tuple[str, str]:
    """Return what of a text fits, whole words if it has any, and what is left of it."""
    if len(text) <= room:
        return text, ""
    end = text.rfind(" ", 0, room + 1)
    return (text[:end], text[end + 1 :]) if end > 0 else (text[:room], text[room:])


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
        told = speech_of(self).say(self.notice.text)  # what was told before the screen stood is not translated yet
        text = Content(NOTICE_MARKS[self.notice.mood] + told)
        style, width = looks_of(self).notices[self.notice.mood], self.size.width
        rows = _two(text.wrap(max(1, width - 2 * _INDENT)))
        indent = Content(" " * _INDENT)
        drawn = [(indent + row).truncate(width, pad=True).stylize(style) for row in rows]
        above = [Content("")] * (2 - len(rows))  # a notice of one row keeps its distance from the figures
        return Content("\n").join([*above, *drawn])

    def on_click(self) -> None:
        """Go: who touches it has read it."""
        self.show(None)


def _two(rows: list[Content]) -> list[Content]:
    return rows if len(rows) <= 2 else [rows[0], Content(f"{rows[1].plain.rstrip()} …")]  # noqa: PLR2004 - the row's height


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
        indent, style = Content(" " * _INDENT), looks_of(self).warning
        drawn = [(indent + row).truncate(width, ellipsis=True, pad=True).stylize(style) for row in rows]
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
