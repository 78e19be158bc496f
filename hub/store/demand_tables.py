"""The table of what programs asked for in vain although tills of the site have it; see hub/core/demand.py."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, String, Table

from hub.store.tables import INSTANT, SKU, metadata

demands: Final = Table(
    "demands",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("key", String(64), primary_key=True),  # the request's: repeated, it is the same row
    Column("sku", SKU, primary_key=True),
    Column("condition", String(16), primary_key=True),
    Column("unit", String(2), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("at", INSTANT, nullable=False),  # when it was asked for last: it ends by age
    CheckConstraint("amount > 0", name="amount"),
)
