"""A TCP relay that can be cut: the network between one site and the broker."""

import contextlib
import socket
import threading
from typing import Final

_CHUNK: Final = 64 * 1024
LOOPBACK: Final = "127.0.0.1"


class Relay:
    """Listens on a spare loopback port and passes bytes on to ``target``, while it is whole."""

    def __init__(self, target: int) -> None:
        """Begin whole."""
        self._target = target
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        self._whole = threading.Event()
        self._whole.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def cut(self) -> None:
        """End every connection, and let none come about."""
        self._whole.clear()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _close(end)

    def mend(self) -> None:
        """Let connections through again."""
        self._whole.set()

    def close(self) -> None:
        """End for good."""
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return  # closed
            if not self._whole.is_set():
                _close(near)
                continue
            try:
                far = socket.create_connection((LOOPBACK, self._target))
            except OSError:  # the broker is down: so the site sees its connection end
                _close(near)
                continue
            with self._lock:
                self._pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either end may go at any moment: that is what a relay carries on
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    _close(source)
    _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
