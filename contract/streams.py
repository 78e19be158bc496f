"""Names of streams, and where a batch stands in one: ``{lane}@{epoch}`` up, ``{log}@{generation}`` down."""

import re
from typing import Final

from msgspec import Struct

from contract.errors import Malformed
from contract.values import Address, Epoch, Lane

FLEET: Final = "fleet"  # the log that every kiosk of a region reads
AVAILABILITY: Final = "availability"  # one that every kiosk reads too, and that begins anew when it grew long

_LANE_STREAM: Final = re.compile(r"([a-z]{1,16})@([1-9][0-9]{0,8})")
LOG_NAME: Final = r"[a-z0-9-]{1,64}|[a-z0-9-]{1,32}/[a-z0-9-]{1,32}"  # of many kiosks, or site/kiosk: one kiosk's own
_LOG_STREAM: Final = re.compile(rf"({LOG_NAME})@([1-9][0-9]{{0,14}})")
_LANES: Final = {lane.value: lane for lane in Lane}


class Gap(Struct, frozen=True):
    """The batch begins beyond what the receiver has; ``expected`` is the position that is missing first."""

    expected: int


class Place(Struct, frozen=True):
    """The first ``repeats`` facts of the batch are known; the rest is new."""

    repeats: int


def place(position: int, first: int, count: int) -> Gap | Place:
    """Return where a batch of ``count`` facts from ``first`` on stands in a stream received up to ``position``."""
    if first > position + 1:
        return Gap(position + 1)
    return Place(min(count, position + 1 - first))


def own_log(address: Address) -> str:
    """Return the name of the log that only one kiosk is told: its grants, recalls, reservations and answers."""
    return f"{address.site}/{address.kiosk}"


def lane_stream(epoch: int, lane: str) -> str:
    """Return the stream of one lane in one life of a kiosk's image."""
    return f"{lane}@{epoch}"


def parse_lane_stream(text: str, where: str) -> tuple[Epoch, Lane]:
    """Return which epoch and lane a stream name means.

    Raises: Malformed, naming ``where``.
    """
    match = _LANE_STREAM.fullmatch(text)
    if match is None or match[1] not in _LANES:
        raise Malformed(f"{text[:80]!r} is not a lane and an epoch such as till@1", where)
    return Epoch(int(match[2])), _LANES[match[1]]


def log_stream(log: str, generation: int) -> str:
    """Return the stream of one generation of a down log."""
    return f"{log}@{generation}"


def parse_log_stream(text: str, where: str) -> tuple[str, int]:
    """Return which log and generation a stream name means.

    Raises: Malformed, naming ``where``.
    """
    match = _LOG_STREAM.fullmatch(text)
    if match is None:
        raise Malformed(f"{text[:80]!r} is not a log and a generation such as fleet@1", where)
    return match[1], int(match[2])
