"""What a till and the keeper on a peer till say to each other: frames over one TCP connection, with deadlines.

Rules
-----
1.  A frame is its length (4 bytes, the kind counted), its kind (1 byte) and its body. What is longer than
    ``MAX_FRAME_BYTES``, or not of the kinds below, ends the connection.
2.  The till begins with HELLO, its address; the keeper answers HELD: how far it is in every stream of that kiosk.
3.  BATCH (as on the link) is answered by HELD for its stream once it is synced. NEWEST asks for HELD again. FETCH is
    answered by BATCHes from a position on, then HELD.
4.  REFUSED answers anything, with a reason for people; ``strayed`` says that other facts are held by those numbers.
"""

import socket
import struct
import time
from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.batch import MAX_BATCH_BYTES, Ack, StreamField, StreamPosition, decode_ack, encode_message
from contract.codec import MAX_FACT_BYTES
from contract.errors import Malformed
from contract.registry import read
from contract.streams import lane_stream
from contract.values import Epoch, Incarnation, Lane, SeqField
from kiosk.core.ports import Held

MAX_FRAME_BYTES: Final = MAX_FACT_BYTES + 8 * 1024  # the largest fact, alone in its batch, and the batch's head
MAX_WORDS_BYTES: Final = 1024  # of HELLO, FETCH and REFUSED
MAX_STREAMS: Final = 64  # in one HELD: lives of lanes, the newest ones
_HEAD: Final = struct.Struct(">IB")
_CHUNK: Final = MAX_BATCH_BYTES
_ONE: Final = Incarnation(1)  # a keeper has one life: what it lost is seen by its positions


class Kind(IntEnum):
    """What a frame is."""

    HELLO = 1
    NEWEST = 2
    BATCH = 3
    FETCH = 4
    HELD = 5
    REFUSED = 6


class Hello(Struct, frozen=True, forbid_unknown_fields=True):
    """Who speaks: ``region/site/kiosk``. Where there are certificates, theirs must say the same."""

    address: Annotated[str, Meta(max_length=120)]


class Fetch(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for a stream from a position on."""

    stream: StreamField
    first: SeqField


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """Why not."""

    why: Annotated[str, Meta(max_length=300)]
    strayed: bool = False


class Closed(Exception):
    """The other side ended the connection."""


class Channel:
    """One connection, frame by frame. Every call ends by its deadline.

    Raises: OSError (a time-out too), Closed, Malformed.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected socket."""
        self._sock = sock

    def send(self, kind: Kind, body: bytes, within_s: float) -> None:
        """Send one frame."""
        self._sock.settimeout(within_s)
        self._sock.sendall(_HEAD.pack(len(body) + 1, kind) + body)

    def receive(self, within_s: float) -> tuple[Kind, bytes]:
        """Return the next frame, which must be whole ``within_s`` seconds from now."""
        until_s = time.monotonic() + within_s
        size, kind = _HEAD.unpack(self._read(_HEAD.size, until_s))
        if not 1 <= size <= MAX_FRAME_BYTES or kind not in set(Kind):
            raise Malformed(f"no frame of ours (kind {kind}, {size} bytes)", "frame")
        return Kind(kind), self._read(size - 1, until_s)

    def close(self) -> None:
        """End the connection."""
        self._sock.close()

    def _read(self, size: int, until_s: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            self._sock.settimeout(max(0.001, until_s - time.monotonic()))
            part = self._sock.recv(min(_CHUNK, size - len(parts)))
            if not part:
                raise Closed
            parts += part
        return bytes(parts)


_HELLO: Final = msgspec.json.Decoder(Hello)
_FETCH: Final = msgspec.json.Decoder(Fetch)
_REFUSAL: Final = msgspec.json.Decoder(Refusal)


def read_hello(raw: bytes) -> Hello:
    """Return what a HELLO says; raises Malformed."""
    return read(_HELLO, _short(raw), "hello")


def read_fetch(raw: bytes) -> Fetch:
    """Return what a FETCH asks for; raises Malformed."""
    return read(_FETCH, _short(raw), "fetch")


def read_refusal(raw: bytes) -> Refusal:
    """Return what a REFUSED says; raises Malformed."""
    return read(_REFUSAL, _short(raw), "refusal")


def words(said: Hello | Fetch | Refusal) -> bytes:
    """Return the body of a HELLO, FETCH or REFUSED."""
    return msgspec.json.encode(said)


def held_bytes(ends: Mapping[tuple[Epoch, Lane], Held]) -> bytes:
    """Return the body of a HELD."""
    newest = sorted(ends)[-MAX_STREAMS:]
    at = [StreamPosition(lane_stream(*key), ends[key].position, ends[key].digest) for key in newest]
    return encode_message(Ack(_ONE, at))


def read_held(raw: bytes) -> list[StreamPosition]:
    """Return what a HELD says; raises Malformed."""
    return decode_ack(raw).positions


def _short(raw: bytes) -> bytes:
    if len(raw) > MAX_WORDS_BYTES:
        raise Malformed(f"{len(raw)} bytes of words; at most {MAX_WORDS_BYTES}", "frame")
    return raw
