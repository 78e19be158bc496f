"""The files of one card, and what was written aside of them: copied, put back, exchanged."""

import shutil
import sqlite3
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from machine_knowledge import Heard
from machine_parts import LANES

from contract.values import Lane
from kiosk.journal.outbox import lane_path

LINK: Final = "link.db"
FILES: Final = (*(f"{lane}.db" for lane in LANES), LINK)


@dataclass
class Notes:
    """What a card holds, written aside while it was recorded: facts by stream, and the epoch that each lane is in."""

    diary: dict[str, list[bytes]] = field(default_factory=dict)
    epochs: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(LANES, 1))

    def newest(self, lane: Lane) -> int:
        return len(self.diary.get(f"{lane}@{self.epochs[lane]}", ()))


@dataclass(frozen=True)
class Copy:
    """A copy of a card's files, taken while everything ran, with what was known then."""

    folder: Path
    notes: Notes
    heard: Heard


def copy_files(card: Path, folder: Path, notes: Notes, heard: Heard) -> Copy:
    """Return a copy of ``card`` in a new ``folder``."""
    folder.mkdir(parents=True)
    for name in FILES:
        with closing(sqlite3.connect(card / name)) as source, closing(sqlite3.connect(folder / name)) as target:
            source.backup(target)
    return Copy(folder, deepcopy(notes), deepcopy(heard))


def put_back(copy: Copy, card: Path, *, link: bool) -> None:
    """Put a copy's journals in the place of a card's, whose processes have ended; with ``link`` its link.db too."""
    for name in FILES if link else FILES[: len(LANES)]:
        remove(card / name)
        shutil.copyfile(copy.folder / name, card / name)


def put_back_in_place(copy: Copy, card: Path) -> None:
    """Write a copy's journals over a card's as SQLite's own ``.restore`` does: who reads them goes on reading them."""
    for lane in LANES:
        path = lane_path(card, lane)
        with closing(sqlite3.connect(lane_path(copy.folder, lane))) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)


def remove(path: Path) -> None:
    """Remove a database, if it is there, with its log."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
