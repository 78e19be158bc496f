"""Starting, killing and ending the processes of a market day. Each logs to a file of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from mqtt_bridge.broker_config import Keeping, open_config

LOOPBACK: Final = "127.0.0.1"
_READY_S: Final = 60.0  # a broker or hub answers within seconds, unless the machine is busy with other work
_END_S: Final = 10.0
_TRY_S: Final = 0.05
_BIN: Final = Path(sys.executable).parent


class DemoError(Exception):
    """The demo cannot go on; the message says what to do."""


class Process:
    """One process that can be started again after it was killed."""

    def __init__(self, name: str, command: list[str], logs: Path, env: dict[str, str] | None = None) -> None:
        """Prepare; nothing runs yet."""
        self.name = name
        self._command = command
        self._log = logs / f"{name}.log"
        self._env = {**os.environ, **(env or {})}
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own programs
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, start_new_session=True
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    @property
    def pid(self) -> int:
        """Return its process id.

        Raises: DemoError if it never started.
        """
        if self._child is None:
            raise DemoError(f"{self.name} was not started")
        return self._child.pid

    @property
    def ended(self) -> int | None:
        """Return its exit status once it has ended."""
        return self._child.poll() if self._child else None

    def must_run(self) -> None:
        """Check that it is up.

        Raises: DemoError with the last line of its log.
        """
        if self.ended is not None:
            raise DemoError(f"{self.name} ended early: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last line of its log."""
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def _end(self, how: signal.Signals) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(how)
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def spare_port() -> int:
    """Return a loopback port that is free now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for_port(port: int, process: Process) -> None:
    """Return once ``port`` answers.

    Raises: DemoError if the process ends or does not answer in time.
    """
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        process.must_run()
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(_TRY_S)  # noqa: TID251 - polls with a deadline
        else:
            return
    raise DemoError(f"{process.name} did not answer on port {port} within {_READY_S:.0f} s: see its log")


def broker(folder: Path, port: int) -> Process:
    """Return a private Mosquitto on ``port``.

    Raises: DemoError if it is not installed.
    """
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise DemoError("mosquitto is not installed: run `make demo`, or `apt-get install mosquitto`")
    config = folder / "mosquitto.conf"
    config.write_text(open_config(port, keeping=Keeping(user="root") if os.geteuid() == 0 else None))
    return Process("broker", [found, "-c", str(config)], folder)


def program(name: str, arguments: list[str], folder: Path, *, label: str, env: dict[str, str] | None = None) -> Process:
    """Return one of the project's commands (``kiosk``, ``hub``) as a process."""
    return Process(label, [str(_BIN / name), *arguments], folder, env)


def module(name: str, arguments: list[str], folder: Path, *, label: str) -> Process:
    """Return a module of the project as a process."""
    return Process(label, [sys.executable, "-m", name, *arguments], folder)
