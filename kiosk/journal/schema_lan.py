"""Tables of what moves over the site's own network: in the till's lane what is true, in ``link.db`` what was heard."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database

# What earlier facts booked. A damaged row is no JSON, and books nothing.
_BOOKED: Final = """INSERT OR IGNORE INTO passed (kind, id, epoch, seq)
SELECT '{kind}', CAST(bytes AS TEXT) ->> '$.data.{field}', epoch, seq FROM facts
WHERE type = '{type}' AND json_valid(CAST(bytes AS TEXT)) AND CAST(bytes AS TEXT) ->> '$.data.{field}' IS NOT NULL
ORDER BY epoch, seq"""


def passage_tables(db: "Database") -> None:
    """The till's lane: halves of passages that were booked here, moves that left, and what neighbours are asked for."""
    db.table("passed").create(  # kind: move or transfer; an id is booked once, in whichever life
        {"kind": str, "id": str, "epoch": int, "seq": int}, pk=("kind", "id"), not_null={"epoch", "seq"}, strict=True
    )
    db.table("moved").create(  # accepted: the position in the receiver's lane, NULL until it is heard
        {"id": str, "epoch": int, "seq": int, "receiver": str, "to_epoch": int, "accepted": int},
        pk="id",
        not_null={"epoch", "seq", "receiver", "to_epoch"},
        strict=True,
    )
    db.table("moved").create_index(["accepted"])
    db.table("asks").create(  # the standing question to each neighbour
        {"receiver": str, "ask": str, "body": bytes}, pk="receiver", not_null={"ask", "body"}, strict=True
    )
    db.execute(_BOOKED.format(kind="move", field="move", type="rights.accepted.v1"))
    db.execute(_BOOKED.format(kind="transfer", field="transfer", type="transfer.received.v1"))


def lan_tables(db: "Database") -> None:
    """``link.db``: the site's other tills, and what they said that waits for this kiosk's backroom."""
    db.table("lan_tills").create(
        {
            "kiosk": str,
            "presence": bytes,
            "holds": bytes,
            "boot": str,
            "mono": int,  # ns, when it was heard last; NULL: only what the broker had kept of it
            "heard_at": str,
        },
        pk="kiosk",
        not_null={"presence"},
        strict=True,
    )
    db.table("lan_heard").create(  # kind: ask, move or accepted
        {"kind": str, "kiosk": str, "id": str, "bytes": bytes, "boot": str, "mono": int},
        pk=("kind", "kiosk", "id"),
        not_null={"bytes", "boot", "mono"},
        strict=True,
    )
