"""Between the link's thread and the hub's: a queue with a bound in messages and bytes.

Rules
-----
1.  Requests come first: a shopper waits for each, and the facts of a whole region may wait behind its outage. A group
    that holds some is short, for the first of them is answered with the last.
2.  Full, it drops and counts: whoever sent a batch sends it again, and a status comes every half minute. No kiosk can
    take the others' room: each has a share, and what is beyond it is dropped. Requests have room of their own.
3.  What waits here already waits once: a kiosk that hears nothing for a while sends again what we have not got to.
4.  Events of the connection itself are few and are never dropped.
"""

import threading
from collections import Counter, deque
from typing import Final

from msgspec import Struct

from hub.intake.arrivals import Message
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received, Refused
from mqtt_bridge.topics import UP_FACTS, UP_REQUESTS

MAX_MESSAGES: Final = 2000  # a window of eight batches from each of 250 kiosks
MAX_BYTES: Final = 160 * 1024 * 1024  # the windows of 120 kiosks that come back together: 120 MiB
MAX_OF_ONE: Final = 256  # of one kiosk: its window of eight batches thirty times over, and its statuses
MAX_REQUESTS: Final = 1000  # a region's tills ask for some tens a minute; what is dropped comes as a fact
MAX_REQUESTS_OF_ONE: Final = 16  # a till has one counter
MAX_REQUEST_BYTES: Final = 64 * 1024  # a larger one is a fact in its turn: a request names one basket
MAX_BYTES_OF_ONE: Final = 8 * 1024 * 1024  # four windows of a session
GROUP_MESSAGES: Final = 64  # one transaction: enough that its sync is shared, short enough that its answers are soon
GROUP_REQUESTS: Final = 8  # of them in one transaction, and as much else: some 7 ms each
GROUP_BYTES: Final = 3 * 1024 * 1024  # some 2,500 sales: half a second, which a shopper may have to wait behind


Sender = tuple[str, ...]
Mark = tuple[str, int, int]


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
        self._requests: deque[Message] = deque()
        self._waiting: set[Mark] = set()
        self._link: list[Connected | Disconnected | Refused] = []
        self._bytes = 0
        self._shares: dict[Sender, tuple[int, int]] = {}  # messages and bytes of each kiosk that wait here
        self._asking: Counter[Sender] = Counter()  # requests of each
        self._delivered = False
        self.batches = 0  # of facts, that wait: a backlog drains, and kiosks wait for their acknowledgements
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
            self._changed.wait_for(lambda: self.depth or self._link or self._delivered, timeout_s)
            self._delivered = False
            link, self._link = self._link, []
            return Events(self._group(), link)

    @property
    def depth(self) -> int:
        """Return how many messages wait."""
        return len(self._messages) + len(self._requests)

    def _take(self, message: Message) -> None:
        mark = _mark(message)
        if mark in self._waiting:
            return
        is_request = message.topic.endswith(UP_REQUESTS) and len(message.payload) <= MAX_REQUEST_BYTES
        if not (self._take_request(message) if is_request else self._take_other(message)):
            self.dropped += 1
            return
        self._waiting.add(mark)

    def _take_request(self, message: Message) -> bool:
        sender = _sender(message)
        if len(self._requests) >= MAX_REQUESTS or self._asking[sender] >= MAX_REQUESTS_OF_ONE:
            return False
        self._requests.append(message)
        self._asking[sender] += 1
        return True

    def _take_other(self, message: Message) -> bool:
        size = len(message.payload)
        count, total = self._shares.get(_sender(message), (0, 0))
        is_full = len(self._messages) >= MAX_MESSAGES or self._bytes + size > MAX_BYTES
        if is_full or count >= MAX_OF_ONE or total + size > MAX_BYTES_OF_ONE:
            return False
        self._messages.append(message)
        self.batches += _is_batch(message)
        self._bytes += size
        self._shares[_sender(message)] = (count + 1, total + size)
        return True

    def _group(self) -> list[Message]:
        requests = min(self.group_messages, GROUP_REQUESTS, len(self._requests))
        group = [self._requests.popleft() for _ in range(requests)]
        most = min(self.group_messages, 2 * requests) if requests else self.group_messages
        self._asking.subtract(map(_sender, group))
        self._asking = +self._asking  # who asks no more is forgotten
        size = 0
        while self._messages and len(group) < most and size < GROUP_BYTES:
            message = self._messages.popleft()
            group.append(message)
            size += len(message.payload)
            self.batches -= _is_batch(message)
            self._let_go(message)
        self._bytes -= size
        self._waiting.difference_update(map(_mark, group))
        return group

    def _let_go(self, message: Message) -> None:
        sender = _sender(message)
        count, total = self._shares.pop(sender)
        if count > 1:
            self._shares[sender] = (count - 1, total - len(message.payload))


def _mark(message: Message) -> Mark:
    """Return what tells a message from others; bytes keep their hash, so that it is made once."""
    return message.topic, len(message.payload), hash(message.payload)


def _is_batch(message: Message) -> bool:
    return f"/{UP_FACTS}/" in message.topic


def _sender(message: Message) -> Sender:
    return tuple(message.topic.split("/", 5)[:5])
