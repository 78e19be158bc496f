"""The tables of deliveries: what was advised to which kiosk, and what was received; see docs/rights.md, I8."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint

from hub.store.tables import ID, INSTANT, SKU, metadata

_DAY: Final = String(10)  # 2026-03-17


def _what(*, primary: bool) -> list[Column[str]]:
    return [
        Column("sku", SKU, primary_key=primary, nullable=False),
        Column("condition", String(16), primary_key=primary, nullable=False),
        Column("unit", String(2), primary_key=primary, nullable=False),
    ]


advices = Table(  # one line, one kiosk: the key says so, whoever asks at the same time
    "advices",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("advice", String(32), primary_key=True),
    *_what(primary=True),
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("day", _DAY, nullable=False),  # when it should come; empty: not known
    Column("at", INSTANT, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    Index("ix_advices_kiosk", "kiosk_id"),
)

deliveries = Table(  # what facts say has come, in the order in which they were booked
    "deliveries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("advice", String(32), nullable=False),  # empty: without one
    Column("day", _DAY, nullable=False),  # of goods without an advice; empty with one
    *_what(primary=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", INSTANT, nullable=False),
    UniqueConstraint("kiosk_id", "epoch", "seq", "sku", "condition", "unit", name="uq_deliveries_fact"),
    Index("ix_deliveries_place", "region", "site", "advice", "day", "sku", "condition", "unit"),
)
