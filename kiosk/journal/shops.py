"""How this region's shops sell, as the hub told it last; kept with the catalogue, which it is told with."""

import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from contract.shop import Shop
from kiosk.journal.database import translated
from kiosk.journal.errors import NotADatabase

_KEY: Final = "shop"
_DECODER: Final = msgspec.json.Decoder(Shop)


def save_shop(connection: sqlite3.Connection, shop: Shop) -> None:
    """Note what the hub said, inside the caller's transaction."""
    row = (_KEY, msgspec.json.encode(shop).decode())
    connection.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", row)


def read_shop(connection: sqlite3.Connection, path: Path) -> Shop | None:
    """Return what the hub said last; None where it never said anything.

    Raises: StorageFailed; NotADatabase for what this release cannot read: it is damaged, or of a newer one.
    """
    with translated(path):
        row = connection.execute("SELECT value FROM settings WHERE key = ?", (_KEY,)).fetchone()
    try:
        return _DECODER.decode(row[0]) if row else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotADatabase(path, str(error)) from error
