"""Facts to bytes and back. Bytes are made once, stored, and sent as stored; the chain is over those bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from contract.envelope import NO_DIGEST, SEQUENCE_DIGITS, ClockTrust, Envelope, Source, parse_source
from contract.errors import BrokenChain, Malformed
from contract.registry import DOWN, UP, Data, Registry, read
from contract.values import MAX_POSITION, NO_INSTANT, Seq, is_instant

MAX_FACT_BYTES: Final = 512 * 1024  # 2,000 lines of 250 bytes; a quarter of the smallest broker packet limit

START: Final = Seq(0)  # the position before the first

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Envelope)


class Stamp(Struct, frozen=True, kw_only=True):
    """What the world says at the moment of recording; the journal asks for it once a fact."""

    at: datetime
    clock: ClockTrust = "trusted"
    boot: str = ""
    mono_ns: int = 0


class Fact(Struct, frozen=True):
    """A decoded fact: where it stands, what it says, and the digest of its stored bytes."""

    source: Source
    seq: Seq
    type: str
    stamp: Stamp
    seen: int
    prev: str
    digest: str
    data: Data


def digest(raw: bytes) -> str:
    """Return the SHA-256 of stored bytes in hex: the next fact's ``prev``."""
    return hashlib.sha256(raw).hexdigest()


def encode(
    data: Data, *, source: Source, seq: Seq, prev: str, stamp: Stamp, seen: int = 0, registry: Registry = UP
) -> bytes:
    """Return the bytes of a fact. They are what is stored, hashed and sent, always.

    Raises: Malformed if the fact would be larger than ``MAX_FACT_BYTES`` or would not be read back.
    """
    if not is_instant(stamp.at):
        raise Malformed(NO_INSTANT, "$.time")
    envelope = Envelope(
        specversion="1.0",
        id=str(seq),
        source=str(source),
        type=registry.name_of(data),
        time=stamp.at,
        datacontenttype="application/json",
        sequence=f"{seq:0{SEQUENCE_DIGITS}d}",
        prev=prev,
        seen=seen,
        clock=stamp.clock,
        boot=stamp.boot,
        mono=str(stamp.mono_ns) if stamp.mono_ns else "",
        data=msgspec.Raw(_written(data)),
    )
    raw = _written(envelope)
    decode(raw, registry=registry)  # what we could not read ourselves must not enter a journal
    return raw


def _written(struct: Struct) -> bytes:
    try:
        return _ENCODER.encode(struct)
    except (UnicodeEncodeError, OverflowError) as error:  # half a surrogate pair; an integer beyond 64 bits
        raise Malformed(str(error), "$") from error


def decode(raw: bytes, *, registry: Registry = UP) -> Fact:
    """Return the fact that ``raw`` holds.

    Raises: Malformed with what and where; UnknownType for a type of a newer release.
    """
    if len(raw) > MAX_FACT_BYTES:
        raise Malformed(f"a fact of {len(raw)} bytes; at most {MAX_FACT_BYTES}", "$")
    envelope = read(_DECODER, raw, "$")
    if int(envelope.sequence) != int(envelope.id):
        raise Malformed("sequence and id differ", "$.sequence")
    if int(envelope.id) > MAX_POSITION:
        raise Malformed(f"a sequence beyond {MAX_POSITION}", "$.id")
    if not is_instant(envelope.time):
        raise Malformed(NO_INSTANT, "$.time")
    return Fact(
        source=parse_source(envelope.source),
        seq=Seq(int(envelope.id)),
        type=envelope.type,
        stamp=Stamp(at=envelope.time, clock=envelope.clock, boot=envelope.boot, mono_ns=int(envelope.mono or "0")),
        seen=envelope.seen,
        prev=envelope.prev,
        digest=digest(raw),
        data=registry.decode(envelope.type, bytes(envelope.data)),
    )


def decode_down(raw: bytes) -> Fact:
    """Return the down fact that ``raw`` holds; raises as :func:`decode`."""
    return decode(raw, registry=DOWN)


def verify_chain(
    stored: Iterable[tuple[Seq, bytes]],
    *,
    registry: Registry = UP,
    after: Seq = START,
    prev: str = NO_DIGEST,
    source: Source | None = None,
) -> Iterator[Fact]:
    """Yield each fact of ``stored`` (sequence, bytes; in order) once it is known to follow from the one before.

    All come from ``source``; without it, from where the first one comes. A chain cannot tell that its newest fact was
    exchanged, or its newest facts cut off: ask for the digest of the last fact where it is known elsewhere.

    Raises: BrokenChain at the first gap, changed byte or foreign fact.
    """
    for seq, raw in stored:
        if seq != after + 1:
            raise BrokenChain(Seq(after + 1), f"missing; the next fact present is {seq}")
        try:
            fact = decode(raw, registry=registry)
        except Malformed as error:
            raise BrokenChain(seq, str(error)) from error
        if fact.seq != seq:
            raise BrokenChain(seq, f"the bytes stored here say sequence {fact.seq}")
        if fact.source != (source or fact.source):
            raise BrokenChain(seq, f"it comes from {fact.source}")
        if fact.prev != prev:
            raise BrokenChain(seq, "it does not carry the digest of the fact before it")
        yield fact
        after, prev, source = seq, fact.digest, fact.source
