"""What an operator moved by hand is not moved again by policy for a while.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "by_hand",
        sa.Column("region", sa.String(32)),
        sa.Column("site", sa.String(32)),
        sa.Column("sku", _SKU),
        sa.Column("condition", sa.String(16)),
        sa.Column("unit", sa.String(2)),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("region", "site", "sku", "condition", "unit", name="pk_by_hand"),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_by_hand_amount")),
    )
