"""Kiosks, lanes, facts, quarantine, exceptions, stock, receipts, catalogue, down logs, the hub's life.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_BIG = sa.BigInteger()
_AT = sa.String(27)
_MAX = 9007199254740991


def upgrade() -> None:
    """Create what an empty database lacks."""
    _who()
    _inbox()
    _books()
    _down()
    op.create_table(
        "hub_life",
        sa.Column("id", sa.Integer(), autoincrement=False),
        sa.Column("incarnation", _BIG, nullable=False),
        sa.Column("commits", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hub_life"),
        sa.CheckConstraint("id = 1", name=op.f("ck_hub_life_one")),
    )


def _kiosk_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.id"], name=f"fk_{table}_kiosk_id")


def _who() -> None:
    op.create_table(
        "kiosks",
        sa.Column("id", _ID),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("kiosk", sa.String(32), nullable=False),
        sa.Column("epoch", _BIG, nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", _AT, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kiosks"),
        sa.UniqueConstraint("region", "site", "kiosk", name="uq_kiosks_region_site_kiosk"),
    )
    op.create_table(
        "lanes",
        sa.Column("kiosk_id", _ID),
        sa.Column("epoch", _BIG),
        sa.Column("lane", sa.String(16)),
        sa.Column("position", _BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("newest", _BIG, nullable=False),
        sa.Column("chain_broken_at", _AT),
        sa.PrimaryKeyConstraint("kiosk_id", "epoch", "lane", name="pk_lanes"),
        _kiosk_key("lanes"),
    )


def _inbox() -> None:
    op.create_table(
        "facts",
        sa.Column("kiosk_id", _ID),
        sa.Column("epoch", _BIG),
        sa.Column("lane", sa.String(16)),
        sa.Column("seq", _BIG),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("received_at", _AT, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "epoch", "lane", "seq", name="pk_facts"),
        _kiosk_key("facts"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", _ID),
        sa.Column("kiosk_id", _ID, nullable=False),
        sa.Column("epoch", _BIG, nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("seq", _BIG, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("resolved_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.CheckConstraint("kind IN ('unreadable', 'mismatch', 'refused', 'fork')", name=op.f("ck_quarantine_kind")),
        sa.UniqueConstraint(
            "kiosk_id", "epoch", "lane", "seq", "digest", name="uq_quarantine_kiosk_id_epoch_lane_seq_digest"
        ),
        _kiosk_key("quarantine"),
    )
    op.create_table(
        "exceptions",
        sa.Column("id", _ID),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("kiosk_id", _ID),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("resolved_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_exceptions"),
        _kiosk_key("exceptions"),
    )
    still_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "uq_exceptions_open",
        "exceptions",
        ["kind", "subject"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _books() -> None:
    op.create_table(
        "stock",
        sa.Column("region", sa.String(32)),
        sa.Column("site", sa.String(32)),
        sa.Column("sku", _SKU),
        sa.Column("condition", sa.String(16)),
        sa.Column("unit", sa.String(2)),
        sa.Column("received", _BIG, nullable=False),
        sa.Column("returned", _BIG, nullable=False),
        sa.Column("sold", _BIG, nullable=False),
        sa.Column("adjusted", _BIG, nullable=False),
        sa.Column("overdraft", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("region", "site", "sku", "condition", "unit", name="pk_stock"),
        *(
            sa.CheckConstraint(f"{term} BETWEEN 0 AND {_MAX}", name=op.f(f"ck_stock_{term}"))
            for term in ("received", "returned", "sold", "overdraft")
        ),
        sa.CheckConstraint(f"adjusted BETWEEN -{_MAX} AND {_MAX}", name=op.f("ck_stock_adjusted")),
    )
    op.create_table(
        "receipts",
        sa.Column("kiosk_id", _ID),
        sa.Column("receipt", sa.String(64)),
        sa.Column("again", _BIG),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("total_minor", _BIG, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("epoch", _BIG, nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "receipt", "again", name="pk_receipts"),
        sa.CheckConstraint("kind IN ('sale', 'refund')", name=op.f("ck_receipts_kind")),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_receipts_total_minor")),
        _kiosk_key("receipts"),
    )


def _down() -> None:
    op.create_table(
        "items",
        sa.Column("region", sa.String(32)),
        sa.Column("sku", _SKU),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("item", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("region", "sku", name="pk_items"),
    )
    op.create_table(
        "settings",
        sa.Column("region", sa.String(32)),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("region", name="pk_settings"),
    )
    op.create_table(
        "down_facts",
        sa.Column("region", sa.String(32)),
        sa.Column("log", sa.String(64)),
        sa.Column("generation", _BIG),
        sa.Column("position", _BIG),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("region", "log", "generation", "position", name="pk_down_facts"),
    )
    op.create_table(
        "down_cursors",
        sa.Column("kiosk_id", _ID),
        sa.Column("log", sa.String(64)),
        sa.Column("generation", _BIG),
        sa.Column("position", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "log", "generation", name="pk_down_cursors"),
        _kiosk_key("down_cursors"),
    )
