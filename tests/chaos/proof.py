"""``make chaos``: a storm of kills, then power cuts, then a hostile peer; all of it in one ``RESULT {json}``.

``CHAOS_FACTS`` and ``CHAOS_KILLS`` are the size of the storm, ``CHAOS_CUTS`` and ``CHAOS_HOSTILE`` those of the others
(0 leaves one out), ``CHAOS_SEED`` the chance of all three. Each part runs by itself as well: ``python -m storm``,
``powercut`` and ``hostile``, with ``tests/chaos`` and ``tests/support`` on the path.

Exit status: 0 held; 1 a promise was broken, or a part could not tell; 2 used wrongly; 130 stopped by Ctrl-C.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from hostile.attack import run as attack
from powercut.cuts import run as cut
from progress import Progress, say
from size import PREFIX, UsedWrongly, read_size

HERE: Final = Path(__file__).parent
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a disk in memory: what is cut is the model of a disk, not this one
STOPPED: Final = 130  # what a shell says of a program that Ctrl-C ended

Part = tuple[bool, Any]  # whether it held, and its report


def main(env: Mapping[str, str]) -> int:
    """Run the three parts; return the exit status."""
    try:
        size = read_size(env)
    except UsedWrongly as error:
        say(f"chaos: {error}")
        return 2
    try:
        status, result = storm({**env, f"{PREFIX}SEED": str(size.seed)})
        if size.cuts:
            ok, result["power_cuts"] = guarded(lambda: power_cuts(size.cuts, size.seed))
            status |= not ok
        if size.hostile:
            ok, result["hostile"] = guarded(lambda: hostile(size.hostile, size.seed))
            status |= not ok
    except KeyboardInterrupt:
        say("chaos: stopped before its end, so nothing is proven")
        return STOPPED
    print(f"RESULT {json.dumps(result)}")
    return status


def storm(env: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Run the storm in a process of its own, for it moves into a mount namespace; return its status and result.

    It ends with us, however we end; told to stop by Ctrl-C, as we are, it tidies up before we go on.
    """
    guard = [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL"]
    command = [*guard, sys.executable, "-m", "storm"]
    with subprocess.Popen(command, env={**env, "PYTHONPATH": str(HERE)}, stdout=subprocess.PIPE, text=True) as child:
        try:
            said, _ = child.communicate()
        except KeyboardInterrupt:
            child.wait()
            raise
    lines = [line for line in said.splitlines() if line.startswith("RESULT ")]
    if not lines:
        return 1, {"storm": "it ended without a result: see above"}
    return child.returncode, json.loads(lines[-1].removeprefix("RESULT "))


def guarded(part: Callable[[], Part]) -> Part:
    """Return what a part came to; one that fails itself did not hold, and the others are told of all the same."""
    try:
        return part()
    except Exception as error:  # noqa: BLE001 - whatever it is, RESULT must say that this part proved nothing
        traceback.print_exc()
        return False, {"failed": repr(error)}


def power_cuts(cuts: int, seed: int) -> Part:
    """Return whether every cut left what had been shown as done, and the report."""
    say(f"power cuts: {cuts:,} instants of three recorded tills")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="popup-cuts-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        report = cut(cuts, seed, Path(folder), tell=Progress("power cuts", cuts))
    for sentence in report.examples:
        say(f"power cuts: {sentence}")
    verdict = "BROKEN" if report.wrong else "held"
    if report.blind:
        verdict = f"{verdict}, but too few of them took anything away to prove much: try more CHAOS_CUTS"
    say(f"power cuts: {verdict}, {time.monotonic() - began:.0f} s")
    return report.ok, msgspec.to_builtins(report)


def hostile(messages: int, seed: int) -> Part:
    """Return whether hub and kiosk stood, and what became of every message."""
    say(f"hostile peer: {messages:,} messages to a hub, as many to a kiosk")
    with tempfile.TemporaryDirectory(prefix="popup-hostile-") as folder:
        both = attack(messages, seed, Path(folder), progress=True)
    for report in (both.hub, both.kiosk):
        say(f"hostile peer: {report.target}: {'held' if report.held else 'BROKEN'}, {report.seconds:.0f} s")
        for sentence in (*report.wrong, *report.beyond):
            say(f"hostile peer: {report.target}: {sentence}")
    return both.held, msgspec.to_builtins(both)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    sys.exit(main(os.environ))
