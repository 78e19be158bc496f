"""A process of the storm: started, paused, killed and started again; it dies with the storm, however that ends."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Final

from demo.processes import DemoError, Process

_STOP_S: Final = 2.0  # the kernel stops a process within milliseconds, unless it waits for a disk
_TAIL: Final = 12  # lines of a log: enough for the end of a traceback
_STATE: Final = 2  # the field of /proc/PID/stat after the name


class StormError(DemoError):
    """The storm cannot go on; the message says what it saw."""


class Worker(Process):
    """One process. ``wanted`` says whether it should be running; one that ends by itself fails the storm."""

    def __init__(self, name: str, command: list[str], logs: Path, env: dict[str, str] | None = None) -> None:
        """Prepare; nothing runs yet."""
        guard = [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL"]
        super().__init__(name, [*guard, *command], logs, env)
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

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.resume()
        self.must_run()
        self.wanted = False
        super().stop()

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
