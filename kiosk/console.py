"""Lines from standard input, beside which devices and signals are heard too."""

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

from kiosk.till.plain import Stir


class Console:
    """The lines of one terminal, pipe or file. They are read by a thread, so that waiting can be interrupted."""

    def __init__(self, source: TextIO | None = None) -> None:
        """Read ``source``, else standard input."""
        self._source = source or sys.stdin
        if isinstance(self._source, TextIOWrapper):
            self._source.reconfigure(errors="replace")  # garbage is an unknown code, and no reason to end
        self._heard: SimpleQueue[str | Stir] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()  # it may wait for a line for ever

    def next(self, *, hidden: bool = False) -> str | Stir:
        """Wait for a line or what else stirs; a hidden one is not shown while it is typed."""
        if not (hidden and self._source.isatty()):
            return self._heard.get()
        with _no_echo(self._source.fileno()):
            return self._heard.get()

    def wake(self) -> None:
        """Stir for a device; from any thread."""
        self._heard.put(Stir.DEVICE)

    def end(self) -> None:
        """Say that no more lines come; from a signal's handler too."""
        self._heard.put(Stir.END)

    def _read(self) -> None:
        for line in self._source:
            self._heard.put(line.rstrip("\n"))
        self._heard.put(Stir.END)


@contextmanager
def _no_echo(fd: int) -> Iterator[None]:
    before = termios.tcgetattr(fd)
    silent = [*before]
    silent[3] = before[3] & ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def say_line(text: str) -> None:
    """Write one line at once; what the terminal has no letters for is marked, not an error."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()
