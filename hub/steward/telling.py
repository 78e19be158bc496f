"""In which order a till is told, and what a person is told of a reservation that is broken."""

from contract.down_rights import RecallRequested, ReservationPlaced
from contract.every import OwnFact
from hub.store.books import Trouble
from hub.store.reservations import Reservation


def turn(fact: OwnFact) -> int:
    """Return when a till is told: what is to be set aside comes with its own rights, before sums that hold them too.

    Between two facts a till may sell. Sums come before recalls, for they are what it may give.
    """
    return 0 if isinstance(fact, ReservationPlaced) else 2 if isinstance(fact, RecallRequested) else 1


def broken(one: Reservation, kiosk_id: int | None) -> Trouble:
    """Return the exception of a reservation that a shortfall hit."""
    detail = {
        "site": one.site,
        "source": one.source,
        "paid": one.paid,
        "goods": {f"{what.sku} {what.condition} {what.unit}": amount for what, amount in one.goods.items()},
        "what": "it is being placed anew",
    }
    return Trouble("reservation_broken", one.id, kiosk_id, detail)
