"""MQTT frames as a client would write them, made by hand for the tests of the wire."""

from storm.mqtt_frames import Frame

TOPIC = "popup/v1/north/market/k1/up/facts/till"


def number(value: int) -> bytes:
    """Return a variable byte integer."""
    digits = []
    while True:
        value, digit = divmod(value, 128)
        digits.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(digits)


def frame(first: int, body: bytes) -> Frame:
    return Frame(first >> 4, bytes([first]) + number(len(body)) + body)


def publish(packet_id: int = 1, payload: bytes = b"", *, qos: int = 1, properties: bytes = b"") -> Frame:
    name = TOPIC.encode()
    packet = packet_id.to_bytes(2, "big") if qos else b""
    body = len(name).to_bytes(2, "big") + name + packet + number(len(properties)) + properties + payload
    return frame(0x30 | qos << 1, body)


ALIAS = b"\x23\x00\x07"
