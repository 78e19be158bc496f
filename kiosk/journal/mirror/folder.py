"""A mirror in a folder of a second medium: a USB stick, an NVMe disk.

A marker file, made once by ``kiosk journal mirror init``, says that the medium is there. Where it is missing nothing is
written: what lies at that path then is the empty mount point, on the first card. The device's number alone would not
do: a mount point may lie in memory, and a second partition of the same card has a number of its own.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.values import Address, Epoch, Lane, Seq
from kiosk.core.ports import Held, MirrorFailed
from kiosk.core.words import say
from kiosk.journal.mirror.files import LaneFiles
from kiosk.journal.mirror.paths import opened_root

MARKER: Final = "popup-kiosk-mirror"
_MAKE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW  # a stick may lead elsewhere
_TEXT: Final = b"This medium holds a second copy of a kiosk's facts. Leave it in.\n"


class FolderMirror:
    """One lane's copy on a second medium (see :class:`kiosk.core.ports.Mirror`). Nothing stays open between calls."""

    def __init__(self, folder: Path, address: Address, lane: Lane) -> None:
        """Remember where it is; whether it is there is asked each time."""
        self._folder = folder
        self._files = LaneFiles(address, lane)

    @property
    def name(self) -> str:
        """Return what a person calls it."""
        return f"the second medium {self._folder}"

    @property
    def source(self) -> str:
        """Return its folder."""
        return str(self._folder)

    def newest(self) -> Mapping[Epoch, Held]:
        """Return how far it is in each epoch.

        Raises: MirrorFailed.
        """
        with self._opened() as root:
            return self._files.newest(root)

    def keep(self, epoch: Epoch, first: Seq, facts: Sequence[bytes]) -> None:
        """Hold ``facts``, synced.

        Raises: MirrorFailed; MirrorStrayed.
        """
        with self._opened() as root:
            self._files.keep(root, epoch, first, facts)

    def close(self) -> None:
        """Do nothing: nothing is open."""

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            with opened_root(self._folder) as root:
                os.close(os.open(MARKER, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root))
                yield root
        except MirrorFailed as error:
            raise type(error)(f"{self.name}: {error}") from error
        except FileNotFoundError as error:
            raise MirrorFailed(say("{mirror} is not there: put it back", mirror=self.name)) from error
        except OSError as error:
            told = say(
                "{mirror} fails ({why}): free space on it, or exchange it", mirror=self.name, why=str(error.strerror)
            )
            raise MirrorFailed(told) from error


def prepare(folder: Path, data_dir: Path, *, same_disk: bool = False) -> None:
    """Make a folder of a second medium ready to be a mirror, synced; one that is ready stays as it is.

    Raises: MirrorFailed if it is no folder, cannot be written, or lies on the disk of ``data_dir`` (unless allowed).
    """
    try:
        with opened_root(folder) as root:
            if not same_disk and os.fstat(root).st_dev == data_dir.stat().st_dev:
                raise MirrorFailed(f"{folder} is on the card of {data_dir}: mount the second medium there first")
            marker = os.open(MARKER, _MAKE, 0o600, dir_fd=root)
            with os.fdopen(marker, "wb") as file:
                file.write(_TEXT)
                file.flush()
                os.fsync(file.fileno())
            os.fsync(root)
    except OSError as error:
        raise MirrorFailed(f"{folder}: {error.strerror}: mount the second medium there first") from error
