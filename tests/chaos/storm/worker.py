"""A process of the storm: started, paused, killed and started again; it dies with the storm, however that ends."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from demo.processes import DemoError, Process

_STOP_S: Final = 2.0  # the kernel stops a process within milliseconds, unless it waits for a disk
_END_S: Final = 45.0  # a hub ends what it is doing first; one that hangs costs this once
_TAIL: Final = 12  # lines of a log: enough for the end of a traceback
_IF_CHILD: Final = '[ "$PPID" = "$0" ] && exec "$@"'
_STATE: Final = 2  # the field of /proc/PID/stat after the name


class StormError(DemoError):
    """The storm cannot go on; the message says what it saw."""


class Worker(Process):
    """One process. ``wanted`` says whether it should be running; one that ends by itself fails the storm."""

    def __init__(self, name: str, command: list[str], logs: Path, env: dict[str, str] | None = None) -> None:
        """Prepare; nothing runs yet."""
        dies_with_us = [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL"]
        unless_we_are_gone = ["sh", "-c", _IF_CHILD, str(os.getpid())]  # before it was asked for the signal
        super().__init__(name, [*dies_with_us, *unless_we_are_gone, *command], logs, env)
        self.wanted = False
        self._started_s = 0.0

    def start(self) -> None:
        """Start it."""
        super().start()
        self.wanted = True
        self._started_s = time.monotonic()

    def has_run(self, seconds: float) -> bool:
        """Return whether it was started at least so long ago."""
        return self.wanted and time.monotonic() - self._started_s >= seconds

    def kill(self) -> None:
        """End it as a power cut would; one that ended before is an error, not a kill."""
        self.must_run()
        self.wanted = False
        super().kill()

    def end(self) -> None:
        """End it at once, in whatever state it is; what it would have said is of no interest any more."""
        self.wanted = False
        super().kill()

    def ask_to_end(self) -> None:
        """Ask it to end, and do not wait yet."""
        self.must_run()
        self.resume()
        self.wanted = False
        os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Wait for the end, asking if need be; one that does not end in order fails the storm.

        Raises: StormError with the end of its log.
        """
        if self.wanted:
            self.ask_to_end()
        try:
            status = self._child.wait(_END_S) if self._child else 0
        except subprocess.TimeoutExpired as error:
            raise StormError(f"{self.name} was told to end, and runs on after {_END_S:g} s") from error
        if status:
            raise StormError(f"{self.name} was told to end and did so with status {status}:\n{self._tail()}")

    def pause(self) -> None:
        """Stop it where it stands; return once the kernel says that it does.

        Raises: StormError.
        """
        self.must_run()
        os.kill(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + _STOP_S
        while self._state() != "T":
            if time.monotonic() > deadline:
                raise StormError(f"{self.name} could not be paused within {_STOP_S:g} s")
            time.sleep(0)  # noqa: TID251 - polls with a deadline

    def resume(self) -> None:
        """Let it go on."""
        if self.wanted and self.ended is None:
            os.kill(self.pid, signal.SIGCONT)

    def must_run(self) -> None:
        """Check that it runs if it should.

        Raises: StormError with the end of its log.
        """
        if self.wanted and self.ended is not None:
            raise StormError(f"{self.name} ended by itself with status {self.ended}; it said last:\n{self._tail()}")

    def _state(self) -> str:
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[_STATE - 2]

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_TAIL:])


def stop_all(workers: Sequence[Worker]) -> None:
    """End all of them in order, together."""
    for worker in workers:
        worker.ask_to_end()
    for worker in workers:
        worker.stop()
