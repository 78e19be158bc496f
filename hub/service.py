"""The hub's loop: link -> books -> acknowledgements -> downlink -> steward -> downlink. One thread owns it all.

When the world fails (disk full, database away), what was taken stays in hand and is tried again; nothing is
acknowledged meanwhile, the queue fills and drops, and kiosks send again. Said once when it begins and
once when it ends.
"""

import logging
import threading
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from contract.errors import Malformed
from hub.clock import Clock
from hub.core.read_models import HealthView
from hub.downlink.downlink import Downlink
from hub.intake.arrivals import Message
from hub.intake.inbound import Events, Inbound
from hub.intake.ingest import Ingest, Outcome
from hub.steward.steward import MAX_SITES, Steward
from hub.store.errors import WorldFailed
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkTooLarge
from mqtt_bridge.link import Connected, Disconnected, Link, Refused
from mqtt_bridge.topics import DOWN_FACTS, parse_topic

RETRY_S: Final = 1.0  # a full disk or a restarted database is noticed within a second of being well again
IDLE_S: Final = 1.0
BUSY_SITES: Final = 1  # that the steward looks after between two groups of messages; kiosks wait for their answers
BUSY_REST: Final = 19  # times as long as it took until it may again, while a backlog drains: a twentieth is its
LONGEST_REST_S: Final = 2.0  # goods that a shop asks for wait no longer than that for the others' backlog
_log = logging.getLogger(__name__)


class Health(Struct, frozen=True):
    """How the hub's loop is."""

    connected: bool
    link: str
    database: str
    waiting: int
    dropped: int
    refused: int
    positions_taken: int
    kiosks_online: int

    def view(self, *, incarnation: int) -> HealthView:
        """Return what the API tells of it."""
        status = "ok" if self.connected and self.database == "ok" else "degraded"
        return HealthView(status=status, incarnation=incarnation, **asdict(self))


class Service:
    """Runs ingest, steward and downlink over one link."""

    def __init__(
        self,
        ingest: Ingest,
        downlink: Downlink,
        inbound: Inbound,
        clock: Clock,
        *,
        steward: Steward | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        """Take the parts; :meth:`attach` gives the link, which needs ``inbound.on_event`` first."""
        self._steward = steward
        self._steward_due_s = float("-inf")
        self._retry_s = retry_s
        self._ingest = ingest
        self._downlink = downlink
        self._inbound = inbound
        self._clock = clock
        self._link: Link | None = None
        self._connected = False
        self._said_of_link = "no broker is configured"
        self._trouble = ""
        self._stopping = threading.Event()
        self._in_hand: list[Message] = []
        self._to_publish: dict[str, Message] = {}  # the newest acknowledgement of each kiosk
        self._greet = False

    def attach(self, link: Link) -> None:
        """Take the link."""
        self._link = link
        self._said_of_link = "connecting"

    def stop(self) -> None:
        """Ask :meth:`run` to end after what it is doing."""
        self._stopping.set()
        self._inbound.wake()

    def run(self) -> None:
        """Carry on until stopped."""
        while not self._stopping.is_set():
            self.turn()

    def turn(self) -> None:
        """Do one round: wait for events, take them, answer, tell kiosks what is new."""
        events = Events() if self._in_hand else self._inbound.get(self._wait_s())
        self._heed(events)
        self._in_hand += events.messages
        try:
            self._work()
        except WorldFailed as error:
            self._say(str(error))
            self._stopping.wait(self._retry_s)
        else:
            self._say("")

    def health(self) -> Health:
        """Return how things are; from any thread."""
        return Health(
            connected=self._connected,
            link=self._said_of_link,
            database=self._trouble or "ok",
            waiting=self._inbound.depth + len(self._in_hand),
            dropped=self._inbound.dropped,
            refused=self._ingest.refusals.total,
            positions_taken=self._ingest.positions_taken,
            kiosks_online=self._downlink.online,
        )

    def _wait_s(self) -> float:
        now_s = self._clock.monotonic_s()
        idle_s = IDLE_S if self._steward is None else min(IDLE_S, max(0.0, self._steward_due_s - now_s))
        return min(idle_s, self._downlink.wake_in(now_s)) if self._connected else idle_s

    def _heed(self, events: Events) -> None:
        for event in events.link:
            match event:
                case Connected():
                    self._connected, self._greet = True, True
                    self._tell_link(f"connected to {event.broker}", logging.INFO)
                case Disconnected():
                    self._connected = False
                    self._downlink.disconnected()
                    self._tell_link(event.reason, logging.WARNING)
                case Refused():
                    self._refused(event)

    def _work(self) -> None:
        if self._greet:
            self._queue(self._ingest.hello())
            self._greet = False
        outcome = self._take() if self._in_hand else Outcome()
        self._queue(outcome.answers)
        self._flush()
        self._tell(outcome)
        busy = outcome.more or self._inbound.batches > 0
        is_due = self._clock.monotonic_s() >= self._steward_due_s
        if is_due or outcome.requests or (outcome.has_news and not busy):
            self._look_after(busy=busy)

    def _tell(self, outcome: Outcome) -> None:
        """Send kiosks what is new; what they asked for is answered without waiting for the next look."""
        now_s = self._clock.monotonic_s()
        if self._connected:
            self._downlink.heard(outcome.told, outcome.acked, now_s)
            if outcome.has_news:
                self._downlink.look(now_s, at_once=True)
            self._downlink.send(self._publish, now_s)

    def _look_after(self, *, busy: bool) -> None:
        """Have the steward do what is due; while kiosks wait for answers, little of it at a time, and seldom."""
        if self._steward is None:
            return
        began_s = self._clock.monotonic_s()
        limit = BUSY_SITES if busy else MAX_SITES
        done = self._steward.step(limit)
        now_s = self._clock.monotonic_s()
        rest_s = min(LONGEST_REST_S, BUSY_REST * (now_s - began_s)) if busy else 0.0
        self._steward_due_s = now_s + (rest_s if done >= limit else IDLE_S)
        if self._connected and self._steward.take_told():
            self._downlink.look(now_s, at_once=True)
            self._downlink.send(self._publish, now_s)

    def _take(self) -> Outcome:
        outcome = self._ingest.take(self._in_hand)
        self._in_hand = []
        return outcome

    def _queue(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._to_publish[message.topic] = message

    def _flush(self) -> None:
        for topic, message in list(self._to_publish.items()):
            if not self._publish(message):
                return
            del self._to_publish[topic]

    def _publish(self, message: Message) -> bool:
        """Hand a message to the link; False where it takes nothing for now."""
        if self._link is None:
            return False
        try:
            self._link.publish(message.topic, message.payload, retain=message.retain)
        except (LinkDown, LinkBusy):
            return False  # Connected, or Delivered, wakes the loop
        except LinkTooLarge as error:
            self._tell_link(str(error), logging.WARNING)
        return True

    def _refused(self, event: Refused) -> None:
        try:
            address, leaf = parse_topic(event.topic)
        except Malformed:
            self._tell_link(f"{event.topic}: {event.reason}", logging.WARNING)
            return
        if leaf == DOWN_FACTS:
            self._downlink.refused(address, self._clock.monotonic_s())

    def _tell_link(self, sentence: str, level: int) -> None:
        if sentence != self._said_of_link:
            self._said_of_link = sentence
            _log.log(level, "link: %s", sentence)

    def _say(self, trouble: str) -> None:
        if bool(trouble) != bool(self._trouble):
            if trouble:
                _log.error("database: %s; nothing is acknowledged until it works again", trouble)
            else:
                _log.warning("database: works again")
        self._trouble = trouble
