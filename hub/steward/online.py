"""What programs ask for of a site's goods: how fast, and what they asked for in vain a moment ago."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from contract.asking import HOUR_S, MEMORY_S
from contract.stock import StockKey
from contract.values import instant_text
from hub.core.demand import WAITED
from hub.promises.reserving import Present
from hub.store import bookings, demands
from hub.store.chores import Site


class Online(NamedTuple):
    """By account: how much was ``asked`` for lately, got or refused, and how much of it is ``demanded`` still."""

    asked: dict[StockKey, int]
    demanded: dict[StockKey, int]

    def per_h(self, what: StockKey) -> float:
        """Return recent demand in units an hour."""
        return self.asked.get(what, 0) * HOUR_S / MEMORY_S


def read_online(connection: Connection, site: Site, whats: Sequence[StockKey], present: Present) -> Online:
    """Return what the hub's own shoppers asked for at a site."""
    remembered = instant_text(present.at - timedelta(seconds=MEMORY_S))
    got = bookings.asked_since(connection, site, whats, remembered)
    refused = demands.since(connection, site, whats, remembered, present.now)
    waited = demands.since(connection, site, whats, instant_text(present.at - WAITED), present.now) if refused else {}
    return Online({what: got.get(what, 0) + refused.get(what, 0) for what in whats}, waited)
