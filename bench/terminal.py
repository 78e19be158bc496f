"""A program on a raw pseudo-terminal: bytes in, bytes out, with the time that passes between."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import Final

_ROWS: Final = 24
_COLUMNS: Final = 80
_WAIT_S: Final = 30.0
_CHUNK: Final = 65536


class TerminalError(Exception):
    """What was expected was never drawn."""


class Terminal:
    """Starts ``command`` on a terminal of 80 by 24."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        """Start it and note when."""
        self.seen = b""
        self._fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        self.began_s = time.perf_counter()
        self.child = subprocess.Popen(  # noqa: S603 - our own programs
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def write(self, data: bytes) -> None:
        """Type ``data``."""
        while data:
            data = data[os.write(self._fd, data) :]
            self._read(0)

    def wait(self, text: bytes) -> float:
        """Return the moment (``time.perf_counter``) at which ``text`` had been drawn.

        Raises: TerminalError.
        """
        deadline = time.perf_counter() + _WAIT_S
        while text not in self.seen:
            if time.perf_counter() > deadline:
                raise TerminalError(f"{text!r} was not drawn: {self.seen[-300:]!r}")
            self._read(0.1)
        return time.perf_counter()

    def clear(self) -> None:
        """Forget what was drawn."""
        self._read(0)
        self.seen = b""

    def end(self) -> None:
        """End it, whatever it does."""
        self.child.kill()
        self.child.wait()
        os.close(self._fd)

    def _read(self, timeout_s: float) -> None:
        if select.select([self._fd], [], [], timeout_s)[0]:
            try:
                self.seen += os.read(self._fd, _CHUNK)
            except OSError as error:
                raise TerminalError(f"the program ended: {self.seen[-300:]!r}") from error


EMPTY_APP: Final = [
    sys.executable,
    "-c",
    (
        "from textual.app import App\n"
        "from textual.widgets import Static\n"
        "class Empty(App):\n"
        "    def compose(self):\n"
        "        yield Static('TOTAL')\n"
        "Empty().run()\n"
    ),
]
