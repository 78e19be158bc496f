"""Folders of a mirror, opened one below the other: whoever holds the root cannot be led to another medium.

A path would be: between two uses of ``/media/second/...`` the medium may go, and the empty folder it was mounted on,
which lies on the very card that the mirror is to outlive, would take its place.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from contract.errors import Malformed
from contract.streams import lane_stream, parse_lane_stream
from contract.values import Address, Epoch, Lane

SUFFIX: Final = ".facts"
_FOLDER: Final = 0o700
_BLOCK: Final = 64 * 1024  # more than a file system's own: so a quota bounds the number of files as well
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BELOW: Final = _OPEN | os.O_NOFOLLOW


def file_name(epoch: Epoch, lane: Lane) -> str:
    """Return the name of the file that holds one life of a lane."""
    return lane_stream(epoch, lane) + SUFFIX


def streams(folder: int) -> list[tuple[Epoch, Lane]]:
    """Return the lives of lanes that an open folder holds, oldest first; other files are none of ours.

    Raises: OSError.
    """
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with suppress(Malformed):
                    found.append(parse_lane_stream(entry.name.removesuffix(SUFFIX), "name"))
    return sorted(found)


def kept_size(root: int, address: Address) -> int:
    """Return how many bytes of a medium a kiosk's files take, at least a block each.

    Raises: OSError.
    """
    try:
        with opened_folder(root, address) as folder, os.scandir(folder) as entries:
            return sum(max(_BLOCK, entry.stat(follow_symlinks=False).st_size) for entry in entries)
    except FileNotFoundError:
        return 0


@contextmanager
def opened_root(path: str | os.PathLike[str]) -> Iterator[int]:
    """Open the folder that a person named.

    Raises: OSError.
    """
    root = os.open(path, _OPEN)
    try:
        yield root
    finally:
        os.close(root)


@contextmanager
def opened_folder(root: int, address: Address, *, make: bool = False) -> Iterator[int]:
    """Open a kiosk's folder below a root, made if asked for.

    Raises: FileNotFoundError if it is not there; OSError.
    """
    folders = [os.dup(root)]
    try:
        for name in (address.region, address.site, address.kiosk):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, _FOLDER, dir_fd=folders[-1])
            folders.append(os.open(name, _BELOW, dir_fd=folders[-1]))
        yield folders[-1]
    finally:
        for folder in folders:
            os.close(folder)


def sync_folders(root: int, address: Address) -> None:
    """Sync the way from a root to a kiosk's folder, so that new files are found after a power cut.

    Raises: OSError.
    """
    os.fsync(root)
    path = "."
    for name in (address.region, address.site, address.kiosk):
        path = f"{path}/{name}"
        folder = os.open(path, _BELOW, dir_fd=root)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_all(fd: int, data: bytes, at: int) -> None:
    """Write all of ``data`` from the byte ``at`` on, not synced.

    Raises: OSError.
    """
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, at)
        view, at = view[done:], at + done
