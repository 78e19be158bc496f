"""Names of streams on the wire: ``{lane}@{epoch}`` up, ``{log}@{generation}`` down."""

import re
from typing import Final

from contract.errors import Malformed
from contract.values import Epoch, Lane

FLEET: Final = "fleet"  # the log that every kiosk of a region reads
MAX_EPOCH: Final = 10**9 - 1  # what a fact's source can spell

_LANE_STREAM: Final = re.compile(r"([a-z]{1,16})@([1-9][0-9]{0,8})")
_LOG_STREAM: Final = re.compile(r"([a-z0-9-]{1,64})@([1-9][0-9]{0,14})")
_LANES: Final = {lane.value: lane for lane in Lane}


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
