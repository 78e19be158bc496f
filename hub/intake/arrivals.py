"""What kiosks say, parsed at the edge: a topic and a payload become a batch, a request, a status, an ack."""

from msgspec import Struct

from contract.batch import Ack, Batch, Status, decode_ack, decode_batch, decode_status
from contract.errors import Malformed
from contract.requests import Request, decode_request
from contract.streams import parse_lane_stream
from contract.values import Address, Epoch, Lane
from mqtt_bridge.topics import ACK_DOWN, STATUS, UP_FACTS, UP_REQUESTS, UP_TELEMETRY, parse_topic


class Message(Struct, frozen=True):
    """One message of the link."""

    topic: str
    payload: bytes
    retain: bool = False


class UpBatch(Struct, frozen=True):
    """A batch of one lane."""

    address: Address
    epoch: Epoch
    lane: Lane
    batch: Batch


class Told(Struct, frozen=True):
    """A kiosk's state of the link."""

    address: Address
    status: Status


class DownAcked(Struct, frozen=True):
    """How far a kiosk has applied what came down."""

    address: Address
    ack: Ack


class Asking(Struct, frozen=True):
    """A request that cannot wait for its place in the sequence."""

    address: Address
    request: Request


Arrival = UpBatch | Told | DownAcked | Asking


def parse(message: Message) -> Arrival | None:
    """Return what ``message`` says; None for what this release does not listen to.

    Raises: Malformed.
    """
    address, leaf = parse_topic(message.topic)
    match leaf.split("/"):
        case ["up", "facts", lane]:
            return _up_batch(address, lane, message.payload)
        case ["status"]:
            return Told(address, decode_status(message.payload))
        case ["ack", "down"]:
            return DownAcked(address, decode_ack(message.payload))
        case ["up", "requests"]:
            return Asking(address, decode_request(message.payload))
        case ["up", "telemetry"]:
            return None
    raise Malformed(f"no kiosk writes to {leaf[:80]!r}", "topic")


def reason(message: Message) -> str:
    """Return a short name for the kind of message, for counting what was refused."""
    for leaf in (UP_FACTS, UP_REQUESTS, UP_TELEMETRY, STATUS, ACK_DOWN):
        if f"/{leaf}" in message.topic:
            return leaf
    return "topic"


def _up_batch(address: Address, lane: str, payload: bytes) -> UpBatch:
    batch = decode_batch(payload)
    epoch, of_lane = parse_lane_stream(batch.head.stream, "$.head.stream")
    if of_lane != lane:
        raise Malformed(f"a batch of {of_lane} on the topic of {lane[:16]!r}", "$.head.stream")
    return UpBatch(address, epoch, of_lane, batch)
