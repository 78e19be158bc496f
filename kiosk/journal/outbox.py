"""The outbox: a kiosk's journals as the bridge reads them. It opens every lane for reading only.

A damaged disk may lose a fact out of the middle. Its place is sent empty: the hub sets that one aside, and those that
follow keep their numbers.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from contract.batch import MAX_BATCH_BYTES, MAX_BATCH_FACTS
from contract.streams import lane_stream, parse_lane_stream
from contract.values import Address, Lane
from kiosk.journal.database import has_table, open_reader, translated
from kiosk.journal.errors import WrongKiosk
from kiosk.journal.positions import ends
from kiosk.journal.schema import OF_LANE
from kiosk.journal.urgent import UrgentReader
from mqtt_bridge.urgent import Urgent

LOST: Final = b""  # stands where a fact should be
PRIORITY: Final = {Lane.TILL: 1, Lane.PICKS: 2, Lane.SENSE: 3, Lane.COUNT: 3}  # sales first


def lane_path(data_dir: Path, lane: Lane) -> Path:
    """Return the file of a lane."""
    return data_dir / f"{lane}.db"


class _LaneReader:
    def __init__(self, lane: Lane, path: Path, owner: str | None) -> None:
        self._lane = lane
        self.path = path
        self._owner = owner
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._newest: dict[int, int] = {}
        self._urgent = UrgentReader()
        self._urgent_of: tuple[int, Mapping[int, int]] | None = None
        self._urgent_now: Sequence[Urgent] = ()

    def newest(self) -> dict[int, int]:
        """Return the last position of each epoch; asks the tables only when another process has written."""
        db = self._open()
        if db is None:
            return {}
        with translated(self.path):
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._newest = ends(db)
                self._version = version
        return self._newest

    def stirred(self) -> bool:
        """Return whether another process has written since :meth:`newest` was asked."""
        if self._connection is None:
            return self.path.exists()
        with translated(self.path):
            return bool(self._connection.execute("PRAGMA data_version").fetchone()[0] != self._version)

    def urgent(self, acked: Mapping[int, int]) -> Sequence[Urgent]:
        """Return the requests above ``acked`` that wait for an answer; the same object while nothing has changed."""
        newest = self.newest()
        asked_of = (self._version, acked)
        if asked_of != self._urgent_of and self._connection is not None:
            with translated(self.path):
                self._urgent_now = self._urgent.look(self._connection, acked, newest)
            self._urgent_of = asked_of
        return self._urgent_now

    def read(self, epoch: int, first: int) -> Iterator[bytes]:
        """Yield what stands at each position from ``first`` on."""
        db = self._open()
        if db is not None:
            with translated(self.path):
                sql = "SELECT seq, bytes FROM facts WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?"
                for seq, raw in db.execute(sql, (epoch, first, MAX_BATCH_FACTS)):
                    yield from (LOST for _ in range(first, seq))
                    yield raw
                    first = seq + 1

    def digest(self, epoch: int, seq: int) -> str | None:
        """Return the digest of what stands at a position, if anything does."""
        db = self._open()
        if db is None:
            return None
        with translated(self.path):
            row = db.execute("SELECT digest FROM facts WHERE epoch = ? AND seq = ?", (epoch, seq)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the file; it is opened again when it is asked for."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._version = None, -1

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self.path.exists():
            connection = open_reader(self.path, len(OF_LANE[self._lane]))
            with translated(self.path):
                if has_table(connection, "facts"):
                    self._check_owner(connection)
                    self._connection = connection
        return self._connection

    def _check_owner(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()
        if found and self._owner not in {None, found[0]}:
            connection.close()
            raise WrongKiosk(self.path, found[0], str(self._owner))


class Outbox:
    """Every lane of a kiosk, for reading."""

    def __init__(self, data_dir: Path, address: Address | None = None) -> None:
        """Look for lanes in ``data_dir``; a lane that appears later is found later.

        With ``address`` a lane of another kiosk raises WrongKiosk when it is found: under a wrong name the hub would
        set every fact aside, and acknowledge it.
        """
        self._lanes = {
            lane: _LaneReader(lane, lane_path(data_dir, lane), f"{address}/{lane}" if address else None)
            for lane in Lane
        }

    def newest(self) -> dict[str, int]:
        """Return the last position of every stream."""
        return {
            lane_stream(epoch, lane): position
            for lane, reader in self._lanes.items()
            for epoch, position in reader.newest().items()
        }

    def priority(self, stream: str) -> int:
        """Return how urgent a stream is; smaller goes first."""
        return PRIORITY[parse_lane_stream(stream, "stream")[1]]

    def digest(self, stream: str, position: int) -> str | None:
        """Return the digest of the fact at ``position``, if there is one."""
        epoch, lane = parse_lane_stream(stream, "stream")
        return self._lanes[lane].digest(epoch, position)

    def stirred(self) -> bool:
        """Return whether the till has written since :meth:`newest` was asked: cheap enough to ask all the time."""
        return self._lanes[Lane.TILL].stirred()

    def urgent(self, acked: Mapping[str, int]) -> Sequence[Urgent]:
        """Return what the till asks the hub for at once, oldest first: facts above ``acked`` that nobody answered."""
        places = {parse_lane_stream(stream, "stream"): position for stream, position in acked.items()}
        return self._lanes[Lane.TILL].urgent(
            {int(epoch): position for (epoch, lane), position in places.items() if lane is Lane.TILL}
        )

    def read(self, stream: str, first: int) -> list[bytes]:
        """Return stored facts from ``first`` on, as many as one batch holds, and at least one if there is one."""
        epoch, lane = parse_lane_stream(stream, "stream")
        facts: list[bytes] = []
        size = 0
        for raw in self._lanes[lane].read(epoch, first):
            size += len(raw) + 1
            if facts and (size > MAX_BATCH_BYTES or len(facts) == MAX_BATCH_FACTS):
                break
            facts.append(raw)
        return facts

    def close(self) -> None:
        """Close every lane's file, so that the last writer can tidy it away."""
        for reader in self._lanes.values():
            reader.close()
