"""What the hub answers: cumulative positions of a kiosk's lanes, sent after the commit."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from contract.batch import Ack, StreamPosition
from contract.streams import lane_stream
from contract.values import Incarnation, Seq

MAX_BATCHES: Final = 64  # what an acknowledgement holds: eight windows of a kiosk
MAX_STREAMS: Final = 64  # what an acknowledgement holds: sixteen epochs of four lanes


class LanePosition(NamedTuple):
    """How far a lane of one kiosk is, the digest of the fact that stands there, whether the chain up to it broke."""

    epoch: int
    lane: str
    position: int
    digest: str
    broken: bool = False


def ack_of(
    incarnation: int,
    lanes: Sequence[LanePosition],
    *,
    heard: Iterable[tuple[int, str]] = (),
    batches: Sequence[str] = (),
    resume: bool = False,
) -> Ack:
    """Return the acknowledgement of ``lanes``, given newest epoch first; those just ``heard`` are never left out.

    ``batches`` are taken in whole; those that are too many to be named are sent and named again.
    """
    first = set(heard)
    ordered = sorted(lanes, key=lambda lane: lane[:2] not in first)
    named = [
        StreamPosition(lane_stream(one.epoch, one.lane), Seq(one.position), one.digest, one.broken)
        for one in ordered[:MAX_STREAMS]
    ]
    return Ack(Incarnation(incarnation), named, resume, list(batches[:MAX_BATCHES]))
