"""Brings the facts of an old card into this kiosk's journals (rules: ``judge`` and ``take``).

The card is copied first and never written to. Nothing is taken over before everything was read and judged.
"""

import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.streams import lane_stream, parse_lane_stream
from contract.values import Address, Epoch, Lane
from kiosk.journal.database import translated
from kiosk.journal.journal import Journal
from kiosk.journal.salvage.copy import check_room, copy_file, workplace
from kiosk.journal.salvage.errors import ForeignCard, NewerFacts, NothingToSalvage, Unreadable
from kiosk.journal.salvage.find import Source, find_source, one_file
from kiosk.journal.salvage.judge import ASIDE, TAKE, judge
from kiosk.journal.salvage.lines import Aside
from kiosk.journal.salvage.mount import mounted
from kiosk.journal.salvage.read import LOG, read_copy
from kiosk.journal.salvage.shelf import Shelf
from kiosk.journal.salvage.take import Taken, take_lane

FOLDER: Final = "salvage"  # in the data folder: what is set aside, and the copies while they are needed
_NOISE: Final = 1000  # further beyond the last good fact, the number of a damaged row is noise itself

OpenLane = Callable[[Lane], Journal]
Watcher = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]  # shows a step of so many bytes or facts


class Salvaged(Struct, kw_only=True):
    """What was found, and what became of it."""

    source: Path
    facts: int
    doubtful: int
    foreign: int
    unreadable_blocks: int
    taken: Taken
    missing: dict[str, list[tuple[int, int]]]
    ends: dict[str, int]  # the last position of each stream that must reach the hub
    epochs: dict[Lane, Epoch]  # in which this kiosk goes on
    aside: Path | None


def salvage(device: Path, data_dir: Path, address: Address, open_lane: OpenLane, watcher: Watcher) -> Salvaged:
    """Bring everything that ``device`` holds of this kiosk into its journals; a repetition changes nothing.

    Raises: CannotSalvage before anything was taken; StorageFailed.
    """
    with workplace(data_dir / FOLDER) as work:
        with translated(work):
            shelf = Shelf(work / "found.db", address)
        with closing(shelf), _source(device, data_dir, address, work) as source:
            owners = _read_all(source, work, shelf, watcher)
            _check_whose(device, owners, shelf)
            judge(shelf)
            return _take_all(source, data_dir, shelf, open_lane, watcher)


@contextmanager
def _source(device: Path, data_dir: Path, address: Address, work: Path) -> Iterator[Source]:
    """Give the one place that holds this kiosk's journals; a device stays mounted until it was read."""
    try:
        mode = device.stat().st_mode
    except OSError as error:
        raise NothingToSalvage(f"{device}: {error.strerror}: name the old card's device or folder") from error
    with ExitStack() as stack:
        if stat.S_ISDIR(mode):
            yield find_source(device, [device], address, data_dir)
            return
        single = None if stat.S_ISBLK(mode) else one_file(device)
        if single and device.resolve().parent == data_dir.resolve():
            raise NothingToSalvage(f"{device} is this kiosk's own: name the old card's")
        yield single or find_source(device, stack.enter_context(mounted(device, work)), address, data_dir)


def _read_all(source: Source, work: Path, shelf: Shelf, watcher: Watcher) -> list[str]:
    """Copy every file, then read the copies; return whom they say they belong to."""
    files = [path for file in source.files for path in _with_log(file.path)]
    try:
        sizes = [path.stat().st_size for path in files]
    except OSError as error:
        raise Unreadable(source.folder, error.strerror or str(error)) from error
    check_room(work, sizes)
    with watcher("copying", sum(sizes)) as tell:
        for path in files:
            shelf.tally.unreadable_blocks += copy_file(path, work / path.name, tell)
    owners = []
    with watcher("reading", len(source.files)) as tell, translated(work):
        for file in source.files:
            owners.append(read_copy(work / file.path.name, file, shelf))
            tell(1)
    return [owner.rpartition("/")[0] for owner in owners if owner]


def _with_log(path: Path) -> list[Path]:
    log = path.with_name(path.name + LOG)
    return [path, log] if log.exists() else [path]


def _check_whose(device: Path, owners: list[str], shelf: Shelf) -> None:
    """Refuse another kiosk's card, and facts that would be sent as if they were lost.

    Raises: ForeignCard, NewerFacts, NothingToSalvage.
    """
    foreign = {owner for owner in owners if owner != str(shelf.address)}
    if not shelf.streams():
        foreign |= set(shelf.tally.foreign)
    if foreign:
        raise ForeignCard(device, sorted(foreign), shelf.address)
    if newer := shelf.newer():
        raise NewerFacts(device, min(newer))
    if not owners and not shelf.streams():
        raise NothingToSalvage(
            f"no fact on {device} can be read: nothing was taken over; try a copy made with ddrescue, or a mirror"
        )


def _take_all(source: Source, data_dir: Path, shelf: Shelf, open_lane: OpenLane, watcher: Watcher) -> Salvaged:
    aside, taken = Aside(data_dir / FOLDER, shelf.address), Taken()
    streams = shelf.streams()
    facts = shelf.count(TAKE)
    ends, missing, epochs = shelf.ends(), dict[str, list[tuple[int, int]]](), dict[Lane, Epoch]()
    newest = max((epoch for _, epoch in streams), default=Epoch(0))
    with watcher("taking over", facts) as tell:
        for lane in sorted({lane for lane, _ in streams}):
            with closing(open_lane(lane)) as journal:
                epochs[lane] = journal.raise_epoch(newest) if journal.epoch <= newest else journal.epoch
                take_lane(journal, shelf, aside, taken, tell)
                missing |= _missing(journal, ends)
    for kept in shelf.judged(ASIDE):
        aside.keep(kept)
    doubtful = shelf.count(ASIDE)
    return Salvaged(
        source=source.folder,
        facts=facts,
        doubtful=doubtful,
        foreign=sum(map(len, shelf.tally.foreign.values())),
        unreadable_blocks=shelf.tally.unreadable_blocks,
        taken=taken,
        missing=missing,
        ends=shelf.last_taken(),
        epochs=epochs,
        aside=aside.folder if doubtful or taken.conflicts else None,
    )


def _missing(journal: Journal, ends: dict[str, int]) -> dict[str, list[tuple[int, int]]]:
    """Return, for each stream of the journal's lane, from where to where neither the card nor the journal has facts."""
    found = {}
    held = journal.ends()
    for stream, claimed in ends.items():
        epoch, lane = parse_lane_stream(stream, "stream")
        if lane is journal.lane:
            last = held.get(epoch, 0)
            holes = list(_holes(journal, epoch, claimed if claimed <= last + _NOISE else last))
            if holes:
                found[lane_stream(epoch, lane)] = holes
    return found


def _holes(journal: Journal, epoch: Epoch, end: int) -> Iterator[tuple[int, int]]:
    after = 0
    with translated(journal.path):
        for (seq,) in journal.connection.execute("SELECT seq FROM facts WHERE epoch = ? ORDER BY seq", (epoch,)):
            if seq > after + 1:
                yield after + 1, seq - 1
            after = seq
    if after < end:
        yield after + 1, end
