"""The till's tables of stock rights: the migration that came with them (see :mod:`kiosk.journal.schema`).

Until then ``accounts`` added up every life of the kiosk, and goods that came back damaged had no account. So it is made
anew from the facts: the present life's accounts stay in it, those of earlier lives are kept beside it.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

_NEW_TERMS: Final = ("granted", "moved_in", "arrived", "released", "moved_out", "sent", "wasted", "held", "settled")
_TERMS: Final = ("received", "returned", "sold", "adjusted", "overdraft", *_NEW_TERMS)
_KEY: Final = {"sku": str, "condition": str, "unit": str}

# What the facts of that time changed. A damaged row is no JSON, and adds nothing.
_MOVES: Final = """CREATE TEMP TABLE moves AS SELECT epoch, line ->> '$.sku' AS sku,
    CASE type WHEN 'sale.recorded.v1' THEN 'sellable'
        WHEN 'refund.recorded.v1' THEN iif(ifnull(line ->> '$.restock', 1), 'sellable', 'damaged')
        ELSE ifnull(line ->> '$.condition', 'sellable') END AS condition,
    ifnull(ifnull(line ->> '$.quantity.unit', line ->> '$.counted.unit'), 'pc') AS unit,
    sum(iif(type = 'stock.received.v1', line ->> '$.quantity.amount', 0)) AS received,
    sum(iif(type = 'refund.recorded.v1', line ->> '$.quantity.amount', 0)) AS returned,
    sum(iif(type = 'sale.recorded.v1', line ->> '$.quantity.amount', 0)) AS sold,
    sum(iif(type = 'stock.counted.v1', (line ->> '$.counted.amount') - (line ->> '$.expected'), 0)) AS adjusted,
    sum(iif(type = 'sale.recorded.v1', ifnull(line ->> '$.overdraft', 0), 0)) AS overdraft
FROM (SELECT facts.epoch AS epoch, facts.type AS type, each.value AS line
    FROM facts, json_each(iif(json_valid(CAST(bytes AS TEXT)), CAST(bytes AS TEXT), '{}'), '$.data.lines') AS each
    WHERE facts.type IN ('sale.recorded.v1', 'refund.recorded.v1', 'stock.received.v1', 'stock.counted.v1'))
GROUP BY epoch, sku, condition, unit"""
_OLD: Final = "sku, condition, unit, received, returned, sold, adjusted, overdraft"
_PRESENT: Final = "ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'epoch'), 1)"


def rights_tables(db: "Database") -> None:
    """The till's lane: accounts of one life each, goods set aside, promises, requests and the kiosk's own down log."""
    for term in _NEW_TERMS:
        db.table("accounts").add_column(term, int, not_null_default=0)
    db.table("past_accounts").create(
        {"epoch": int, **_KEY, **dict.fromkeys(_TERMS, int)},
        pk=("epoch", *_KEY),
        not_null=set(_TERMS),
        defaults=dict.fromkeys(_TERMS, 0),
        strict=True,
    )
    _part_lives(db)
    _reservations(db)
    _promises(db)
    _own_log(db)
    db.table("baskets").add_column("label", str, not_null_default="")  # of one that is put aside: state 'parked'


def _part_lives(db: "Database") -> None:
    db.execute(_MOVES)
    db.execute("DELETE FROM accounts")
    db.execute(f"INSERT INTO accounts ({_OLD}) SELECT {_OLD} FROM moves WHERE epoch = {_PRESENT}")  # noqa: S608
    db.execute(f"INSERT INTO past_accounts (epoch, {_OLD}) SELECT epoch, {_OLD} FROM moves WHERE epoch <> {_PRESENT}")  # noqa: S608
    db.execute("DROP TABLE moves")


def _reservations(db: "Database") -> None:
    """State: held, collected, lapsed, cancelled, or past (held in an earlier life: goods aside without rights)."""
    db.table("reservations").create(
        {
            "id": str,
            "code": str,
            "state": str,
            "epoch": int,
            "placed": int,  # by the hub
            "held_at": str,
            "until": str,
            "clock": str,  # whether `until` comes from a clock that was trusted
            "left_s": float,  # how long it may still wait, counted from `boot` and `mono`; NULL: only `until` says
            "boot": str,
            "mono": int,  # ns
            "ended_at": str,
        },
        pk="id",
        not_null={"code", "state", "epoch", "placed", "held_at", "until", "clock", "boot", "mono"},
        strict=True,
    )
    db.table("reservations").create_index(["state"])
    db.table("reservations").create_index(["code"])
    db.table("reservation_lines").create(
        {"reservation": str, "no": int, **_KEY, "amount": int},
        pk=("reservation", "no"),
        not_null={*_KEY, "amount"},
        foreign_keys=[("reservation", "reservations", "id")],
        strict=True,
    )


def _promises(db: "Database") -> None:
    """State: pending or told. ``request`` is the fact as JSON, NULL if this file lost it; ``answer`` is the hub's."""
    db.table("promises").create(
        {"id": str, "epoch": int, "state": str, "request": bytes, "answer": bytes, "asked_at": str, "told_at": str},
        pk="id",
        not_null={"epoch", "state"},
        strict=True,
    )
    db.table("promises").create_index(["state"])
    db.table("asked").create(  # rights asked for and not yet granted: the newest request of each account
        {**_KEY, "request": str, "why": str, "amount": int, "granted": int, "tries": int, "asked_at": str},
        pk=tuple(_KEY),
        not_null={"request", "why", "amount", "granted", "tries", "asked_at"},
        strict=True,
    )
    db.table("recalls").create({"id": str, "seq": int}, pk="id", not_null={"seq"}, strict=True)  # answered, once


def _own_log(db: "Database") -> None:
    """Meta ``seen_generation`` and ``seen`` say how far it is applied; here is what could not be read of it."""
    db.table("refused").create(
        {"generation": int, "position": int, "why": str}, pk=("generation", "position"), not_null={"why"}, strict=True
    )
