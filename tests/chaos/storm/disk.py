"""A small file system for one kiosk's data: it can be filled, and it can turn read-only under running processes.

An ext4 in a loop file, whose file lies in memory: a kill is no power cut, so nothing need reach a real disk. It is
mounted with ``errors=remount-ro``, as SD cards are. The mount lives in a namespace of the storm's own and ends with it.
"""

import errno
import os
import subprocess
import time
from pathlib import Path
from typing import Final

from storm.worker import StormError

CANNOT_MOUNT: Final = "this user cannot mount"
PRIVATE: Final = "STORM_PRIVATE_MOUNTS"  # set by ``python -m storm`` once it runs in a mount namespace of its own
_BALLAST: Final = "ballast"
_BLOCK: Final = 4096  # as on any SD card; so small a disk would get 1 KiB, and mapped pages of four blocks each
_BUSY_S: Final = 10.0  # a killed process lets its files go within milliseconds
_POLL_S: Final = 0.02
_REPAIRED: Final = 1  # e2fsck's status for errors that it corrected


def can_mount() -> bool:
    """Return whether mounts can be made that nobody else sees."""
    return os.geteuid() == 0 and PRIVATE in os.environ


def mount_memory(folder: Path) -> None:
    """Mount a file system in memory at ``folder``, for the images."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "tmpfs", str(folder))


class Disk:
    """One file system over ``image``, mounted at ``folder``."""

    def __init__(self, folder: Path, image: Path, size: int) -> None:
        """Make and mount it."""
        self.folder = folder
        self._image = image
        with image.open("wb") as file:
            file.truncate(size)
        _run("mke2fs", "-q", "-t", "ext4", "-b", str(_BLOCK), "-m", "0", str(image))
        self._mount()

    def fill(self) -> None:
        """Leave no block free."""
        file = os.open(self.folder / _BALLAST, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            size, step = 0, 1 << 26
            while step >= _BLOCK:
                try:
                    os.posix_fallocate(file, size, step)
                    size += step
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step //= 2
        finally:
            os.close(file)

    def drain(self) -> None:
        """Give the room back."""
        (self.folder / _BALLAST).unlink()

    def fail(self) -> None:
        """Let the file system find an error in itself: it turns read-only."""
        (Path("/sys/fs/ext4") / self._device / "trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """Unmount, repair and mount again; nothing may run on it.

        Raises: StormError.
        """
        unmount(self.folder)
        if _status("e2fsck", "-p", str(self._image)) > _REPAIRED:
            raise StormError(f"e2fsck could not repair {self._image}")
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))
        self._device = next(
            Path(device).name
            for device, at, *_ in map(str.split, Path("/proc/self/mounts").read_text().splitlines())
            if at == str(self.folder)
        )


def unmount(folder: Path) -> None:
    """Unmount; waits until the last file is let go.

    Raises: StormError.
    """
    deadline = time.monotonic() + _BUSY_S
    while _status("umount", str(folder)):
        if time.monotonic() > deadline:
            raise StormError(f"{folder} stayed busy for {_BUSY_S:g} s")
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StormError(f"{' '.join(command)}: {done.stderr.strip()}")


def _status(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode
