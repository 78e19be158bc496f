"""A seller's diary: what shoppers were told, written aside from everything that is under test.

One JSON object a line, synced before the seller goes on. Only the last line may be torn, by a kill. The words:

- ``{"say": "tender", "basket": B, "kind": K, "lines": [[sku, unit, amount], …], "minor": T}`` before it is recorded,
- ``{"say": "done", "basket": B, "kind": K, "receipt": R, "minor": T}`` once it was shown as done,
- ``{"say": "refused", "basket": B, "kind": K, "why": W}`` when the till said that it could not store it,
- ``{"say": "delivery", "lines": […]}`` and ``{"say": "counted", "lines": […]}`` once recorded.

``kind`` is ``sale`` or ``refund``; amounts are in the unit's smallest part; money in minor units, a refund's positive.
"""

import json
import os
from pathlib import Path
from typing import Any


class Diary:
    """Appends to a diary; each entry is on the disk when :meth:`say` returns."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, made if it is not there; a torn last line is ended, so that the next one stands alone."""
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def say(self, word: str, **rest: Any) -> None:
        """Write one entry and sync it."""
        os.write(self._file, json.dumps({"say": word, **rest}).encode() + b"\n")
        os.fdatasync(self._file)


def entries(path: Path) -> list[dict[str, Any]]:
    """Return what a diary says; a torn line says nothing."""
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found
