"""The tables of a kiosk's databases, as migrations that only ever expand: release N-1 runs on N's schema.

A migration never changes once released; a new one is added at the end of its list.
"""

from typing import TYPE_CHECKING, Final

from contract.values import Lane
from kiosk.journal.advices import advices_table
from kiosk.journal.attempts import attempts_table
from kiosk.journal.counts import counts_table
from kiosk.journal.schema_lan import lan_tables, passage_tables
from kiosk.journal.schema_rights import rights_tables

if TYPE_CHECKING:
    from sqlite_utils import Database

# enable_fts() has no prefix indexes, without which one typed letter takes 20 ms over 50,000 items.
_SEARCH: Final = (
    """CREATE VIRTUAL TABLE items_fts USING fts5(name, sku, content='items', content_rowid='id', prefix='1 2 3',
       tokenize='unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER items_ai AFTER INSERT ON items BEGIN
       INSERT INTO items_fts (rowid, name, sku) VALUES (new.id, new.name, new.sku); END""",
    """CREATE TRIGGER items_ad AFTER DELETE ON items BEGIN
       INSERT INTO items_fts (items_fts, rowid, name, sku) VALUES ('delete', old.id, old.name, old.sku); END""",
    """CREATE TRIGGER items_au AFTER UPDATE OF name, sku ON items BEGIN
       INSERT INTO items_fts (items_fts, rowid, name, sku) VALUES ('delete', old.id, old.name, old.sku);
       INSERT INTO items_fts (rowid, name, sku) VALUES (new.id, new.name, new.sku); END""",
)


def lane_tables(db: "Database") -> None:
    """Every lane: who it is, and its facts. What lies above the hub's acknowledgement is the outbox."""
    db.table("meta").create({"key": str, "value": str}, pk="key", strict=True)
    db.table("facts").create(
        {"epoch": int, "seq": int, "type": str, "bytes": bytes, "digest": str},
        pk=("epoch", "seq"),
        not_null={"type", "bytes", "digest"},
        strict=True,
    )


def till_tables(db: "Database") -> None:
    """The till's lane: what is derived from its facts in the same transaction, and open baskets."""
    _receipts(db)
    _baskets(db)
    _accounts(db)
    db.table("imports").create(
        {"digest": str, "run": int, "name": str, "options": str, "at": str, "finished": int},
        pk=("digest", "run"),
        not_null={"name", "options", "at", "finished"},
        strict=True,
    )


def _receipts(db: "Database") -> None:
    db.table("receipts").create(
        {
            "epoch": int,
            "n": int,
            "seq": int,
            "kind": str,
            "basket": str,
            "currency": str,
            "total_minor": int,
            "at": str,
        },
        pk=("epoch", "n"),
        not_null={"seq", "kind", "basket", "currency", "total_minor", "at"},
        strict=True,
    )
    db.table("receipts").create_index(["kind", "basket"], unique=True)


def _baskets(db: "Database") -> None:
    db.table("baskets").create(
        {"id": str, "state": str, "opened_at": str, "currency": str},
        pk="id",
        not_null={"state", "opened_at", "currency"},
        strict=True,
    )
    db.table("baskets").create_index(["state"])
    db.table("basket_lines").create(
        {"basket": str, "no": int, "line": bytes},
        pk=("basket", "no"),
        not_null={"line"},
        foreign_keys=[("basket", "baskets", "id")],
        strict=True,
    )


def _accounts(db: "Database") -> None:
    db.table("accounts").create(
        {
            "sku": str,
            "condition": str,
            "unit": str,
            "received": int,
            "returned": int,
            "sold": int,
            "adjusted": int,
            "overdraft": int,
        },
        pk=("sku", "condition", "unit"),
        not_null={"received", "returned", "sold", "adjusted", "overdraft"},
        strict=True,
    )


def catalogue_tables(db: "Database") -> None:
    """What can be sold. Kept apart from the till's lane, so that an import of 50,000 items never delays a sale."""
    db.table("meta").create({"key": str, "value": str}, pk="key", strict=True)
    db.table("items").create(
        {
            "id": int,
            "sku": str,
            "name": str,
            "price_minor": int,
            "price_per": int,
            "unit": str,
            "category": str,
            "tax": str,
        },
        pk="id",
        not_null={"sku", "name", "price_per", "unit", "category", "tax"},
        strict=True,
    )
    db.table("items").create_index(["sku"], unique=True)
    db.table("barcodes").create({"gtin": str, "sku": str}, pk="gtin", not_null={"sku"}, strict=True)
    db.table("barcodes").create_index(["sku"])
    for statement in _SEARCH:
        db.execute(statement)
    db.table("cursors").create({"log": str, "generation": int, "position": int}, pk="log", strict=True)
    db.table("refused").create(
        {"log": str, "generation": int, "position": int, "why": str}, pk=("log", "generation", "position"), strict=True
    )
    db.table("settings").create({"key": str, "value": str}, pk="key", strict=True)


def item_columns(db: "Database") -> None:
    """Deposits, bundles, ages: what an item is beside its price. ``parts`` is JSON: [[sku, amount], …]."""
    for name, kind, default in (("deposit", str, ""), ("parts", str, ""), ("age", int, 0), ("discountable", int, 1)):
        db.table("items").add_column(name, kind, not_null_default=default)


def link_tables(db: "Database") -> None:
    """What the bridge knows: acknowledgements, down facts as they came, and the state of the link."""
    db.table("meta").create({"key": str, "value": str}, pk="key", strict=True)
    db.table("acks").create({"stream": str, "position": int}, pk="stream", not_null={"position"}, strict=True)
    db.table("down_facts").create(
        {"log": str, "generation": int, "position": int, "bytes": bytes, "digest": str},
        pk=("log", "generation", "position"),
        not_null={"bytes", "digest"},
        strict=True,
    )


def strayed_table(db: "Database") -> None:
    """The newest epoch of each lane in which the hub holds what this kiosk's journal does not."""
    db.table("strayed").create(
        {"lane": str, "epoch": int, "position": int}, pk="lane", not_null={"epoch", "position"}, strict=True
    )


def basket_column(db: "Database") -> None:
    """What is of a whole basket: its discount, and payments that do not cover it yet. JSON; empty: neither."""
    db.table("baskets").add_column("whole", str, not_null_default="")


LANE: Final = (lane_tables,)
TILL: Final = (
    lane_tables,
    till_tables,
    rights_tables,
    counts_table,
    passage_tables,
    advices_table,
    attempts_table,
    basket_column,
)
CATALOGUE: Final = (catalogue_tables, item_columns)
LINK: Final = (link_tables, strayed_table, lan_tables)
OF_LANE: Final = {lane: TILL if lane is Lane.TILL else LANE for lane in Lane}
