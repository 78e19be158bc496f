"""The till's app: keys to the top screen in order, the status line every second, an orderly end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.screen import Screen

from kiosk.core.actions import BY_ID
from kiosk.core.basket import Basket
from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.shopper import shopper_rows
from kiosk.core.station import Scanned, Station
from kiosk.core.words import say, say_many
from kiosk.till.date import DateScreen
from kiosk.till.frame import Frame
from kiosk.till.keymap import CLOSE, MENU, Keymap, make_keymap
from kiosk.till.sale import SaleScreen
from kiosk.till.sounds import Sound, Sounds
from kiosk.till.speech import Speech
from kiosk.till.strokes import Stroke, from_key, from_paste, from_scan, is_second_half
from kiosk.till.terminal import TerminalDriver
from kiosk.till.themes import TERMINAL, Looks
from kiosk.till.wording import link_words, status

GONE = "the terminal went away"
TICK_S = 1.0
TURN_S = 4.0  # two rows of warnings are read in that
WARNING_MARGIN = 8  # of each row: its indent, and words that go to the next
TIDY_AFTER_S = 5.0  # without a key and with an empty basket: then nobody waits for the disk


class TillApp(App[str]):
    """One till at one station; ``run`` returns why it ended, None after a fault."""

    TITLE = "till"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = []

    class Heard(Message):
        """A device has something for the till; it waits in the station's devices."""

    def __init__(
        self,
        station: Station,
        keymap: Keymap | None = None,
        speech: Speech | None = None,
        looks: Looks = TERMINAL,
        sound: Sound = "bell",
    ) -> None:
        """Show what happens at ``station``."""
        super().__init__(ansi_color=True)
        self.desk = station.counter.desk
        self.devices = station.devices
        self.sounds = Sounds(sound, super().bell, self._write)
        self.keymap = keymap or make_keymap()
        self.speech = speech or Speech()
        self.looks = looks
        self.stroke_s = 0.0
        self._sale = SaleScreen(station)
        self._early: list[Stroke] = []
        self._leaving = False
        self._live = False
        self._last_key = ""
        self._shopper_sees = ("", "")

    def get_default_screen(self) -> Screen[None]:
        """Begin at the sale."""
        return self._sale

    def get_driver_class(self) -> type[Driver]:
        """Draw in a terminal that may go away, or in a browser."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

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
        self.devices.listen(lambda: self.post_message(self.Heard()))

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
        with self._watched():
            self.top().take(stroke)

    def on_till_app_heard(self, event: Heard) -> None:
        """Take one thing that a device brought: each has its place among the keys."""
        if not self.screen_stack:
            return  # the till is being closed: nobody would see what comes of it
        heard = self.devices.hear()
        if isinstance(heard, Scanned):
            self.stroke_s, self._leaving = event.time, False
            with self._watched():
                top = self.top()
                line = from_scan(heard.code, top.entry.take().text)
                top.edited()  # what was chosen for the words that give way is chosen no more
                top.submit(line)
        elif heard is not None:
            self.top().tell(heard)
            self.show_status()  # the warning that it ends, or explains
        self.top().show()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Let the shopper see what comes of a key or a scan, and a good one be heard."""
        counter = self._sale.counter
        before = counter.basket
        yield
        if counter.basket is not before and _pieces(counter.basket) > _pieces(before):
            self.sounds.good()
        rows = shopper_rows(counter, self.speech.say, self.speech.money)
        if rows != self._shopper_sees:
            self._shopper_sees = rows
            self.devices.show_shopper(*rows)

    def bell(self) -> None:
        """Ring for what is wrong, as the settings want it."""
        self.sounds.bad(self.stroke_s)

    def tick(self) -> None:
        """Once a second: the status line, the clock, and some tidying while nobody is buying."""
        if isinstance(self._driver, TerminalDriver) and self._driver.is_gone():
            self.leave(GONE)
            return
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
        top.warning_row.show(self._wrong())
        text = status(self.desk.address, link, stamp, self.size.width, self.speech)
        if text != top.status_row.text:
            top.status_row.text = text
            top.status_row.refresh()
            self._sale.welcome(self.speech.say(link_words(link)) if link.problem else "")
            self._sale.basket_view.show()

    def _wrong(self) -> str:
        """Return what is wrong; what does not fit two rows takes turns at the beginning."""
        found = [*map(self.speech.say, (self.desk.warning(), *self.devices.warnings()))]
        wrong = [text for text in found if text]
        if sum(len(text) + 2 for text in wrong) > 2 * (self.size.width - WARNING_MARGIN):
            turn = int(asyncio.get_running_loop().time() / TURN_S) % len(wrong)
            wrong = [*wrong[turn:], *wrong[:turn]]
        return "; ".join(wrong)

    def since_stroke_s(self) -> float:
        """Return how long ago the last key came."""
        return asyncio.get_running_loop().time() - self.stroke_s

    def leave(self, reason: str) -> None:
        """End in order; the first reason counts."""
        if self.return_value is None:
            self.exit(reason)

    def _ask_to_leave(self) -> None:
        if self._leaving:
            self.leave("closed at the counter")
            return
        self._leaving = True
        self.top().tell(self._parting())
        self.top().show()

    def _parting(self) -> Notice:
        """Return what to say before the till is closed: card payments that nobody settled are easily forgotten."""
        key = self.keymap.shown(CLOSE)
        try:
            unsettled = len(self._sale.counter.paying.open_attempts())
        except DeskError as error:
            return Notice(Mood.ERROR, str(error))
        if not unsettled:
            return Notice(Mood.INFO, say("Press {key} again to close the till. An open basket is kept.", key=key))
        told = say_many(
            "{n} card payment is not settled ({menu}, {cards}). Press {key} again to close the till.",
            "{n} card payments are not settled ({menu}, {cards}). Press {key} again to close the till.",
            unsettled,
            menu=BY_ID[MENU].label,
            cards=BY_ID["cards"].label,
            key=key,
        )
        return Notice(Mood.ERROR, told)

    def _write(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def top(self) -> Frame:
        """Return the screen that takes the keys."""
        screen = self.screen
        assert isinstance(screen, Frame)  # noqa: S101 - every screen of this app is one
        return screen


def _pieces(basket: Basket) -> int:
    return sum(line.quantity.amount for line in basket.lines)
