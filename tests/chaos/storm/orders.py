"""What a seller is told: by its command line once, and by a small file while it sells."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

_WIDTH: Final = 24


class Orders(Struct, frozen=True):
    """One seller's orders. ``share`` is how many facts its journal holds when it is done; ``bold`` a chance."""

    data: Path
    diary: Path
    pulse: Path  # the seller writes here how many facts its journal holds
    pace: Path  # seconds between two sales
    shift: Path  # see storm.shifted
    phase: Path  # 0: sell; 1: close up; from 2 on: count all, once for each number
    shelf: Path  # see storm.shelf
    site: str
    kiosk: str
    sites: list[str]
    neighbours: dict[str, Path]  # the journals of the site's other tills, by kiosk
    counts: bool  # whether this till counts for its site in the end
    share: int
    seed: int
    bold: float  # of selling although the till warned that it could not store a sale
    only_sells: bool = False  # beside the card that it was copied from: whatever waits for a shopper waits there

    def to_json(self) -> str:
        """Return them as one argument of a command line."""
        return msgspec.json.encode(self, enc_hook=str).decode()

    @classmethod
    def from_json(cls, text: str) -> "Orders":
        """Return the orders in ``text``."""
        return msgspec.json.decode(text, type=cls, dec_hook=lambda kind, value: kind(value))


def read_number(path: Path) -> float:
    """Return the number in a small file; 0 before there is one."""
    try:
        return float(path.read_bytes() or b"0")
    except FileNotFoundError:
        return 0.0


def write_number(path: Path, number: float) -> None:
    """Put a number into a small file, whole for whoever reads it."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    os.pwrite(file, f"{number:<{_WIDTH}.6f}".encode(), 0)  # always as long: no reader meets a half of it
    os.close(file)
