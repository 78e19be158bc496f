"""A scanner in memory, and what its user does with it."""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Final

from hardware.errors import Closed, Unplugged
from hardware.formats.scan_lines import LineReader
from hardware.ports.scanner import ScannerEvent, ScannerReady, ScanProblem

MAX_WAITING: Final = 10_000  # events that nobody took; a script that gives more has forgotten its reader


class TwinScanner:
    """A scanner that gives what ``scan`` and ``send`` are given; any thread may use them."""

    def __init__(self, *, gap_s: float | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lines = LineReader(gap_s=gap_s)
        self._events: deque[ScannerEvent] = deque(maxlen=MAX_WAITING)
        self._changed = Condition()
        self._plugged = True
        self._closed = False

    def wait(self, timeout_s: float) -> ScannerEvent | None:
        """Return the next event, or None once ``timeout_s`` has passed; see the port."""
        give_up_at = self._now() + timeout_s
        with self._changed:
            while not self._closed:
                self._events += self._lines.settle(self._now())
                if self._events:
                    return self._events.popleft()
                due, left_s = self._lines.due_s(), give_up_at - self._now()
                if left_s <= 0:
                    return None
                self._changed.wait(left_s if due is None else max(0.0, min(left_s, due - self._now())))
            raise Closed

    def close(self) -> None:
        """End; a ``wait`` of another thread ends at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def scan(self, code: str) -> None:
        """Scan ``code``; nothing happens while the scanner is unplugged."""
        self.send(code.encode("latin-1") + b"\r")

    def send(self, data: bytes) -> None:
        """Send raw bytes: half codes, garbage, other ends."""
        with self._changed:
            if self._plugged:
                self._events += self._lines.feed(data, self._now())
                self._changed.notify_all()

    def unplug(self) -> None:
        """Pull the cable."""
        with self._changed:
            self._plugged = False
            self._events += self._lines.drop(self._now())
            problem = ScanProblem("unplugged", f"no scanner: {Unplugged('the twin')}", self._now(), Unplugged)
            self._events.append(problem)
            self._changed.notify_all()

    def plug(self) -> None:
        """Put the cable back."""
        with self._changed:
            self._plugged = True
            self._events.append(ScannerReady(self._now()))
            self._changed.notify_all()
