"""Deliveries: what was advised to which kiosk, and what was received.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_AT = sa.String(27)
_DAY = sa.String(10)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "advices",
        sa.Column("region", sa.String(32)),
        sa.Column("site", sa.String(32)),
        sa.Column("advice", sa.String(32)),
        sa.Column("sku", _SKU),
        sa.Column("condition", sa.String(16)),
        sa.Column("unit", sa.String(2)),
        sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id", name="fk_advices_kiosk_id_kiosks"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("day", _DAY, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("region", "site", "advice", "sku", "condition", "unit", name="pk_advices"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_advices_amount")),
    )
    op.create_index("ix_advices_kiosk", "advices", ["kiosk_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", _ID),
        sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id", name="fk_deliveries_kiosk_id_kiosks"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("advice", sa.String(32), nullable=False),
        sa.Column("day", _DAY, nullable=False),
        sa.Column("sku", _SKU, nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("unit", sa.String(2), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("kiosk_id", "epoch", "seq", "sku", "condition", "unit", name="uq_deliveries_fact"),
    )
    place = ["region", "site", "advice", "day", "sku", "condition", "unit"]
    op.create_index("ix_deliveries_place", "deliveries", place)
