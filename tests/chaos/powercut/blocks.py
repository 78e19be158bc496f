"""The content of one file on a disk that may lose its power: rules 1, 2, 3 and 5 of :mod:`powercut.disk`. Pure."""

import random
from typing import Final

from msgspec import Struct

from powercut.moods import Mood, pick_length, pick_versions
from powercut.ops import Resize, Write

SECTOR: Final = 512
_WILD_LENGTHS: Final = (0, 3, 4096, 32_768)  # SQLite's shared memory: none, cut by its first user, torn, one region


class Losses(Struct):
    """How much a cut bit: one that lost nothing proves nothing."""

    sectors: int = 0  # hold an older version than the newest
    torn_writes: int = 0  # came through in some sectors and not in others
    names: int = 0  # made, moved or taken away, and it did not happen

    @property
    def bit(self) -> bool:
        """Return whether anything was lost."""
        return bool(self.sectors or self.names)


class Blocks:
    """What a file surely holds, and what was done to it since."""

    def __init__(self) -> None:
        """Begin empty."""
        self.wild = False
        self.pending: list[Write | Resize] = []
        self._durable = bytearray()
        self._lengths = [0]  # every length since the last sync, the durable one first

    def change(self, op: Write | Resize) -> None:
        """Do what is not yet synced."""
        length = self._lengths[-1]
        self.pending.append(op)
        self._lengths.append(op.length if isinstance(op, Resize) else max(length, op.offset + len(op.data)))

    def sync(self) -> None:
        """Make certain what was done so far."""
        self._durable = bytearray(self.newest())
        self.pending = []
        self._lengths = [len(self._durable)]

    def newest(self) -> bytes:
        """Return what a reader sees while the power is on."""
        if not self.pending:
            return bytes(self._durable)
        content = self._stretched()
        for op, before in zip(self.pending, self._lengths, strict=False):
            for sector in _sectors(op, before):
                _overlay(content, sector, op)
        return bytes(content[: self._lengths[-1]])

    def fallen(self, rng: random.Random, mood: Mood, losses: Losses) -> bytes:
        """Return what a reader may find after a cut; adds what was lost to ``losses``."""
        if self.wild:
            length = rng.choice(_WILD_LENGTHS)
            return rng.choice((bytes(length), rng.randbytes(length)))
        if not self.pending:
            return bytes(self._durable)
        touching = self._touching()
        kept = pick_versions(rng, mood, touching, len(self.pending))
        _count(touching, kept, losses)
        content = self._stretched()
        for sector, changes in touching.items():
            for number in changes[: kept[sector]]:
                _overlay(content, sector, self.pending[number])
        return bytes(content[: pick_length(rng, mood, self._lengths)])

    def _stretched(self) -> bytearray:
        return self._durable + bytes(max(self._lengths) - len(self._durable))

    def _touching(self) -> dict[int, list[int]]:
        touching: dict[int, list[int]] = {}
        for number, op in enumerate(self.pending):
            for sector in _sectors(op, self._lengths[number]):
                touching.setdefault(sector, []).append(number)
        return touching


def _sectors(op: Write | Resize, before: int) -> range:
    if isinstance(op, Write):
        return range(op.offset // SECTOR, -(-(op.offset + len(op.data)) // SECTOR))
    return range(op.length // SECTOR, -(-before // SECTOR))


def _overlay(content: bytearray, sector: int, op: Write | Resize) -> None:
    start, end = sector * SECTOR, min((sector + 1) * SECTOR, len(content))
    if isinstance(op, Write):
        start, end = max(start, op.offset), min(end, op.offset + len(op.data))
        content[start:end] = op.data[start - op.offset : end - op.offset]
    else:
        start = max(start, op.length)
        content[start:end] = bytes(end - start)


def _count(touching: dict[int, list[int]], kept: dict[int, int], losses: Losses) -> None:
    came, stayed = set[int](), set[int]()
    for sector, changes in touching.items():
        came.update(changes[: kept[sector]])
        stayed.update(changes[kept[sector] :])
        losses.sectors += kept[sector] < len(changes)
    losses.torn_writes += len(came & stayed)
