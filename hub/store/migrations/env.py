"""Alembic's entry: runs on the connection that :mod:`hub.store.migrate` hands over, inside its transaction."""

from alembic import context

from hub.store import (  # noqa: F401 - so that their tables are known
    availability_tables,
    by_hand_tables,
    delivery_tables,
    demand_tables,
    rights_tables,
)
from hub.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
