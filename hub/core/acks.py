"""What the hub answers: cumulative positions of a kiosk's lanes, sent after the commit."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from contract.batch import Ack, StreamPosition
from contract.streams import lane_stream
from contract.values import Incarnation, Seq

MAX_STREAMS: Final = 64  # what an acknowledgement holds: sixteen epochs of four lanes


class LanePosition(NamedTuple):
    """How far a lane of one kiosk is, and the digest of the fact that stands there."""

    epoch: int
    lane: str
    position: int
    digest: str


def ack_of(
    incarnation: int, lanes: Sequence[LanePosition], *, heard: Iterable[tuple[int, str]] = (), resume: bool = False
) -> Ack:
    """Return the acknowledgement of ``lanes``, given newest epoch first; those just ``heard`` are never left out."""
    first = set(heard)
    ordered = sorted(lanes, key=lambda lane: lane[:2] not in first)
    named = [
        StreamPosition(lane_stream(one.epoch, one.lane), Seq(one.position), one.digest) for one in ordered[:MAX_STREAMS]
    ]
    return Ack(Incarnation(incarnation), named, resume)
