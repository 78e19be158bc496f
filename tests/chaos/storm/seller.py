"""A seller: one process that sells through the real desk, and keeps a diary of what its shoppers were told.

Rules
-----
1.  The storage check comes before tendering, as on the till's pay screen; a bold seller may go on in spite of it.
2.  What could not be stored is noted as refused, and the same basket is tried again once the till is well.
3.  After a restart the open basket that the till gives back is sold as it is. A basket that was tendered and is not
    open any more was sold: the till shows its last sale. A refund is tried again under its own basket's id.
4.  Nobody sells what is not on the shelf (:mod:`storm.shelf`), and whatever is there is sold, rights or not.
"""

import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from contract.down import Item
from contract.facts import KioskStarted, KioskStopping, RefundRecorded, SaleRecorded
from contract.values import BasketId, Money, Receipt, Sku
from demo.seller import MAX_LINES
from kiosk.bootstrap import LocalDesk, open_desk, version
from kiosk.clock import now_utc
from kiosk.core.basket import Basket, add, make_line
from kiosk.core.checkout import cash, decide_refund, decide_sale
from kiosk.core.ports import AlreadySold
from kiosk.core.reservations import ReservationError, fill_basket
from kiosk.journal.errors import NotHeld, StorageFailed
from kiosk.signals import stop_on_signals
from storm.clocked import replace_clocks
from storm.diary import Diary, entries
from storm.orders import Orders, read_number, write_number
from storm.shelf import Shelf
from storm.shifted import ShiftedClock
from storm.staff import PLENTY, SCARCE_DELIVERED, Staff

_ILL_S: Final = 90.0  # longer than any nemesis keeps a disk full or read-only
_LOOK_S: Final = 0.05  # between two looks at a disk that is ill
_DONE_S: Final = 0.2  # a till whose shop is sold out only tidies up
_IDLE_EVERY: Final = 15  # sales: nobody is buying just now
_NOTE: Final = 500  # the smallest bank note, in minor units
_REMEMBERED: Final = 40  # sales that a shopper may still bring back
_OPENED: Final = 3  # facts of a shop that has had its first delivery
_LINES: Final = 50  # of a delivery or a count
_COUNTING: Final = 2  # the first phase in which all is counted
_PARKED_MOST: Final = 2  # baskets that wait at one till
_WANT_SCARCE: Final = 0.3  # of what shoppers take there is never enough
_DELIVERIES, _REFUNDS, _PARKED, _COLLECTED, _STAFF = 0.02, 0.08, 0.10, 0.13, 0.33  # up to which chance what is done


class Stopped(Exception):
    """The seller is told to end."""


