"""What was found on an old card: every candidate for every position, kept on disk, for a journal may outgrow memory.

A fact is a candidate if it decodes and says this kiosk and the lane, epoch and position it was found at. Which
candidate is believed, :mod:`kiosk.journal.salvage.judge` decides once all were found.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from contract.codec import Fact, decode, digest
from contract.envelope import LaneSource
from contract.errors import Malformed, UnknownType
from contract.streams import lane_stream
from contract.values import Address, Epoch, Lane, Seq

_TABLE: Final = """CREATE TABLE found (lane TEXT, epoch INT, seq INT, digest TEXT, prev TEXT, proof INT, type TEXT,
    bytes BLOB, verdict TEXT NOT NULL DEFAULT '', UNIQUE (lane, epoch, seq, digest))"""
_PUT: Final = """INSERT INTO found (lane, epoch, seq, digest, prev, proof, type, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET proof = max(proof, excluded.proof)"""


class Proof(IntEnum):
    """What speaks for a candidate, weakest first."""

    DAMAGED = 0  # its bytes have not the digest that is recorded beside them
    DOUBTFUL = 1  # whole, but it cannot be seen whether its transaction was ever completed
    BARE = 2  # a line of a mirror: no digest is recorded beside it
    DIGEST = 3  # whole and committed
    READ = 4  # and the database itself reads it at its position


class Place(Struct, frozen=True):
    """Where a candidate was found; what is None, nobody recorded."""

    lane: Lane | None = None
    epoch: int | None = None
    seq: int | None = None


class Row(Struct, frozen=True):
    """One candidate without its bytes."""

    digest: str
    prev: str
    proof: Proof


class Kept(Struct, frozen=True):
    """One candidate with its bytes."""

    lane: Lane
    epoch: Epoch
    seq: Seq
    digest: str
    type: str
    raw: bytes


class Tally(Struct):
    """What was found beside candidates."""

    foreign: dict[str, set[str]] = {}  # whose they are: digests
    newer: set[str] = field(default_factory=set)  # types that this release does not know, of whole facts
    strange: dict[str, str] = {}  # digest: type, of lines that are of a newer release, or damaged
    ends: dict[tuple[Lane, int], int] = {}  # how far each stream is known to have gone
    unreadable_blocks: int = 0


class Shelf:
    """The candidates of one salvage."""

    def __init__(self, path: Path, address: Address) -> None:
        """Make the shelf's file; it is thrown away after the salvage, so nothing is synced."""
        self.address = address
        self.tally = Tally()
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=OFF")
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.execute(_TABLE)

    def offer(self, raw: bytes, place: Place, proof: Proof, recorded: str | None = None) -> None:
        """Take ``raw`` if it is a fact of its place; ``recorded`` is the digest that stood beside it."""
        mark = digest(raw)
        if recorded is not None and recorded != mark:
            if proof is Proof.DOUBTFUL:
                return
            proof = Proof.DAMAGED
        fact = self._read(raw, mark, proof)
        if fact is None or not isinstance(fact.source, LaneSource):
            self._reach(place)
            return
        source = fact.source
        if source.address != self.address:
            self.tally.foreign.setdefault(str(source.address), set()).add(mark)
            self._reach(place)
        elif _stands(place, fact, source):
            row = (source.lane, source.epoch, fact.seq, mark, fact.prev, proof, fact.type, raw)
            self.connection.execute(_PUT, row)
        else:
            self._reach(place)

    def streams(self) -> list[tuple[Lane, Epoch]]:
        """Return every stream that has a candidate."""
        rows = self.connection.execute("SELECT DISTINCT lane, epoch FROM found ORDER BY lane, epoch")
        return [(Lane(lane), Epoch(epoch)) for lane, epoch in rows]

    def groups(self, lane: Lane, epoch: Epoch) -> Iterator[tuple[Seq, list[Row]]]:
        """Yield the candidates of each position, the last position first."""
        sql = "SELECT DISTINCT seq FROM found WHERE lane = ? AND epoch = ? ORDER BY seq DESC"
        for (seq,) in self.connection.execute(sql, (lane, epoch)).fetchall():
            yield Seq(seq), self.at(lane, epoch, Seq(seq))

    def at(self, lane: Lane, epoch: Epoch, seq: Seq) -> list[Row]:
        """Return the candidates of a position, the best proven first."""
        rows = self.connection.execute(
            "SELECT digest, prev, proof FROM found WHERE lane = ? AND epoch = ? AND seq = ? ORDER BY proof DESC",
            (lane, epoch, seq),
        )
        return [Row(mark, prev, Proof(proof)) for mark, prev, proof in rows]

    def decide(self, lane: Lane, epoch: Epoch, seq: Seq, verdicts: Sequence[tuple[str, Row]]) -> None:
        """Note the verdict on each candidate of a position."""
        self.connection.executemany(
            "UPDATE found SET verdict = ? WHERE lane = ? AND epoch = ? AND seq = ? AND digest = ?",
            [(verdict, lane, epoch, seq, row.digest) for verdict, row in verdicts],
        )

    def judged(self, verdict: str, lane: Lane | None = None) -> Iterator[Kept]:
        """Yield the candidates of a verdict in order; those of one lane, if it is given."""
        rows = self.connection.execute(
            "SELECT lane, epoch, seq, digest, type, bytes FROM found WHERE verdict = ? AND lane = ifnull(?, lane) "
            "ORDER BY lane, epoch, seq",
            (verdict, lane),
        )
        for of, epoch, seq, mark, kind, raw in rows:
            yield Kept(Lane(of), Epoch(epoch), Seq(seq), mark, kind, raw)

    def count(self, verdict: str) -> int:
        """Return how many candidates have a verdict."""
        return int(self.connection.execute("SELECT count(*) FROM found WHERE verdict = ?", (verdict,)).fetchone()[0])

    def newer(self) -> set[str]:
        """Return the types of facts that are whole, and that this release does not know."""
        named = (mark for (mark,) in self.connection.execute("SELECT prev FROM found"))
        return self.tally.newer | {self.tally.strange[mark] for mark in named if mark in self.tally.strange}

    def last_taken(self) -> dict[str, int]:
        """Return the last position of each stream that is believed."""
        rows = self.connection.execute("SELECT lane, epoch, max(seq) FROM found WHERE verdict = 'take' GROUP BY 1, 2")
        return {lane_stream(epoch, lane): end for lane, epoch, end in rows}

    def ends(self) -> dict[str, int]:
        """Return how far each stream is known to have gone, believed or not."""
        rows = self.connection.execute("SELECT lane, epoch, max(seq) FROM found GROUP BY 1, 2")
        ends = {lane_stream(epoch, lane): end for lane, epoch, end in rows}
        for (lane, epoch), end in self.tally.ends.items():
            stream = lane_stream(epoch, lane)
            ends[stream] = max(end, ends.get(stream, 0))
        return ends

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _read(self, raw: bytes, mark: str, proof: Proof) -> Fact | None:
        try:
            return decode(raw)
        except UnknownType as error:
            if proof >= Proof.DIGEST:
                self.tally.newer.add(error.what)
            elif proof is Proof.BARE:
                self.tally.strange[mark] = error.what
        except Malformed:
            pass  # its position is named as missing, unless another copy of it is found
        return None

    def _reach(self, place: Place) -> None:
        """Learn that something stood at a place, although it cannot be read."""
        if place.lane and place.epoch and place.seq:
            key = (place.lane, place.epoch)
            self.tally.ends[key] = max(place.seq, self.tally.ends.get(key, 0))


def _stands(place: Place, fact: Fact, source: LaneSource) -> bool:
    """Return whether a fact says the place that it was found at."""
    said = (source.lane, source.epoch, fact.seq)
    return all(found in {None, says} for found, says in zip((place.lane, place.epoch, place.seq), said, strict=True))
