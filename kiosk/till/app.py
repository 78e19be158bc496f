"""The till's app: keys to the top screen in order, the status line every second, an orderly end."""

import asyncio
import signal
from typing import ClassVar

from textual.app import App
from textual.events import Event, Key, Paste
from textual.screen import Screen

from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.station import Station
from kiosk.core.words import say
from kiosk.till.date import DateScreen
from kiosk.till.frame import Frame
from kiosk.till.keymap import CLOSE, Keymap, make_keymap
from kiosk.till.sale import SaleScreen
from kiosk.till.speech import Speech
from kiosk.till.strokes import Stroke, from_key, from_paste, is_second_half
from kiosk.till.themes import TERMINAL, Looks
from kiosk.till.wording import link_words, status

TICK_S = 1.0
TIDY_AFTER_S = 5.0  # without a key and with an empty basket: then nobody waits for the disk


class TillApp(App[str]):
    """One till at one station; ``run`` returns why it ended, None after a fault."""

    TITLE = "till"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = []

    def __init__(
        self, station: Station, keymap: Keymap | None = None, speech: Speech | None = None, looks: Looks = TERMINAL
    ) -> None:
        """Show what happens at ``station``."""
        super().__init__(ansi_color=True)
        self.desk = station.counter.desk
        self.keymap = keymap or make_keymap()
        self.speech = speech or Speech()
        self.looks = looks
        self.stroke_s = 0.0
        self._sale = SaleScreen(station)
        self._early: list[Stroke] = []
        self._leaving = False
        self._live = False
        self._last_key = ""

    def get_default_screen(self) -> Screen[None]:
        """Begin at the sale."""
        return self._sale

    def on_mount(self) -> None:
        """Ask for the date if need be, show the status, then take the keys that came before."""
        if self.desk.clock.must_ask():
            self.push_screen(DateScreen(self._sale))
        self.set_interval(TICK_S, self.tick)
        self.tick()
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                loop.add_signal_handler(number, self.leave, signal.Signals(number).name)
        self._live = True
        early, self._early = self._early, []
        for stroke in early:
            self.take(stroke)

    async def on_event(self, event: Event) -> None:
        """Take keys and pasted text here, before any queue of a widget: their order is the order of arrival."""
        if isinstance(event, Key):
            self.take(from_key(event))
        elif isinstance(event, Paste):
            for stroke in from_paste(event.text, event.time):
                self.take(stroke)
        else:
            await super().on_event(event)

    def take(self, stroke: Stroke) -> None:
        """Give one key to the top screen."""
        if not self._live:
            self._early.append(stroke)
            return
        before, self._last_key, self.stroke_s = self._last_key, stroke.name, stroke.at_s
        if is_second_half(before, stroke.name):
            return
        if self.keymap.actions.get(stroke.name) == CLOSE:
            self._ask_to_leave()
            return
        self._leaving = False
        self.top().take(stroke)

    def tick(self) -> None:
        """Once a second: the status line, the clock, and some tidying while nobody is buying."""
        top = self.top()
        try:
            if settled := self.desk.clock.settle():
                self.desk.record([settled])
            if not self._sale.counter.basket.lines and self.since_stroke_s() >= TIDY_AFTER_S:
                self.desk.idle()
        except DeskError as error:
            top.tell(Notice(Mood.ERROR, str(error)))
        if isinstance(top, DateScreen) and not self.desk.clock.must_ask():
            top.leave(Notice(Mood.INFO, say("the network has set the clock")))
        self.show_status()

    def show_status(self) -> None:
        """Bring the status line and the warning of the top screen up to date."""
        top, link, stamp = self.top(), self.desk.link(), self.desk.clock.stamp()
        top.warning_row.show(self.desk.warning())
        text = status(self.desk.address, link, stamp, self.size.width, self.speech)
        if text != top.status_row.text:
            top.status_row.text = text
            top.status_row.refresh()
            self._sale.welcome(self.speech.say(link_words(link)) if link.problem else "")
            self._sale.basket_view.show()

    def since_stroke_s(self) -> float:
        """Return how long ago the last key came."""
        return asyncio.get_running_loop().time() - self.stroke_s

    def leave(self, reason: str) -> None:
        """End in order."""
        self.exit(reason)

    def _ask_to_leave(self) -> None:
        if self._leaving:
            self.leave("closed at the counter")
            return
        self._leaving = True
        told = say("Press {key} again to close the till. An open basket is kept.", key=self.keymap.shown(CLOSE))
        self.top().tell(Notice(Mood.INFO, told))
        self.top().show()

    def top(self) -> Frame:
        """Return the screen that takes the keys."""
        screen = self.screen
        assert isinstance(screen, Frame)  # noqa: S101 - every screen of this app is one
        return screen
