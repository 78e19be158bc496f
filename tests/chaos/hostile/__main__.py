"""``python -m hostile [MESSAGES [SEED]]`` with ``tests/support`` and ``tests/chaos`` on the path."""

import sys
import tempfile
from pathlib import Path

import msgspec

from hostile.attack import run

if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    messages, seed = [*given, *[100_000, 1][len(given) :]]
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        both = run(messages, seed, Path(folder), progress=True)
    print(f"RESULT {msgspec.json.encode(both).decode()}")
    sys.exit(0 if both.held else 1)
