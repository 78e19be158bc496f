"""Many power cuts of a recorded seller, at random instants, and the count of what was found wrong after them.

An instant lies between two calls. A write that has begun by then may be on the disk in any part, so it is the same as
one that returned; a sync counts only once it has returned. A line of the diary counts from when its write began.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from progress import nowhere

from powercut import words
from powercut.books import read_books
from powercut.calls import Event, Said
from powercut.check import Shown, Wrong, check
from powercut.disk import Disk, Fallen, Names
from powercut.ops import Sync
from powercut.record import DATA, Start, Tape, record
from powercut.restart import put, started
from powercut.variants import Variant
from powercut.words import Entry

SALES: Final = 60  # of each recording: some 4,000 calls that change the disk, so that 1,000 cuts seldom fall together
MAX_EXAMPLES: Final = 10
LEAST_BITES: Final = 0.2  # of all cuts: fewer, and the run was too lucky to prove anything; one in two is usual


class Report(Struct):
    """What was found, in cuts: how many had each fault, and how hard they were."""

    cuts: int = 0
    wrong: dict[str, int] = field(default_factory=dict)
    bit: int = 0  # something that was not synced was lost
    torn: int = 0  # some write came through in part
    lost_names: int = 0
    inside_sync: int = 0  # the power went while a sync was under way
    shown: int = 0  # sales and refunds that had been shown as done, summed over the cuts
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether nothing was wrong, and the cuts were hard enough to tell."""
        return not self.wrong and not self.blind

    @property
    def blind(self) -> bool:
        """Return whether too few cuts bit for the run to prove anything."""
        return min(self.bit, self.cuts) < self.cuts * LEAST_BITES or not (self.torn and self.inside_sync and self.shown)


class Instant(Struct, frozen=True):
    """The power goes after so many events, with this seed of chance."""

    at: int
    seed: int


def run(
    cuts: int,
    seed: int,
    folder: Path,
    *,
    variant: Variant = Variant.REAL,
    starts: Sequence[Start] = tuple(Start),
    names: Names = Names.FOLDER,
    sales: int = SALES,
    tell: Callable[[int], None] = nowhere,
) -> Report:
    """Record a seller from each start, cut its power ``cuts`` times in all, and return what was found.

    What was recorded stays in ``folder``, for looking at an example again. A folder in memory saves half of the time:
    that the real disk syncs as well proves nothing more. ``tell`` hears how many were cut by now.
    """
    rng = random.Random(seed)
    report = Report()
    for number, start in enumerate(starts):
        tape = record(folder / start, seed=rng.getrandbits(32), sales=sales, variant=variant, start=start)
        share = cuts // len(starts) + (number < cuts % len(starts))
        cut_tape(tape, _instants(rng, tape, share), folder / "fallen", report, names=names, tell=tell)
    return report


def cut_tape(
    tape: Tape,
    instants: Sequence[Instant],
    root: Path,
    report: Report,
    *,
    names: Names = Names.FOLDER,
    tell: Callable[[int], None] = nowhere,
) -> None:
    """Cut the power of one recording at each instant, and add to the report what was found."""
    recorded = read_books(tape.data / "till.db").facts
    said = diary(tape)
    for instant, disk in _disks(tape, instants, names):
        before = [entry for number, entry in said if number < instant.at]
        shown = Shown(before, [entry for number, entry in said if number >= instant.at], recorded)
        fallen = disk.cut(random.Random(instant.seed))
        _count(report, fallen, shown, tape.events[instant.at : instant.at + 1])
        put(fallen.tree, root)
        _note(report, judge(root / DATA, shown), f"{tape.data}: {instant}, last shown {before[-1:]}")
        tell(report.cuts)


def diary(tape: Tape) -> list[tuple[int, Entry]]:
    """Return what a seller showed, each with its place among the events."""
    return [(number, words.read(event.line)) for number, event in enumerate(tape.events) if isinstance(event, Said)]


def judge(data: Path, shown: Shown) -> dict[Wrong, str]:
    """Start the kiosk on a folder, and return what is wrong with it; sells one more there."""
    try:
        with started(data) as counter:
            return dict.fromkeys(check(counter, data, shown), "")
    except Exception as error:  # noqa: BLE001 - whatever it is, this kiosk does not sell, and the report says why
        return {Wrong.NOT_SELLING: repr(error)}


def _disks(tape: Tape, instants: Sequence[Instant], names: Names) -> Iterator[tuple[Instant, Disk]]:
    """Yield each instant, in order, with the disk as it was done to by then: one pass serves them all."""
    disk = Disk(names)
    for op in tape.found:
        disk.apply(op)
    done = 0
    for instant in sorted(instants, key=lambda one: one.at):
        for event in tape.events[done : instant.at]:
            if not isinstance(event, Said):
                disk.apply(event)
        done = instant.at
        yield instant, disk


def _instants(rng: random.Random, tape: Tape, cuts: int) -> list[Instant]:
    """Return random instants, every other one between the begin of a payment and what follows its end."""
    said = diary(tape)
    pays = [number for number, entry in said if entry["say"] == "pay"]
    dones = [number for number, entry in said if entry["say"] == "done" and number > pays[0]]
    first = next(number for number, event in enumerate(tape.events) if not isinstance(event, Said))
    spans = [(first, len(tape.events) - 1)], list(zip(pays, dones, strict=True))
    found = []
    for number in range(cuts):
        begin, end = rng.choice(spans[number % 2])
        found.append(Instant(rng.randint(begin, end + 1), rng.getrandbits(32)))
    return found


def _count(report: Report, fallen: Fallen, shown: Shown, under_way: Sequence[Event]) -> None:
    report.cuts += 1
    report.bit += fallen.losses.bit
    report.torn += fallen.losses.torn_writes > 0
    report.lost_names += fallen.losses.names > 0
    report.inside_sync += any(isinstance(event, Sync) for event in under_way)
    report.shown += len(shown.papers())


def _note(report: Report, wrong: dict[Wrong, str], where: str) -> None:
    report.wrong = dict(Counter(report.wrong) + Counter(str(one) for one in wrong))
    if wrong and len(report.examples) < MAX_EXAMPLES:
        report.examples.append(f"{', '.join(f'{one} {why}' for one, why in wrong.items())}: {where}")
