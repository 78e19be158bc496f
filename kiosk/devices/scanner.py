"""The scanner's thread: codes to the till in order; noise is said, but not over and over."""

from collections.abc import Callable
from typing import Final

from hardware.errors import Closed, Unplugged
from hardware.ports.scanner import Scan, Scanner, ScannerEvent, ScanProblem
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Scanned
from kiosk.core.words import Text, say, say_many
from kiosk.devices.board import Board
from kiosk.devices.words import NOISE, why_kind
from kiosk.devices.worker import Worker

WAIT_S: Final = 0.5  # for a scan, before the thread looks whether it is to end
QUIET_S: Final = 3.0  # noise is said at most so often: a broken scanner must leave room for other notices, and for ears


class ScannerWatch(Worker):
    """Hands the scans of one scanner to the board. ``open_scanner`` is called in the thread: drivers import slowly."""

    def __init__(self, board: Board, open_scanner: Callable[[], Scanner]) -> None:
        """Watch the scanner that ``open_scanner`` gives."""
        super().__init__(board, "scanner", say("the scanner"))
        self._open = open_scanner
        self._scanner: Scanner | None = None
        self._quiet_until_s = 0.0
        self._unsaid = 0

    def step(self) -> None:
        """Wait for the next event, and pass it on."""
        self._scanner = self._scanner or self._open()
        try:
            event = self._scanner.wait(WAIT_S)
        except Closed:
            return
        if event is not None:
            self._pass_on(event)

    def stop(self) -> None:
        """Give the scanner back."""
        if self._scanner:
            self._scanner.close()

    def _pass_on(self, event: ScannerEvent) -> None:
        match event:
            case Scan(code):
                self.board.put(Scanned(code))
            case ScanProblem(kind="unplugged", cause=cause):
                self.board.warn(self.device, say("NO SCANNER: {why}", why=why_kind(cause or Unplugged)))
            case ScanProblem(kind=kind, at_s=at_s):
                self._complain(NOISE[kind], at_s)
            case _:
                self.board.well(self.device, say("the scanner is there again"))

    def _complain(self, text: Text, at_s: float) -> None:
        if at_s < self._quiet_until_s:
            self._unsaid += 1
            return
        before, self._unsaid, self._quiet_until_s = self._unsaid, 0, at_s + QUIET_S
        if before:
            text = say_many("{text} ({n} more before it)", "{text} ({n} more before it)", before, text=text)
        self.board.put(Notice(Mood.ERROR, text))
