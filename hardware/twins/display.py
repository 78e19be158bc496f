"""A customer display, as a machine that speaks bytes, and as a twin in memory."""

from typing import Final

from hardware.errors import Closed, Unplugged
from hardware.formats import line_display
from hardware.ports.display import COLUMNS

BLANK: Final = (" " * COLUMNS, " " * COLUMNS)
PAGES: Final = {0: "cp437", 2: "cp850", 19: "cp858"}  # ESC t n; the first after power-on


class DisplayMachine:
    """Shows what it is told; bytes for the printer, where it hangs behind one, pass by."""

    def __init__(self) -> None:
        self.rows = [*BLANK]
        self._ours = True
        self._column, self._row = 1, 1
        self._rest = b""
        self._page = PAGES[0]

    def receive(self, data: bytes) -> bytes:
        """Obey the commands that are whole."""
        data = self._rest + data
        at = 0
        while at < len(data) and (size := _size(data[at : at + 2])) <= len(data) - at:
            self._obey(data[at : at + size])
            at += size
        self._rest = data[at:]
        return b""

    def tick(self) -> bytes:
        """Say nothing."""
        return b""

    def _obey(self, command: bytes) -> None:
        if command[:2] == b"\x1b=":
            self._ours = command[2] == line_display.SELECT_DISPLAY[2]
        elif not self._ours:
            return
        elif command == b"\x1b@":
            self.rows, self._page = [*BLANK], PAGES[0]
        elif command[:2] == b"\x1bt":
            self._page = PAGES.get(command[2], self._page)
        elif command[:2] == line_display.MOVE:
            self._column, self._row = command[2], command[3]
        else:
            self._put(command.decode(self._page))

    def _put(self, char: str) -> None:
        row = self.rows[self._row - 1]
        self.rows[self._row - 1] = row[: self._column - 1] + char + row[self._column :]
        self._column += 1
        if self._column > COLUMNS:
            self._column, self._row = 1, 3 - self._row


class TwinDisplay:
    """A display in memory; ``rows`` is what the shopper reads."""

    def __init__(self) -> None:
        self.rows = [*BLANK]
        self.plugged = True
        self._closed = False

    def show(self, top: str, bottom: str = "") -> None:
        """Show two rows; see the port."""
        if self._closed:
            raise Closed
        if not self.plugged:
            raise Unplugged("the twin")
        self.rows = [*line_display.rows_of(top, bottom)]

    def close(self) -> None:
        """Give the display back; what it shows stays."""
        self._closed = True


def _size(head: bytes) -> int:
    """Return the size of the command that begins with ``head``; of a letter, one."""
    if head[:1] == b"\x1b":
        return 2 if head[1:] == b"@" else 3
    return 4 if head[:1] == line_display.MOVE[:1] else 1
