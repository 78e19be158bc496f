"""Facts as lines, one file an epoch of a lane: how a mirror keeps them, and how salvage sets facts aside."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.codec import MAX_FACT_BYTES, digest
from contract.values import Address
from kiosk.journal.database import translated
from kiosk.journal.mirror.paths import file_name, opened_root, sync_folders, write_all
from kiosk.journal.salvage.shelf import Kept

_PRIVATE: Final = 0o600


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield every line that has its end; one without was torn, and counts for nothing."""
    with path.open("rb") as file:
        while line := file.readline(MAX_FACT_BYTES + 1):
            if line.endswith(b"\n"):
                yield line[:-1]


class Aside:
    """Facts that could not be taken over, kept whole for a person: each once, however often it is brought."""

    def __init__(self, folder: Path, address: Address) -> None:
        """Keep them in a mirror's layout beneath ``folder``."""
        self._below, self._address = folder, address
        self.folder = folder / address.region / address.site / address.kiosk
        self._known: dict[Path, set[str]] = {}

    def keep(self, kept: Kept) -> None:
        """Store a fact, synced.

        Raises: StorageFailed.
        """
        path = self.folder / file_name(kept.epoch, kept.lane)
        with translated(path):
            known = self._known.setdefault(path, _digests(path))
            if kept.digest in known:
                return
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_CREAT | os.O_RDWR, _PRIVATE)
            try:
                end = os.fstat(file).st_size
                torn = end and os.pread(file, 1, end - 1) != b"\n"
                write_all(file, (b"\n" if torn else b"") + kept.raw + b"\n", end)
                os.fsync(file)
            finally:
                os.close(file)
            if not known:
                with opened_root(self._below) as root:
                    sync_folders(root, self._address)
            known.add(kept.digest)


def _digests(path: Path) -> set[str]:
    return {digest(line) for line in read_lines(path)} if path.exists() else set()
