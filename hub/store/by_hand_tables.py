"""The table of what an operator moved by hand: policy does not move it again for a while."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, String, Table

from hub.store.tables import INSTANT, SKU, metadata

by_hand: Final = Table(
    "by_hand",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("sku", SKU, primary_key=True),
    Column("condition", String(16), primary_key=True),
    Column("unit", String(2), primary_key=True),
    Column("amount", BigInteger, nullable=False),  # recalled and not granted yet: kept of what is free
    Column("until", INSTANT, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
)
