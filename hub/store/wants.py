"""Statements of what kiosks say about rights: that they want some, and that they answered a recall."""

from typing import Final

from sqlalchemy import Connection, or_, update

from contract.rights import RightsReleased, RightsRequested
from contract.values import instant_text
from hub.store.rights_tables import recalls, wants
from hub.store.upsert import insert

_KEY: Final = ("kiosk_id", "epoch", "sku", "condition", "unit")


def want(connection: Connection, kiosk_id: int, epoch: int, asked: RightsRequested) -> None:
    """Note what a kiosk wants. A request that is repeated, or older than what is waited for, changes nothing.

    A want that was met stays with an amount of 0, so that its repeat is known.
    """
    statement = insert(connection, wants)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: new[name] for name in ("request", "amount", "why", "at")},
        where=(wants.c.request != new.request) & or_(wants.c.amount == 0, wants.c.at <= new.at),
    )
    rows = [
        {
            "kiosk_id": kiosk_id,
            "epoch": epoch,
            "sku": line.sku,
            "condition": line.condition,
            "unit": line.quantity.unit,
            "request": asked.request,
            "amount": line.quantity.amount,
            "why": asked.why,
            "at": instant_text(asked.requested_at),
        }
        for line in asked.lines
    ]
    connection.execute(statement, rows)


def answered(connection: Connection, kiosk_id: int, released: RightsReleased, now: str) -> None:
    """Note that a kiosk answered a recall of its own, and with how much, be it nothing."""
    mine = (recalls.c.id == released.recall, recalls.c.kiosk_id == kiosk_id, recalls.c.answered_at.is_(None))
    for line in released.lines:
        of_line = (
            recalls.c.sku == line.sku,
            recalls.c.condition == line.condition,
            recalls.c.unit == line.quantity.unit,
        )
        given = line.quantity.amount
        connection.execute(update(recalls).where(*mine, *of_line).values(answered_at=now, given=given))
    connection.execute(update(recalls).where(*mine).values(answered_at=now, given=0))
