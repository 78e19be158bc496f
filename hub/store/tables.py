"""The hub's tables, as the newest migration leaves them; a test compares the two.

Instants are RFC 3339 text in UTC: sortable, the same in both databases. Text compares by code point in both.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

MAX_SUM: Final = 2**53 - 1  # what a JSON number keeps exactly; a fact that would pass it is refused by the database

ID: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself for INTEGER only
INSTANT: Final = String(27)
SKU: Final = String(64).with_variant(String(64, collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

kiosks = Table(
    "kiosks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("kiosk", String(32), nullable=False),
    Column("epoch", BigInteger, nullable=False),  # the newest life of its image that was heard of
    Column("online", Boolean, nullable=False),
    Column("last_seen_at", INSTANT, nullable=False),
    Column("version", String(32), nullable=False),
    Column("fenced_at", INSTANT),  # since when it is lost: it is told of no rights in any life until it is admitted
    UniqueConstraint("region", "site", "kiosk"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("newest", BigInteger, nullable=False),  # as the kiosk said last; the backlog is newest - position
    Column("chain_broken_at", INSTANT),
)

facts = Table(
    "facts",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("type", String(80), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("lane", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("what", String(200), nullable=False),
    Column("path", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("resolved_at", INSTANT),
    CheckConstraint("kind IN ('unreadable', 'mismatch', 'refused', 'fork')", name="kind"),
    UniqueConstraint("kiosk_id", "epoch", "lane", "seq", "digest"),
)

exceptions = Table(
    "exceptions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(200), nullable=False),  # what it is about: one open exception a kind and subject
    Column("kiosk_id", ID, ForeignKey("kiosks.id")),
    Column("detail", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("resolved_at", INSTANT),
    Index(
        "uq_exceptions_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("resolved_at IS NULL"),
        postgresql_where=text("resolved_at IS NULL"),
    ),
)

stock = Table(
    "stock",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("sku", SKU, primary_key=True),
    Column("condition", String(16), primary_key=True),
    Column("unit", String(2), primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("sold", BigInteger, nullable=False),
    Column("adjusted", BigInteger, nullable=False),
    Column("overdraft", BigInteger, nullable=False),
    *(
        CheckConstraint(f"{term} BETWEEN 0 AND {MAX_SUM}", name=term)
        for term in ("received", "returned", "sold", "overdraft")
    ),
    CheckConstraint(f"adjusted BETWEEN -{MAX_SUM} AND {MAX_SUM}", name="adjusted"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("receipt", String(64), primary_key=True),
    Column(
        "again", BigInteger, primary_key=True
    ),  # 0; the fact's seq where a till used a number twice; beyond 2^52: of a fork
    Column("kind", String(8), nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("lane", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("kind IN ('sale', 'refund')", name="kind"),
    CheckConstraint("total_minor >= 0", name="total_minor"),
)

items = Table(
    "items",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("sku", SKU, primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("item", LargeBinary, nullable=False),  # contract.down.Item as JSON: what kiosks are told
)

settings = Table(
    "settings",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("config", LargeBinary, nullable=False),  # contract.down.ConfigChanged as JSON
)

down_facts = Table(
    "down_facts",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("log", String(65), primary_key=True),
    Column("generation", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
)

down_cursors = Table(
    "down_cursors",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("log", String(65), primary_key=True),
    Column("generation", BigInteger, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

hub_life = Table(
    "hub_life",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", BigInteger, nullable=False),
    Column("commits", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one"),
)
