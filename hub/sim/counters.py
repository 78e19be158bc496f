"""Two ways of old: ask the hub for each unit, or count everywhere and hope. Words pass at once while a link is up."""

from hub.sim.agenda import Agenda
from hub.sim.shelf import Shelf
from hub.sim.world import ONLINE, Day, World


class HubOnly:
    """The hub decides every sale: where the link is down, nothing is sold."""

    def __init__(self, world: World, day: Day, agenda: Agenda, shelf: Shelf) -> None:
        """Keep all stock at the hub."""
        del agenda
        self._shelf = shelf
        self._free = world.units
        self._up = [spells.up_first for spells in day.links]

    def shopper(self, where: int) -> None:
        """Sell if the hub can be asked and has a unit."""
        if self._free and (where == ONLINE or self._up[where]):
            self._free -= 1
            self._shelf.accept()
        else:
            self._shelf.refuse()

    def flip(self, nth: int) -> None:
        """Let a link fail or come back."""
        self._up[nth] = not self._up[nth]


class PnCounter:
    """A replicated counter: each kiosk sells while there is stock as last heard, less its own sales since."""

    def __init__(self, world: World, day: Day, agenda: Agenda, shelf: Shelf) -> None:
        """Tell everybody of the whole stock."""
        del agenda
        self._shelf = shelf
        self._known = world.units
        self._up = [spells.up_first for spells in day.links]
        self._told = [world.units] * world.kiosks
        self._unsent = [0] * world.kiosks

    def shopper(self, where: int) -> None:
        """Sell if there seems to be a unit."""
        linked = where == ONLINE or self._up[where]
        if (self._known if linked else self._told[where] - self._unsent[where]) <= 0:
            self._shelf.refuse()
            return
        self._shelf.accept()
        if linked:
            self._known -= 1
        else:
            self._unsent[where] += 1

    def flip(self, nth: int) -> None:
        """Merge the counters as a link comes back; remember the last count as it fails."""
        self._up[nth] = not self._up[nth]
        if self._up[nth]:
            self._known -= self._unsent[nth]
            self._unsent[nth] = 0
        self._told[nth] = self._known
