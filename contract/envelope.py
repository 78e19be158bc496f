"""The CloudEvents 1.0 envelope around every fact, in structured JSON.

Source: CloudEvents 1.0.2, ``sequence`` extension. Attribute names are lower case without separators, integers beyond
32 bits are strings, as that specification asks.
"""

import re
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.errors import Malformed
from contract.streams import LOG_NAME
from contract.values import Address, Epoch, InstantField, KioskId, Lane, RegionId, SiteId, parse_name

ClockTrust = Literal["trusted", "untrusted"]
_LANES: Final = frozenset(lane.value for lane in Lane)
DIGEST_HEX: Final = 64
NO_DIGEST: Final = "0" * DIGEST_HEX  # `prev` of the first fact of a chain
SEQUENCE_DIGITS: Final = 16  # zero-padded: the extension wants an order that text comparison keeps
DigestField = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]

UP_SOURCE: Final = (
    r"/regions/([a-z0-9-]{1,32})/sites/([a-z0-9-]{1,32})/kiosks/([a-z0-9-]{1,32})/([1-9][0-9]{0,8})/([a-z]{1,16})"
)
DOWN_SOURCE: Final = rf"/regions/([a-z0-9-]{{1,32}})/logs/({LOG_NAME})/([1-9][0-9]{{0,15}})"
_UP_SOURCE: Final = re.compile(UP_SOURCE)
_DOWN_SOURCE: Final = re.compile(DOWN_SOURCE)


_SOURCES: Final = 1024  # 120 kiosks of four lanes, twice; a lane says the same in each of its facts


class Envelope(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One fact as it is stored and sent. ``data`` stays raw until its type is known."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,15}$(?!\n)", description="The sequence number.")]
    source: Annotated[str, Meta(max_length=200)]
    type: Annotated[str, Meta(max_length=80)]
    time: InstantField
    datacontenttype: Literal["application/json"]
    sequence: Annotated[str, Meta(pattern=r"^[0-9]{16}$(?!\n)")]
    prev: DigestField
    data: msgspec.Raw
    seen: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Own down position applied before this.")]
    clock: ClockTrust
    boot: Annotated[str, Meta(pattern=r"^[0-9a-f-]{0,36}$(?!\n)")] = ""
    mono: Annotated[str, Meta(pattern=r"^[0-9]{0,20}$(?!\n)", description="Monotonic ns since boot.")] = ""


class LaneSource(Struct, frozen=True, order=True):
    """Where an up fact comes from: a kiosk, one life of its image, one of its journals."""

    address: Address
    epoch: Epoch
    lane: Lane

    def __str__(self) -> str:
        """Return the CloudEvents source."""
        at = self.address
        return f"/regions/{at.region}/sites/{at.site}/kiosks/{at.kiosk}/{self.epoch}/{self.lane}"


class LogSource(Struct, frozen=True, order=True):
    """Where a down fact comes from: a log of the region's hub, and the incarnation that began it."""

    region: RegionId
    log: str
    generation: int

    def __str__(self) -> str:
        """Return the CloudEvents source."""
        return f"/regions/{self.region}/logs/{self.log}/{self.generation}"


Source = LaneSource | LogSource


@lru_cache(maxsize=_SOURCES)
def parse_source(text: str) -> Source:
    """Return the source that ``text`` names.

    Raises: Malformed.
    """
    if match := _UP_SOURCE.fullmatch(text):
        region, site, kiosk, epoch, lane = match.groups()
        address = Address(
            RegionId(parse_name(region, "$.source")),
            SiteId(parse_name(site, "$.source")),
            KioskId(parse_name(kiosk, "$.source")),
        )
        if lane not in _LANES:
            raise Malformed(f"unknown lane {lane!r}", "$.source")
        return LaneSource(address, Epoch(int(epoch)), Lane(lane))
    if match := _DOWN_SOURCE.fullmatch(text):
        return LogSource(RegionId(parse_name(match[1], "$.source")), match[2], int(match[3]))
    raise Malformed(f"{text[:120]!r} is not a source of this contract", "$.source")
