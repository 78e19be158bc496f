"""A disk that loses its power: what it may hold afterwards, of all that was written and synced before. Pure.

Rules
-----
1.  What a file held when it was last synced, it holds (fsync and fdatasync alike: both keep the data, and the length
    that is needed to read it).
2.  Each sector (512 bytes, the smallest unit that disks write whole) that was written since holds any of the versions
    that it had since that sync, whatever its neighbours hold. What of it was never written reads as zero.
3.  The length is any between the shortest and the longest that the file had since.
4.  A name (made, moved or taken away) is certain once its folder is synced. Before, each such change happened or did
    not, whatever became of the others; a rename happened as a whole. That is all that POSIX promises (``Names.FOLDER``,
    used throughout). ext4, XFS and Btrfs promise more (``Names.WITH_FILE``): their log is kept in order, and syncing
    a new file keeps its name and all that was done to names before. What holds under the strict rule holds on those.
5.  A file that was mapped for shared writing holds anything: the kernel writes it back when it likes.

Not modelled: sectors that tear inside, blocks that show another file's old content, and disks that lie about a sync.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from msgspec import Struct

from powercut.blocks import Blocks, Losses
from powercut.moods import pick_kept, pick_mood
from powercut.ops import ROOT, Make, Map, Name, Op, Resize, Sync, Tree, Write


class Names(Enum):
    """When a name is certain: rule 4."""

    FOLDER = "folder"
    WITH_FILE = "with file"


class Fallen(Struct, frozen=True):
    """What a cut left, and how much it bit."""

    tree: Tree
    losses: Losses


class Disk:
    """Files and folders: what of them is certain, and what a cut may take."""

    def __init__(self, names: Names = Names.FOLDER) -> None:
        """Begin with an empty, synced root folder."""
        self._rule = names
        self._files: dict[int, Blocks] = {}
        self._durable: dict[int, dict[str, int]] = {ROOT: {}}  # folder: name: file
        self._pending: list[Name] = []

    def apply(self, op: Op) -> None:
        """Do to the disk what a program did."""
        match op:
            case Make(file, is_folder):
                if is_folder:
                    self._durable[file] = {}
                else:
                    self._files[file] = Blocks()
            case Name():
                self._pending.append(op)
            case Write() | Resize():
                self._files[op.file].change(op)
            case Sync(file):
                self._sync(file)
            case Map(file):
                self._files[file].wild = True

    def cut(self, rng: random.Random) -> Fallen:
        """Return what the disk may hold if the power goes now; the disk itself goes on as it was."""
        losses = Losses()
        mood = pick_mood(rng)
        kept = pick_kept(rng, mood, len(self._pending))
        losses.names = kept.count(False)
        names = self._named(change for change, came in zip(self._pending, kept, strict=True) if came)

        def content(file: int) -> bytes:
            own = mood if rng.getrandbits(1) else pick_mood(rng)
            return self._files[file].fallen(rng, own, losses)

        return Fallen(_tree(names, content), losses)

    def newest(self) -> Tree:
        """Return what a reader sees while the power is on."""
        return _tree(self._named(self._pending), lambda file: self._files[file].newest())

    def _sync(self, file: int) -> None:
        if file in self._files:
            self._files[file].sync()
            if self._rule is Names.WITH_FILE:
                self._settle_log(file)
            return
        self._settle(lambda change: any(folder == file for folder, _, _ in change.changes))

    def _settle(self, is_due: Callable[[Name], bool]) -> None:
        """Make the due changes certain, and whatever was done earlier to the same names."""
        due, rest, places = list[Name](), list[Name](), set[tuple[int, str]]()
        for change in reversed(self._pending):
            own = {(folder, name) for folder, name, _ in change.changes}
            if is_due(change) or own & places:
                due.append(change)
                places |= own
            else:
                rest.append(change)
        self._pending = rest[::-1]
        _rename(self._durable, reversed(due))

    def _settle_log(self, file: int) -> None:
        named = [n for n, change in enumerate(self._pending, 1) if any(one[2] == file for one in change.changes)]
        end = max(named, default=0)
        _rename(self._durable, self._pending[:end])
        del self._pending[:end]

    def _named(self, changes: Iterable[Name]) -> dict[int, dict[str, int]]:
        names = {folder: dict(entries) for folder, entries in self._durable.items()}
        _rename(names, changes)
        return names


def _rename(names: dict[int, dict[str, int]], changes: Iterable[Name]) -> None:
    for change in changes:
        for folder, name, file in change.changes:
            if file is None:
                names[folder].pop(name, None)
            else:
                names[folder][name] = file


def _tree(names: Mapping[int, Mapping[str, int]], content: Callable[[int], bytes], folder: int = ROOT) -> Tree:
    tree: Tree = {}
    for name, file in names[folder].items():
        if file not in names:
            tree[name] = content(file)
            continue
        tree[name] = None
        tree.update({f"{name}/{path}": held for path, held in _tree(names, content, file).items()})
    return tree
