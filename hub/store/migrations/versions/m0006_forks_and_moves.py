"""Lives that a second card took numbers of, and kiosks that are lost, get no rights; a move says at which site it is.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; moves of before, of which there are none in the field, have no site."""
    op.add_column("lives", sa.Column("forked_at", sa.String(27)))
    op.add_column("kiosks", sa.Column("fenced_at", sa.String(27)))
    op.add_column("passages", sa.Column("site", sa.String(32), nullable=False, server_default=""))
