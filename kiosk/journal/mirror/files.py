"""Facts as lines of files: how a second medium and a keeper hold a kiosk's lanes.

Rules
-----
1.  ``<region>/<site>/<kiosk>/<lane>@<epoch>.facts``: line n is the stored bytes of fact n and a line break, from 1 on
    without gaps. An empty line is the place of a fact that the journal lost, or of one with a line break inside.
2.  A last line without its line break counts for nothing, and so do last lines that are no fact of their number: a
    power cut may leave such. They are cut off by the next write.
3.  What :meth:`LaneFiles.newest` names and what :meth:`LaneFiles.keep` took is synced, the folder of a new file too.
4.  A fact is never written over by another: that the two differ is said, and both stay where they are.
5.  Several processes may use a folder: whoever looks or writes holds the file's lock.
"""

import fcntl
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from msgspec import Struct

from contract.batch import MAX_BATCH_FACTS
from contract.codec import MAX_FACT_BYTES, digest
from contract.envelope import LaneSource
from contract.values import Address, Epoch, Lane, Seq
from kiosk.core.ports import Held, MirrorFailed, MirrorStrayed
from kiosk.journal.mirror.paths import file_name, opened_folder, streams, sync_folders, write_all

WINDOW: Final = MAX_BATCH_FACTS  # lines that can be compared or cut off: as many as one write may have left unsynced
_FILE: Final = 0o600
_LINE_BYTES: Final = MAX_FACT_BYTES + 1
_LOOK: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW  # a medium that turned read-only is noticed by looking
_MAKE: Final = _LOOK | os.O_CREAT


class _Mark(Struct):
    """What a fact says of itself, whatever release wrote it."""

    id: str
    source: str


_NO_INODE: Final = (0, 0)
_MARK: Final = msgspec.json.Decoder(_Mark)


class _Book:
    """What is known of one file: where its last lines begin, and how many it has."""

    def __init__(self, source: LaneSource) -> None:
        self.source = str(source)
        self.inode = _NO_INODE
        self.count = 0
        self.end = 0  # behind the last line that counts
        self.starts: deque[int] = deque(maxlen=WINDOW)

    def learn(self, fd: int) -> bool:
        """Bring this up to the file's present state; return whether there was anything new in it."""
        found = os.fstat(fd)
        if (found.st_dev, found.st_ino) != self.inode or found.st_size < self.end:
            self.count, self.end = 0, 0
            self.starts.clear()
            self.inode = (found.st_dev, found.st_ino)
        if found.st_size == self.end:
            return False
        with os.fdopen(os.dup(fd), "rb") as file:
            file.seek(self.end)
            while (line := file.readline(_LINE_BYTES)).endswith(b"\n"):
                self.took(len(line))
            if len(line) == _LINE_BYTES:
                raise MirrorFailed(f"line {self.count + 1} is too long for a fact: move the file away and keep it")
        self._drop_what_is_no_fact(fd)
        return True

    def took(self, size: int) -> None:
        """Count one more line, of ``size`` bytes with its line break."""
        self.starts.append(self.end)
        self.count += 1
        self.end += size

    def line(self, fd: int, seq: int) -> bytes | None:
        """Return the line of a number, None if it lies before the window."""
        back = self.count - seq
        if back >= len(self.starts):
            return None
        start = self.starts[-1 - back]
        stop = self.starts[-back] if back else self.end
        return os.pread(fd, stop - start, start)[:-1]

    def cut(self, seq: int) -> None:
        """Forget the line of a number and all behind it."""
        while self.count >= seq:
            self.end = self.starts.pop()
            self.count -= 1

    def is_fact(self, raw: bytes, seq: int) -> bool:
        """Return whether bytes say of themselves that they are the fact of this number and lane."""
        try:
            mark = _MARK.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return (mark.id, mark.source) == (str(seq), self.source)

    def _drop_what_is_no_fact(self, fd: int) -> None:
        while self.count and not self.is_fact(self.line(fd, self.count) or b"", self.count):
            if len(self.starts) == 1 < self.count:
                raise MirrorFailed(f"its last {WINDOW} lines are no facts: move the file away and keep it")
            self.cut(self.count)


def as_line(fact: bytes) -> bytes:
    """Return a fact as it stands on its line, without the line break."""
    return b"" if b"\n" in fact else fact


