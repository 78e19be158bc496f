"""Rows of a CSV file: what cannot be read is a fault of its own line, never of its neighbours.

Rules
-----
1.  A file is UTF-8, with or without a byte order mark, plain or gzip-compressed; otherwise the whole of it is refused.
2.  A row has as many cells as the header. With fewer or more it is a fault, for its cells may have shifted; empty cells
    beyond the header are no fault. A blank line is no row.
3.  A quote that is never closed is a fault of the line it stands in; reading goes on at the next line.
4.  A last row that is cut short and does not end in a line break means that the file was cut off: it is refused whole.
"""

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from contract.errors import ContractError

MAX_TEXT_BYTES: Final = 256 * 1024 * 1024  # unpacked; the largest real history seen has 46 MB, a Pi has 1 GB or more
_MAX_ROW_LINES: Final = 20  # a name with line breaks has two or three; beyond this the quote is a stray one
_MAX_ROW_CHARS: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_SHOWN_COLUMNS: Final = 40
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")


class BadFile(ContractError):
    """The file cannot be used; nothing of it was."""


class UnknownColumn(ContractError):
    """The file has no such column."""


class Row(Struct, frozen=True, gc=False):
    """The cells of one row, as many as there are columns; ``line`` is the line of the file where it begins."""

    line: int
    cells: Sequence[str]


class Fault(Struct, frozen=True):
    """A row that cannot be used: its line, the reason in one word for counting, and why in words for a person."""

    line: int
    reason: str
    why: str


class Table(Struct, frozen=True):
    """A header and what follows it. Without a header the columns are called ``0``, ``1`` and so on."""

    headers: tuple[str, ...]
    rows: Iterator[Row | Fault]

    def column(self, name: str) -> int:
        """Return the place of a column.

        Raises: UnknownColumn, naming it and what there is.
        """
        if self.headers.count(name) == 1:
            return self.headers.index(name)
        what = "no column" if name not in self.headers else "more than one column"
        there = ", ".join(self.headers[:_SHOWN_COLUMNS]) + (", …" if len(self.headers) > _SHOWN_COLUMNS else "")
        todo = "name one of them" if what == "no column" else "rename all but one in the file"
        if _other_separator(self.headers):
            todo = "separate the cells by commas"
        raise UnknownColumn(f"{what} {name!r}: the columns are {there}: {todo}")


class _Record(Struct, frozen=True):
    line: int
    cells: list[str]
    ended: bool  # with a line break


def read_text(raw: bytes) -> str:
    """Return the text of a file, unpacked if it is gzip-compressed.

    Raises: BadFile.
    """
    if raw.startswith(_GZIP_MAGIC):
        raw = _unpack(raw)
    if len(raw) > MAX_TEXT_BYTES:
        raise BadFile(f"more than {MAX_TEXT_BYTES // 2**20} MiB of text: split the file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise BadFile("the file ends in the middle of a character: copy it again") from error
        start = error.start + (len(raw) - len(error.object))  # the codec counts from behind the byte order mark
        line = raw.count(b"\n", 0, start) + 1
        raise BadFile(
            f"line {line}: byte {start} (0x{raw[start]:02x}) is not UTF-8: save the file as UTF-8, then try again"
        ) from error


def read_table(text: str, *, header: bool = True) -> Table:
    """Return the columns of ``text`` and its rows, read as they are asked for.

    Raises: BadFile if there is no header; the rows raise it if the file turns out to be cut off.
    """
    records = _records(io.StringIO(text, newline=""))
    first = next(records, None)
    if first is None:
        raise BadFile("line 1: it is empty: give a file with rows")
    if isinstance(first, Fault):
        raise BadFile(f"line {first.line}: {first.why}: correct it, then try again")
    if header:
        headers = tuple(cell.strip() for cell in first.cells)
        return Table(headers, _rows(records, len(headers)))
    headers = tuple(str(number) for number in range(len(first.cells)))
    return Table(headers, _rows(_chain(first, records), len(headers)))


def read_number(text: str) -> Decimal | None:
    """Return a plain number such as ``12``, ``-0.5`` or ``.99``; None for anything else.

    No exponent, no thousands mark, no decimal comma, no currency sign: what could be read in two ways is not read.
    """
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def _other_separator(headers: tuple[str, ...]) -> bool:
    return len(headers) == 1 and (";" in headers[0] or "\t" in headers[0])


def _unpack(raw: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as packed:
            return packed.read(MAX_TEXT_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise BadFile(f"byte {len(raw)}: the compressed file is cut off or damaged ({error}): copy it again") from error


def _chain(first: _Record, rest: Iterator[_Record | Fault]) -> Iterator[_Record | Fault]:
    yield first
    yield from rest


def _rows(records: Iterator[_Record | Fault], width: int) -> Iterator[Row | Fault]:
    for record in records:
        yield record if isinstance(record, Fault) else _row(record, width)


def _row(record: _Record, width: int) -> Row | Fault:
    cells = record.cells
    if len(cells) < width:
        if not record.ended:
            raise _cut_off(record.line)
        return Fault(record.line, "cells_missing", f"it has {len(cells)} cells, the first row has {width}")
    if any(cell.strip() for cell in cells[width:]):
        return Fault(record.line, "cells_extra", f"it has {len(cells)} cells, the first row has {width}")
    if any("\0" in cell for cell in cells):
        return Fault(record.line, "nul_character", "it holds a NUL character")
    return Row(record.line, cells[:width])


def _records(lines: Iterable[str]) -> Iterator[_Record | Fault]:
    waiting = _Lines(lines)
    while (line := waiting.take()) is not None:
        if line.strip("\r\n"):
            yield _record(line, waiting)


class _Lines:
    """Lines that can be put back: those read in search of a closing quote that was not there."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        self.number += 1
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, taken: list[str]) -> None:
        self.number -= len(taken)
        self._back.extendleft(reversed(taken))


def _record(line: str, waiting: _Lines) -> _Record | Fault:
    number, text = waiting.number, line
    cells, why = _parse(text)
    more: list[str] = []
    while why == _OPEN and len(more) < _MAX_ROW_LINES:
        following = waiting.take()
        more.append(following or "")
        if following is None:
            break
        text += following
        if '"' in following:
            cells, why = _parse(text)
    if cells is not None:
        return _Record(number, cells, _ends(text))
    if why == _OPEN and not any(more) and not _ends(line):
        raise _cut_off(number)
    waiting.put_back([taken for taken in more if taken])
    return Fault(number, "row_too_long" if why == _LONG else "quote_wrong", why)


_OPEN: Final = "a quote is opened and not closed"
_WRONG: Final = "a closing quote is followed by more than a comma"
_LONG: Final = f"it is longer than {_MAX_ROW_CHARS} characters"


def _parse(text: str) -> tuple[list[str] | None, str]:
    if len(text) > _MAX_ROW_CHARS:
        return None, _LONG
    try:
        return next(csv.reader([text], strict=True)), ""
    except csv.Error as error:
        return None, _OPEN if "end of data" in str(error) else _WRONG


def _ends(text: str) -> bool:
    return text.endswith(("\n", "\r"))


def _cut_off(line: int) -> BadFile:
    return BadFile(
        f"line {line}: the file ends in the middle of a row: copy it again, or end a whole row with a line break"
    )
