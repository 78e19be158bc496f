"""MQTT 5 as a stream of frames, read without changing a byte. Pure: bytes in, frames out.

Rules
-----
1.  What comes out, joined, is what went in; any chunking of it gives the same frames.
2.  A frame larger than ``MAX_FRAME_BYTES`` is passed on piece by piece as ``RAW``; framing goes on behind it.
3.  A stream that is not MQTT (a length of more than four bytes, flags that its packet type does not have) is ``RAW``
    from there on, for ever. TLS is one.

Source: MQTT 5.0, sections 1.5, 2.1, 2.2.2 and 3.3.
"""

from typing import Final, NamedTuple

RAW: Final = 0  # reserved by MQTT: no packet has this type
PUBLISH: Final = 3
PUBACK: Final = 4
DISCONNECT: Final = 14

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024  # four times what broker and clients take; held in memory until it is whole
_LENGTH_BYTES: Final = 4
_LAST_BYTE: Final = 0x80  # of a length: more follows while it is set
_TOPIC_ALIAS: Final = 0x23
_FLAGGED: Final = {6: 2, 8: 2, 10: 2}  # PUBREL, SUBSCRIBE, UNSUBSCRIBE; a PUBLISH has any, all others 0
EXACTLY_ONCE: Final = 2  # the quality of service that is a dialogue of four packets
_FAILURE: Final = 0x80  # reason codes from here on are errors
_NO_SUBSCRIBERS: Final = 0x10

# How the value of a PUBLISH property is written: bytes of a fixed one, else one of the words.
_PROPERTIES: Final[dict[int, int | str]] = {
    0x01: 1,  # payload format
    0x02: 4,  # message expiry
    0x03: "text",  # content type
    0x08: "text",  # response topic
    0x09: "text",  # correlation data: written as a text is
    0x0B: "number",  # subscription identifier
    _TOPIC_ALIAS: 2,
    0x26: "pair",  # user property
}


class Frame(NamedTuple):
    """One packet as it came; ``kind`` is its type, or ``RAW`` for bytes that are none."""

    kind: int
    raw: bytes


class Publish(NamedTuple):
    """What a PUBLISH says; ``packet_id`` is 0 at QoS 0."""

    topic: str
    qos: int
    packet_id: int
    aliased: bool
    payload: bytes


class Puback(NamedTuple):
    """What a PUBACK says; ``taken`` is whether the broker or client now answers for the message."""

    packet_id: int
    taken: bool


class Malformed(ValueError):
    """Bytes that are not what MQTT would have there."""


class Framer:
    """Cuts one direction of a connection into frames."""

    def __init__(self) -> None:
        """Begin at the start of a stream."""
        self._buffer = bytearray()
        self._lost = False  # rule 3
        self._to_skip = 0  # rule 2: bytes of an oversized frame that are still to come

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that ``data`` completes."""
        self._buffer += data
        frames = []
        while frame := self._next():
            frames.append(frame)
        return frames

    def rest(self) -> bytes:
        """Return what is left of a frame that never became whole; the stream has ended."""
        return self._cut(len(self._buffer))

    def _next(self) -> Frame | None:
        if self._buffer and (self._lost or self._to_skip):
            return self._pass_on()
        if not self._buffer:
            return None
        try:
            size = _frame_size(self._buffer)
        except Malformed:
            self._lost = True
            return self._pass_on()
        if size > MAX_FRAME_BYTES:
            self._to_skip = size
            return self._pass_on()
        if not size or len(self._buffer) < size:
            return None
        return Frame(self._buffer[0] >> 4, self._cut(size))

    def _pass_on(self) -> Frame:
        size = len(self._buffer) if self._lost else min(self._to_skip, len(self._buffer))
        self._to_skip = max(0, self._to_skip - size)
        return Frame(RAW, self._cut(size))

    def _cut(self, size: int) -> bytes:
        cut = bytes(self._buffer[:size])
        del self._buffer[:size]
        return cut


def parse_publish(frame: Frame) -> Publish | None:
    """Return what a PUBLISH says, None for one that MQTT 5 does not allow."""
    raw = frame.raw
    qos = raw[0] >> 1 & 3
    try:
        at = 1 + _read_number(raw, 1)[1]
        topic, at = _read_text(raw, at)
        packet_id = int.from_bytes(_take(raw, at, 2 if qos else 0), "big")
        at += 2 if qos else 0
        size, length = _read_number(raw, at)
        aliased = _is_aliased(_take(raw, at + length, size))
        return Publish(topic.decode(), qos, packet_id, aliased, raw[at + length + size :])
    except (Malformed, UnicodeDecodeError):
        return None


def parse_puback(frame: Frame) -> Puback | None:
    """Return what a PUBACK says, None for one that is cut short. With nobody there to hear it, nothing was taken."""
    try:
        at = 1 + _read_number(frame.raw, 1)[1]
        packet_id = int.from_bytes(_take(frame.raw, at, 2), "big")
    except Malformed:
        return None
    reason = frame.raw[at + 2] if len(frame.raw) > at + 2 else 0
    return Puback(packet_id, taken=reason < _FAILURE and reason != _NO_SUBSCRIBERS)


def _frame_size(raw: bytearray) -> int:
    """Return how long the first frame is, 0 while that cannot be told; raises Malformed."""
    kind, flags = divmod(raw[0], 16)
    if kind == RAW or (kind != PUBLISH and flags != _FLAGGED.get(kind, 0)):
        raise Malformed("no packet begins like this")
    if kind == PUBLISH and flags >> 1 & 3 > EXACTLY_ONCE:
        raise Malformed("a PUBLISH of quality 3")
    header = raw[1 : 1 + _LENGTH_BYTES]
    if len(header) < _LENGTH_BYTES and all(byte & _LAST_BYTE for byte in header):
        return 0
    size, length = _read_number(header, 0)
    return 1 + length + size


def _read_number(raw: bytes | bytearray, at: int) -> tuple[int, int]:
    """Return a variable byte integer and how many bytes it takes; raises Malformed."""
    value = 0
    for index, byte in enumerate(raw[at : at + _LENGTH_BYTES]):
        value |= (byte & (_LAST_BYTE - 1)) << 7 * index
        if not byte & _LAST_BYTE:
            return value, index + 1
    raise Malformed("a length that does not end")


def _read_text(raw: bytes, at: int) -> tuple[bytes, int]:
    """Return a text or binary value and where it ends; raises Malformed."""
    size = int.from_bytes(_take(raw, at, 2), "big")
    return _take(raw, at + 2, size), at + 2 + size


def _take(raw: bytes, at: int, size: int) -> bytes:
    if at + size > len(raw):
        raise Malformed("it ends too early")
    return raw[at : at + size]


def _is_aliased(properties: bytes) -> bool:
    at, aliased = 0, False
    while at < len(properties):
        name = properties[at]
        aliased |= name == _TOPIC_ALIAS
        at = _end_of_property(properties, at + 1, _PROPERTIES.get(name))
    return aliased


def _end_of_property(raw: bytes, at: int, form: int | str | None) -> int:
    match form:
        case int():
            return at + len(_take(raw, at, form))
        case "number":
            return at + _read_number(raw, at)[1]
        case "text":
            return _read_text(raw, at)[1]
        case "pair":
            return _read_text(raw, _read_text(raw, at)[1])[1]
        case _:
            raise Malformed("a property that no PUBLISH has")