class LaneFiles:
    """The files of one lane of one kiosk below a folder that the caller opens; not shared between threads."""

    def __init__(self, address: Address, lane: Lane) -> None:
        """Begin knowing nothing."""
        self._address = address
        self._lane = lane
        self._books: dict[Epoch, _Book] = {}

    def newest(self, root: int) -> dict[Epoch, Held]:
        """Return how far each epoch is; what was found new is synced before.

        Raises: MirrorFailed, OSError.
        """
        found = {}
        for epoch in self._epochs(root):
            with self._opened(root, epoch, _LOOK) as (fd, book):
                if book.count:
                    last = book.line(fd, book.count) or b""
                    found[epoch] = Held(Seq(book.count), digest(last))
        return found

    def keep(self, root: int, epoch: Epoch, first: Seq, facts: Sequence[bytes]) -> Held:
        """Append what is new of ``facts``, synced; return how far it is now.

        Raises: MirrorStrayed, MirrorFailed, OSError; a write that failed is taken back.
        """
        lines = [as_line(fact) for fact in facts]
        with self._opened(root, epoch, _MAKE) as (fd, book):
            if first > book.count + 1:
                raise MirrorFailed(f"it ends at {book.count} of epoch {epoch}, before {first}: it is filled again")
            self._compare(fd, book, first, lines)
            self._append(fd, book, lines[book.count + 1 - first :])
            return Held(Seq(book.count), digest(book.line(fd, book.count) or b""))

    def read(self, root: int, epoch: Epoch, after: Seq) -> Iterator[tuple[Seq, bytes]]:
        """Yield number and bytes of each line behind ``after`` that counts.

        Raises: MirrorFailed, OSError.
        """
        with self._opened(root, epoch, _LOOK) as (fd, book):
            count, file = book.count, os.fdopen(os.dup(fd), "rb")
        with file:  # without the lock: lines that count stay as they are
            file.seek(0)
            for seq in range(1, count + 1):
                line = file.readline(_LINE_BYTES)
                if seq > after:
                    yield Seq(seq), line[:-1]

    def _compare(self, fd: int, book: _Book, first: Seq, lines: Sequence[bytes]) -> None:
        for seq, line in enumerate(lines[: book.count + 1 - first], first):
            if (held := book.line(fd, seq)) is None or held == line:
                continue
            if book.is_fact(held, seq):
                if not book.is_fact(line, seq):
                    continue  # the card's own copy rotted: the line is the better one
                raise MirrorStrayed(f"it holds another fact {seq}")
            book.cut(seq)
            return

    def _append(self, fd: int, book: _Book, lines: Sequence[bytes]) -> None:
        if os.fstat(fd).st_size > book.end:
            os.ftruncate(fd, book.end)
        if not lines:
            return
        data, end = b"".join(line + b"\n" for line in lines), book.end
        try:
            write_all(fd, data, end)
            os.fdatasync(fd)
        except OSError:
            os.ftruncate(fd, end)  # after a failed sync the pages look written: they must be written anew
            raise
        for line in lines:
            book.took(len(line) + 1)

    @contextmanager
    def _opened(self, root: int, epoch: Epoch, flags: int) -> Iterator[tuple[int, _Book]]:
        name, book = file_name(epoch, self._lane), self._book(epoch)
        with opened_folder(root, self._address, make=flags == _MAKE) as folder:
            fd = os.open(name, flags, _FILE, dir_fd=folder)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if book.inode == _NO_INODE:
                sync_folders(root, self._address)
            if book.learn(fd):
                os.fdatasync(fd)  # whoever wrote it may have died before its sync
            yield fd, book
        except MirrorFailed as error:
            self._books.pop(epoch, None)
            raise type(error)(f"{self._address}/{name}: {error}") from error
        except OSError:
            self._books.pop(epoch, None)
            raise
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)

    def _book(self, epoch: Epoch) -> _Book:
        return self._books.setdefault(epoch, _Book(LaneSource(self._address, epoch, self._lane)))

    def _epochs(self, root: int) -> list[Epoch]:
        try:
            with opened_folder(root, self._address) as folder:
                return [epoch for epoch, lane in streams(folder) if lane is self._lane]
        except FileNotFoundError:
            return []
