"""Batches: many stored facts in one message, each still the bytes that were stored.

A batch is a head, one JSON line, then the facts, one a line. JSON has no raw line break inside, so a fact that cannot be
read leaves its neighbours readable (promise 6). The head's digest tells damage on the way, which is sent again, from
damage in the journal, which is quarantined.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from contract.codec import MAX_FACT_BYTES
from contract.envelope import DigestField
from contract.errors import Malformed
from contract.registry import malformed
from contract.values import IncarnationField, PositionField, Seq, SeqField

MAX_BATCH_BYTES: Final = 128 * 1024  # a batch is closed before it grows beyond this; one larger fact travels alone
MAX_BATCH_FACTS: Final = 512
_MAX_WIRE_BYTES: Final = MAX_FACT_BYTES + 1024  # the largest fact, alone, and its head
_MAX_HEAD_BYTES: Final = 512

StreamField = Annotated[str, Meta(pattern=r"^[a-z0-9@/-]{1,80}$(?!\n)")]


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch holds: ``count`` facts of a stream from ``first`` on; ``newest`` is the sender's last."""

    stream: StreamField
    first: SeqField
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_FACTS)]
    newest: PositionField
    digest: DigestField


class Batch(Struct, frozen=True):
    """A batch as read: its head, and each fact's bytes, whatever they are."""

    head: Head
    facts: tuple[bytes, ...]


class StreamPosition(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a stream is."""

    stream: StreamField
    position: PositionField


class Ack(Struct, frozen=True, forbid_unknown_fields=True):
    """Cumulative acknowledgement, sent after the receiver's commit, kept (retained) at the broker.

    ``resume`` asks the sender to send again from these positions at once: the receiver saw a gap, or has just started.
    """

    incarnation: IncarnationField
    positions: Annotated[list[StreamPosition], Meta(max_length=64)]
    resume: bool = False


class Status(Struct, frozen=True, forbid_unknown_fields=True):
    """A kiosk's link state: retained, and its will says ``online: false``.

    ``acked`` repeats what the hub acknowledged, so that a hub restored unawares learns that its books went back.
    """

    online: bool
    incarnation: PositionField = Seq(0)
    newest: Annotated[list[StreamPosition], Meta(max_length=64)] = []
    acked: Annotated[list[StreamPosition], Meta(max_length=64)] = []
    version: Annotated[str, Meta(max_length=32)] = ""


LinkMessage = Ack | Status
M = TypeVar("M", Ack, Status)
_HEAD: Final = msgspec.json.Decoder(Head)


def encode_batch(stream: str, first: Seq, facts: Sequence[bytes], newest: Seq) -> bytes:
    """Return the message that carries ``facts``, which begin at position ``first`` of ``stream``."""
    body = b"\n".join(facts)
    head = Head(stream, first, len(facts), newest, hashlib.sha256(body).hexdigest())
    return msgspec.json.encode(head) + b"\n" + body


def decode_batch(raw: bytes) -> Batch:
    """Return the head and the bytes of each fact, unread.

    Raises: Malformed if the message is damaged, too large or no batch; nothing of it may then be used.
    """
    if len(raw) > max(_MAX_WIRE_BYTES, MAX_BATCH_BYTES + _MAX_HEAD_BYTES):
        raise Malformed(f"a batch of {len(raw)} bytes", "$")
    head_raw, newline, body = raw.partition(b"\n")
    if not newline or len(head_raw) > _MAX_HEAD_BYTES:
        raise Malformed("no batch head", "$")
    try:
        head = _HEAD.decode(head_raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, "$.head") from error
    if hashlib.sha256(body).hexdigest() != head.digest:
        raise Malformed("the body is not what its digest says", "$.head.digest")
    facts = tuple(body.split(b"\n"))
    if len(facts) != head.count:
        raise Malformed(f"{len(facts)} facts where the head says {head.count}", "$.head.count")
    return Batch(head, facts)


def encode_message(message: LinkMessage) -> bytes:
    """Return an acknowledgement or a status as JSON."""
    return msgspec.json.encode(message)


def decode_ack(raw: bytes) -> Ack:
    """Return the acknowledgement that ``raw`` holds; raises Malformed."""
    return _decode(raw, Ack)


def decode_status(raw: bytes) -> Status:
    """Return the status that ``raw`` holds; raises Malformed."""
    return _decode(raw, Status)


def _decode(raw: bytes, kind: type[M]) -> M:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, "$") from error
