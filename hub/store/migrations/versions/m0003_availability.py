"""Availability: where sites are, how its changes are numbered, and how far the kiosks' log of it is.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger()
_AT = sa.String(27)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "sites",
        sa.Column("region", sa.String(32)),
        sa.Column("site", sa.String(32)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lon", sa.Float()),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("region", "site", name="pk_sites"),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name=op.f("ck_sites_lat")),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name=op.f("ck_sites_lon")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_sites_point")),
    )
    op.create_table(
        "change_numbers",
        sa.Column("id", sa.Integer(), autoincrement=False),
        sa.Column("newest", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_numbers"),
        sa.CheckConstraint("id = 1", name=op.f("ck_change_numbers_one")),
    )
    op.create_table(
        "availability_logs",
        sa.Column("region", sa.String(32)),
        sa.Column("generation", _BIG, nullable=False),
        sa.Column("begun_at", _AT, nullable=False),
        sa.Column("told_at", _AT, nullable=False),
        sa.Column("heard_at", _AT, nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.Column("room", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("region", name="pk_availability_logs"),
    )
