"""Facts out of the pages of a database that SQLite may no longer read: whatever is whole is found, wherever it lies.

A fact's row is looked for by the first bytes of its JSON. The row's header lies before them and says how long the parts
are, and the digest lies behind them: with it, nothing false can pass. No index, tree or page header is needed.
Source: https://www.sqlite.org/fileformat2.html (record format, cell payload overflow pages)
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from contract.codec import MAX_FACT_BYTES, digest
from kiosk.journal.salvage.log import PAGE_SIZES, Bytes, committed_frames, log_page_size

_START: Final = re.compile(rb'\{"specversion"')  # the first key of every envelope, as it is encoded
_BARE: Final = re.compile(rb"\}([0-9a-f]{64})")  # where a fact ends and its digest begins
_DEFAULT_PAGE: Final = 4096  # SQLite's, and ours
_COLUMNS: Final = 5  # epoch, seq, type, bytes, digest
_MAX_VARINT: Final = 9
_MAX_BEFORE: Final = 140  # of a row before its JSON: three varints, five types, two integers, a type of 80 letters
_MIN_BEFORE: Final = 10
_DIGEST_TYPE: Final = 13 + 2 * 64  # the serial type of a text of 64 letters
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}  # serial type: bytes
_MAX_WAYS: Final = 64  # a page may be there in several versions; the right ones are nearly always the newest


class Carved(Struct, frozen=True):
    """Bytes that may be a fact, the digest recorded for them, and where its row says it stands."""

    raw: bytes
    digest: str
    epoch: int | None
    seq: int | None
    sure: bool


class _Row(Struct, frozen=True):
    payload_at: int
    payload: int
    json_at: int  # within the payload
    json: int
    epoch: int
    seq: int


class Pages:
    """Every version of every page of one database: in its log, and in its file."""

    def __init__(self, file: Bytes, log: Bytes) -> None:
        """Find out the page size, and what of the log counts."""
        self._file, self._log = file, log
        self.size = _page_size(file) or log_page_size(log) or _DEFAULT_PAGE
        self.reserved = file[20] if _page_size(file) else 0
        self._frames = committed_frames(log, self.size)
        self._in_log: dict[int, list[int]] = {}
        for frame in reversed(self._frames):
            self._in_log.setdefault(frame.page, []).append(frame.at)

    def images(self) -> Iterator[tuple[bytes, bool]]:
        """Yield every page image, and whether it was surely committed; those that surely were come first."""
        for at in range(0, len(self._file), self.size):
            yield bytes(self._file[at : at + self.size]), True
        for sure in (True, False):
            for frame in self._frames:
                if frame.sure is sure:
                    yield bytes(self._log[frame.at : frame.at + self.size]), sure

    def versions(self, number: int) -> Iterator[bytes]:
        """Yield a page in each version that is there, newest first."""
        for at in self._in_log.get(number, ()):
            yield bytes(self._log[at : at + self.size])
        if 0 < number <= len(self._file) // self.size:
            yield bytes(self._file[(number - 1) * self.size : number * self.size])


def carve(file: Bytes, log: Bytes) -> Iterator[Carved]:
    """Yield what looks like a fact in a database and its log, each once."""
    pages = Pages(file, log)
    seen: set[str] = set()
    for image, sure in pages.images():
        for match in _START.finditer(image):
            found = _carve_at(pages, image, match.start(), sure=sure)
            if found and found.digest not in seen:
                if digest(found.raw) == found.digest:
                    seen.add(found.digest)
                yield found


def _carve_at(pages: Pages, image: bytes, at: int, *, sure: bool) -> Carved | None:
    row = _row_around(image, at)
    if row is None:
        return _carve_bare(image, at, sure=sure)
    first: Carved | None = None
    for payload in islice(_payloads(pages, image, row), _MAX_WAYS):
        raw, mark = payload[row.json_at : row.json_at + row.json], payload[-64:].decode("ascii", "replace")
        found = Carved(raw, mark, row.epoch, row.seq, sure)
        if digest(raw) == mark:
            return found
        first = first or found
    return first


def _carve_bare(image: bytes, at: int, *, sure: bool) -> Carved | None:
    """Return the fact at a place whose row header is damaged, if its digest follows it."""
    for match in _BARE.finditer(image, at):
        raw, mark = image[at : match.start() + 1], match[1].decode()
        if digest(raw) == mark:
            return Carved(raw, mark, None, None, sure)
    return None


def _row_around(image: bytes, at: int) -> _Row | None:
    for start in range(at - _MIN_BEFORE, max(-1, at - _MAX_BEFORE), -1):
        row = _read_row(image, start, at)
        if row:
            return row
    return None


def _read_row(image: bytes, start: int, json_at: int) -> _Row | None:
    """Return the row that begins at ``start``, if its JSON lies where it should."""
    payload, at = _varint(image, start)
    _, begin = _varint(image, at)  # the row's number
    header, at = _varint(image, begin)
    types: list[int] = []
    while at < min(begin + header, json_at) and len(types) < _COLUMNS:
        serial, at = _varint(image, at)
        types.append(serial)
    if len(types) != _COLUMNS or at != begin + header:
        return None
    epoch, seq, name, json, mark = types
    if not (epoch in _INTEGERS and seq in _INTEGERS and name % 2 and json % 2 == 0 and mark == _DIGEST_TYPE):
        return None
    epoch_bytes, seq_bytes, name_bytes, json_bytes = (
        _INTEGERS[epoch],
        _INTEGERS[seq],
        (name - 13) // 2,
        (json - 12) // 2,
    )
    before = header + epoch_bytes + seq_bytes + name_bytes
    if begin + before != json_at or payload != before + json_bytes + 64 or not 0 < json_bytes <= MAX_FACT_BYTES:
        return None
    epoch_at, seq_at = begin + header, begin + header + epoch_bytes
    return _Row(
        begin,
        payload,
        before,
        json_bytes,
        _integer(epoch, image[epoch_at:seq_at]),
        _integer(seq, image[seq_at : seq_at + seq_bytes]),
    )


def _integer(serial: int, data: bytes) -> int:
    return {8: 0, 9: 1}.get(serial, int.from_bytes(data, "big", signed=True))


def _varint(image: bytes, at: int) -> tuple[int, int]:
    value = 0
    for offset in range(at, min(at + _MAX_VARINT, len(image))):
        if offset == at + _MAX_VARINT - 1:
            return (value << 8) | image[offset], offset + 1
        value = (value << 7) | (image[offset] & 0x7F)
        if image[offset] < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, offset + 1
    return value, len(image)


def _payloads(pages: Pages, image: bytes, row: _Row) -> Iterator[bytes]:
    """Yield the row's payload, in each way that its overflow pages can be put together."""
    usable = pages.size - pages.reserved
    local = _local_size(row.payload, usable)
    here = image[row.payload_at : row.payload_at + local]
    if local == row.payload:
        if len(here) == local:
            yield here
        return
    follows = int.from_bytes(image[row.payload_at + local : row.payload_at + local + 4], "big")
    yield from _chains(pages, [here], row.payload - local, follows, usable)


def _local_size(payload: int, usable: int) -> int:
    """Return how much of a payload lies in its leaf page."""
    if payload <= usable - 35:
        return payload
    least = (usable - 12) * 32 // 255 - 23
    size = least + (payload - least) % (usable - 4)
    return size if size <= usable - 35 else least


def _chains(pages: Pages, parts: Sequence[bytes], rest: int, number: int, usable: int) -> Iterator[bytes]:
    """Yield the parts joined with what follows from page ``number`` on, for every version of every page."""
    stack = [(list(parts), rest, number)]
    while stack:
        have, missing, page = stack.pop()
        if missing <= 0:
            yield b"".join(have)
            continue
        versions = list(pages.versions(page))
        for version in reversed(versions):  # the newest comes off the stack first
            part = version[4 : 4 + min(missing, usable - 4)]
            stack.append(([*have, part], missing - len(part) if part else 0, int.from_bytes(version[:4], "big")))


def _page_size(file: Bytes) -> int | None:
    if bytes(file[:16]) != b"SQLite format 3\0":
        return None
    size = int.from_bytes(bytes(file[16:18]), "big")
    size = 65536 if size == 1 else size
    return size if size in PAGE_SIZES else None
