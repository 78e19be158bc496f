"""What every screen of the till is: the basket, the panel, one always-live entry line, keys, status."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from contract.values import Money
from kiosk.core.counter import Mood, Notice
from kiosk.core.entry import is_scan
from kiosk.core.labels.elements import FNC1
from kiosk.core.station import Station
from kiosk.core.words import Amount, say
from kiosk.till.basket_view import BasketView
from kiosk.till.hints import Hint, HintRow
from kiosk.till.keymap import BACK, ERRORS, MENU
from kiosk.till.parts import EntryRow, NoticeRow, Panel, StatusRow, Told, WarningRow
from kiosk.till.strokes import ENTER, LINE_FEED, EntryLine, Stroke, Typed

if TYPE_CHECKING:
    from kiosk.till.app import TillApp

SEEN_S = 1.0  # an error stands at least this long before a person's key counts as "I have read it"


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
        self._unseen = 0  # errors beside the one that is shown, which nobody has seen
        self._seen = True
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
        self.styles.background, self.styles.color = self.till.looks.paper, self.till.looks.ink
        self.show()

    def on_screen_resume(self) -> None:
        """Show the status at once; the next tick may be a second away."""
        self.till.show_status()

    def take(self, stroke: Stroke) -> None:
        """Take one key, now and in order."""
        if stroke.name in {ENTER, LINE_FEED} or (stroke.name == "tab" and self.entry.text):
            self.enter()
        elif does := self._what_does(stroke.name):
            self._see()
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

    def _what_does(self, key: str) -> Callable[[], None] | None:
        keymap = self.till.keymap
        meant = self.does.get(keymap.actions.get(key, "")) or self.does.get(keymap.paying.get(key, ""))
        return meant or self.keys.get(key)

    def enter(self) -> None:
        """Finish the line that is being typed."""
        typed = self.entry.take()
        if not typed.by_machine and not typed.scan:
            self._see()
        self.submit(typed)

    def submit(self, typed: Typed) -> None:
        """Take a finished line."""
        raise NotImplementedError

    def goods(self, typed: Typed) -> str:
        """Return the code of goods that a line holds, where something else was asked for; empty if it holds none."""
        text = typed.text.strip()
        if typed.by_device:
            return text
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
        self.touch(self.enter if event.action == ENTER else self.does.get(event.action))

    def on_panel_touched(self) -> None:
        """Take payment, where that can be done."""
        self.touch(self.does.get("pay"))

    def touch(self, does: Callable[[], None] | None) -> None:
        """Do what a finger or a mouse asked for."""
        if does:
            self._seen = True
            does()
            self.till.top().show()

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
        figure = Amount(self.figure(), self.counter.basket.currency)
        return Told(self.words(), self.till.speech.money(figure))

    def prompt(self) -> str:
        """Return what the entry line asks for."""
        return self.PROMPT

    def tell(self, notice: Notice | None) -> None:
        """Show a notice, with the bell for an error. None is good news: it takes away what was seen.

        An error is seen once a person has pressed a key after it stood for a while; a scanner's keys prove nothing.
        """
        standing = self._has_error() and not self._seen
        if notice is None:
            if not standing:
                self.hush()
            return
        self._unseen = self._unseen + 1 if standing else 0
        self.notice_row.show(Notice(notice.mood, self.till.speech.say(self._counted(notice.text))))
        self._told_at_s = self.till.stroke_s
        if notice.mood is Mood.ERROR:
            self._seen = False
            self.station.errors.append(notice.text)
            self.app.bell()

    def has_unseen_error(self) -> bool:
        """Return whether an error came so shortly before that nobody can have read it."""
        return self._has_error() and self.till.stroke_s - self._told_at_s < SEEN_S

    def hush(self) -> None:
        """Take the notice away."""
        self._seen = True
        self.notice_row.show(None)

    def show(self) -> None:
        """Bring every row up to date; drawing happens once, after all keys that are waiting."""
        self.panel.show(self.told())
        self.basket_view.show()
        speech, keymap = self.till.speech, self.till.keymap
        caps = {ENTER: speech.say(say("Enter"))}
        self.hint_row.show(
            [(caps.get(one.action) or speech.say(keymap.shown(one.action)), one) for one in self._all_hints()]
        )
        self._show_entry()

    def _all_hints(self) -> list[Hint]:
        """Return the menu first, then this screen's own; Enter and the way back stay at the end, for fingers."""
        own, speech = self.hints(), self.till.speech
        menu = [Hint(MENU, speech.say(say("Menu")))] if MENU in self.does else []
        back = next((one.word for one in own if one.action == BACK), "")
        mine = [one for one in own if one.action not in {BACK, MENU} and (one.action != ERRORS or self.station.errors)]
        return [*menu, *mine, Hint(ENTER, pinned=True), Hint(BACK, back, pinned=True)]

    def _has_error(self) -> bool:
        notice = self.notice_row.notice
        return notice is not None and notice.mood is Mood.ERROR

    def _see(self) -> None:
        """Learn that a person is at it: what has stood for a while is seen."""
        self._seen = self._seen or not self.has_unseen_error()

    def _counted(self, text: str) -> str:
        """Say with a notice how many errors before it nobody has seen, and where they can be read."""
        if not self._unseen:
            return text
        key = self.till.keymap.shown(ERRORS)
        return say("{text} (errors before it: {n}, {key} lists them)", text=text, n=self._unseen, key=key)

    def _show_entry(self) -> None:
        self.entry_row.prompt = self.till.speech.say(self.prompt())
        self.entry_row.text = self.entered().replace(FNC1, "^")  # which no terminal can draw
        self.entry_row.refresh()
