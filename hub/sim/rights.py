"""A simulated hub that moves rights between itself and kiosks as a policy says, from what it was told alone.

Before the doors open each policy's first plan is carried out, links or not: the goods were brought, and the rights with
them. All begin with the same belief about demand. From then on every word takes the link.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract import asking
from hub.core.redistribute import Grant, Holder, Policy, Pool, Recall
from hub.sim.agenda import Agenda
from hub.sim.link import Link
from hub.sim.shelf import Shelf
from hub.sim.till import Report, Till
from hub.sim.world import ONLINE, PATIENCE_S, Day, World

FIRST_PER_H: Final = (
    1.5  # what everybody is believed to sell at the opening, the web shop too: wrong, and soon unlearnt
)


class Manner(Struct, frozen=True, kw_only=True):
    """How a hub and its kiosks go about it.

    ``asks``: kiosks ask, and shoppers wait for the answer; the hub then plans at each contact, else each ``review_s``
    only. ``keeps``: the hub keeps one equal share for its own shoppers.
    """

    policy: Policy
    asks: bool = False
    keeps: bool = False
    review_s: float | None = None


class Book:
    """What the hub knows of one kiosk: what it granted, what it asked back, and the last report."""

    def __init__(self) -> None:
        """Begin with nothing granted."""
        self.granted = 0
        self.recalling = 0
        self.last = Report(per_h=FIRST_PER_H)


class RightsHub:
    """Free rights, a book for each kiosk, and shoppers online."""

    def __init__(self, world: World, day: Day, agenda: Agenda, shelf: Shelf, manner: Manner) -> None:
        """Share the stock out for the opening."""
        self._agenda = agenda
        self._shelf = shelf
        self._manner = manner
        self._safety = world.units // (world.kiosks + 1) if manner.keeps else 0
        self._meter = asking.begin(FIRST_PER_H, at_s=0)
        self._waiting: list[object] = []
        self.free = world.units
        self.links = [Link(agenda, up=spells.up_first) for spells in day.links]
        self.tills = [self._till(nth) for nth in range(world.kiosks)]
        self.books = {f"k{nth:02}": Book() for nth in range(world.kiosks)}
        self._numbers = {name: nth for nth, name in enumerate(self.books)}
        self._open()
        if manner.review_s is not None:
            agenda.every(manner.review_s, world.day_s, self._review)

    def shopper(self, where: int) -> None:
        """Serve a shopper at a kiosk, or online from what is free."""
        if where != ONLINE:
            self.tills[where].shopper()
            return
        self._meter = asking.count(self._meter, 1, at_s=self._agenda.now_s)
        if self.free:
            self._sell()
        elif self._manner.asks:
            who = object()
            self._waiting.append(who)
            self._agenda.after(PATIENCE_S, lambda: self._leave(who))
        else:
            self._shelf.refuse()
        self._contact()

    def flip(self, nth: int) -> None:
        """Let a link fail or come back; then the kiosk reports, and hears again what it was granted."""
        self.links[nth].flip()
        self.tills[nth].report()
        self._send_granted(nth, list(self.books.values())[nth].granted)

    def _till(self, nth: int) -> Till:
        link = self.links[nth]
        asks = self._manner.asks
        return Till(self._agenda, self._shelf, link, lambda said: self._hear(nth, said), per_h=FIRST_PER_H, asks=asks)

    def _open(self) -> None:
        for grant in self._manner.policy(self._view(opening=True)).grants:
            book = self.books[grant.to]
            self.free -= grant.units
            book.granted = self.tills[self._numbers[grant.to]].received = grant.units
            book.last = replace(book.last, received=grant.units)

    def _hear(self, nth: int, said: Report) -> None:
        book = list(self.books.values())[nth]
        self.free += said.released - book.last.released
        book.last = said
        book.recalling = 0
        while self._waiting and self.free:
            self._waiting.pop(0)
            self._sell()
        self._contact()

    def _contact(self) -> None:
        if self._manner.asks:
            self._review()

    def _review(self) -> None:
        plan = self._manner.policy(self._view())
        for grant in plan.grants:
            self._grant(grant)
        for recall in plan.recalls:
            self._recall(recall)

    def _grant(self, grant: Grant) -> None:
        self.free -= grant.units
        book = self.books[grant.to]
        book.granted += grant.units
        self._send_granted(self._numbers[grant.to], book.granted)

    def _send_granted(self, nth: int, total: int) -> None:
        self.links[nth].send(lambda: self.tills[nth].granted(total))

    def _recall(self, recall: Recall) -> None:
        nth = self._numbers[recall.of]
        self.books[recall.of].recalling = recall.units
        self.links[nth].send(lambda: self.tills[nth].recalled(recall))

    def _sell(self) -> None:
        self.free -= 1
        self._shelf.accept()

    def _leave(self, who: object) -> None:
        if who in self._waiting:
            self._waiting.remove(who)
            self._shelf.refuse()

    def _view(self, *, opening: bool = False) -> Pool:
        holders = tuple(
            Holder(
                name=name,
                available=book.last.available,
                in_flight=book.granted - book.last.received,
                waiting=book.last.ask.waiting,
                ahead=book.last.ask.ahead,
                demand_per_h=book.last.per_h,
                heard_s=0.0 if opening else link.heard_s,
                up_share=link.up_share,
                outage_s=link.outage_s,
                recalling=book.recalling,
            )
            for (name, book), link in zip(self.books.items(), self.links, strict=True)
        )
        per_h = asking.per_h(self._meter, at_s=self._agenda.now_s)
        return Pool(
            free=self.free, safety=self._safety, holders=holders, waiting=len(self._waiting), demand_per_h=per_h
        )
