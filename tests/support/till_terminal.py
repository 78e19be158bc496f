"""The real till in a terminal of its own, driven by keys like a person: in tmux, or on a raw pseudo-terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import wait_until

from contract.down import Item
from contract.gtin import check_digit
from contract.values import Gtin, Money, Sku, Unit
from kiosk.bootstrap import LocalDesk, open_desk

KIOSK = Path(sys.executable).parent / "kiosk"
PERSON_GAP_S = 0.2  # from one key to the next, of somebody who types with two fingers
TYPING_GAP_S = 0.06  # the same, of a fast typist
START_DEADLINE_S = 30.0  # a first start also makes the tables, on a machine that is busy


def barcode(number: int) -> str:
    """Return the ``number``-th of a row of valid thirteen-digit codes."""
    payload = f"40{number:010d}"
    return payload + str(check_digit(payload))


def sample_items() -> list[Item]:
    """Return some sixty pieces with barcodes, weighed goods, and an item without a price."""
    pieces = [
        Item(Sku(f"P-{number:02d}"), f"Piece number {number:02d}", [Gtin("0" + barcode(number))], Money(100 + number))
        for number in range(60)
    ]
    return [
        *pieces,
        Item(Sku("ESP-1"), "Espresso", [Gtin("04006381333931")], Money(220)),
        Item(Sku("ESP-2"), "Espresso doppio", [], Money(310)),
        Item(Sku("1234"), "Short number", [], Money(450)),
        Item(Sku("APPLE"), "Apples [loose]", [], Money(299), 1000, Unit.GRAM),
        Item(Sku("REPAIR"), "Repair", [], None),
        Item(Sku("CABLE"), "Cable by the metre", [], None, 1000, Unit.MILLIMETRE),
        Item(Sku("UPC"), "American soap", [Gtin("00036000291452")], Money(199)),
        Item(Sku("EAN8"), "Chewing gum", [Gtin("00000096385074")], Money(99)),
    ]


def stock_desk(data_dir: Path, items: Sequence[Item] | None = None) -> LocalDesk:
    """Return the real desk of a folder, its catalogue filled."""
    desk = open_desk(data_dir)
    desk.catalogue.put(sample_items() if items is None else items)
    return desk


class TmuxTill:
    """A till in tmux: keys in, the screen out."""

    def __init__(
        self, folder: Path, data_dir: Path, *, columns: int = 80, rows: int = 24, options: Sequence[str] = ()
    ) -> None:
        self.data_dir = data_dir
        self._options = " ".join(options)
        self._socket = folder / f"tmux-{columns}x{rows}"
        self._size = ["-x", str(columns), "-y", str(rows)]
        self._pid_file = folder / "till.pid"

    def start(self, *, wait_for: str = "TOTAL") -> None:
        command = f"echo $$ > {self._pid_file}; exec {KIOSK} --data {self.data_dir} till {self._options}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "till", *self._size, command)
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self.wait(wait_for, deadline_s=START_DEADLINE_S)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", "till", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", "till", "-l", text)

    def by_hand(self, text: str) -> None:
        """Type no faster than a person: four keys at once are a scanner's."""
        for char in text:
            self.type(char)
            self.rest(TYPING_GAP_S)

    def scan(self, code: str) -> None:
        self.type(code + "\r")

    def touch(self, text: str) -> None:
        """Touch the first place on the screen that says ``text``."""
        rows = self.wait(text).splitlines()
        row = next(number for number, one in enumerate(rows, 1) if text in one)
        column = rows[row - 1].index(text) + 1
        self.type(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")

    def rest(self, seconds: float = PERSON_GAP_S) -> None:
        """Let as much time pass as a person needs from one key to the next, or to the scanner."""
        until = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() > until, what="a hand to move")

    def paste(self, text: str) -> None:
        self._tmux("set-buffer", text)
        self._tmux("paste-buffer", "-p", "-t", "till")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "till")

    def wait(self, *texts: str, deadline_s: float = 10.0) -> str:
        """Return the screen once it shows every one of ``texts``; a terminal may be half drawn when one is there."""

        def shows_all() -> str:
            shown = self.screen()
            return shown if all(text in shown for text in texts) else ""

        try:
            return wait_until(shows_all, what=repr(texts), deadline_s=deadline_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}; the screen:\n{self.screen()}") from error

    def kill(self) -> None:
        """Kill the till as a power cut would."""
        os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
        self.wait_dead()
        self.end()

    def wait_dead(self) -> str:
        """Return the exit status of the till once it has ended; empty if a signal killed it."""
        query = ["display-message", "-p", "-t", "till", "#{pane_dead} #{pane_dead_status}"]
        told = wait_until(lambda: said if (said := self._tmux(*query)).startswith("1") else "", what="the till to end")
        return told[1:].strip()

    def terminate(self) -> None:
        os.kill(int(self._pid_file.read_text()), signal.SIGTERM)

    def end(self) -> None:
        """End tmux, and wait for it: a session that is begun at a server on its way out is lost."""
        with suppress(subprocess.CalledProcessError):
            server = int(self._tmux("display-message", "-p", "-t", "till", "#{pid}"))
            self._tmux("kill-server")
            wait_until(lambda: not _is_running(server), what="tmux to end")

    def _tmux(self, *args: str) -> str:
        command = ["tmux", "-S", str(self._socket), *args]
        ours = dict(os.environ)  # without the size that readline, of the test's own terminal, puts beside it
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=ours)
        return done.stdout


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class RawTill:
    """A till on a raw pseudo-terminal, for writing bytes as fast as they go."""

    def __init__(
        self, data_dir: Path, *, early: bytes = b"", term: str = "xterm-256color", controlled: bool = True
    ) -> None:
        """Begin with ``early`` typed; ``controlled``: the kernel tells the till when this terminal goes."""
        self.seen = b""
        self._fd, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, 80))
        self.child = subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "setsid",
                *(["--ctty"] if controlled else []),
                KIOSK,
                "--data",
                data_dir,
                "till",
            ],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**os.environ, "TERM": term},
        )
        os.close(terminal)
        if early:
            self.write(early)
        self.wait(b"TOTAL", deadline_s=START_DEADLINE_S)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]
            self._read(0)

    def wait(self, text: bytes, *, deadline_s: float = 20.0) -> None:
        """Wait until ``text`` was drawn."""
        give_up_at = time.monotonic() + deadline_s
        while text not in self.seen:
            assert time.monotonic() < give_up_at, f"{text!r} was not drawn: {self.seen[-2000:]!r}"
            self._read(0.1)

    def look(self) -> None:
        """Take in what was drawn, without waiting for more."""
        self._read(0)

    def hang_up(self) -> None:
        """Close the terminal's other end, as a lost connection does: the kernel tells the till."""
        os.close(self._fd)
        self._fd = -1

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        if self._fd >= 0:
            os.close(self._fd)

    def _read(self, timeout_s: float) -> None:
        if select.select([self._fd], [], [], timeout_s)[0]:
            with suppress(OSError):
                self.seen += os.read(self._fd, 65536)


@pytest.fixture
def till_data(tmp_path: Path) -> Path:
    """A data folder with the sample catalogue."""
    data_dir = tmp_path / "data"
    stock_desk(data_dir).close()
    return data_dir


@pytest.fixture
def tmux_till(tmp_path: Path, till_data: Path) -> Iterator[TmuxTill]:
    """The real till, in tmux, ready."""
    till = TmuxTill(tmp_path, till_data)
    till.start()
    yield till
    till.end()
