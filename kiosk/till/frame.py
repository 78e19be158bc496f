"""What every screen of the till is: the basket, the panel, one always-live entry line, keys, status."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from contract.money import format_minor
from contract.values import Money
from kiosk.core.counter import Mood, Notice
from kiosk.core.entry import is_scan
from kiosk.core.station import Station
from kiosk.till.basket_view import BasketView
from kiosk.till.parts import EntryRow, Hint, HintRow, NoticeRow, Panel, StatusRow, Told, WarningRow
from kiosk.till.strokes import ENTER, LINE_FEED, EntryLine, Stroke, Typed

if TYPE_CHECKING:
    from kiosk.till.app import TillApp

SEEN_S = 1.0  # an error stands at least this long before a good scan takes it away: it must be seen


class Frame(Screen[None]):
    """A screen with one entry line. It never has a focused widget: every key comes through :meth:`take`."""

    PROMPT: ClassVar[str] = ""
    AUTO_FOCUS = ""

    def __init__(self, station: Station) -> None:
        """Make the parts; they are on the screen once it is mounted."""
        super().__init__()
        self.station = station
        self.counter = counter = station.counter
        self.entry = EntryLine()
        self.warning_row = WarningRow()
        self.basket_view = BasketView(counter)
        self.panel = Panel()
        self.notice_row = NoticeRow()
        self.entry_row = EntryRow()
        self.hint_row = HintRow()
        self.status_row = StatusRow()
        self._told_at_s = float("-inf")
        self._unseen = 0
        self.does: dict[str, Callable[[], None]] = {}  # by action: settings decide their keys
        self.keys: dict[str, Callable[[], None]] = {}  # that are the same in every till

    @property
    def till(self) -> "TillApp":
        """Return the app, by its own type."""
        return cast("TillApp", self.app)

    def compose(self) -> ComposeResult:
        """Lay the rows out, top to bottom."""
        yield self.warning_row
        yield self.basket_view
        yield from self.middle()
        yield self.panel
        yield self.notice_row
        yield self.entry_row
        yield self.hint_row
        yield self.status_row

    def middle(self) -> ComposeResult:
        """Yield what this screen has between basket and panel."""
        yield from ()

    def on_mount(self) -> None:
        """Show what there is."""
        self.show()

    def on_screen_resume(self) -> None:
        """Show the status at once; the next tick may be a second away."""
        self.till.show_status()

    def take(self, stroke: Stroke) -> None:
        """Take one key, now and in order."""
        if stroke.name in {ENTER, LINE_FEED} or (stroke.name == "tab" and self.entry.text):
            self.submit(self.entry.take())
        elif does := self.does.get(self.till.keymap.actions.get(stroke.name, "")) or self.keys.get(stroke.name):
            does()
        elif stroke.name == "backspace":
            self.entry.backspace()
            self.edited()
        elif stroke.char:
            self.entry.type(stroke.char, stroke.at_s)
            self.edited()
            self._show_entry()  # nothing else changes with a digit, and a scan has thirteen
            return
        self.show()

    def submit(self, typed: Typed) -> None:
        """Take a finished line."""
        raise NotImplementedError

    def goods(self, typed: Typed) -> str:
        """Return the code of goods that a line holds, where something else was asked for; empty if it holds none."""
        text = typed.text.strip()
        if typed.scan and not self.counter.knows(text):
            return typed.scan
        scanned = is_scan(text) or (typed.by_machine and text.isdigit())
        return text if scanned and self.counter.knows(text) else ""

    def edited(self) -> None:
        """Learn that the entry line changed."""

    def hints(self) -> list[Hint]:
        """Return what the row of keys offers, the most important first."""
        return []

    def on_hint_row_touched(self, event: HintRow.Touched) -> None:
        """Do what was clicked or touched."""
        if does := self.does.get(event.action):
            does()
            self.show()

    def entered(self) -> str:
        """Return what the entry line shows of what is typed."""
        return self.entry.text

    def words(self) -> tuple[str, ...]:
        """Return what the panel says beside its figures."""
        return ()

    def figure(self) -> Money:
        """Return the amount that the panel shows in large figures."""
        return self.counter.bill.total_minor

    def told(self) -> Told:
        """Return what the panel shows."""
        return Told(self.words(), format_minor(self.figure(), self.counter.basket.currency))

    def prompt(self) -> str:
        """Return what the entry line asks for."""
        return self.PROMPT

    def tell(self, notice: Notice | None) -> None:
        """Show a notice, with the bell for an error. None is good news: it takes away a notice that was seen."""
        now_s, unseen = self.till.stroke_s, self.has_unseen_error()
        if notice is None:
            if not unseen:
                self.hush()
            return
        self._unseen = self._unseen + 1 if unseen else 0
        more = f" (and {self._unseen} more just before)" if self._unseen else ""
        self.notice_row.show(Notice(notice.mood, self.till.speech.say(notice.text) + more))
        self._told_at_s = now_s
        if notice.mood is Mood.ERROR:
            self.app.bell()

    def has_unseen_error(self) -> bool:
        """Return whether an error came so shortly before that nobody can have read it."""
        notice = self.notice_row.notice
        return notice is not None and notice.mood is Mood.ERROR and self.till.stroke_s - self._told_at_s < SEEN_S

    def hush(self) -> None:
        """Take the notice away."""
        self.notice_row.show(None)

    def show(self) -> None:
        """Bring every row up to date; drawing happens once, after all keys that are waiting."""
        self.panel.show(self.told())
        self.basket_view.show()
        keymap = self.till.keymap
        self.hint_row.show([(keymap.shown(one.action), one) for one in self.hints()])
        self._show_entry()

    def _show_entry(self) -> None:
        self.entry_row.prompt = self.prompt()
        self.entry_row.text = self.entered()
        self.entry_row.refresh()
