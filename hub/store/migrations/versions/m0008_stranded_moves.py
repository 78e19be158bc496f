"""A move says for which life of its receiver it was, and what of it is in limbo because that life is closed.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; moves of before, of which there are none in the field, are of no life, and stay as they are."""
    op.add_column("passages", sa.Column("to_epoch", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("passages", sa.Column("ended", sa.BigInteger(), nullable=False, server_default="0"))
    is_open = sa.text('"out" > "into"')
    op.create_index(
        "ix_passages_open", "passages", ["region", "site", "sku"], sqlite_where=is_open, postgresql_where=is_open
    )
