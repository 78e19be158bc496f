"""Promises that wait, and reservations that were broken: what is waited for where, and what became of what was told.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_AT = sa.String(27)


def upgrade() -> None:
    """Create the table, and add what reservations and promises say more."""
    op.create_table(
        "waits",
        sa.Column("id", sa.String(64)),
        sa.Column("sku", _SKU),
        sa.Column("condition", sa.String(16)),
        sa.Column("unit", sa.String(2)),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(8), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("until", _AT, nullable=False),
        sa.Column("look_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", "sku", "condition", "unit", name="pk_waits"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_waits_amount")),
    )
    op.create_index("ix_waits_place", "waits", ["region", "sku"])
    op.add_column("promises", sa.Column("earlier", sa.Text()))
    op.add_column("reservations", sa.Column("origin", sa.String(64)))
    op.add_column("reservations", sa.Column("elsewhere", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("reservations", sa.Column("broken_at", _AT))
    op.add_column("reservations", sa.Column("answered_at", _AT))
    op.add_column("reservations", sa.Column("moved_to", sa.String(64)))
    op.create_index("ix_reservations_broken", "reservations", ["broken_at"])
