"""The storm of ``make chaos``: kills everything at random while four kiosks sell; says what was lost and doubled.

CHAOS_FACTS, CHAOS_KILLS and CHAOS_SEED set its size and its chances. Exit status: as that of ``proof.py``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec
from progress import say
from size import Size, UsedWrongly, read_size

from demo.processes import DemoError
from storm import conductor
from storm.disk import PRIVATE
from storm.result import faults

STOPPED: Final = 130  # what a shell says of a program that Ctrl-C ended


def main() -> int:
    """Play one storm; return the exit status."""
    try:
        size = read_size(os.environ)
    except UsedWrongly as error:
        say(f"storm: {error}")
        return 2
    _go_private()
    folder = Path(tempfile.mkdtemp(prefix="popup-storm-"))
    say(f"storm of {size.facts:,} facts and {size.kills} kills, CHAOS_SEED={size.seed}, in {folder}")
    try:
        return _play(size, folder)
    except DemoError as error:
        say(f"storm: {error}\n{_kept(folder)}")
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        return STOPPED
    except BaseException:
        say(_kept(folder))
        raise


def _play(size: Size, folder: Path) -> int:
    result, absent = conductor.run(size.facts, size.kills, size.seed, folder, say)
    found = faults(result, facts=size.facts, kills=size.kills, absent=absent)
    for sentence in found:
        say(f"storm: {sentence}")
    for name, why in absent.items():
        say(f"storm: {name} was left out: {why}")
    if found:
        say(_kept(folder))
    else:
        shutil.rmtree(folder)
    print(f"RESULT {json.dumps(msgspec.to_builtins(result))}", flush=True)
    return 1 if found else 0


def _kept(folder: Path) -> str:
    return f"databases, diaries and logs are in {folder}"


def _go_private() -> None:
    """Go on in a mount namespace of our own, so that no mount outlives us, whatever happens."""
    unshare = shutil.which("unshare")
    if os.geteuid() == 0 and unshare and PRIVATE not in os.environ:
        os.environ[PRIVATE] = "1"
        command = [unshare, "--mount", "--propagation", "private", sys.executable, "-m", "storm"]
        if subprocess.run([*command[:4], "true"], check=False).returncode == 0:  # a container may not allow it
            os.execv(unshare, command)  # noqa: S606 - there is no shell in it
        del os.environ[PRIVATE]


if __name__ == "__main__":
    sys.exit(main())
