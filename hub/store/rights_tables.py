"""The tables of stock rights; see docs/rights.md. Amounts are whole units of the account's unit."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Float, ForeignKey, Index, String, Table, Text, text

from contract.stock import TERMS
from hub.store.tables import ID, INSTANT, MAX_SUM, SKU, metadata

_NEGATIVE: Final = frozenset({"held", "adjusted"})  # a mirror's, while facts of other lanes or copies are unread

_IS_OPEN: Final = text('"out" > "into"')  # of a passage: what is on its way is little, what ever was is much
_IS_UNSAID: Final = text('"into" > "out"')  # of a passage: it came, and its giver has not told of it


def _key(*, primary: bool = True) -> list[Column[str]]:
    return [
        Column("sku", SKU, primary_key=primary, nullable=False),
        Column("condition", String(16), primary_key=primary, nullable=False),
        Column("unit", String(2), primary_key=primary, nullable=False),
    ]


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


lives = Table(
    "lives",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    _amount("generation"),  # of its own log, in which `seen` counts: as it reported
    _amount("seen"),  # the last position of its own log that it had applied
    _amount("reported"),  # the incarnation in which its whole report was heard
    Column("closed_at", INSTANT),
    Column("closed_why", String(200)),
    Column("forked_at", INSTANT),  # since when it is known that a second card speaks in this life
)

accounts = Table(
    "accounts",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    *_key(),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    *(_amount(term) for term in TERMS),  # as the kiosk has them; `granted` is what it is known to have applied
    _amount("issued"),  # what was ever granted to this life; issued - granted is in flight
    _amount("sold_marked"),  # sold when the rate was taken last
    Column("marked_at", INSTANT),
    Column("rate", Float, nullable=False, server_default="0"),  # units an hour, recent sales weigh more
    *(
        CheckConstraint(f"{term} BETWEEN {-MAX_SUM if term in _NEGATIVE else 0} AND {MAX_SUM}", name=term)
        for term in TERMS
    ),
    CheckConstraint(f"issued BETWEEN 0 AND {MAX_SUM}", name="issued"),
    Index("ix_accounts_place", "region", "site", "sku", "condition", "unit"),  # pages of stock are read in this order
)

POOL_TERMS: Final = ("free", "reserved", "limbo", "deficit", "unsettled")
pools = Table(
    "pools",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    *_key(),
    *(_amount(term) for term in POOL_TERMS),
    _amount("adjusted"),
    *(CheckConstraint(f"{term} BETWEEN 0 AND {MAX_SUM}", name=term) for term in POOL_TERMS),
    CheckConstraint(f"adjusted BETWEEN -{MAX_SUM} AND {MAX_SUM}", name="adjusted"),
    Index("ix_pools_sku", "region", "sku"),  # who looks for goods looks at all sites
)

grants = Table(
    "grants",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("generation", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    *_key(),
    Column("total", BigInteger, nullable=False),  # `issued` as told at that position; kept until it was seen
)

passages = Table(
    "passages",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("id", String(64), primary_key=True),
    *_key(),
    Column("giver", String(32), nullable=False),
    Column("receiver", String(32), nullable=False),
    Column("site", String(32), nullable=False, server_default=""),  # of tills that move rights; goods go between sites
    _amount("to_epoch"),  # the life of the till that a move is for; goods go to a site
    _amount("out"),
    _amount("into"),
    _amount("ended"),  # of `into`: did not arrive, and is in limbo, for that life is closed; < 0: of `out`, presumed
    Column("at", INSTANT, nullable=False),
    CheckConstraint("kind IN ('move', 'transfer')", name="kind"),
    Index("ix_passages_open", "region", "site", "sku", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    Index("ix_passages_unsaid", "at", sqlite_where=_IS_UNSAID, postgresql_where=_IS_UNSAID),
)

recalls = Table(
    "recalls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    *_key(),
    Column("asked", BigInteger, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
    Column("given", BigInteger),  # what came with the answer
    Index("ix_recalls_kiosk", "kiosk_id", "epoch", "sku"),
)

wants = Table(  # what kiosks asked for and have not been granted yet
    "wants",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    *_key(),
    Column("request", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("why", String(8), nullable=False),
    Column("at", INSTANT, nullable=False),
)

chores = Table(  # what the steward must look at: written with the cause, taken away when it is done
    "chores",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    *_key(),
    Column("why", String(16), primary_key=True),  # settle, want, count, close, report, place, by_hand
    Column("at", INSTANT, nullable=False),
)

counts = Table(
    "counts",
    metadata,
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    *_key(),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("counted", BigInteger, nullable=False),
    Column("cut", Text, nullable=False),  # JSON: [[kiosk, epoch, position], …] of every till that it covers
    Column("at", INSTANT, nullable=False),
    Column("closed_at", INSTANT),
    Column("difference", BigInteger),  # found over (+) or short (-)
    _amount("reversed"),  # of a short one: by sales of closed lives that came later
    Index(
        "ix_counts_open",
        "region",
        "site",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("kiosk_id", ID, ForeignKey("kiosks.id")),  # where it was placed, or held from own rights
    Column("epoch", BigInteger),
    Column("state", String(12), nullable=False),
    Column("source", String(8), nullable=False),  # kiosk, promise, order
    Column("paid", Boolean, nullable=False),
    Column("code", String(32), nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("until", INSTANT, nullable=False),
    Column("confirmed_at", INSTANT),  # none: a hold that is not placed before its shopper confirmed, and ends by time
    Column("ended_at", INSTANT),
    Column("origin", String(64)),  # the first of those whose place this one took; none: it is itself the first
    Column("elsewhere", Boolean, nullable=False, server_default=text("false")),  # an order's: another site will do
    Column("broken_at", INSTANT),  # when it was hit by a shortfall
    Column("answered_at", INSTANT),  # when it was decided what becomes of it then
    Column("moved_to", String(64)),  # what took its place
    CheckConstraint("source IN ('kiosk', 'promise', 'order')", name="source"),
    CheckConstraint(
        "state IN ('reserved', 'placed', 'held', 'collected', 'lapsed', 'cancelled', 'broken')", name="state"
    ),
    Index("ix_reservations_site", "region", "site", "state"),
    Index("ix_reservations_broken", "broken_at"),
)

reservation_lines = Table(
    "reservation_lines",
    metadata,
    Column("reservation", String(64), ForeignKey("reservations.id"), primary_key=True),
    *_key(),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
)

promises = Table(
    "promises",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kiosk_id", ID, ForeignKey("kiosks.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("request", Text, nullable=False),  # contract.rights.ReservationRequested as JSON
    Column("state", String(12), nullable=False),  # pending, or the answer
    Column("answer", Text),  # contract.down_rights.PromiseResolved as JSON
    Column("at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
    Column("told_at", INSTANT),  # the kiosk said that it has the answer
    Column("earlier", Text),  # JSON: answers that were told before, and broken
    Column("look_at", INSTANT, nullable=False, server_default=""),  # when one that waits is looked at again
    CheckConstraint("state IN ('pending', 'confirmed', 'elsewhere', 'later', 'substitute', 'sorry')", name="state"),
    Index("ix_promises_state", "state", "at"),
)

waits = Table(  # goods that shoppers wait for, where tills have them or they are on their way: one row an account
    "waits",
    metadata,
    Column("id", String(64), primary_key=True),  # of the promise, or of the reservation that was broken
    *_key(),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("why", String(8), nullable=False),  # promise, later, broken
    Column("at", INSTANT, nullable=False),  # when it was asked for: who comes first
    Column("until", INSTANT, nullable=False),
    Column("look_at", INSTANT, nullable=False),  # when tills are asked again
    CheckConstraint("amount > 0", name="amount"),
    Index("ix_waits_place", "region", "sku"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),  # of the request: the same key with another is refused
    Column("status", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)

templates = Table(
    "templates",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("language", String(3), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("text", Text, nullable=False),
)

changes = Table(  # availability that changed, coalesced: one row a sku and site, with the newest number
    "changes",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    *_key(),
    Column("number", BigInteger, nullable=False),  # 0 until it is given one: see hub/store/changes.py
    Column("at", INSTANT, nullable=False),
    Index("ix_changes_number", "number"),
)
