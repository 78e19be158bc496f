"""In which order a till is told, and what a person is told of a reservation that is broken, and of goods missing."""

from collections.abc import Iterable

from contract.down_rights import RecallRequested, ReservationPlaced
from contract.every import OwnFact
from contract.stock import Account
from hub.store.books import Trouble
from hub.store.pools import PoolKey
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


def missing(key: PoolKey, deficit: int, *, is_kept: bool) -> Trouble:
    """Return the exception of a deficit. A shop that books no goods in is told so once, for all.

    The deficits stand in the books; what comes one day is a chore of its own, and settles them.
    """
    if is_kept:
        detail = {"missing": deficit, "why": "nothing is left that could pay for what left without rights"}
        return Trouble("deficit", subject_of(key), None, detail)
    what = {"first": str(key.what.sku), "why": "goods are sold that were never booked in"}
    return Trouble("goods_unbooked", f"{key.region}/{key.site}", None, what)


def subject_of(key: PoolKey) -> str:
    """Return how an exception names an account of a site."""
    return f"{key.region}/{key.site} {key.what.sku} {key.what.condition} {key.what.unit}"


def was_booked_in(accounts: Iterable[Account]) -> bool:
    """Return whether any of an account's goods ever came to the site."""
    return any(one.received + one.returned + one.arrived + one.moved_in + one.granted for one in accounts)
