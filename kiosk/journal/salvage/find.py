"""Finds the journals beneath a folder: a mounted card, a data folder, or a mirror of one or of many kiosks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.errors import Malformed
from contract.streams import parse_lane_stream
from contract.values import Address, Epoch, Lane
from kiosk.journal.mirror.paths import SUFFIX
from kiosk.journal.outbox import lane_path
from kiosk.journal.salvage.errors import ForeignCard, NothingToSalvage, Unreadable

MAX_DEPTH: Final = 6  # home/pi/.local/share/popup-kiosk on a card whose root is in a folder of its own
_NAMED: Final = 5  # candidates in a message
_NO_CARD: Final = frozenset({"proc", "sys", "dev", "usr"})  # of a root: large, and no one's data


class Database(Struct, frozen=True):
    """A lane's file; the lane of a file with another name is not known."""

    path: Path
    lane: Lane | None


class Lines(Struct, frozen=True):
    """One epoch of a lane in a mirror."""

    path: Path
    lane: Lane
    epoch: Epoch


class Source(Struct, frozen=True):
    """What of one kiosk lies in one folder."""

    folder: Path
    files: tuple[Database | Lines, ...]


def one_file(path: Path) -> Source | None:
    """Return the journal that a single file is, if its name or its first bytes say so.

    Raises: Unreadable.
    """
    if path.suffix == SUFFIX:
        lines = _lines(path)
        return Source(path, (lines,)) if lines else None
    try:
        with path.open("rb") as file:
            is_database = file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error
    if path.suffix != ".db" and not is_database:
        return None
    lane = Lane(path.stem) if path.stem in set(Lane) else None
    return Source(path, (Database(path, lane),))


def find_source(device: Path, roots: list[Path], address: Address, own: Path) -> Source:
    """Return the one place beneath ``roots`` that holds journals of ``address``; ``own`` is where this kiosk lives.

    Raises: NothingToSalvage, ForeignCard.
    """
    found = [source for root in roots for source in _walk(root, MAX_DEPTH) if not _same(source.folder, own)]
    ours = [one for one in found if one.folder in roots or _may_be(one, address)]
    if len(ours) == 1:
        return ours[0]
    if ours:
        names = ", ".join(str(one.folder) for one in ours[:_NAMED])
        raise NothingToSalvage(f"{device} holds several journals: name one of {names}")
    if found:
        raise ForeignCard(device, sorted("/".join(one.folder.parts[-3:]) for one in found), address)
    if any(_same(root, own) for root in roots):
        raise NothingToSalvage(f"{device} is where this kiosk itself lives: name the old card")
    raise NothingToSalvage(f"no journal beneath {device}: name the folder that holds the old card's till.db")


def _walk(folder: Path, depth: int) -> Iterator[Source]:
    """Yield every folder with journals; what lies beneath one is its own affair."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return  # a damaged folder; what is missed is said by finding nothing
    files = tuple(_files(folder))
    if files:
        yield Source(folder, files)
        return
    for entry in listed:
        if depth and entry.name not in _NO_CARD and entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), depth - 1)


def _files(folder: Path) -> Iterator[Database | Lines]:
    for lane in Lane:
        path = lane_path(folder, lane)
        if path.is_file():
            yield Database(path, lane)
    for path in sorted(folder.glob(f"*@*{SUFFIX}")):
        lines = _lines(path)
        if lines:
            yield lines


def _lines(path: Path) -> Lines | None:
    try:
        epoch, lane = parse_lane_stream(path.stem, "name")
    except Malformed:
        return None
    return Lines(path, lane, epoch)


def _may_be(source: Source, address: Address) -> bool:
    """Return whether a folder may be this kiosk's: a mirror's names its kiosk, a journal says it inside."""
    mirror = all(isinstance(file, Lines) for file in source.files)
    return not mirror or source.folder.parts[-3:] == (address.region, address.site, address.kiosk)


def _same(folder: Path, own: Path) -> bool:
    return own.exists() and folder.samefile(own)
