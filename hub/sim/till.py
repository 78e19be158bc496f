"""A simulated kiosk that sells from rights alone: an account, a meter, and the contract's own rules for asking."""

from collections.abc import Callable

from msgspec import Struct

from contract import asking
from contract.asking import Ask
from hub.core.redistribute import Recall
from hub.sim.agenda import Agenda
from hub.sim.link import Link
from hub.sim.shelf import Shelf
from hub.sim.world import PATIENCE_S


class Report(Struct, frozen=True):
    """What a kiosk tells: its sums since the opening, so that the newest says all; what it asks for; its demand."""

    received: int = 0
    sold: int = 0
    released: int = 0
    ask: Ask = Ask()
    per_h: float = 0.0

    @property
    def available(self) -> int:
        """Return what it may still sell."""
        return self.received - self.sold - self.released


class Till:
    """Sells what it has rights to. Where ``asks``, it asks the hub, and a shopper waits while the link is up."""

    def __init__(
        self, agenda: Agenda, shelf: Shelf, link: Link, tell: Callable[[Report], None], *, per_h: float, asks: bool
    ) -> None:
        """Begin with no rights, and believing in a demand of ``per_h``."""
        self._agenda = agenda
        self._shelf = shelf
        self._link = link
        self._tell = tell
        self._asks = asks
        self._meter = asking.begin(per_h, at_s=0)
        self._waiting: list[object] = []
        self.received = self.sold = self.released = 0

    @property
    def available(self) -> int:
        """Return what it may sell (I1: never below zero)."""
        return self.received - self.sold - self.released

    def shopper(self) -> None:
        """Serve a shopper, let them wait, or send them away."""
        self._meter = asking.count(self._meter, 1, at_s=self._agenda.now_s)
        if self.available:
            self._sell()
        elif self._asks and self._link.up:
            who = object()
            self._waiting.append(who)
            self._agenda.after(PATIENCE_S, lambda: self._leave(who))
        else:
            self._shelf.refuse()
        self.report()

    def granted(self, total: int) -> None:
        """Take in what was granted since the opening, ``total`` units: repeats change nothing."""
        if total <= self.received:
            return
        self.received = total
        while self._waiting and self.available:
            self._waiting.pop(0)
            self._sell()
        self.report()

    def recalled(self, recall: Recall) -> None:
        """Answer a recall with a release, of nothing perhaps."""
        self.released += asking.decide_release(
            self.available,
            wanted=recall.units,
            urgent=recall.urgent,
            waiting=len(self._waiting),
            demand_per_h=self._per_h(),
            outage_s=self._link.outage_s,
        )
        self.report()

    def report(self) -> None:
        """Tell the hub how things stand, if the link is up."""
        report = Report(self.received, self.sold, self.released, self._ask(), self._per_h())
        self._link.send(lambda: self._tell(report))

    def _ask(self) -> Ask:
        if not self._asks:
            return Ask()
        waiting = len(self._waiting)
        return asking.decide_ask(
            self.available, waiting=waiting, demand_per_h=self._per_h(), outage_s=self._link.outage_s
        )

    def _sell(self) -> None:
        self.sold += 1
        self._shelf.accept()

    def _leave(self, who: object) -> None:
        if who in self._waiting:
            self._waiting.remove(who)
            self._shelf.refuse()
            self.report()

    def _per_h(self) -> float:
        return asking.per_h(self._meter, at_s=self._agenda.now_s)
