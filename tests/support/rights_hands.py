"""What people do in the rights machine: shoppers, staff, drivers, thieves, and programs at the hub."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import facts_of_a_day as day
from machine_hub import CrashPoint
from rights_kiosk import RightsKiosk
from rights_shelf import Van
from rights_world import World
from sqlalchemy import Connection

from contract.facts import StockLine
from contract.goods import GoneLine, StockWasted, TransferReceived, TransferSent
from contract.rights import (
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsRequested,
    Urgency,
)
from contract.stock import StockKey
from contract.values import BasketId, Currency, Epoch, KioskId, Money, Quantity, SiteId, Sku
from hub.promises import holds
from hub.promises.reserving import Present
from kiosk.core.reservations import ReservationError, State, decide_cancel, decide_collect, decide_hold
from kiosk.journal.errors import RightsMissing

T = TypeVar("T")


class Hands:
    """Moves goods by hand, and has tills and hub told of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.holds: list[str] = []  # reservations that programs made

    # ------------------------------------------------------------------------------------------------------- at a till

    def receive(self, kiosk: RightsKiosk, sku: str, amount: int) -> None:
        self.world.shelves[kiosk.address.site].display[sku] += amount
        kiosk.record([day.received(amount, sku=sku)])

    def sell(self, kiosk: RightsKiosk, sku: str, amount: int) -> None:
        """Sell what a shopper took from the display, whatever the books say."""
        taken = self.world.shelves[kiosk.address.site].take(sku, amount)
        if taken:
            kiosk.record([self.world.sale({sku: taken})])

    def refund(self, kiosk: RightsKiosk, sku: str, amount: int, *, restock: bool) -> None:
        if restock:
            self.world.shelves[kiosk.address.site].display[sku] += amount
        kiosk.record([day.refund(f"basket-{self.world.new_id()}", sku=sku, amount=amount, restock=restock)])

    def waste(self, kiosk: RightsKiosk, sku: str, amount: int) -> None:
        taken = self.world.shelves[kiosk.address.site].take(sku, amount)
        if taken:
            kiosk.record([StockWasted([GoneLine(Sku(sku), Quantity(taken))], self.world.clock.at, "broken")])

    def send(self, kiosk: RightsKiosk, sku: str, amount: int, to: str) -> None:
        site = kiosk.address.site
        taken = self.world.shelves[site].take(sku, amount) if to != site else 0
        if taken:
            name = self.world.new_id()
            self.world.vans[name] = Van(site, to, sku, taken)
            kiosk.record([TransferSent(name, SiteId(to), [GoneLine(Sku(sku), Quantity(taken))], self.world.clock.at)])

    def unload(self, name: str) -> None:
        """Receive what a van brought, at a till of the site that it came to."""
        van = self.world.vans.pop(name)
        kiosk = next(one for one in self.world.kiosks if one.address.site == van.to)
        self.world.shelves[van.to].display[van.sku] += van.amount
        line = StockLine(Sku(van.sku), Quantity(van.amount))
        kiosk.record([TransferReceived(name, SiteId(van.origin), [line], self.world.clock.at)])

    def hold(self, kiosk: RightsKiosk, goods: dict[str, int], wait: timedelta) -> None:
        """Set goods aside for a shopper, if the till may promise them and staff finds them."""
        shelf = self.world.shelves[kiosk.address.site]
        if any(shelf.display[sku] < amount for sku, amount in goods.items()):
            return
        name, lines = self.world.new_id(), [StockLine(Sku(sku), Quantity(n)) for sku, n in goods.items()]
        kiosk.journal.before_record()
        accounts = {StockKey(Sku(sku)): kiosk.account(sku) for sku in goods}
        try:
            fact = decide_hold(lines, accounts=accounts, reservation=name, code=name, at=self.world.clock.at, wait=wait)
        except ReservationError:
            return
        kiosk.record([fact])
        for sku, amount in goods.items():
            before = accounts[StockKey(Sku(sku))]
            may = before.available - max(0, before.overdraft - before.settled)
            assert amount <= may, f"{kiosk.address} promised {amount} of {sku} and may promise {may}"

    def collect(self, kiosk: RightsKiosk, index: int) -> None:
        """Hand goods over that were set aside, and sell them; or say that they are not there."""
        kiosk.journal.before_record()
        found = kiosk.held(State.HELD, State.PAST)
        found = [one for one in found if one.id not in self.world.ended]
        if not found:
            return
        one = found[index % len(found)]
        goods = {str(line.sku): line.quantity.amount for line in one.lines}
        shelf, at = self.world.shelves[kiosk.address.site], self.world.clock.at
        if not shelf.has_aside(one.id, goods):
            if one.state is State.HELD:
                kiosk.record(decide_cancel(one, at=at, reason="not there"))
            return
        shelf.aside.pop(one.id)
        self.world.ended.add(one.id)
        sale = self.world.sale(goods)
        kiosk.record([*decide_collect(one, basket=BasketId(sale.basket), at=at), sale])

    def cancel(self, kiosk: RightsKiosk, index: int) -> None:
        kiosk.journal.before_record()
        found = kiosk.held(State.HELD)
        if found:
            kiosk.record(decide_cancel(found[index % len(found)], at=self.world.clock.at))

    def release(self, kiosk: RightsKiosk, sku: str, amount: int) -> None:
        self._with_rights(kiosk, [RightsReleased([self._line(sku, amount)], self.world.clock.at, self.world.new_id())])

    def want(self, kiosk: RightsKiosk, sku: str, amount: int) -> None:
        """Ask the hub for rights, for a shopper who waits."""
        name = self.world.new_id()
        kiosk.record([RightsRequested(name, [self._line(sku, amount)], Urgency.ASKED, self.world.clock.at)])

    def give(self, kiosk: RightsKiosk, to: RightsKiosk, sku: str, amount: int) -> None:
        """Give rights to another till of the site; its half comes later, or never."""
        if kiosk.address == to.address or kiosk.address.site != to.address.site:
            return
        name, epoch = self.world.new_id(), to.epoch
        fact = RightsMoved(
            name, KioskId(to.address.kiosk), Epoch(epoch), [self._line(sku, amount)], self.world.clock.at
        )
        giver = kiosk.address.kiosk
        if self._with_rights(kiosk, [fact]):
            self.world.moves[name] = (to.address.kiosk, epoch, sku, amount, f"{giver}@{kiosk.epoch}")

    def accept(self, name: str) -> None:
        """Take rights over that another till of the site gave; those for an earlier life are lost on the way."""
        to, epoch, sku, amount, giver = self.world.moves.pop(name)
        kiosk = next(one for one in self.world.kiosks if one.address.kiosk == to)
        kiosk.journal.before_record()
        if kiosk.epoch == epoch:
            of, _, giver_epoch = giver.partition("@")
            line = self._line(sku, amount)
            kiosk.record([RightsAccepted(name, KioskId(of), Epoch(int(giver_epoch)), [line], self.world.clock.at)])

    def promise(self, kiosk: RightsKiosk, sku: str, amount: int, site: str | None, *, paid: bool) -> None:
        asked = ReservationRequested(
            self.world.new_id(),
            [self._line(sku, amount)],
            "en",
            Currency("EUR"),
            self.world.clock.at,
            Money(100 * amount if paid else 0),
            SiteId(site) if site else None,
        )
        kiosk.record([asked])

    def _with_rights(self, kiosk: RightsKiosk, facts: list[RightsReleased] | list[RightsMoved]) -> bool:
        try:
            kiosk.record(facts)
        except RightsMissing:
            return False
        return True

    def _line(self, sku: str, amount: int) -> StockLine:
        return StockLine(Sku(sku), Quantity(amount))

    # ------------------------------------------------------------------------------------------------------ at the hub

    def hub_hold(self, site: str, goods: dict[str, int], *, minutes: int, paid: bool, crash: CrashPoint = "") -> None:
        name = f"order-{self.world.new_id()}"
        wanted = {StockKey(Sku(sku)): amount for sku, amount in goods.items()}
        asked = holds.Hold("demo", site, wanted, timedelta(minutes=minutes), paid)
        if self._act(lambda connection, present: holds.hold(connection, present, asked, name), crash):
            self.holds.append(name)

    def hub_confirm(self, index: int, crash: CrashPoint = "") -> None:
        if self.holds:
            name = self.holds[index % len(self.holds)]
            self._act(lambda connection, present: holds.confirm(connection, present, name), crash)

    def hub_cancel(self, index: int, crash: CrashPoint = "") -> None:
        if self.holds:
            name = self.holds[index % len(self.holds)]
            done = self._act(lambda connection, present: holds.cancel(connection, present, name), crash)
            self.world.hub.look()
            if done is not None and done.state == "cancelled":
                self.holds.remove(name)

    def _act(self, do: Callable[[Connection, Present], T], crash: CrashPoint) -> T | None:
        try:
            return self.world.hub.act(do, crash)
        except holds.Refused:
            self.world.hub.store.crash = ""
            return None
