"""The far ends of a cable: a machine behind a pseudo terminal, a pipe or a network port, served by a thread."""

import fcntl
import os
import select
import socket
import tty
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Final, Protocol

from hardware.formats.keys import EVENT, type_keys

TICK_S: Final = 0.02  # how often a machine may speak by itself: continuous scales send up to 50 frames a second
READ_BYTES: Final = 4096
PIPE_BYTES: Final = 1 << 20  # each key is four events of 24 bytes: room for 700 codes
HOST: Final = "127.0.0.1"


class Machine(Protocol):
    """A device that speaks bytes; called from one thread at a time."""

    def receive(self, data: bytes) -> bytes:
        """Take what came over the cable and return the answer."""

    def tick(self) -> bytes:
        """Return what the machine says by itself, now; called each TICK_S."""


class Mute:
    """A machine that takes everything and says nothing: scanners, and what only shows."""

    def receive(self, data: bytes) -> bytes:
        """Take it."""
        del data
        return b""

    def tick(self) -> bytes:
        """Say nothing."""
        return b""


class End:
    """The thread of a machine.

    ``takes``: how many more bytes it takes before it is stuck; ``bytes_per_s``: it takes no more than that.
    """

    def __init__(self, machine: Machine) -> None:
        self.takes: int | None = None  # all that come
        self.bytes_per_s = 0  # as fast as they come
        self._machine = machine
        self._fd: int | None = None
        self._lock = RLock()
        self._ended = Event()
        self._thread = Thread(target=self._run, name=type(self).__name__, daemon=True)

    def plug(self) -> None:
        """Connect the machine."""
        raise NotImplementedError

    def unplug(self) -> None:
        """Pull the cable."""
        raise NotImplementedError

    def start(self) -> None:
        """Plug in and serve; a driver finds the machine from now on."""
        self.plug()
        self._thread.start()

    def close(self) -> None:
        """Unplug and end the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self.unplug()

    def say(self, data: bytes) -> None:
        """Send ``data`` to the driver; what nobody takes is lost, as on a real line."""
        with self._lock:
            if self._fd is None or not data:
                return
            try:
                os.write(self._fd, data)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                return

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.takes == 0 or self._fd is None:
                self._ended.wait(TICK_S)
            if self.takes != 0 and self._ready():
                self._serve()
            with self._lock:
                self.say(self._machine.tick())

    def _ready(self) -> bool:
        with self._lock:
            if self._fd is None:
                return False
            poll = select.poll()
            poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(TICK_S * 1000))

    def _serve(self) -> None:
        size = max(1, int(self.bytes_per_s * TICK_S)) if self.bytes_per_s else READ_BYTES
        if self.takes is not None:
            size = min(size, self.takes)
        with self._lock:
            data = self._read(size)
            if self.takes is not None:
                self.takes -= len(data)
            self.say(self._machine.receive(data) if data else b"")
        if self.bytes_per_s:
            self._ended.wait(TICK_S)

    def _read(self, size: int) -> bytes:
        if self._fd is None:
            return b""
        try:
            return os.read(self._fd, size)
        except OSError:  # the driver closed its side in this moment
            return b""


class PtyEnd(End):
    """A machine on a serial line that is found under ``path``."""

    def __init__(self, path: Path, machine: Machine) -> None:
        super().__init__(machine)
        self._path = path
        self._near: int | None = None  # held open: a terminal that nobody has open reads as hung up

    def plug(self) -> None:
        """Make a new pseudo terminal and name it."""
        with self._lock:
            self._fd, self._near = os.openpty()
            tty.setraw(self._near)
            os.set_blocking(self._fd, False)
            self._path.symlink_to(os.ttyname(self._near))

    def unplug(self) -> None:
        """Hang up; the driver reads the end of the line."""
        with self._lock:
            self._path.unlink(missing_ok=True)
            for fd in (self._fd, self._near):
                if fd is not None:
                    os.close(fd)
            self._fd = self._near = None


class KeysEnd(End):
    """A keyboard whose events are read from the pipe ``path``, as from an input device."""

    def __init__(self, path: Path) -> None:
        super().__init__(Mute())
        self._path = path

    def plug(self) -> None:
        """Make the pipe and hold it open."""
        with self._lock:
            os.mkfifo(self._path)
            self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def unplug(self) -> None:
        """Close the pipe; the driver reads the end of it."""
        with self._lock:
            self._path.unlink(missing_ok=True)
            if self._fd is not None:
                os.close(self._fd)
            self._fd = None

    def start(self) -> None:
        """Plug in; no thread is needed, for a keyboard hears nothing."""
        self.plug()

    def type(self, text: str) -> None:
        """Press the keys of ``text``."""
        self.say(b"".join(EVENT.pack(0, 0, *event) for event in type_keys(text)))


class TcpEnd(End):
    """A machine that listens on a port of this computer, for one connection at a time."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.port = 0
        self._door: socket.socket | None = None
        self._guest: socket.socket | None = None

    def plug(self) -> None:
        """Listen, on the same port as before."""
        with self._lock:
            self._door = socket.create_server((HOST, self.port))
            self._door.settimeout(0)
            self.port = self._door.getsockname()[1]

    def unplug(self) -> None:
        """Hang up and listen no more."""
        with self._lock:
            self._bid_farewell()
            if self._door:
                self._door.close()
            self._door = None

    def _ready(self) -> bool:
        with self._lock:
            if self._guest is None and self._door is not None:
                self._let_in(self._door)
        return super()._ready()

    def _read(self, size: int) -> bytes:
        data = super()._read(size)
        if not data:
            self._bid_farewell()
        return data

    def _let_in(self, door: socket.socket) -> None:
        try:
            self._guest, _ = door.accept()
        except BlockingIOError:
            return
        self._guest.settimeout(0)
        self._fd = self._guest.fileno()

    def _bid_farewell(self) -> None:
        if self._guest:
            self._guest.close()
        self._guest = self._fd = None
