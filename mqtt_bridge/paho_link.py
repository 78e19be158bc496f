"""The link over paho: one thread that keeps one broker of a list connected.

Rules
-----
1.  Brokers are tried in order. When the last one has failed, wait (back-off), then begin with the first.
2.  A connection that lasted ``STEADY_S`` and then ends is the first broker's turn again, after the shortest wait. One
    that did not last is a failure: a broker that lets us in and throws us out must not keep us from the next.
3.  On any broker but the first, the first is tried beside it every ``return_after_s``. Only when it has let us in do we
    leave the other one: a first broker that is still broken costs nothing.
4.  The thread never blocks in DNS, TCP or TLS, so that :meth:`PahoLink.stop` is prompt whatever the network does.
5.  An attempt that has not been let in after ``answer_s`` is given up.

paho waits with ``select``: a process with more than 1,023 open files cannot use this link.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from mqtt_bridge.attempt import Attempt, Scout
from mqtt_bridge.backoff import Backoff
from mqtt_bridge.errors import LinkBroken, LinkDown
from mqtt_bridge.link import BrokerUrl, Connected, Disconnected, LinkEvent, TlsFiles, Will
from mqtt_bridge.paho_wire import Wire, WireOptions

KEEPALIVE_S: Final = 20  # a dead peer is noticed by us within 40 s, by the broker within 30 s (then it sends the will)
SESSION_EXPIRY_S: Final = 3600  # an hour's outage keeps the subscriptions; after more, what was queued is old news
RETURN_AFTER_S: Final = 300.0  # five minutes: a first broker that comes and goes moves us 12 times an hour at most
ANSWER_S: Final = 10.0  # TCP and TLS over a bad mobile network take seconds
STEADY_S: Final = 30.0  # a connection this old was no flicker
TURN_S: Final = 0.1  # how soon the thread notices that it shall stop; a message wakes it at once
DRAIN_S: Final = 0.5  # at a stop: for the broker to take what was published just before
STOP_S: Final = 1.9  # drain 0.5, goodbye 0.5, one turn 0.1; the rest is for a slow receiver of events


class PahoLink:
    """A :class:`mqtt_bridge.link.Link` over MQTT 5 with paho."""

    def __init__(
        self,
        brokers: Sequence[BrokerUrl],
        *,
        client_id: str,
        subscriptions: Sequence[str],
        on_event: Callable[[LinkEvent], None],
        backoff: Backoff,
        tls: TlsFiles | None = None,
        will: Will | None = None,
        keepalive_s: int = KEEPALIVE_S,
        session_expiry_s: int = SESSION_EXPIRY_S,
        return_after_s: float = RETURN_AFTER_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        """Prepare; nothing is connected before :meth:`start`.

        Raises: ValueError without any broker, or with one named twice.
        """
        if not brokers or len(set(brokers)) != len(brokers):
            raise ValueError("a link needs at least one broker, and each one once")
        self._brokers = tuple(brokers)
        self._options = WireOptions(client_id, tuple(subscriptions), tls, will, keepalive_s, session_expiry_s)
        self._on_event = on_event
        self._backoff = backoff
        self._return_after_s = return_after_s
        self._answer_s = answer_s
        self._failures = 0
        self._known: set[BrokerUrl] = set()  # those that let us in: their addresses are right
        self._stopping = threading.Event()
        self._over = False
        self._wire: Wire | None = None  # the connected one; set by the thread, read by publishers
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt-link", daemon=True)

    def start(self) -> None:
        """See :class:`mqtt_bridge.link.Link`."""
        self._thread.start()

    def stop(self) -> None:
        """See :class:`mqtt_bridge.link.Link`."""
        self._stopping.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(STOP_S)
        self._over = True
        self._raise_failure()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """See :class:`mqtt_bridge.link.Link`."""
        wire = self._wire
        if wire is None:
            self._raise_failure()
            raise LinkDown
        wire.publish(topic, payload, retain=retain)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._try_each()
                self._stopping.wait(self._backoff.delay_s(max(1, self._failures)))
        except BaseException as error:
            self._failure = error
            raise

    def _try_each(self) -> None:
        """Go through the list until a connection has come, lasted and ended; rules 1 and 2."""
        for broker in self._brokers:
            if self._stopping.is_set():
                return
            if self._carry(Attempt(broker, self._options, self._answer_s, known=broker in self._known)):
                self._failures = 0
                return
        self._failures += 1

    def _carry(self, attempt: Attempt) -> bool:
        """Follow an attempt, and where it leads, to the end; return whether the last connection lasted."""
        news: list[LinkEvent] = []
        while not news:
            if self._stopping.is_set():
                attempt.give_up()
                return False
            news = attempt.poll(TURN_S)
        successor: tuple[Wire, list[LinkEvent]] | None = (attempt.wire, news)
        began_s = time.monotonic()
        while successor:
            began_s = time.monotonic()
            successor = self._hold(*successor)
        return time.monotonic() - began_s >= STEADY_S

    def _hold(self, wire: Wire, news: list[LinkEvent]) -> tuple[Wire, list[LinkEvent]] | None:
        """Keep a connection until it ends, or until the first broker has let us in; return that one then."""
        first = self._brokers[0]
        scout = Scout(first, self._options, every_s=self._return_after_s, answer_s=self._answer_s)
        try:
            while self._tell(wire, news):
                if self._stopping.is_set():
                    self._say_goodbye(wire)
                    return None
                found = scout.look() if wire.broker != first else None
                if found:
                    wire.hang_up()
                    self._tell(wire, [Disconnected(f"left {wire.broker}: {first} is back", "moved")])
                    return found
                news = wire.turn(TURN_S)
            return None
        finally:
            self._wire = None
            scout.give_up()
            wire.drop()

    def _tell(self, wire: Wire, news: list[LinkEvent]) -> bool:
        """Pass events on; return whether the connection goes on after them."""
        for event in news:
            if isinstance(event, Connected):
                self._wire = wire
                self._known.add(wire.broker)
            elif isinstance(event, Disconnected):
                self._wire = None
            if self._over:
                return False
            self._on_event(event)
        return not (news and isinstance(news[-1], Disconnected))

    def _say_goodbye(self, wire: Wire) -> None:
        give_up_at_s = time.monotonic() + DRAIN_S
        while wire.pending and time.monotonic() < give_up_at_s:
            if not self._tell(wire, wire.turn(TURN_S)):
                return
        self._wire = None
        wire.hang_up()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise LinkBroken(repr(self._failure)) from self._failure
