"""Disks that refuse: a read-only view of a folder, and a very small one. Both need root."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CANNOT_MOUNT = "this user cannot mount"


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Return a function that makes a folder read-only, by a bind mount onto itself, until the test ends."""
    if os.geteuid() != 0:
        pytest.skip(CANNOT_MOUNT)
    mounted: list[Path] = []

    def bind(folder: Path) -> None:
        _mount("--bind", str(folder), str(folder))
        mounted.append(folder)
        _mount("-o", "remount,ro,bind", str(folder))

    yield bind
    _unmount(mounted)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a function that makes a folder with room for so many bytes."""
    if os.geteuid() != 0:
        pytest.skip(CANNOT_MOUNT)
    mounted: list[Path] = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
        mounted.append(folder)
        return folder

    yield make
    _unmount(mounted)


def _mount(*args: str) -> None:
    done = subprocess.run(["mount", *args], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(CANNOT_MOUNT)  # a container without the capability


def _unmount(folders: list[Path]) -> None:
    for folder in reversed(folders):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
