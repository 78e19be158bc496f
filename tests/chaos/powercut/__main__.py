"""Cuts the power by hand: ``PYTHONPATH=tests/chaos:tests/support python -m powercut CUTS SEED FOLDER [VARIANT]``."""

import json
import sys
from pathlib import Path

import msgspec
from progress import Progress

from powercut.cuts import run
from powercut.variants import Variant


def main(cuts: str, seed: str, folder: str, variant: str = Variant.REAL) -> int:
    """Run, print the report, and return 0 if nothing was found."""
    report = run(int(cuts), int(seed), Path(folder), variant=Variant(variant), tell=Progress("power cuts", int(cuts)))
    print(f"RESULT {json.dumps(msgspec.to_builtins(report))}")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
