"""What programs and operators want of a site's goods: how fast, what in vain a moment ago, what is kept by hand."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from contract.asking import HOUR_S, MEMORY_S
from contract.stock import StockKey
from contract.values import instant_text
from hub.core.demand import WAITED
from hub.promises.reserving import Present
from hub.store import bookings, by_hand, demands
from hub.store.chores import Site


class Online(NamedTuple):
    """By account: how much was ``asked`` for lately, got or refused, and how much of it is ``demanded`` still.

    ``by_hand`` is what an operator moved of late: how much is kept for a grant.
    """

    asked: dict[StockKey, int]
    demanded: dict[StockKey, int]
    by_hand: dict[StockKey, int]

    def per_h(self, what: StockKey) -> float:
        """Return recent demand in units an hour."""
        return self.asked.get(what, 0) * HOUR_S / MEMORY_S

    def kept(self, what: StockKey) -> int | None:
        """Return what is kept for an operator; None where none moved any of late."""
        return self.by_hand.get(what)


def read_online(connection: Connection, site: Site, whats: Sequence[StockKey], present: Present) -> Online:
    """Return what the hub's own shoppers asked for at a site."""
    remembered = instant_text(present.at - timedelta(seconds=MEMORY_S))
    got = bookings.asked_since(connection, site, whats, remembered)
    refused = demands.since(connection, site, whats, remembered, present.now)
    waited = demands.since(connection, site, whats, instant_text(present.at - WAITED), present.now) if refused else {}
    asked = {what: got.get(what, 0) + refused.get(what, 0) for what in whats}
    return Online(asked, waited, by_hand.read(connection, site, whats, present.now))
