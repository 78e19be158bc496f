"""The terminal under the screens: it may go away in the middle of a word, and the till must still end in order.

When a terminal goes, the kernel sends SIGHUP and SIGCONT, and every write fails. Textual's driver takes the SIGCONT for
the end of a pause and begins its threads a second time, and its writer ends with the first failed write: what is drawn
then waits for ever for somebody to write it. Here what cannot be written is dropped, and a SIGCONT only goes on.
"""

from contextlib import ExitStack, suppress
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal that may go away; ``kiosk till`` has seen that it begins in one."""

    def __init__(
        self, app: "App[str]", *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        """Draw ``app``; ``debug``, ``mouse`` and ``size`` as Textual has them."""
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self._file is not None  # noqa: S101 - as above
        self._outlet = Outlet(self._file)
        self._file = cast("TextIOWrapper", self._outlet)
        self._always = ExitStack()
        self._always.enter_context(self.no_automatic_restart())

    def is_gone(self) -> bool:
        """Return whether nobody will see another word."""
        return not self._outlet.isatty()

    def run_input_thread(self) -> None:
        """Read keys until the end, or until there is nobody to send them: the app asks ``is_gone``."""
        with suppress(OSError):
            super().run_input_thread()


class Outlet:
    """A text file that drops what nobody is there to see."""

    def __init__(self, file: IO[str]) -> None:
        """Write to ``file``."""
        self._file = file
        self.isatty = file.isatty
        self.fileno = file.fileno

    def write(self, text: str) -> int:
        """Write ``text``, or drop it; return its length."""
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Bring what was written to the terminal."""
        with suppress(OSError):
            self._file.flush()
