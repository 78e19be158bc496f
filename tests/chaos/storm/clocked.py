"""Runs the project's own command line with a wall clock that can be set wrong.

``python -m storm.clocked SHIFT kiosk|hub ARGUMENT…`` replaces one thing, the function that reads the machine's time
(``kiosk.clock.now_utc``, ``hub.clock.SystemClock.now``), by one that adds what the file SHIFT says; then it runs the
command's real entry point. No tool can move the time of one process: libfaketime breaks Python's waits.
"""

import importlib
import sys
from pathlib import Path

import hub.clock
import kiosk.clock
from storm.shifted import ShiftedClock


def replace_clocks(now: ShiftedClock) -> None:
    """Let every clock of this process read ``now``; called before any command is imported."""
    defaults = kiosk.clock.KioskClock.__init__.__kwdefaults__
    assert defaults is not None
    defaults["machine"] = now
    kiosk.clock.now_utc = now
    hub.clock.SystemClock.now = lambda _self: now()  # type: ignore[method-assign, assignment]


def main(shift: str, program: str, *arguments: str) -> None:
    """Run ``program`` as its console script would."""
    replace_clocks(ShiftedClock(Path(shift)))
    sys.argv = [program, *arguments]
    importlib.import_module(f"{program}.cli").main()


if __name__ == "__main__":
    main(*sys.argv[1:])
