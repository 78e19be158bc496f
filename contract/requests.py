"""Urgent requests: what is said at once on ``up/requests``, beside the sequence, under the id of the fact that follows.

A shopper waits for the answer, or rights run out; the fact itself may stand behind a backlog. The hub decides on the
first of the two that it hears; the other repeats the id and changes nothing.
"""

from typing import Final

import msgspec
from msgspec import Struct

from contract.errors import Malformed
from contract.registry import read
from contract.rights import ReservationRequested, RightsRequested
from contract.values import EpochField

MAX_REQUEST_BYTES: Final = 64 * 1024  # a request of some hundred lines; a larger one goes the slow way


class Request(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request of one life of a kiosk: exactly one of the two."""

    epoch: EpochField
    promise: ReservationRequested | None = None
    rights: RightsRequested | None = None

    def __post_init__(self) -> None:
        """Refuse neither and both."""
        if (self.promise is None) == (self.rights is None):
            raise ValueError("a request asks for a promise or for rights")


_REQUEST: Final = msgspec.json.Decoder(Request)


def encode_request(request: Request) -> bytes:
    """Return a request as JSON."""
    return msgspec.json.encode(request)


def decode_request(raw: bytes) -> Request:
    """Return the request that ``raw`` holds; raises Malformed."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise Malformed(f"a request of {len(raw)} bytes; at most {MAX_REQUEST_BYTES}", "$")
    return read(_REQUEST, raw, "$")
