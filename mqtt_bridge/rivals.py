"""Whether another device uses our name: a broker ends the session of whoever had it before.

Rules
-----
1.  A broker may say so (MQTT 5, reason 0x8E). Once is no sign: a connection that we had lost may end late.
2.  Mosquitto 2.0 does not say so: it closes the connection without a word, and has our session when we come back. A
    network that breaks ends connections with an error or in silence, and a broker that restarts does so seldom: so a
    few of these in a row are a sign too.
3.  Two devices of one name push each other out for ever: it is said until it has not happened for :data:`QUIET_S`.
"""

from typing import Final

from mqtt_bridge.link import Connected, Disconnected

TWO_DEVICES: Final = "another device uses this kiosk's name: switch one off"
SAID: Final = 2  # times that the broker said so, within WINDOW_S: more than once
UNSAID: Final = 4  # times that it did not: a broker that is restarted three times in five minutes is being worked on
WINDOW_S: Final = 300.0  # two devices are back within seconds, or within the longest back-off
QUIET_S: Final = 600.0  # long enough for a person to have looked


class Rivals:
    """What our brokers told of another client of our name. Time is monotonic seconds."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._said_s: list[float] = []
        self._unsaid_s: list[float] = []
        self._closed = False
        self._until_s = float("-inf")

    def ended(self, how: Disconnected, now_s: float) -> None:
        """Note how a connection ended, or that none was made."""
        self._closed = how.unexplained
        if how.kind == "taken":
            self._said_s = _recent(self._said_s, now_s)[-SAID:]
            self._judge(now_s)

    def begun(self, how: Connected, now_s: float) -> None:
        """Note a connection: whether it is the first attempt after one that was closed without a word."""
        if self._closed and how.session_present:
            self._unsaid_s = _recent(self._unsaid_s, now_s)[-UNSAID:]
            self._judge(now_s)
        self._closed = False

    def words(self, now_s: float) -> str:
        """Return what a person must know, empty if nothing."""
        return TWO_DEVICES if now_s < self._until_s else ""

    def _judge(self, now_s: float) -> None:
        if len(self._said_s) == SAID or len(self._unsaid_s) == UNSAID or self.words(now_s):
            self._until_s = now_s + QUIET_S


def _recent(times_s: list[float], now_s: float) -> list[float]:
    return [*(at_s for at_s in times_s if now_s - at_s < WINDOW_S), now_s]
