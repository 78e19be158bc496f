"""Child processes that cannot outlive the test run, however it ends."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

GRACE_S = 15.0  # a broker or database told to stop does so well within a second; this bounds a hung one


def start_child(argv: Sequence[str | Path], *, log: Path, user: str | None = None) -> subprocess.Popen[bytes]:
    """Start a program with its output in ``log``, as ``user`` if given (needs root).

    The kernel kills it when the test run dies, so a killed run leaves no server behind.
    """
    guard = [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*guard, *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )


def end_child(child: subprocess.Popen[bytes], signal: int) -> None:
    """Send the signal and wait for the end; kill what does not heed it."""
    if child.poll() is None:
        child.send_signal(signal)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(GRACE_S)
