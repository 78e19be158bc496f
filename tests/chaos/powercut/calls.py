"""From system calls to what they did to the disk, strictly: a call that is not known here is an error.

What is watched is one folder (the disk) and the diary, which lies beside it and whose lines are what was shown.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from powercut.ops import ROOT, Make, Map, Name, Op, Resize, Sync, Write
from powercut.trace import Call, UnknownCall

# They change nothing that a power cut could take, or only who may open a file and when it was touched.
_HARMLESS: Final = frozenset(
    """execve newfstatat stat lstat fstat statx access faccessat faccessat2 readlink readlinkat lseek flock statfs
    fstatfs getdents64 chmod fchmod fchmodat chown fchown fchownat utimensat fadvise64 getcwd""".split()
)
_FLAGS: Final = frozenset(
    "O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_LARGEFILE".split()
)


class Said(Struct, frozen=True):
    """A line of the diary was written: this was shown, or was about to be."""

    line: bytes


Event: TypeAlias = Op | Said


class _Open(Struct):
    file: int | None  # None: the diary
    writes_only: bool = False
    position: int = 0


class Reader:
    """Follows names and descriptors through a trace; numbers go on from those that the disk began with."""

    def __init__(self, root: Path, diary: Path, names: dict[Path, int]) -> None:
        """Begin with what lay in ``root``: by full path, its number."""
        self._root = root
        self._diary = diary
        self._names = {root: ROOT, **names}
        self._next = max(self._names.values()) + 1
        self._open: dict[int, _Open] = {}
        self._lengths: dict[int, int] = {}

    def events(self, call: Call) -> Iterator[Event]:
        """Yield what one call did.

        Raises: UnknownCall.
        """
        effect = _EFFECTS.get(call.name)
        if effect is not None:
            yield from effect(self, call)
        elif call.name not in _HARMLESS:
            raise UnknownCall(call.line[:300])

    def open(self, call: Call) -> Iterator[Event]:
        at = 1 if call.name == "openat" else 0
        path = call.path(at)
        flags = {"O_WRONLY", "O_CREAT", "O_TRUNC"} if call.name == "creat" else set(call.args[at + 1].split("|"))
        if flags - _FLAGS:
            raise UnknownCall(f"flags of {call.line[:300]}")
        if path == self._diary:
            self._open[call.result] = _Open(None)
            return
        if not self._inside(path):  # the link that leads elsewhere, or a path above
            raise UnknownCall(call.line[:300])
        if path not in self._names:
            if "O_CREAT" not in flags:
                raise UnknownCall(f"opened before it was made: {call.line[:300]}")
            yield from self._make(path, is_folder=False)
        elif "O_TRUNC" in flags:
            yield Resize(self._names[path], 0)
        self._open[call.result] = _Open(self._names[path], "O_WRONLY" in flags and "O_APPEND" not in flags)

    def close(self, call: Call) -> Iterator[Event]:
        self._at(call)
        del self._open[call.descriptor()]
        yield from ()

    def write(self, call: Call) -> Iterator[Event]:
        opened = self._at(call)
        data = call.written()
        if opened.file is None:
            yield Said(data)
            return
        if not opened.writes_only:  # reads and seeks would move the position unseen
            raise UnknownCall(f"where does it write? {call.line[:300]}")
        yield Write(opened.file, opened.position, data)
        opened.position += call.result

    def pwrite(self, call: Call) -> Iterator[Event]:
        yield Write(self._file(call), int(call.args[-1]), call.written())

    def truncate(self, call: Call) -> Iterator[Event]:
        yield Resize(self._file(call), int(call.args[1]))

    def sync(self, call: Call) -> Iterator[Event]:
        yield Sync(self._file(call))

    def map(self, call: Call) -> Iterator[Event]:
        if "MAP_SHARED" not in call.args[3]:
            return
        if not call.behind(4).name.endswith("-shm"):  # SQLite's index of its log, which it makes anew after a crash
            raise UnknownCall(f"mapped for sharing: {call.line[:300]}")
        yield Map(self._file_at(call, 4))

    def control(self, call: Call) -> Iterator[Event]:
        if call.args[1] not in {"F_SETLK", "F_SETLKW", "F_GETLK", "F_GETFD", "F_SETFD", "F_GETFL", "F_OFD_SETLK"}:
            raise UnknownCall(call.line[:300])
        yield from ()

    def make_folder(self, call: Call) -> Iterator[Event]:
        yield from self._make(call.path(1 if call.name == "mkdirat" else 0), is_folder=True)

    def remove(self, call: Call) -> Iterator[Event]:
        path = call.path(1 if call.name == "unlinkat" else 0)
        del self._names[self._known(path, call)]
        yield Name(((self._names[path.parent], path.name, None),))

    def rename(self, call: Call) -> Iterator[Event]:
        at = call.name != "rename"
        if call.name == "renameat2" and call.args[4] not in {"0", "RENAME_NOREPLACE"}:
            raise UnknownCall(call.line[:300])
        old, new = (call.path(1), call.path(3)) if at else (call.path(0), call.path(1))
        file = self._names.pop(self._known(old, call))
        if any(path.parent == old for path in self._names):
            raise UnknownCall(f"a folder moved with what is in it: {call.line[:300]}")
        self._names[new] = file
        yield Name(((self._names[old.parent], old.name, None), (self._names[new.parent], new.name, file)))

    def link(self, call: Call) -> Iterator[Event]:
        old, new = (call.path(1), call.path(3)) if call.name == "linkat" else (call.path(0), call.path(1))
        self._names[new] = self._names[self._known(old, call)]
        yield Name(((self._names[new.parent], new.name, self._names[new]),))

    def _make(self, path: Path, *, is_folder: bool) -> Iterator[Event]:
        file, self._next = self._next, self._next + 1
        self._names[path] = file
        yield Make(file, is_folder)
        yield Name(((self._names[path.parent], path.name, file),))

    def _inside(self, path: Path) -> bool:
        return path.is_relative_to(self._root)

    def _known(self, path: Path, call: Call) -> Path:
        if path not in self._names:
            raise UnknownCall(f"{path} was never made: {call.line[:300]}")
        return path

    def _at(self, call: Call, index: int = 0) -> _Open:
        opened = self._open.get(call.descriptor(index))
        if opened is None:
            raise UnknownCall(f"never opened: {call.line[:300]}")
        return opened

    def _file_at(self, call: Call, index: int) -> int:
        file = self._at(call, index).file
        if file is None:
            raise UnknownCall(f"the diary is only written: {call.line[:300]}")
        return file

    def _file(self, call: Call) -> int:
        return self._file_at(call, 0)


_EFFECTS: Final[dict[str, Callable[[Reader, Call], Iterator[Event]]]] = {
    **dict.fromkeys(("open", "openat", "creat"), Reader.open),
    **dict.fromkeys(("write", "writev"), Reader.write),
    **dict.fromkeys(("pwrite64", "pwritev"), Reader.pwrite),
    **dict.fromkeys(("fsync", "fdatasync"), Reader.sync),
    **dict.fromkeys(("mkdir", "mkdirat"), Reader.make_folder),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), Reader.remove),
    **dict.fromkeys(("rename", "renameat", "renameat2"), Reader.rename),
    **dict.fromkeys(("link", "linkat"), Reader.link),
    "ftruncate": Reader.truncate,
    "close": Reader.close,
    "mmap": Reader.map,
    "fcntl": Reader.control,
}
