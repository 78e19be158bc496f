"""What programs asked for in vain although tills of the site have it, and tills are asked back for.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "demands",
        sa.Column("region", sa.String(32)),
        sa.Column("site", sa.String(32)),
        sa.Column("key", sa.String(64)),
        sa.Column("sku", _SKU),
        sa.Column("condition", sa.String(16)),
        sa.Column("unit", sa.String(2)),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("region", "site", "key", "sku", "condition", "unit", name="pk_demands"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_demands_amount")),
    )
