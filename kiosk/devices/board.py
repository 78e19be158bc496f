"""What the devices have to say, until the till takes it: scans and notices in order, and what is wrong meanwhile.

Any thread may write; the till reads, and never waits for more than a lock of a few instructions.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final

from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Scanned
from kiosk.core.words import Text, say, say_many

MAX_WAITING: Final = 200  # things the till has not taken: it takes one in a few ms, and keys wait in the same row


class Board:
    """Where every device's thread leaves what the till must know."""

    def __init__(self) -> None:
        """Begin with nothing to say, and nobody to listen."""
        self._lock = Lock()
        self._heard: deque[Scanned | Notice] = deque()
        self._dropped = 0
        self._warnings: dict[str, Text] = {}
        self._wake: Callable[[], object] | None = None

    def listen(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` once for each thing that waits, and that comes."""
        with self._lock:
            self._wake, waiting = wake, len(self._heard)
        for _ in range(waiting):
            wake()

    def hear(self) -> Scanned | Notice | None:
        """Return the oldest thing that waits; once all is taken, what had to be dropped."""
        with self._lock:
            if self._heard:
                heard = self._heard.popleft()
                more = bool(self._dropped and not self._heard)
            elif self._dropped:
                dropped, self._dropped = self._dropped, 0
                return Notice(Mood.ERROR, _lost(dropped))
            else:
                return None
        if more and self._wake:
            self._wake()
        return heard

    def warnings(self) -> list[Text]:
        """Return what is wrong now, in the order in which it went wrong."""
        with self._lock:
            return list(self._warnings.values())

    def put(self, heard: Scanned | Notice) -> None:
        """Leave a scan or a notice; beyond MAX_WAITING it is dropped, and that is told."""
        with self._lock:
            if len(self._heard) >= MAX_WAITING:
                self._dropped += 1
                return
            self._heard.append(heard)
            wake = self._wake
        if wake:
            wake()

    def warn(self, device: str, text: Text) -> None:
        """Say what is wrong with a device until it is well."""
        with self._lock:
            self._warnings[device] = text

    def well(self, device: str, text: Text) -> None:
        """Say that a device is well again, if anything was wrong."""
        with self._lock:
            was_wrong = self._warnings.pop(device, None)
        if was_wrong:
            self.put(Notice(Mood.INFO, text))


def _lost(n: int) -> Text:
    return say_many(
        "{n} scan came faster than it could be taken, and is lost: {do}",
        "{n} scans came faster than they could be taken, and are lost: {do}",
        n,
        do=say("compare the goods with the basket"),
    )
