"""What paho's callbacks note, and no more: paho holds its locks while it calls, and mixes our errors with its own.

Nothing here refers to the client, so that an ended connection is freed at once and not when a cycle is found.
"""

import logging
from collections import deque

from msgspec import Struct
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mqtt_bridge.link import Received


class Greeting(Struct, frozen=True):
    """The broker lets us in (CONNACK), with what it allows; 0 where it does not say."""

    session_present: bool
    max_packet_bytes: int
    receive_maximum: int


class Answer(Struct, frozen=True):
    """The broker's answer to one message (PUBACK)."""

    mid: int
    code: int
    name: str


class Subscribed(Struct, frozen=True):
    """The broker's answer to the subscriptions (SUBACK): the name of each refusal, empty where it agrees."""

    refusals: tuple[str, ...]


Noted = Greeting | Answer | Subscribed | Received


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
                self.last = arg.with_traceback(None)  # whose frames hold the client, which holds us


class Ear:
    """Notes what happens on one connection."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self.refusal: tuple[int, str] | None = None  # code and name, of a CONNACK
        self.goodbye: tuple[int, str] | None = None  # of the broker's DISCONNECT
        self._noted: deque[Noted] = deque()

    def listen_to(self, client: Client) -> None:
        """Become the client's callbacks."""
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe

    def take(self) -> list[Noted]:
        """Return what was noted since the last time."""
        noted = list(self._noted)
        self._noted.clear()
        return noted

    def _on_connect(
        self, _client: Client, _userdata: object, flags: ConnectFlags, code: ReasonCode, known: Properties | None
    ) -> None:
        if code.is_failure:
            self.refusal = code.value, str(code)
            return
        limits = getattr(known, "MaximumPacketSize", 0), getattr(known, "ReceiveMaximum", 0)
        self._noted.append(Greeting(flags.session_present, *limits))

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, code: ReasonCode, _known: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.goodbye = code.value, str(code)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._noted.append(Received(message.topic, bytes(message.payload), message.retain))

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, code: ReasonCode, _known: Properties | None
    ) -> None:
        self._noted.append(Answer(mid, code.value, str(code)))

    def _on_subscribe(
        self, _client: Client, _userdata: object, _mid: int, codes: list[ReasonCode], _known: Properties | None
    ) -> None:
        self._noted.append(Subscribed(tuple(str(code) if code.is_failure else "" for code in codes)))
