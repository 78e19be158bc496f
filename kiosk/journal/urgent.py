"""What a till asks the hub that cannot wait its turn: promises and rights, from the till's own facts, for reading.

Every look reads only what was recorded since the last one, so that a backlog of months is walked once.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from contract.codec import decode
from contract.errors import Malformed
from contract.requests import MAX_REQUEST_BYTES, Request, encode_request
from contract.rights import ReservationRequested, RightsRequested
from contract.values import Epoch
from kiosk.journal.database import has_table
from mqtt_bridge.urgent import Urgent

_TYPES: Final = ("reservation.requested.v1", "rights.requested.v1")
_NEW: Final = "SELECT seq, bytes FROM facts WHERE epoch = ? AND seq > ? AND type IN (?, ?) ORDER BY seq"
_OPEN: Final = "SELECT id FROM promises WHERE state = 'pending' UNION SELECT request FROM asked"


class _Found(NamedTuple):
    epoch: int
    seq: int
    request: Urgent


class UrgentReader:
    """The urgent requests of one till's file. Not shared between threads."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._walked: dict[int, tuple[int, int]] = {}  # epoch -> from and up to which position
        self._found: list[_Found] = []

    def look(self, db: sqlite3.Connection, acked: Mapping[int, int], newest: Mapping[int, int]) -> Sequence[Urgent]:
        """Return the requests above ``acked`` that nobody answered, oldest first, of epochs that reach ``newest``."""
        for epoch, end in newest.items():
            self._walk(db, epoch, acked.get(epoch, 0), end)
        self._found = [one for one in self._found if acked.get(one.epoch, 0) < one.seq <= newest.get(one.epoch, 0)]
        if not self._found:
            return ()
        waiting = _still_open(db)
        return [one.request for one in self._found if waiting is None or one.request.id in waiting]

    def _walk(self, db: sqlite3.Connection, epoch: int, acked: int, end: int) -> None:
        start, upto = self._walked.get(epoch, (acked, acked))
        if acked < start or end < upto:  # the hub went back, or the file did
            self._found = [one for one in self._found if one.epoch != epoch]
            start = upto = min(acked, end)
        if end > upto:
            for seq, raw in db.execute(_NEW, (epoch, max(upto, acked), *_TYPES)):
                if request := _read(Epoch(epoch), raw):
                    self._found.append(_Found(epoch, seq, request))
        self._walked[epoch] = (start, end)


def _still_open(db: sqlite3.Connection) -> set[str] | None:
    """Return the ids that wait for an answer; None where the till's file is of a release that kept no such list."""
    if not has_table(db, "promises"):
        return None
    return {row[0] for row in db.execute(_OPEN)}


def _read(epoch: Epoch, raw: bytes) -> Urgent | None:
    """Return the request of a fact; one that is damaged or too large goes with the facts only."""
    try:
        data = decode(raw).data
    except Malformed:
        return None
    match data:
        case ReservationRequested(promise=name):
            request = Request(epoch, promise=data)
        case RightsRequested(request=name):
            request = Request(epoch, rights=data)
        case _:
            return None
    payload = encode_request(request)
    return Urgent(name, payload) if len(payload) <= MAX_REQUEST_BYTES else None
