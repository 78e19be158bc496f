"""Batches: many stored facts in one message, each still the bytes that were stored.

A batch is a head, one JSON line, then the facts, one a line. JSON has no raw line break inside; where damage in a
journal made one, the head gives every fact's size. So a fact that cannot be read leaves its neighbours readable
(promise 6). The head's digest tells damage on the way, which is sent again, from damage in the journal, which is
quarantined.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from contract.codec import MAX_FACT_BYTES
from contract.envelope import DigestField
from contract.errors import Malformed
from contract.registry import read
from contract.values import IncarnationField, PositionField, Seq, SeqField

MAX_BATCH_BYTES: Final = 128 * 1024  # a batch is closed before it grows beyond this; one larger fact travels alone
MAX_BATCH_FACTS: Final = 512
MAX_MESSAGE_BYTES: Final = 32 * 1024  # an acknowledgement or status: 128 positions of at most 232 bytes
_MAX_HEAD_BYTES: Final = 4 * 1024  # 300 bytes, and 7 more for each of 512 facts when sizes are given
_MAX_WIRE_BYTES: Final = MAX_FACT_BYTES + _MAX_HEAD_BYTES  # the largest fact, alone, and its head

# The longest name has 81: site/kiosk of 32 each, and a generation of 15 digits; some room is left for other logs.
StreamField = Annotated[str, Meta(pattern=r"^[a-z0-9@/-]{1,100}$(?!\n)")]


class Head(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a batch holds: ``count`` facts of a stream from ``first`` on; ``newest`` is the sender's last.

    ``sizes`` are the facts' lengths in bytes, given only where a damaged fact has a line break inside.
    """

    stream: StreamField
    first: SeqField
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_FACTS)]
    newest: PositionField
    digest: DigestField
    sizes: Annotated[list[Annotated[int, Meta(ge=0, le=MAX_FACT_BYTES)]], Meta(max_length=MAX_BATCH_FACTS)] = []


class Batch(Struct, frozen=True):
    """A batch as read: its head, and each fact's bytes, whatever they are."""

    head: Head
    facts: tuple[bytes, ...]


class StreamPosition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far a stream is; ``digest``, where it is given, is that of the fact at ``position``.

    By it a sender learns that its journal and the receiver's copy went different ways (a restored card, a clone).
    Where the receiver's copy is ``broken``, for it is of two journals, the digest vouches for its own fact only.
    """

    stream: StreamField
    position: PositionField
    digest: DigestField | None = None
    broken: bool = False


class Ack(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Cumulative acknowledgement, sent after the receiver's commit, kept (retained) at the broker.

    ``resume`` asks the sender to send again from these positions at once: the receiver saw a gap, or has just started.
    ``heard`` names batches, by the digest in their heads, every fact of which the receiver now has, be it beside the
    books: positions alone cannot say that of facts whose numbers were taken by others.
    """

    incarnation: IncarnationField
    positions: Annotated[list[StreamPosition], Meta(max_length=64)]
    resume: bool = False
    heard: Annotated[list[DigestField], Meta(max_length=64)] = []


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
_ACK: Final = msgspec.json.Decoder(Ack)
_STATUS: Final = msgspec.json.Decoder(Status)


def encode_batch(stream: str, first: Seq, facts: Sequence[bytes], newest: Seq) -> bytes:
    """Return the message that carries ``facts``, which begin at position ``first`` of ``stream``."""
    body = b"\n".join(facts)
    sizes = [len(fact) for fact in facts] if any(b"\n" in fact for fact in facts) else []
    head = Head(stream, first, len(facts), newest, hashlib.sha256(body).hexdigest(), sizes)
    return msgspec.json.encode(head) + b"\n" + body


def batch_mark(raw: bytes) -> str:
    """Return the digest in the head of a message that :func:`encode_batch` made: its name in acknowledgements."""
    return _HEAD.decode(raw[: raw.index(b"\n")]).digest


def decode_batch(raw: bytes) -> Batch:
    """Return the head and the bytes of each fact, unread.

    Raises: Malformed if the message is damaged, too large or no batch; nothing of it may then be used.
    """
    if len(raw) > _MAX_WIRE_BYTES:
        raise Malformed(f"a batch of {len(raw)} bytes", "$")
    head_raw, newline, body = raw.partition(b"\n")
    if not newline or len(head_raw) > _MAX_HEAD_BYTES:
        raise Malformed("no batch head", "$")
    head = read(_HEAD, head_raw, "$.head")
    if hashlib.sha256(body).hexdigest() != head.digest:
        raise Malformed("the body is not what its digest says", "$.head.digest")
    return Batch(head, _cut(body, head))


def _cut(body: bytes, head: Head) -> tuple[bytes, ...]:
    facts = tuple(_cut_by_size(body, head.sizes) if head.sizes else body.split(b"\n", head.count))
    whole = len(facts) == head.count and b"\n".join(facts) == body
    if not whole or (head.sizes and [len(fact) for fact in facts] != head.sizes):
        raise Malformed(f"the body is not the {head.count} facts that the head says", "$.head.count")
    return facts


def _cut_by_size(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in sizes:
        yield body[start : start + size]
        start += size + 1


def encode_message(message: LinkMessage) -> bytes:
    """Return an acknowledgement or a status as JSON."""
    return msgspec.json.encode(message)


def decode_ack(raw: bytes) -> Ack:
    """Return the acknowledgement that ``raw`` holds; raises Malformed."""
    return _decode(raw, _ACK)


def decode_status(raw: bytes) -> Status:
    """Return the status that ``raw`` holds; raises Malformed."""
    return _decode(raw, _STATUS)


def _decode(raw: bytes, decoder: msgspec.json.Decoder[M]) -> M:
    if len(raw) > MAX_MESSAGE_BYTES:
        raise Malformed(f"a message of {len(raw)} bytes; at most {MAX_MESSAGE_BYTES}", "$")
    return read(decoder, raw, "$")
