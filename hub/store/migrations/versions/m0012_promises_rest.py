"""A promise that waits is looked at again after a while, not whenever anybody speaks.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what waits is looked at once more."""
    op.add_column("promises", sa.Column("look_at", sa.String(27), nullable=False, server_default=""))
