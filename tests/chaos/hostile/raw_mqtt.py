"""A peer that writes MQTT packets by hand, so that it can send what no client library lets out."""

import socket
from contextlib import suppress
from typing import Final

_CONNECT: Final = 0x10
_PUBLISH: Final = 0x30  # QoS 0
_RETAIN: Final = 0x01
_ACCEPTED: Final = b"\x20\x02\x00\x00"
TIMEOUT_S: Final = 20.0


class RawPeer:
    """One connection that is made anew whenever the broker has had enough of us."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self._where = (host, port)
        self._name = name
        self.thrown_out = 0
        self._socket = self._connect()

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send a message; a broker that ends the connection, now or before, is connected to again."""
        name = topic.encode("utf-8", "surrogatepass")[:65_535]
        body = len(name).to_bytes(2, "big") + name + payload
        packet = bytes([_PUBLISH | (_RETAIN if retain else 0)]) + _length(len(body)) + body
        if self._is_over():
            self._again()
        try:
            self._socket.sendall(packet)
        except OSError:
            self._again()

    def close(self) -> None:
        self._socket.close()

    def _again(self) -> None:
        self.thrown_out += 1
        self._socket.close()
        self._socket = self._connect()

    def _is_over(self) -> bool:
        self._socket.settimeout(0)
        try:
            return self._socket.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            with suppress(OSError):
                self._socket.settimeout(TIMEOUT_S)

    def _connect(self) -> socket.socket:
        opened = socket.create_connection(self._where, TIMEOUT_S)
        name = self._name.encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
        opened.sendall(bytes([_CONNECT]) + _length(len(body)) + body)
        assert opened.recv(4) == _ACCEPTED
        return opened


def _length(number: int) -> bytes:
    """Return a length as MQTT writes it, seven bits a byte."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | (128 if number else 0))
        if not number:
            return bytes(digits)
