"""The outbox: a kiosk's journals as the bridge reads them. It opens every lane for reading only."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.batch import MAX_BATCH_BYTES, MAX_BATCH_FACTS
from contract.streams import lane_stream, parse_lane_stream
from contract.values import Lane
from kiosk.journal.database import open_reader, translated

PRIORITY: Final = {Lane.TILL: 1, Lane.PICKS: 2, Lane.SENSE: 3, Lane.COUNT: 3}  # sales first


def lane_path(data_dir: Path, lane: Lane) -> Path:
    """Return the file of a lane."""
    return data_dir / f"{lane}.db"


class _LaneReader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._newest: dict[int, int] = {}

    def newest(self) -> dict[int, int]:
        """Return the last position of each epoch; asks the tables only when another process has written."""
        db = self._open()
        if db is None:
            return {}
        with translated(self.path):
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._newest = dict(db.execute("SELECT epoch, max(seq) FROM facts GROUP BY epoch"))
                self._version = version
        return self._newest

    def read(self, epoch: int, first: int) -> Iterator[bytes]:
        db = self._open()
        if db is not None:
            with translated(self.path):
                sql = "SELECT bytes FROM facts WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?"
                yield from (row[0] for row in db.execute(sql, (epoch, first, MAX_BATCH_FACTS)))

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self.path.exists():
            connection = open_reader(self.path)
            with translated(self.path):
                if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
                    self._connection = connection
        return self._connection


class Outbox:
    """Every lane of a kiosk, for reading."""

    def __init__(self, data_dir: Path) -> None:
        """Look for lanes in ``data_dir``; a lane that appears later is found later."""
        self._lanes = {lane: _LaneReader(lane_path(data_dir, lane)) for lane in Lane}

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

    def read(self, stream: str, first: int) -> list[bytes]:
        """Return stored facts from ``first`` on, as many as one batch holds, and at least one if there is one."""
        epoch, lane = parse_lane_stream(stream, "stream")
        facts: list[bytes] = []
        size = 0
        for raw in self._lanes[lane].read(epoch, first):
            size += len(raw) + 1
            if facts and size > MAX_BATCH_BYTES:
                break
            facts.append(raw)
        return facts
