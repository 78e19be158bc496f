"""``make chaos``: a storm of kills, then power cuts, then a hostile peer; all of it in one ``RESULT {json}``.

``CHAOS_FACTS`` and ``CHAOS_KILLS`` are the size of the storm, ``CHAOS_CUTS`` and ``CHAOS_HOSTILE`` those of the others
(0 leaves one out), ``CHAOS_SEED`` the chance of all three. Each part runs by itself as well: ``python -m storm``,
``powercut`` and ``hostile``, with ``tests/chaos`` and ``tests/support`` on the path.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from hostile.attack import run as attack
from powercut.cuts import run as cut

HERE: Final = Path(__file__).parent
CUTS: Final = 1_000
HOSTILE: Final = 100_000  # messages to the hub, and as many to a kiosk
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a disk in memory: what is cut is the model of a disk, not this one


def main(env: Mapping[str, str]) -> int:
    """Run the three parts; return 1 if any promise was broken."""
    seed = int(env.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    status, result = storm({**env, "CHAOS_SEED": str(seed)})
    cuts, messages = (int(env.get(name) or size) for name, size in (("CHAOS_CUTS", CUTS), ("CHAOS_HOSTILE", HOSTILE)))
    if cuts:
        ok, result["power_cuts"] = power_cuts(cuts, seed)
        status |= not ok
    if messages:
        ok, result["hostile"] = hostile(messages, seed)
        status |= not ok
    print(f"RESULT {json.dumps(result)}")
    return status


def storm(env: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Run the storm in a process of its own, for it moves into a mount namespace; return its status and result."""
    command = [sys.executable, "-m", "storm"]
    done = subprocess.run(command, env={**env, "PYTHONPATH": str(HERE)}, stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        return 1, {"storm": "it ended without a result: see above"}
    return done.returncode, json.loads(lines[-1].removeprefix("RESULT "))


def power_cuts(cuts: int, seed: int) -> tuple[bool, Any]:
    """Return whether every cut left what had been shown as done, and the report."""
    say(f"power cuts: {cuts:,} instants of three recorded tills")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="popup-cuts-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        report = cut(cuts, seed, Path(folder))
    for sentence in report.examples:
        say(f"power cuts: {sentence}")
    if report.blind:
        say("power cuts: too few of them took anything away, so they prove nothing: try another CHAOS_SEED")
    say(f"power cuts: {'held' if report.ok else 'BROKEN'}, {time.monotonic() - began:.0f} s")
    return report.ok, msgspec.to_builtins(report)


def hostile(messages: int, seed: int) -> tuple[bool, Any]:
    """Return whether hub and kiosk stood, and what became of every message."""
    say(f"hostile peer: {messages:,} messages to a hub, as many to a kiosk")
    with tempfile.TemporaryDirectory(prefix="popup-hostile-") as folder:
        both = attack(messages, seed, Path(folder))
    for report in (both.hub, both.kiosk):
        say(f"hostile peer: {report.target}: {'held' if report.held else 'BROKEN'}, {report.seconds:.0f} s")
        for sentence in (*report.wrong, *report.beyond):
            say(f"hostile peer: {report.target}: {sentence}")
    return both.hub.held and both.kiosk.held, msgspec.to_builtins(both)


def say(text: str) -> None:
    """Tell how far it is, on standard error."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(os.environ))
