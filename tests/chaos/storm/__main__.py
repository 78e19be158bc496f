"""``make chaos``: kills everything at random while four kiosks sell, and says what was lost and doubled.

CHAOS_FACTS, CHAOS_KILLS and CHAOS_SEED set its size and its chances.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from demo.processes import DemoError
from storm import conductor
from storm.disk import PRIVATE
from storm.result import DEFAULT_FACTS, DEFAULT_KILLS, faults


def main() -> int:
    """Play one storm; return the exit status."""
    _go_private()
    facts, kills, seed = (
        int(os.environ.get(name, default))
        for name, default in (
            ("CHAOS_FACTS", DEFAULT_FACTS),
            ("CHAOS_KILLS", DEFAULT_KILLS),
            ("CHAOS_SEED", int(time.monotonic())),
        )
    )
    folder = Path(tempfile.mkdtemp(prefix="popup-storm-"))
    _say(f"storm of {facts:,} facts and {kills} kills, CHAOS_SEED={seed}, in {folder}")
    try:
        result, absent = conductor.run(facts, kills, seed, folder, _say)
    except DemoError as error:
        _say(f"storm: {error}\ndatabases, diaries and logs are in {folder}")
        return 1
    except BaseException:
        _say(f"databases, diaries and logs are in {folder}")
        raise
    found = faults(result, facts=facts, kills=kills, absent=absent)
    for sentence in found:
        _say(f"storm: {sentence}")
    for name, why in absent.items():
        _say(f"storm: {name} was left out: {why}")
    if found:
        _say(f"databases, diaries and logs are in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"RESULT {json.dumps(msgspec.to_builtins(result))}", flush=True)
    return 1 if found else 0


def _go_private() -> None:
    """Go on in a mount namespace of our own, so that no mount outlives us, whatever happens."""
    unshare = shutil.which("unshare")
    if os.geteuid() == 0 and unshare and PRIVATE not in os.environ:
        os.environ[PRIVATE] = "1"
        command = [unshare, "--mount", "--propagation", "private", sys.executable, "-m", "storm"]
        if subprocess.run([*command[:4], "true"], check=False).returncode == 0:  # a container may not allow it
            os.execv(unshare, command)  # noqa: S606 - there is no shell in it
        del os.environ[PRIVATE]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