class Seller:
    """One seller at one till."""

    def __init__(self, orders: Orders, stopped: threading.Event) -> None:
        """Open the till."""
        self._orders = orders
        self._stopped = stopped
        self.desk: LocalDesk = open_desk(orders.data)
        self._first = self.desk.config.epoch  # what salvage brought of earlier cards is not this one's share
        held = self._count()
        self._rng = random.Random(f"{orders.seed} {held}")
        self._diary = Diary(orders.diary)
        self._items = [item for item in self.desk.catalogue.items() if item.price_minor and item.unit == "pc"]
        self._sold: list[tuple[Basket, Receipt]] = []
        self._shelf = Shelf(orders.shelf, orders.site, orders.kiosk)
        self._counted = 0.0
        self._staff = Staff(
            self.desk,
            self._diary,
            self._shelf,
            self._rng,
            neighbours=orders.neighbours,
            sites=orders.sites,
            wait_until_well=self._wait_until_well,
        )

    def run(self) -> None:
        """Sell until the share is sold, then stay open; end when told to."""
        self.desk.record([KioskStarted(version=version(), epoch=self.desk.journal.epoch)])
        if self.desk.clock.must_ask():
            self.desk.record([self.desk.clock.tell(now_utc())])  # a person looks at a watch
        if not self._orders.only_sells:
            self._staff.look_up_all()
        self._take_up(entries(self._orders.diary))
        if self._count() < _OPENED:
            self._open_shop()
        for turn in range(sys.maxsize):
            write_number(self._orders.pulse, self._count())
            phase = read_number(self._orders.phase)
            if turn % _IDLE_EVERY == 0:
                self._tidy()
            if phase or self._count() >= self._orders.share:
                self._close_up(phase)
                self._pause(_DONE_S)
            else:
                self._act()
                self._pause(read_number(self._orders.pace) * self._rng.uniform(0.5, 1.5))

    def close(self) -> None:
        """End in order."""
        if not self._orders.only_sells:
            self._staff.hear_answers()
        self.desk.record([KioskStopping(reason="the storm is over")])
        write_number(self._orders.pulse, self._count())
        self._shelf.close()
        self.desk.close()

    def _count(self) -> int:
        return sum(int(last) for epoch, last in self.desk.journal.ends().items() if epoch >= self._first)

    def _act(self) -> None:
        chance = 1.0 if self._orders.only_sells else self._rng.random()
        if chance < _DELIVERIES:
            self._staff.deliver({item.sku: self._load(item) for item in self._rng.sample(self._items, 3)})
        elif chance < _REFUNDS and self._sold:
            self._refund(*self._sold.pop(self._rng.randrange(len(self._sold))))
        elif chance < _PARKED:
            self._park_or_recall()
        elif chance < _COLLECTED:
            self._collect()
        elif chance < _STAFF:
            self._staff.act()
        else:
            self._sell(*self._fill())

    def _open_shop(self) -> None:
        """Take the first delivery in; what is scarce comes to some of the tills only."""
        for at in range(0, len(self._items), _LINES):
            some = self._items[at : at + _LINES]
            self._staff.deliver({item.sku: self._load(item) for item in some if self._may_have(item)})

    def _may_have(self, item: Item) -> bool:
        return item.sku not in self._staff.scarce or self._orders.counts

    def _load(self, item: Item) -> int:
        return SCARCE_DELIVERED if item.sku in self._staff.scarce else PLENTY

    def _close_up(self, phase: float) -> None:
        """Do what is left once nobody buys any more: look around, unload what is late, count when told to."""
        self._staff.hear_answers()
        self._staff.tend(closing_up=phase >= _COUNTING)
        while phase and self._staff.unload(late=True):
            pass
        if phase >= _COUNTING and self._orders.counts and phase != self._counted:
            skus = self._shelf.skus()
            chunks = [skus[at : at + _LINES] for at in range(0, len(skus), _LINES)]
            if all(self._staff.take_stock(chunk) for chunk in chunks):
                self._counted = phase

    def _park_or_recall(self) -> None:
        """Put a basket aside for a shopper who forgot something, or sell one that waits."""
        parked = self.desk.parked()
        if len(parked) < _PARKED_MOST:
            basket, kept = self._fill()
            if kept:
                self._patiently(lambda: self.desk.park(basket, "forgot something"))
                self._diary.say("parked", basket=basket.id)
            else:
                self._sell(basket, kept)
            return
        one = self._rng.choice(parked).basket
        self._patiently(lambda: self.desk.recall(one.id))
        self._sell(one, kept=True)

    def _collect(self) -> None:
        """Sell what was set aside to the shopper who comes for it, found by the code on their slip."""
        found = self._staff.held()
        if not found:
            return
        one = self._staff.room.reservation(self._rng.choice(found).code)
        if not self._staff.is_there(one):
            self._staff.give_up(one)
            return
        name = self._staff.name_next()
        items = self._staff.room.items(line.sku for line in one.lines)
        basket = fill_basket(one, basket=BasketId(name), currency=self.desk.config.currency, items=items)
        payment = cash(basket.total_minor, basket.total_minor)
        self._shelf.take(name, "basket", {})
        try:
            self._tender("sale", basket, lambda: self._staff.room.collect(one, payment).receipt)
        except (ReservationError, NotHeld):  # its time was over at this very moment
            self._shelf.undo(name)
        self._staff.tend()

    def _tidy(self) -> None:
        def tidy() -> None:
            if settled := self.desk.clock.settle():
                self.desk.record([settled])
            self.desk.idle()

        self._patiently(tidy)
        if not self._orders.only_sells:
            self._patiently(self._staff.tend)
            self._staff.hear_answers()

    def _fill(self) -> tuple[Basket, bool]:
        """Scan a basket line by line; return it, and whether the till has kept it all.

        A line that is not kept stays in the basket; a bold seller goes on to sell it, another waits.
        """
        basket, kept = Basket(self.desk.new_basket_id(), self.desk.config.currency), True
        while not basket.lines or (len(basket.lines) < MAX_LINES and self._rng.random() < 0.6):
            item = self._scan()
            taken = self._shelf.take(basket.id, "basket", {item.sku: self._rng.randint(1, 3)})
            if not taken:
                continue  # there is plenty of most
            basket = add(basket, make_line(item, taken[item.sku]))
            try:
                self.desk.keep(basket)
            except StorageFailed as error:
                self._diary.say("refused", basket=basket.id, kind="sale", why=str(error))
                if self._rng.random() < self._orders.bold:
                    return basket, False
                self._wait_until_well()
                self.desk.keep(basket)
        return basket, kept

    def _scan(self) -> Item:
        scarce = self._rng.random() < _WANT_SCARCE
        chosen = self._rng.choice([item for item in self._items if (item.sku in self._staff.scarce) is scarce])
        found = self.desk.scan(chosen.gtins[0]) if chosen.gtins else self.desk.item(chosen.sku)
        if found is None:
            raise LookupError(f"{chosen.sku} is not in the catalogue")
        return found

    def _sell(self, basket: Basket, kept: bool) -> None:  # noqa: FBT001 - what _fill says of the basket
        total = basket.total_minor
        payment = cash(total, Money(-(-total // _NOTE) * _NOTE))
        sold = self._tender(
            "sale",
            basket,
            lambda: self._record(decide_sale(basket, [payment], sold_at=self.desk.clock.stamp().at)),
            kept=kept,
        )
        if sold:
            self._sold = [*self._sold[-_REMEMBERED:], (basket, sold)]

    def _record(self, fact: SaleRecorded | RefundRecorded) -> Receipt:
        receipt = self.desk.record([fact])[0].receipt
        assert receipt is not None
        return receipt

    def _refund(self, basket: Basket, receipt: Receipt) -> None:
        chosen = tuple(self._rng.sample(basket.lines, self._rng.randint(1, len(basket.lines))))
        self._pay_back(Basket(self.desk.new_basket_id(), basket.currency, chosen), receipt)

    def _pay_back(self, basket: Basket, receipt: Receipt | None = None) -> None:
        payment = cash(basket.total_minor, basket.total_minor)

        def record() -> Receipt:
            fact = decide_refund(basket, [payment], refunded_at=self.desk.clock.stamp().at)
            return self._record(replace(fact, sale=receipt))

        self._shelf.expect(basket.id, "refund", goods_in(basket))
        self._tender("refund", basket, record)

    def _tender(
        self, kind: str, basket: Basket, record: Callable[[], Receipt], *, kept: bool = False
    ) -> Receipt | None:
        """Record a sale or a refund, as often as it takes; None if it turns out to be recorded already.

        ``kept`` says whether a crash must give the basket back.
        """
        while True:
            problem = self.desk.storage_problem()
            if not problem or self._rng.random() < self._orders.bold:
                try:
                    return self._at_the_door(kind, basket, record, kept=kept)
                except AlreadySold:
                    self._shelf.done(basket.id)
                    return None
                except StorageFailed as error:
                    problem = str(error)
            self._diary.say("refused", basket=basket.id, kind=kind, why=problem)
            self._wait_until_well()

    def _at_the_door(self, kind: str, basket: Basket, record: Callable[[], Receipt], *, kept: bool) -> Receipt:
        lines = [[line.sku, str(line.quantity.unit), line.quantity.amount] for line in basket.lines]
        total = basket.total_minor
        with self._shelf.door():
            self._shelf.mark(basket.id)
            if kind == "sale":
                self._staff.note_rights(basket.id, goods_in(basket))
            self._diary.say("tender", basket=basket.id, kind=kind, lines=lines, minor=total, kept=kept)
            receipt = record()
            self._shelf.done(basket.id)
        self._done(basket.id, kind, str(receipt), total)
        return receipt

    def _done(self, basket: str, kind: str, receipt: str, minor: int) -> None:
        self._diary.say("done", basket=basket, kind=kind, receipt=receipt, minor=minor)

    def _take_up(self, diary: list[dict[str, Any]]) -> None:
        """Go on where the last seller was cut off."""
        cards = [number for number, entry in enumerate(diary) if entry["say"] == "card"]
        diary = diary[cards[-1] :] if cards else diary  # an earlier card's baskets are not on this one
        done = {entry["basket"]: entry["receipt"] for entry in diary if entry["say"] == "done"}
        tenders = [entry for entry in diary if entry["say"] == "tender"]
        open_basket = self.desk.open_basket()
        if tenders and tenders[-1]["basket"] not in done:
            last = tenders[-1]
            if last["kind"] == "refund":
                self._pay_back(self._basket_of(last))
            elif last["basket"] != open_basket.id:
                self._ask_last_sale(last, set(done.values()))
        if open_basket.lines:
            self._sell(open_basket, kept=True)

    def _ask_last_sale(self, tender: dict[str, Any], told: set[str]) -> None:
        """Look whether the till's last sale is the one that was cut off; if the basket was kept, it must be."""
        last = self.desk.last_sale()
        if last and last.receipt not in told and last.total_minor == tender["minor"]:
            self._done(tender["basket"], "sale", last.receipt, last.total_minor)
        elif tender["kept"]:
            raise LookupError(f"basket {tender['basket']} is neither open nor the last sale {last}: it was lost")

    def _basket_of(self, tender: dict[str, Any]) -> Basket:
        items = {item.sku: item for item in self._items}
        lines = tuple(make_line(items[Sku(sku)], amount) for sku, _, amount in tender["lines"])
        return Basket(BasketId(tender["basket"]), self.desk.config.currency, lines)

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Do what is no sale, again and again until the disk takes it."""
        while True:
            try:
                return act()
            except StorageFailed:
                self._wait_until_well()

    def _wait_until_well(self) -> None:
        deadline = time.monotonic() + _ILL_S
        while problem := self.desk.storage_problem():
            if time.monotonic() > deadline:
                raise TimeoutError(f"for {_ILL_S:g} s: {problem}")
            self._pause(_LOOK_S)

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped


def goods_in(basket: Basket) -> dict[str, int]:
    """Return how much of each sku is in a basket."""
    goods: dict[str, int] = {}
    for line in basket.lines:
        goods[line.sku] = goods.get(line.sku, 0) + line.quantity.amount
    return goods


def main(orders: Orders) -> None:
    """Sell as ordered, until SIGTERM."""
    stopped = stop_on_signals()
    replace_clocks(ShiftedClock(orders.shift))
    seller = Seller(orders, stopped)
    try:
        seller.run()
    except Stopped:
        seller.close()


if __name__ == "__main__":
    main(Orders.from_json(sys.argv[1]))
