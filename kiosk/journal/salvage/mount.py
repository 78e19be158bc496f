"""A disk image or a device, looked into without a trace: mounted read-only where no other process sees it.

The mount lives in a namespace of this process alone, over a loop device that the kernel frees with the mount. So even a
killed salvage leaves nothing behind. The file system's own log is not replayed, for that would write.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from kiosk.journal.salvage.errors import CannotSalvage

_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS
_PRIVATE: Final = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE
_SECTOR: Final = 512  # what partx counts in
_WAYS: Final = (("ext4", "noload"), ("xfs", "norecovery"), ("btrfs", "rescue=nologreplay"), ("vfat", ""))


@contextmanager
def mounted(device: Path, work: Path) -> Iterator[list[Path]]:
    """Mount every file system of ``device`` beneath ``work``; give the folders they are in.

    Raises: CannotSalvage.
    """
    if os.geteuid() != 0:
        raise CannotSalvage(
            f"{device} is an image or a device, which only root can look into: "
            "run this with sudo, or mount the card read-only and name its folder"
        )
    _hide_mounts(device)
    with ExitStack() as undo:
        found = []
        for number, options in enumerate(_parts(device)):
            folder = work / f"card-{number}"
            folder.mkdir()
            if _mount(device, folder, options):
                undo.callback(_run, "umount", str(folder))
                found.append(folder)
        if not found:
            raise CannotSalvage(
                f"no file system of {device} can be mounted: copy what can be read with `ddrescue {device} card.img`, "
                "repair the copy with `fsck -y`, and salvage that"
            )
        yield found


def _hide_mounts(device: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS) or libc.mount(b"none", b"/", None, _PRIVATE, None):
        why = os.strerror(ctypes.get_errno())
        raise CannotSalvage(f"cannot look into {device}: {why}: mount it read-only and name its folder")


def _parts(device: Path) -> list[str]:
    """Return where the partitions lie, as options of mount; the whole device where there is no table."""
    listed = _run("partx", "--raw", "--noheadings", "--output", "START,SECTORS", str(device))
    rows = [line.split() for line in listed.stdout.splitlines()]
    spans = [(int(start) * _SECTOR, int(count) * _SECTOR) for start, count in rows]
    return [f",offset={start},sizelimit={size}" for start, size in spans] or [""]


def _mount(device: Path, folder: Path, where: str) -> bool:
    for kind, option in _WAYS:
        options = ",".join(filter(None, ("ro,loop,nodev,nosuid,noexec", option))) + where
        if _run("mount", "-t", kind, "-o", options, str(device), str(folder)).returncode == 0:
            return True
    return False


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, no choice
    except FileNotFoundError as error:
        raise CannotSalvage(
            f"{command[0]} is missing: install util-linux, or mount the card and name its folder"
        ) from error
