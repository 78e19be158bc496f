"""What paho's callbacks note. None of our own code runs in them: paho holds its locks while it calls.

Nothing here refers to the client, so that an ended connection is freed at once and not when a cycle is found.
"""

import logging
from collections import deque
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from mqtt_bridge.link import BrokerUrl, Connected, Received, Refused

INFLIGHT: Final = 20  # Mosquitto's own default; more was measured to be slower, as paho scans its list for each PUBACK
MAX_PACKET_BYTES: Final = 1024 * 1024  # twice the largest fact; what is larger the broker drops instead of sending it

Noted = Connected | Received | Refused | tuple[int, ReasonCode]  # the last: a PUBACK's packet id and answer


class SocketErrors(logging.Handler):
    """Keeps the error that ended the socket: paho logs it, and only logs it."""

    def __init__(self) -> None:
        """Hear warnings and errors; what is below is never formatted."""
        super().__init__(logging.WARNING)
        self.last: OSError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take the error itself out of the record."""
        for arg in record.args if isinstance(record.args, tuple) else ():
            if isinstance(arg, OSError):
                self.last = arg


class Ear:
    """Notes what happens on one connection."""

    def __init__(self, broker: BrokerUrl, subscriptions: tuple[str, ...]) -> None:
        """Note nothing yet."""
        self.noted: deque[Noted] = deque()
        self.greeted = False
        self.refusal: tuple[int, str] | None = None
        self.goodbye: tuple[int, str] | None = None
        self.max_packet_bytes = MAX_PACKET_BYTES
        self._broker = broker
        self._subscriptions = subscriptions

    def listen_to(self, client: Client) -> None:
        """Become the client's callbacks."""
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe

    def take(self) -> list[Noted]:
        """Return what was noted since the last time."""
        noted = list(self.noted)
        self.noted.clear()
        return noted

    def _on_connect(
        self, client: Client, _userdata: object, flags: ConnectFlags, code: ReasonCode, known: Properties | None
    ) -> None:
        if code.is_failure:
            self.refusal = code.value, str(code)
            return
        self.greeted = True
        self.max_packet_bytes = int(getattr(known, "MaximumPacketSize", self.max_packet_bytes))
        inflight = int(getattr(known, "ReceiveMaximum", INFLIGHT))  # paho never looks, and is thrown out beyond it
        client.max_inflight_messages_set(min(inflight, INFLIGHT))
        if self._subscriptions:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])
        self.noted.append(Connected(str(self._broker), flags.session_present))

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, code: ReasonCode, _known: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.goodbye = code.value, str(code)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.noted.append(Received(message.topic, bytes(message.payload), message.retain))

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, code: ReasonCode, _known: Properties | None
    ) -> None:
        self.noted.append((mid, code))

    def _on_subscribe(
        self, _client: Client, _userdata: object, _mid: int, codes: list[ReasonCode], _known: Properties | None
    ) -> None:
        for topic, code in zip(self._subscriptions, codes, strict=True):  # the only subscription of this connection
            if code.is_failure:
                self.noted.append(Refused(topic, f"subscription: {code}"))
