"""One connection to one broker: a fresh paho client, driven by whoever calls :meth:`Wire.turn`, and never used again.

Why fresh: paho keeps unacknowledged messages in memory for ever and sends them again on its next connection, beside
what the session sends again. With one client a connection they end with it, so memory is bounded and nothing is sent
twice over. MQTT asks a client to send them again with their old ids; for QoS 1 a broker keeps nothing that would miss
them.
"""

import logging
import socket
import threading
from typing import Final, assert_never

from msgspec import Struct
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from mqtt_bridge import faults
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkTooLarge
from mqtt_bridge.link import BrokerUrl, Connected, Delivered, Disconnected, LinkEvent, Received, Refused, TlsFiles, Will
from mqtt_bridge.paho_ear import Answer, Ear, Greeting, Noted, SocketErrors, Subscribed
from mqtt_bridge.tls import UnusableFile, client_context

INFLIGHT: Final = 20  # Mosquitto's own default; more was measured to be slower: paho scans its list for each PUBACK
MAX_PACKET_BYTES: Final = 1024 * 1024  # twice the largest fact; what is larger the broker drops instead of sending it
MAX_PENDING: Final = 100  # the session keeps 8 batches in flight; the rest is room for requests and acknowledgements
MAX_PENDING_BYTES: Final = 4 * 1024 * 1024  # eight of the largest facts; paho holds each message twice
PACKET_OVERHEAD: Final = 16  # fixed header, topic length, packet id and property length come to 11 at most
CONNECT_TIMEOUT_S: Final = 5.0  # for each address and for each step of the TLS handshake

_NO_SUBSCRIBERS: Final = 0x10
_FAILURE: Final = 0x80  # reason codes from here on are errors
_OK: Final = MQTTErrorCode.MQTT_ERR_SUCCESS


class WireOptions(Struct, frozen=True):
    """What every connection of a link has in common."""

    client_id: str
    subscriptions: tuple[str, ...]
    tls: TlsFiles | None
    will: Will | None
    keepalive_s: int
    session_expiry_s: int


