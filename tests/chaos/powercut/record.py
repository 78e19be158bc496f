"""Records a seller: every call that changed its disk, in order, and every line that it showed between them."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct
from till_terminal import barcode, sample_items, stock_desk

from contract.down import Item
from contract.values import Money, Sku
from kiosk.core.counter import Counter
from powercut import words
from powercut.calls import Event, Reader, Said
from powercut.ops import ROOT, Make, Name, Op, Sync, Write
from powercut.trace import read_calls
from powercut.variants import Variant

DATA: Final = "data"  # the kiosk's data folder, in the root of the disk
_LONGEST_TEXT: Final = 1 << 20  # strace cuts longer ones, and the reader refuses cut ones; a page has 4 KiB
_DEADLINE_S: Final = 120.0  # a hundred sales take two seconds alone
_READS: Final = "read,pread64,readv,preadv,preadv2"  # they change nothing, and their texts would be most of the trace
_LARGE_CATALOGUE: Final = 2_000
_SALES_BEFORE_CRASH: Final = 5
_HOUSE: Final = Path(__file__).resolve().parents[3]


class Start(StrEnum):
    """What the seller finds."""

    BLANK = "blank"  # not even the data folder: everything is made under the trace
    STOCKED = "stocked"  # a shop with a catalogue of some size
    CRASHED = "crashed"  # the same, whose till was killed in the middle of selling: its log must be taken up first


class Tape(Struct, frozen=True):
    """A recording: the disk as it was found, and what was done and said since; first, what was said before."""

    found: list[Op]
    events: list[Event]
    data: Path  # as it was left


def can_trace() -> bool:
    """Return whether this machine lets one process trace another."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0


def record(folder: Path, *, seed: int, sales: int, variant: Variant = Variant.REAL, start: Start = Start.BLANK) -> Tape:
    """Return the recording of one seller; its trace, diary and data stay in ``folder``, made anew.

    Raises: CalledProcessError if the seller failed; UnknownCall.
    """
    shutil.rmtree(folder, ignore_errors=True)
    root, diary, trace = folder / "disk", folder / "diary", folder / "trace"
    root.mkdir(parents=True)
    shown = _prepare(start, root / DATA, folder / "before")
    found, names = _found(root)
    options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", str(_LONGEST_TEXT), "-o", str(trace), "-e", f"trace=!{_READS}"]
    seller = [
        sys.executable,
        "-B",
        "-m",
        "powercut.seller",
        str(root / DATA),
        str(diary),
        str(seed),
        str(sales),
        variant,
    ]
    subprocess.run(["strace", *options, *seller], env=_environment(), check=True, timeout=_DEADLINE_S)
    reader = Reader(root, diary, names)
    events = [event for call in read_calls(trace, [root, diary]) for event in reader.events(call)]
    return Tape(found, [*shown, *events], root / DATA)


def _prepare(start: Start, data: Path, aside: Path) -> list[Event]:
    """Make what the seller finds; return what was shown of it."""
    if start is Start.STOCKED:
        stock_desk(data, _many_items()).close()
    if start is not Start.CRASHED:
        return []
    with closing(stock_desk(aside, _many_items())) as desk:
        counter = Counter(desk)
        shown = [_sell(counter) for _ in range(_SALES_BEFORE_CRASH)]
        counter.enter("1.00")
        shutil.copytree(aside, data)  # as it lies there while the till still runs
        return [Said(line) for line in [*shown, words.kept(counter.basket)]]


def _sell(counter: Counter) -> bytes:
    counter.enter(f"3*{barcode(0)}")
    basket, sold = counter.basket, counter.sell(counter.basket.total_minor)
    return words.done("sale", basket, counter.sold.receipt if counter.sold else sold.text)


def _many_items() -> list[Item]:
    more = (Item(Sku(f"MORE-{n}"), f"More goods of kind {n}", [], Money(n)) for n in range(_LARGE_CATALOGUE))
    return [*sample_items(), *more]


def _environment() -> dict[str, str]:
    """Return ours, with the packages that the seller is made of, and no coverage: its files are not the till's."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    return {**own, "PYTHONPATH": os.pathsep.join(str(_HOUSE / "tests" / name) for name in ("chaos", "support"))}


def _found(root: Path) -> tuple[list[Op], dict[Path, int]]:
    """Return what makes the disk as it is found, all of it synced, and the numbers of its files."""
    ops: list[Op] = []
    names = {root: ROOT}
    for file, path in enumerate(sorted(root.rglob("*")), ROOT + 1):
        names[path] = file
        ops += [Make(file, path.is_dir()), Name(((names[path.parent], path.name, file),))]
        if path.is_file():
            ops.append(Write(file, 0, path.read_bytes()))
    ops += [Sync(file) for file in names.values()]
    del names[root]
    return ops, names
