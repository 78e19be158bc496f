"""What this kiosk can sell: items, barcodes, search. Its own file, so that no import delays a sale."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from contract.down import Item, Price
from contract.shop import BundlePart
from contract.values import Gtin, Money, Sku, Unit
from kiosk.journal.database import Row, checkpoint, immediate, open_database, translated
from kiosk.journal.schema import CATALOGUE

_COLUMNS: Final = (
    "i.sku, i.name, i.price_minor, i.price_per, i.unit, i.category, i.tax, i.deposit, i.parts, i.age, i.discountable, "
    "(SELECT group_concat(g.gtin, ' ') FROM barcodes g WHERE g.sku = i.sku)"
)
_WRITTEN: Final = (
    *("sku", "name", "price_minor", "price_per", "unit", "category", "tax"),
    *("deposit", "parts", "age", "discountable"),
)
_PUT: Final = (
    f"INSERT INTO items ({', '.join(_WRITTEN)}) VALUES ({', '.join('?' * len(_WRITTEN))}) "  # noqa: S608 - our own names
    f"ON CONFLICT (sku) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _WRITTEN[1:])}"
)
_WORD: Final = re.compile(r"\w+")
_MAX_WORDS: Final = 8
_CODE: Final = re.compile(r"[0-9]{3,14}")  # fewer digits begin half of all barcodes
_PADDED: Final = ("0", "", "00", "000000")  # before codes of 13, 14, 12 and 8 digits, as they are stored
_CHUNK: Final = 500  # items a transaction: a reader is never kept waiting, and a power cut loses no more than a chunk


class Catalogue:
    """The items of one kiosk."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue, making it if it is not there.

        Raises: StorageFailed, NotADatabase, NewerDatabase.
        """
        self.path = path
        self.connection = open_database(path, CATALOGUE)

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        return self._one("JOIN barcodes b ON b.sku = i.sku WHERE b.gtin = ?", gtin)

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        return self._one("WHERE i.sku = ?", sku)

    def search(self, text: str, limit: int) -> list[Item]:
        """Return up to ``limit`` items with words that begin with each word of ``text``, in any order of words.

        Behind these come items with a barcode that begins with ``text``.
        """
        found = self._by_words(text, limit)
        if len(found) < limit and _CODE.fullmatch(text):
            known = {item.sku for item in found}
            found += [item for item in self._by_code(text, limit) if item.sku not in known]
        return found[:limit]

    def _by_words(self, text: str, limit: int) -> list[Item]:
        words = _WORD.findall(text)[:_MAX_WORDS]
        if not words:
            return []
        query = " ".join(f'"{word}"*' for word in words)
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM items_fts f JOIN items i ON i.id = f.rowid "  # noqa: S608
            "WHERE items_fts MATCH ? ORDER BY f.rowid LIMIT ?",
            (query, limit),
        )
        return [_item(row) for row in rows]

    def _by_code(self, digits: str, limit: int) -> list[Item]:
        ranges = [(pad + digits, pad + digits[:-1] + chr(ord(digits[-1]) + 1)) for pad in _PADDED]
        where = " OR ".join("(b.gtin >= ? AND b.gtin < ?)" for _ in ranges)
        skus = f"SELECT b.sku FROM barcodes b WHERE {where} ORDER BY b.gtin LIMIT ?"  # noqa: S608 - our own words
        bounds = [bound for pair in ranges for bound in pair]
        rows = self._rows(f"SELECT {_COLUMNS} FROM items i WHERE i.sku IN ({skus})", (*bounds, limit))  # noqa: S608
        return [_item(row) for row in rows]

    def deposits(self) -> list[Item]:
        """Return the items that are the deposit of others, by name."""
        where = "WHERE i.sku IN (SELECT d.deposit FROM items d WHERE d.deposit != '') ORDER BY i.name"
        return [_item(row) for row in self._rows(f"SELECT {_COLUMNS} FROM items i {where}", ())]  # noqa: S608

    def items(self) -> Iterator[Item]:
        """Yield every item by sku."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM items i ORDER BY i.sku", ())  # noqa: S608
        return map(_item, rows)

    def count(self) -> int:
        """Return how many items there are."""
        return int(self._rows("SELECT count(*) FROM items", ())[0][0])

    def put(self, items: Iterable[Item]) -> None:
        """Add or replace each item whole; a barcode that another item had is now this one's.

        Raises: StorageFailed; the chunks before it are stored.
        """
        batch = list(items)
        for start in range(0, len(batch), _CHUNK):
            with immediate(self.connection, self.path):
                for item in batch[start : start + _CHUNK]:
                    put_item(self.connection, item)
        checkpoint(self.connection, self.path)

    def withdraw(self, skus: Sequence[Sku]) -> None:
        """Take items out; an unknown sku is no error."""
        with immediate(self.connection, self.path):
            for sku in skus:
                withdraw_item(self.connection, sku)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _one(self, where: str, value: str) -> Item | None:
        rows = self._rows(f"SELECT {_COLUMNS} FROM items i {where}", (value,))  # noqa: S608
        return _item(rows[0]) if rows else None

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Row]:
        with translated(self.path):
            return self.connection.execute(sql, values).fetchall()


def _item(row: Row) -> Item:
    sku, name, price, per, unit, category, tax, deposit, parts, age, discountable, gtins = row
    return Item(
        sku=Sku(sku),
        name=name,
        gtins=sorted(map(Gtin, gtins.split())) if gtins else [],
        price_minor=None if price is None else Money(price),
        price_per=per,
        unit=Unit(unit),
        category=category,
        tax=tax,
        deposit=Sku(deposit) if deposit else None,
        parts=[BundlePart(Sku(one), amount) for one, amount in json.loads(parts)] if parts else [],
        age=age,
        discountable=bool(discountable),
    )


def put_item(connection: sqlite3.Connection, item: Item) -> None:
    """Write one item inside the caller's transaction."""
    parts = json.dumps([[part.sku, part.amount] for part in item.parts]) if item.parts else ""
    price = (item.price_minor, item.price_per, item.unit, item.category, item.tax)
    connection.execute(_PUT, (item.sku, item.name, *price, item.deposit or "", parts, item.age, int(item.discountable)))
    connection.execute("DELETE FROM barcodes WHERE sku = ?", (item.sku,))
    connection.executemany(
        "INSERT OR REPLACE INTO barcodes (gtin, sku) VALUES (?, ?)", ((gtin, item.sku) for gtin in item.gtins)
    )


def withdraw_item(connection: sqlite3.Connection, sku: Sku) -> None:
    """Take one item out inside the caller's transaction."""
    connection.execute("DELETE FROM barcodes WHERE sku = ?", (sku,))
    connection.execute("DELETE FROM items WHERE sku = ?", (sku,))


def set_price(connection: sqlite3.Connection, price: Price) -> None:
    """Change one price inside the caller's transaction; an unknown sku is no error."""
    connection.execute(
        "UPDATE items SET price_minor = ?, price_per = ? WHERE sku = ?", (price.price_minor, price.price_per, price.sku)
    )
