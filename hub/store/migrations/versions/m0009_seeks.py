"""Goods are sought by sku, open counts by site; a recall says with how much it was answered.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes and the column."""
    op.create_index("ix_pools_sku", "pools", ["region", "sku"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index("ix_counts_open", "counts", ["region", "site"], sqlite_where=is_open, postgresql_where=is_open)
    op.add_column("recalls", sa.Column("given", sa.BigInteger()))
