"""What a seller is told: by its command line once, and by a small file while it sells."""

from pathlib import Path

import msgspec
from msgspec import Struct


class Orders(Struct, frozen=True):
    """One seller's orders. ``share`` is how many facts its journal holds when it is done; ``bold`` a chance."""

    data: Path
    diary: Path
    pulse: Path  # the seller writes here how many facts its journal holds
    pace: Path  # seconds between two sales
    shift: Path  # see storm.shifted
    share: int
    seed: int
    bold: float  # of selling although the till warned that it could not store a sale

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
        return float(path.read_text())
    except FileNotFoundError:
        return 0.0


def write_number(path: Path, number: float) -> None:
    """Put a number into a small file, whole for whoever reads it."""
    new = path.with_suffix(f"{path.suffix}.new")
    new.write_text(f"{number:g}" if isinstance(number, float) else str(number))
    new.rename(path)
