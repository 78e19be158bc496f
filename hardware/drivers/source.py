"""A scanner's connection that comes and goes, and the codes that come through it."""

import time
from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from typing import Final

from hardware.drivers.lines import Wire
from hardware.errors import Busy, Closed, HardwareError, NotAllowed
from hardware.formats.scan_lines import LineReader
from hardware.ports.scanner import ScannerEvent, ScannerReady, ScanProblem

RETRY_S: Final = 1.0  # how often an unplugged scanner is looked for: a person who plugs it in notices no delay

Decode = Callable[[bytes], bytes]


class WireScanner:
    """The scanner behind the wire that ``connect`` opens; ``decoder`` makes what turns its bytes into characters."""

    def __init__(
        self,
        connect: Callable[[], Wire],
        *,
        decoder: Callable[[], Decode],
        gap_s: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._decoder = decoder
        self._gap_s = gap_s
        self._now = now
        self._wire: Wire | None = None
        self._trouble = ""  # what was last told of a scanner that is not there
        self._try_at = 0.0
        self._events: deque[ScannerEvent] = deque()  # at most what one read of the wire brings
        self._ended = Event()
        self._waiting = Lock()
        self._begin()

    def wait(self, timeout_s: float) -> ScannerEvent | None:
        """Return the next event, or None once ``timeout_s`` has passed; see the port."""
        with self._waiting:
            return self._wait(self._now() + timeout_s)

    def close(self) -> None:
        """End; a thread that waits closes the wire itself."""
        self._ended.set()
        if self._waiting.acquire(blocking=False):
            try:
                self._drop_wire()
            finally:
                self._waiting.release()

    def _wait(self, give_up_at: float) -> ScannerEvent | None:
        while not self._events:
            if self._ended.is_set():
                self._drop_wire()
                raise Closed
            left_s = give_up_at - self._now()
            if self._wire is None:
                self._reconnect(left_s)
            else:
                self._listen(self._wire, left_s)
            if left_s <= 0 and not self._events:
                return None
        return self._events.popleft()

    def _begin(self) -> None:
        self._lines = LineReader(gap_s=self._gap_s)
        self._decode = self._decoder()

    def _listen(self, wire: Wire, left_s: float) -> None:
        due = self._lines.due_s()
        pause_s = left_s if due is None else min(left_s, due - self._now())
        try:
            chunk = wire.read(max(0.0, pause_s))
        except HardwareError as error:
            self._events += self._lines.drop(self._now())
            self._drop_wire()
            self._tell(error)
            return
        text = self._decode(chunk)
        self._events += self._lines.feed(text, self._now()) if text else self._lines.settle(self._now())

    def _reconnect(self, left_s: float) -> None:
        pause_s = self._try_at - self._now()
        if pause_s > 0:
            self._ended.wait(max(0.0, min(pause_s, left_s)))
            return
        self._try_at = self._now() + RETRY_S
        try:
            self._wire = self._connect()
            self._wire.discard_input()
        except HardwareError as error:
            self._drop_wire()
            self._tell(error)
            return
        self._begin()
        if self._trouble:
            self._events.append(ScannerReady(self._now()))
        self._trouble = ""

    def _tell(self, error: HardwareError) -> None:
        kind = type(error).__name__ if isinstance(error, Busy | NotAllowed) else "unplugged"
        if self._trouble != kind:
            self._events.append(ScanProblem("unplugged", f"no scanner: {error}", self._now(), type(error)))
        self._trouble = kind

    def _drop_wire(self) -> None:
        wire, self._wire = self._wire, None
        if wire:
            wire.close()
