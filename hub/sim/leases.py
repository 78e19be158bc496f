"""Leases that the hub reclaims when they expire: what is often done, and oversells even where every clock is right."""

from typing import Final

from hub.sim.agenda import Agenda
from hub.sim.shelf import Shelf
from hub.sim.world import ONLINE, Day, World

LEASE_S: Final = 1_200.0  # set to the published share of days that oversell, 75 %
REVIEW_S: Final = 300.0  # how often leases are renewed, and how late at most one is reclaimed


class Leases:
    """Each kiosk leases an equal share, renewed at each contact. It stops when the lease ends; the hub takes it back.

    The hub cannot know what was sold meanwhile, which is why this oversells. It learns of it when the kiosk is back.
    """

    def __init__(self, world: World, day: Day, agenda: Agenda, shelf: Shelf) -> None:
        """Lease out equal shares, one for the hub's own shoppers among them."""
        self._agenda = agenda
        self._shelf = shelf
        self._up = [spells.up_first for spells in day.links]
        share = world.units // (world.kiosks + 1)
        self._free = world.units - share * world.kiosks
        self._booked = [share] * world.kiosks
        self._available = [share] * world.kiosks
        self._unsent = [0] * world.kiosks
        self._until_s = [LEASE_S] * world.kiosks
        agenda.every(REVIEW_S, world.day_s, self._review)

    def shopper(self, where: int) -> None:
        """Sell from what is free, or from a lease that runs; a kiosk that is dry renews if it can."""
        if where == ONLINE:
            sold = self._free > 0
            self._free -= sold
        else:
            if self._up[where] and not self._available[where]:
                self._renew(where)
            sold = self._sell_leased(where)
        if sold:
            self._shelf.accept()
        else:
            self._shelf.refuse()

    def flip(self, nth: int) -> None:
        """Let a link fail or come back, with what was sold meanwhile."""
        self._up[nth] = not self._up[nth]
        if self._up[nth]:
            self._renew(nth)

    def _sell_leased(self, nth: int) -> bool:
        if not self._available[nth] or self._until_s[nth] <= self._agenda.now_s:
            return False
        self._available[nth] -= 1
        if self._up[nth]:
            self._booked[nth] -= 1
        else:
            self._unsent[nth] += 1
        return True

    def _renew(self, nth: int) -> None:
        self._free += self._booked[nth] - self._unsent[nth]  # may fall below zero: that much is oversold already
        self._booked[nth] = self._unsent[nth] = 0
        stock = max(0, self._free) + sum(self._booked)
        leased = max(0, min(self._free, max(1, stock // (len(self._up) + 1))))
        self._free -= leased
        self._booked[nth] = self._available[nth] = leased
        self._until_s[nth] = self._agenda.now_s + LEASE_S

    def _review(self) -> None:
        for nth, up in enumerate(self._up):
            if up:
                self._renew(nth)
            elif self._until_s[nth] <= self._agenda.now_s:
                self._free += self._booked[nth]
                self._booked[nth] = 0
