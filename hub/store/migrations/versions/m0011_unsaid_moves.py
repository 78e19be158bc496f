"""Moves that arrived, and of which their giver has not told, are sought by when they came.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    is_unsaid = sa.text('"into" > "out"')
    op.create_index("ix_passages_unsaid", "passages", ["at"], sqlite_where=is_unsaid, postgresql_where=is_unsaid)
