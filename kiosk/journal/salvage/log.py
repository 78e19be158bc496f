"""SQLite's write-ahead log, read without SQLite: it stops at the first damaged frame, and would hide all that follow.

Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log

Rules
-----
1.  Frames are written one after the other and never skipped; the checksum of each goes on from the one before it. A
    frame stands in the chain if its checksum fits, or if the next one's goes on from it: only its page is damaged then.
2.  Up to the last commit that stands in the chain, all frames are committed. Frames after it whose commit is there,
    but cannot be seen to belong, are doubtful. Frames after the last commit were never committed and are no one's.
3.  A log begins anew with another salt; what is left of an older one behind it is judged by itself in the same way.
"""

import struct
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

_HEADER: Final = struct.Struct(">8I")  # magic, version, page size, checkpoints, two salts, two checksums
_FRAME: Final = struct.Struct(">6I")  # page, size at a commit or 0, two salts, two checksums
_MAGIC: Final = 0x377F0682  # its lowest bit: checksums are big-endian
_WORD: Final = 0xFFFFFFFF
PAGE_SIZES: Final = frozenset(2**power for power in range(9, 17))

Bytes = bytes | memoryview
Salt = tuple[int, int]


class Frame(Struct, frozen=True):
    """A page image in the log that was, or may have been, committed."""

    page: int
    at: int  # where the image begins in the log's file
    sure: bool


class _Slot(Struct):
    page: int
    commit: bool
    salt: Salt
    checksum: tuple[int, int]
    at: int
    fits: bool = False


def log_page_size(log: Bytes) -> int | None:
    """Return the page size that a log's header says, if it can be read."""
    if len(log) < _HEADER.size:
        return None
    magic, _, size, *_ = _HEADER.unpack_from(log)
    return size if magic | 1 == _MAGIC | 1 and size in PAGE_SIZES else None


def committed_frames(log: Bytes, page_size: int) -> list[Frame]:
    """Return the page images of a log, oldest first, without those that were never committed."""
    slots = _slots(log, page_size)
    sure, maybe = _last_commits(slots)
    return [
        Frame(slot.page, slot.at, sure=number <= sure.get(slot.salt, -1))
        for number, slot in enumerate(slots)
        if slot.page and number <= maybe.get(slot.salt, -1)
    ]


def _slots(log: Bytes, page_size: int) -> list[_Slot]:
    """Return every frame, and whether its checksum goes on from the frame before it."""
    if len(log) < _HEADER.size:
        return []
    magic, *_, salt_1, salt_2, sum_1, sum_2 = _HEADER.unpack_from(log)
    order = ">" if magic == _MAGIC | 1 else "<"
    salt, before = (salt_1, salt_2), (sum_1, sum_2)
    slots = []
    for start in range(_HEADER.size, len(log) - _FRAME.size - page_size + 1, _FRAME.size + page_size):
        page, size, frame_salt_1, frame_salt_2, frame_1, frame_2 = _FRAME.unpack_from(log, start)
        image = start + _FRAME.size
        slot = _Slot(page, bool(size), (frame_salt_1, frame_salt_2), (frame_1, frame_2), image)
        if slot.salt == salt:
            summed = _checksum(bytes(log[start : start + 8]), before, order)
            slot.fits = _checksum(bytes(log[image : image + page_size]), summed, order) == slot.checksum
        slots.append(slot)
        salt, before = slot.salt, slot.checksum
    return slots


def _last_commits(slots: Sequence[_Slot]) -> tuple[dict[Salt, int], dict[Salt, int]]:
    """Return the last commit of each salt that stands in its chain, and the last that is there at all."""
    sure: dict[Salt, int] = {}
    maybe: dict[Salt, int] = {}
    for number, slot in enumerate(slots):
        if not slot.commit or not slot.page:
            continue
        maybe[slot.salt] = number
        following = slots[number + 1] if number + 1 < len(slots) else None
        if slot.fits or (following and following.fits and following.salt == slot.salt):
            sure[slot.salt] = number
    return sure, maybe


def _checksum(data: bytes, start: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = start
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two
