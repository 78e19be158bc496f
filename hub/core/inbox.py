"""The inbox's rules: whether a fact may stand where it claims to. Where a batch stands: :mod:`contract.streams`.

Rules
-----
1.  A lane's facts are numbered from 1 without gaps. The inbox takes position p + 1 after p, and nothing else.
2.  A batch that begins beyond p + 1 is a gap: nothing of it is taken, and the sender is asked to go back.
3.  Positions up to p are repeats. The same digest changes nothing; another digest is a fork, which is kept and told
    to a person, and changes nothing either.
4.  A fact that cannot be read, or that says it stands elsewhere, is quarantined whole at its position: the position
    moves on, and what follows flows on.
5.  A fact whose ``prev`` is not the digest of the bytes before it is still taken: a completed sale is never refused.
    The lane is marked as broken, once.

The address comes from the topic, which the broker guards, never from the payload.
"""

from typing import Final, Literal

from msgspec import Struct

from contract.codec import Fact, decode, digest
from contract.envelope import NO_DIGEST, LaneSource
from contract.errors import Malformed

MAX_WHAT: Final = 200  # a reason is for a person's eyes; the bytes are kept whole beside it

Unfit = Literal["unreadable", "mismatch", "refused"]


class Taken(Struct, frozen=True):
    """A fact that may enter the books; ``chained`` says whether it follows from the one before."""

    seq: int
    raw: bytes
    fact: Fact
    chained: bool

    @property
    def digest(self) -> str:
        """Return the digest of the fact's bytes."""
        return self.fact.digest


class Refused(Struct, frozen=True):
    """A fact for the quarantine: what is wrong with it, and where in it."""

    seq: int
    raw: bytes
    digest: str
    kind: Unfit
    what: str
    path: str


class LaneState(Struct, frozen=True):
    """How far a lane is: its last position, the digest of the bytes there, whether its chain ever broke."""

    position: int = 0
    digest: str = NO_DIGEST
    broken: bool = False


def read(raw: bytes, *, source: LaneSource, seq: int, prev: str) -> Taken | Refused:
    """Return the fact that stands at ``seq`` of ``source``, or why it cannot enter the books."""
    try:
        fact = decode(raw)
    except Malformed as error:
        return Refused(seq, raw, digest(raw), "unreadable", printable(error.what), printable(error.where))
    if fact.source != source:
        return Refused(seq, raw, fact.digest, "mismatch", f"it says it comes from {fact.source}", "$.source")
    if fact.seq != seq:
        return Refused(seq, raw, fact.digest, "mismatch", f"it says it is number {fact.seq}", "$.id")
    return Taken(seq, raw, fact, fact.prev == prev)


def advance(state: LaneState, outcome: Taken | Refused) -> LaneState:
    """Return the lane after one more position, whatever stood there."""
    broken = state.broken or (isinstance(outcome, Taken) and not outcome.chained)
    return LaneState(outcome.seq, outcome.digest, broken)


def printable(text: str) -> str:
    """Return ``text`` short and fit for any database, log and screen: a peer's own characters may be in it."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:MAX_WHAT])
