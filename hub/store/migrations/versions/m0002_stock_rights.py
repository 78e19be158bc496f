"""Stock rights: lives, accounts, pools, grants, passages, reservations, promises; filled from the facts that are there.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from hub.store.backfill import fill_rights

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SKU = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_AT = sa.String(27)
_MAX = 9007199254740991
_LOG = 65  # site/kiosk, of 32 characters each
_TERMS = (
    *("received", "returned", "sold", "adjusted", "overdraft", "granted", "moved_in", "arrived", "released"),
    *("moved_out", "sent", "wasted", "held", "settled"),
)
_NEGATIVE = ("held", "adjusted")
_METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def upgrade() -> None:
    """Create the tables of rights, and fill them from the facts."""
    for table in ("down_facts", "down_cursors"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("log", type_=sa.String(_LOG), existing_type=sa.String(64), existing_nullable=False)
    _METADATA.create_all(op.get_bind())
    fill_rights(op.get_bind())


sa.Table("kiosks", _METADATA, sa.Column("id", _ID, primary_key=True))  # is there; named for the keys that point to it


def _key(*, primary: bool = True) -> list[sa.Column[str]]:
    return [
        sa.Column("sku", _SKU, primary_key=primary, nullable=False),
        sa.Column("condition", sa.String(16), primary_key=primary, nullable=False),
        sa.Column("unit", sa.String(2), primary_key=primary, nullable=False),
    ]


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


sa.Table(
    "lives",
    _METADATA,
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    _amount("generation"),
    _amount("seen"),
    _amount("reported"),
    sa.Column("closed_at", _AT),
    sa.Column("closed_why", sa.String(200)),
)

sa.Table(
    "accounts",
    _METADATA,
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    *_key(),
    sa.Column("region", sa.String(32), nullable=False),
    sa.Column("site", sa.String(32), nullable=False),
    *(_amount(term) for term in _TERMS),
    _amount("issued"),
    _amount("sold_marked"),
    sa.Column("marked_at", _AT),
    sa.Column("rate", sa.Float, nullable=False, server_default="0"),
    *(
        sa.CheckConstraint(f"{term} BETWEEN {-_MAX if term in _NEGATIVE else 0} AND {_MAX}", name=term)
        for term in _TERMS
    ),
    sa.CheckConstraint(f"issued BETWEEN 0 AND {_MAX}", name="issued"),
    sa.Index("ix_accounts_place", "region", "site", "sku", "condition", "unit"),
)

_POOL_TERMS = ("free", "reserved", "limbo", "deficit", "unsettled")
sa.Table(
    "pools",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("site", sa.String(32), primary_key=True),
    *_key(),
    *(_amount(term) for term in _POOL_TERMS),
    _amount("adjusted"),
    *(sa.CheckConstraint(f"{term} BETWEEN 0 AND {_MAX}", name=term) for term in _POOL_TERMS),
    sa.CheckConstraint(f"adjusted BETWEEN -{_MAX} AND {_MAX}", name="adjusted"),
)

sa.Table(
    "grants",
    _METADATA,
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    *_key(),
    sa.Column("total", sa.BigInteger, nullable=False),
)

sa.Table(
    "passages",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    *_key(),
    sa.Column("giver", sa.String(32), nullable=False),
    sa.Column("receiver", sa.String(32), nullable=False),
    _amount("out"),
    _amount("into"),
    sa.Column("at", _AT, nullable=False),
    sa.CheckConstraint("kind IN ('move', 'transfer')", name="kind"),
)

sa.Table(
    "recalls",
    _METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    *_key(),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("answered_at", _AT),
    sa.Index("ix_recalls_kiosk", "kiosk_id", "epoch", "sku"),
)

sa.Table(
    "wants",
    _METADATA,
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    *_key(),
    sa.Column("request", sa.String(64), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String(8), nullable=False),
    sa.Column("at", _AT, nullable=False),
)

sa.Table(
    "chores",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("site", sa.String(32), primary_key=True),
    *_key(),
    sa.Column("why", sa.String(16), primary_key=True),
    sa.Column("at", _AT, nullable=False),
)

sa.Table(
    "counts",
    _METADATA,
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    *_key(),
    sa.Column("region", sa.String(32), nullable=False),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("counted", sa.BigInteger, nullable=False),
    sa.Column("cut", sa.Text, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("closed_at", _AT),
    sa.Column("difference", sa.BigInteger),
    _amount("reversed"),
)

sa.Table(
    "reservations",
    _METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("region", sa.String(32), nullable=False),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id")),
    sa.Column("epoch", sa.BigInteger),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("paid", sa.Boolean, nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("until", _AT, nullable=False),
    sa.Column("confirmed_at", _AT),
    sa.Column("ended_at", _AT),
    sa.CheckConstraint("source IN ('kiosk', 'promise', 'order')", name="source"),
    sa.CheckConstraint(
        "state IN ('reserved', 'placed', 'held', 'collected', 'lapsed', 'cancelled', 'broken')", name="state"
    ),
    sa.Index("ix_reservations_site", "region", "site", "state"),
)

sa.Table(
    "reservation_lines",
    _METADATA,
    sa.Column("reservation", sa.String(64), sa.ForeignKey("reservations.id"), primary_key=True),
    *_key(),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount"),
)

sa.Table(
    "promises",
    _METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kiosk_id", _ID, sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("answer", sa.Text),
    sa.Column("at", _AT, nullable=False),
    sa.Column("answered_at", _AT),
    sa.Column("told_at", _AT),
    sa.CheckConstraint("state IN ('pending', 'confirmed', 'elsewhere', 'later', 'substitute', 'sorry')", name="state"),
    sa.Index("ix_promises_state", "state", "at"),
)

sa.Table(
    "idempotency",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("status", sa.BigInteger, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("at", _AT, nullable=False),
)

sa.Table(
    "templates",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("language", sa.String(3), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

sa.Table(
    "changes",
    _METADATA,
    sa.Column("region", sa.String(32), primary_key=True),
    sa.Column("site", sa.String(32), primary_key=True),
    *_key(),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Index("ix_changes_number", "number"),
)
