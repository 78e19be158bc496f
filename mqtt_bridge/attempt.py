"""An attempt to be let in by one broker, which blocks nobody: DNS, TCP and TLS happen in a thread of their own."""

import threading
import time

from mqtt_bridge import faults
from mqtt_bridge.link import BrokerUrl, Disconnected, LinkEvent
from mqtt_bridge.paho_wire import Wire, WireOptions


class Attempt:
    """Poll it until it has news: first a Connected, or nothing but a Disconnected."""

    def __init__(self, broker: BrokerUrl, options: WireOptions, answer_s: float, *, known: bool = False) -> None:
        """Begin to dial; give up when the broker has not let us in after ``answer_s``; ``known``: it did before."""
        self.wire = Wire(broker, options, known=known)
        self._answer_s = answer_s
        self._give_up_at_s = time.monotonic() + answer_s
        self._fault: Disconnected | None = None
        self._error: BaseException | None = None
        self._abandoned = False
        self._dialled = threading.Event()
        threading.Thread(target=self._dial, name=f"mqtt-dial-{broker.host}", daemon=True).start()

    def poll(self, timeout_s: float) -> list[LinkEvent]:
        """Return the news, if any comes within ``timeout_s``."""
        if self._dialled.wait(timeout_s):
            news = self._greet(timeout_s)
            if news:
                return news
        if time.monotonic() < self._give_up_at_s:
            return []
        self.give_up()
        return [faults.silent(self.wire.broker, self._answer_s)]

    def give_up(self) -> None:
        """Close, or leave it to the dialling thread to close once its time-outs let it."""
        self._abandoned = True
        if self._dialled.is_set():
            self.wire.drop()

    def _greet(self, timeout_s: float) -> list[LinkEvent]:
        if self._error:
            raise self._error
        return [self._fault] if self._fault else self.wire.turn(timeout_s)

    def _dial(self) -> None:
        try:
            self._fault = self.wire.dial()
        except BaseException as error:  # noqa: BLE001  # raised again by poll, in the link's thread
            self._error = error
        self._dialled.set()
        if self._abandoned:
            self.wire.drop()


class Scout:
    """Looks from time to time whether a preferred broker lets us in again."""

    def __init__(self, broker: BrokerUrl, options: WireOptions, *, every_s: float, answer_s: float) -> None:
        """Look for the first time after ``every_s``."""
        self._broker = broker
        self._options = options
        self._every_s = every_s
        self._answer_s = answer_s
        self._look_at_s = time.monotonic() + every_s
        self._attempt: Attempt | None = None

    def look(self) -> tuple[Wire, list[LinkEvent]] | None:
        """Return its connection and first news once it let us in; never blocks."""
        if self._attempt is None:
            if time.monotonic() >= self._look_at_s:
                self._attempt = Attempt(self._broker, self._options, self._answer_s)
            return None
        news = self._attempt.poll(0)
        if not news:
            return None
        wire, self._attempt = self._attempt.wire, None
        if isinstance(news[-1], Disconnected):  # said nothing: we are connected elsewhere, and look again
            wire.drop()
            self._look_at_s = time.monotonic() + self._every_s
            return None
        return wire, news

    def give_up(self) -> None:
        """Stop looking."""
        if self._attempt is not None:
            self._attempt.give_up()
            self._attempt = None
