"""The thread of the customer display: it shows the newest, and passes over what was meanwhile."""

from collections.abc import Callable
from threading import Condition
from typing import Final

from hardware.errors import HardwareError
from hardware.ports.display import LineDisplay
from kiosk.core.words import say
from kiosk.devices.board import Board
from kiosk.devices.words import why
from kiosk.devices.worker import Worker

IDLE_S: Final = 1.0  # of one wait for something new
RETRY_S: Final = 5.0  # a display that is plugged in again shows the basket within that


class DisplayWatch(Worker):
    """Shows two rows. ``open_display`` is called in the thread: drivers import slowly."""

    def __init__(self, board: Board, open_display: Callable[[], LineDisplay]) -> None:
        """Show on the display that ``open_display`` gives."""
        super().__init__(board, "display", say("the customer display"))
        self._open = open_display
        self._display: LineDisplay | None = None
        self._changed = Condition()
        self._wanted: tuple[str, str] | None = None

    def show(self, top: str, bottom: str) -> None:
        """Show these rows next; returns at once."""
        with self._changed:
            self._wanted = top, bottom
            self._changed.notify()

    def end(self) -> None:
        """Ask the thread to end, also where it waits for something new."""
        super().end()
        with self._changed:
            self._changed.notify_all()

    def step(self) -> None:
        """Show what is wanted."""
        self._display = self._display or self._open()
        with self._changed:
            if self._wanted is None and not self.ended.is_set():
                self._changed.wait(IDLE_S)
            rows, self._wanted = self._wanted, None
        if rows is None:
            return
        try:
            self._display.show(*rows)
        except HardwareError as error:
            self.board.warn(self.device, say("NO CUSTOMER DISPLAY: {why}", why=why(error)))
            self._again(rows)
            self.ended.wait(RETRY_S)
        else:
            self.board.well(self.device, say("the customer display is there again"))

    def _again(self, rows: tuple[str, str]) -> None:
        """Show these rows next, unless there are newer ones."""
        with self._changed:
            self._wanted = self._wanted or rows

    def stop(self) -> None:
        """Give the display back; what it shows stays."""
        if self._display:
            self._display.close()