class Wire:
    """A connection: dial it, then call :meth:`turn` until it returns a Disconnected, which is its last event.

    :meth:`publish` may be called from any thread, all else from one at a time.
    """

    def __init__(self, broker: BrokerUrl, options: WireOptions, *, known: bool = False) -> None:
        """Prepare; nothing is sent."""
        self.broker = broker
        self._options = options
        self._ear = Ear()
        self._socket_errors = SocketErrors()
        self._client = _make_client(options, self._ear, self._socket_errors)
        self._lock = threading.Lock()
        self._pending: dict[int, tuple[str, int, bool]] = {}  # by packet id: topic, bytes, retained
        self._pending_bytes = 0
        self._max_pending = MAX_PENDING
        self._max_packet_bytes = MAX_PACKET_BYTES
        self._greeted = False
        self._known = known

    @property
    def pending(self) -> int:
        """How many messages the broker has not yet taken."""
        return len(self._pending)

    def dial(self) -> Disconnected | None:
        """Open the socket, and TLS; return what prevented it. Blocks for the time of DNS and a few time-outs."""
        broker, options = self.broker, self._options
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = options.session_expiry_s
        wishes.ReceiveMaximum = INFLIGHT
        wishes.MaximumPacketSize = MAX_PACKET_BYTES
        try:
            if broker.tls:
                self._client.tls_set_context(client_context(options.tls))
            self._client.connect(broker.host, broker.port, options.keepalive_s, clean_start=False, properties=wishes)
        except UnusableFile as error:
            return faults.unreadable(str(error), error.__cause__)
        except OSError as error:
            return faults.unconnected(broker, error)
        except UnicodeError as error:  # Python's IDNA coding refuses some names that DNS would carry
            return faults.unnamed(broker, error)
        return None

    def turn(self, timeout_s: float) -> list[LinkEvent]:
        """Read and write what can be, waiting up to ``timeout_s`` for something to do; return what happened."""
        fault: Disconnected | None = None
        try:
            code = self._client.loop(timeout_s)
        except Exception as error:  # noqa: BLE001  # no code of ours runs in there: its parser choked on the peer's bytes
            fault = faults.garbled(self.broker, f"{type(error).__name__}: {error}")
        else:
            if code != _OK or self._client.socket() is None:
                fault = self._explain(code)
        events = [event for noted in self._ear.take() for event in self._tell(noted)]
        return [*events, fault] if fault else events

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Hand a message to the client at QoS 1.

        Raises: LinkDown, LinkBusy, LinkTooLarge; ValueError for a topic that is none.
        """
        size = len(payload) + len(topic.encode()) + PACKET_OVERHEAD
        if size > self._max_packet_bytes:
            raise LinkTooLarge(f"{size} bytes, at most {self._max_packet_bytes}, on {topic}")
        with self._lock:  # held until the packet id is noted: the answer may be there before publish returns
            full = len(self._pending) >= self._max_pending or self._pending_bytes + size > MAX_PENDING_BYTES
            if self._pending and full:
                raise LinkBusy(f"{len(self._pending)} messages of {self._pending_bytes} bytes")
            info = self._client.publish(topic, payload, qos=1, retain=retain)
            if info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
                raise LinkDown
            if info.rc != _OK:
                raise LinkBusy(f"paho's code {info.rc}")
            self._pending[info.mid] = topic, size, retain
            self._pending_bytes += size

    def hang_up(self, turns: int = 10) -> None:
        """Say goodbye, so that the broker drops our will, and close; a peer that takes no bytes is left after 0.5 s."""
        self._client.disconnect()
        while turns > 0 and not any(isinstance(event, Disconnected) for event in self.turn(0.05)):
            turns -= 1
        self.drop()

    def drop(self) -> None:
        """Close without a goodbye: the broker sends our will."""
        open_socket = self._client.socket()
        if open_socket is not None:
            open_socket.close()

    def _tell(self, noted: Noted) -> list[LinkEvent]:
        match noted:
            case Received():
                return [noted]
            case Greeting():
                self._begin(noted)
                return [Connected(str(self.broker), noted.session_present)]
            case Subscribed():
                answers = zip(self._options.subscriptions, noted.refusals, strict=True)
                return [Refused(topic, f"subscription: {refusal}") for topic, refusal in answers if refusal]
            case Answer():
                return [self._settle(noted)]
            case _:
                assert_never(noted)

    def _begin(self, greeting: Greeting) -> None:
        self._greeted = True
        if greeting.max_packet_bytes:
            self._max_packet_bytes = greeting.max_packet_bytes
        if 0 < greeting.receive_maximum < INFLIGHT:  # paho never looks, and the broker throws out who goes beyond
            self._max_pending = greeting.receive_maximum
        if self._options.subscriptions:
            self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._options.subscriptions])

    def _settle(self, answer: Answer) -> LinkEvent:
        with self._lock:
            topic, size, retained = self._pending.pop(answer.mid)
            self._pending_bytes -= size
        unheard = answer.code == _NO_SUBSCRIBERS and not retained  # a retained one has been kept for whoever comes
        return Refused(topic, answer.name) if unheard or answer.code >= _FAILURE else Delivered(topic)

    def _explain(self, code: MQTTErrorCode) -> Disconnected:
        ear = self._ear
        if ear.refusal:
            return faults.refused(self.broker, *ear.refusal)
        if ear.goodbye:
            return faults.dismissed(self.broker, *ear.goodbye)
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return faults.garbled(self.broker, "a malformed packet")
        return faults.closed(self.broker, self._socket_errors.last, greeted=self._greeted, known=self._known)


def _make_client(options: WireOptions, ear: Ear, socket_errors: SocketErrors) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=options.client_id,
        protocol=MQTTProtocolVersion.MQTTv5,  # 3.1.1 answers a forged publish with success
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_queued_messages = MAX_PENDING
    client.max_inflight_messages = INFLIGHT
    if options.will:
        client.will_set(options.will.topic, options.will.payload, qos=1, retain=True)
    logger = logging.Logger("paho", logging.WARNING)  # noqa: LOG001  # private to this connection
    logger.addHandler(socket_errors)
    client.enable_logger(logger)
    ear.listen_to(client)
    client.on_socket_open = _send_at_once
    client.on_socket_register_write = _leave_writing_to_turn
    return client


def _send_at_once(client: Client, _userdata: object, _socket: object) -> None:
    """Small packets must not wait for the peer's delayed acknowledgement."""
    opened = client.socket()
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_writing_to_turn(_client: Client, _userdata: object, _socket: object) -> None:
    """Exists: without it paho writes from the publishing thread, into the middle of what ``turn`` is writing."""
