"""Between the link's thread and the hub's: a queue with a bound in messages and bytes.

Full, it drops and counts: whoever sent a batch sends it again, and a status comes every half minute. No kiosk can take
the others' room: each has a share, and what is beyond it is dropped. Events of the connection itself are few and are
never dropped.
"""

import threading
from collections import deque
from typing import Final

from msgspec import Struct

from hub.intake.arrivals import Message
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received, Refused

MAX_MESSAGES: Final = 2000  # a window of eight batches from each of 250 kiosks
MAX_BYTES: Final = 64 * 1024 * 1024  # of which a group takes at most a quarter
MAX_OF_ONE: Final = 256  # of one kiosk: its window of eight batches thirty times over, and its statuses
MAX_BYTES_OF_ONE: Final = 8 * 1024 * 1024  # four windows of a session
GROUP_MESSAGES: Final = 64  # one transaction: enough that its sync is shared, short enough that its answers are soon
GROUP_BYTES: Final = 16 * 1024 * 1024


class Events(Struct):
    """What came since the last look."""

    messages: list[Message] = []
    link: list[Connected | Disconnected | Refused] = []


class Inbound:
    """Events of the link, taken by one thread and given to another."""

    def __init__(self) -> None:
        """Begin empty."""
        self.group_messages = GROUP_MESSAGES
        self._changed = threading.Condition()
        self._messages: deque[Message] = deque()
        self._link: list[Connected | Disconnected | Refused] = []
        self._bytes = 0
        self._shares: dict[tuple[str, ...], tuple[int, int]] = {}  # messages and bytes of each kiosk that wait here
        self._delivered = False
        self.dropped = 0

    def on_event(self, event: LinkEvent) -> None:
        """Take an event from the link's thread; never blocks."""
        with self._changed:
            match event:
                case Received():
                    self._take(Message(event.topic, event.payload, event.retained))
                case Delivered():
                    self._delivered = True
                case Connected() | Disconnected() | Refused():
                    self._link.append(event)
            self._changed.notify()

    def wake(self) -> None:
        """End a wait."""
        with self._changed:
            self._delivered = True
            self._changed.notify()

    def get(self, timeout_s: float) -> Events:
        """Return what came, at most one group; waits up to ``timeout_s`` for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._link or self._delivered, timeout_s)
            self._delivered = False
            link, self._link = self._link, []
            return Events(self._group(), link)

    @property
    def depth(self) -> int:
        """Return how many messages wait."""
        return len(self._messages)

    def _take(self, message: Message) -> None:
        size = len(message.payload)
        count, total = self._shares.get(_sender(message), (0, 0))
        is_full = len(self._messages) >= MAX_MESSAGES or self._bytes + size > MAX_BYTES
        if is_full or count >= MAX_OF_ONE or total + size > MAX_BYTES_OF_ONE:
            self.dropped += 1
            return
        self._messages.append(message)
        self._bytes += size
        self._shares[_sender(message)] = (count + 1, total + size)

    def _group(self) -> list[Message]:
        group: list[Message] = []
        size = 0
        while self._messages and len(group) < self.group_messages and size < GROUP_BYTES:
            message = self._messages.popleft()
            group.append(message)
            size += len(message.payload)
            self._let_go(message)
        self._bytes -= size
        return group

    def _let_go(self, message: Message) -> None:
        sender = _sender(message)
        count, total = self._shares.pop(sender)
        if count > 1:
            self._shares[sender] = (count - 1, total - len(message.payload))


def _sender(message: Message) -> tuple[str, ...]:
    return tuple(message.topic.split("/", 5)[:5])
