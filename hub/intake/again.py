"""Reads a fact again that was set aside: an update knows what an older release did not.

Rules
-----
1.  It enters the books at its own position and in its own life. If that is closed by now, the fact is late, as others
    are (:mod:`hub.core.late`). Its position was counted when it was set aside: no acknowledgement and no chain changes.
2.  What is still not readable, or stands where it does not say, stays where it is. Forks are in the books already.
3.  What it asks for is asked again now, but for a request for rights and a report that a newer one has followed: they
    told of a moment that is over.
"""

from msgspec import structs
from sqlalchemy import Connection

from contract.envelope import LaneSource
from contract.rights import RightsReported, RightsRequested
from contract.values import Epoch, Lane
from hub.core.inbox import Refused, Taken, read
from hub.core.reconcile import Effects, effects_of
from hub.intake.deliveries import DeliveryDesk
from hub.intake.rights_desk import RightsDesk
from hub.store import books, inbox, lives, set_aside, troubles
from hub.store.books import Trouble
from hub.store.inbox import KioskRow
from hub.store.set_aside import FORK, SetAside


def read_again(connection: Connection, number: int, now: str) -> str:
    """Book what was set aside under ``number`` if it can be read now; return why not, or nothing.

    Call it in a transaction of its own. Raises: KeyError for a number that is none; ContentRefused through the
    transaction.
    """
    found = set_aside.find(connection, number)
    if found is None:
        raise KeyError(number)
    kiosk = inbox.lock_kiosks(connection, [found.address], now, most=0)[found.address]
    one = set_aside.find(connection, number)  # locked now: nobody else reads it again
    if one is None or one.resolved:
        return "" if one else "it is gone"
    if one.kind == FORK:
        return "its number was taken by another fact; what it says of goods and money is booked already"
    outcome = read(one.raw, source=LaneSource(one.address, Epoch(one.epoch), Lane(one.lane)), seq=one.seq, prev="")
    if isinstance(outcome, Refused):
        return outcome.what
    _book(connection, kiosk, one, outcome, now)
    if set_aside.resolve(connection, one, now):
        troubles.resolve(connection, "quarantined", one.subject, now)
    return ""


def _book(connection: Connection, kiosk: KioskRow, one: SetAside, taken: Taken, now: str) -> None:
    key = (kiosk.id, one.epoch, one.lane)
    effects = _still_asked(connection, kiosk, one, effects_of(taken.fact))
    inbox.add_facts(connection, [inbox.fact_row(key, taken, now)])
    rights = RightsDesk(connection, now)
    rights.hear(kiosk, one.epoch)
    rights.note(kiosk, one.epoch, Lane(one.lane), taken, effects)
    rights.write()
    came = DeliveryDesk(connection, now)
    came.note(kiosk, one.epoch, Lane(one.lane), taken)
    came.write()
    if effects.receipt:
        row = books.receipt_row(key, one.seq, effects.receipt)
        reused = [
            Trouble("receipt_reused", f"{one.address} {again['receipt']}", kiosk.id, {"seq": one.seq})
            for again in books.add_receipts(connection, [row])
        ]
        books.open_exceptions(connection, reused, now)


def _still_asked(connection: Connection, kiosk: KioskRow, one: SetAside, effects: Effects) -> Effects:
    asked = effects.asked
    if isinstance(asked, RightsRequested) or (
        isinstance(asked, RightsReported)
        and any(
            life.epoch == one.epoch and life.generation >= asked.generation
            for life in lives.read_lives(connection, [kiosk.id], [one.epoch])
        )
    ):
        return structs.replace(effects, asked=None)
    return effects
