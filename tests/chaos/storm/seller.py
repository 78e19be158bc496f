"""A seller: one process that sells through the real desk, and keeps a diary of what its shoppers were told.

Rules
-----
1.  The storage check comes before tendering, as on the till's pay screen; a bold seller may go on in spite of it.
2.  What could not be stored is noted as refused, and the same basket is tried again once the till is well.
3.  After a restart the open basket that the till gives back is sold as it is. A basket that was tendered and is not
    open any more was sold: the till shows its last sale. A refund is tried again under its own basket's id.
"""

import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from contract.down import Item
from contract.facts import KioskStarted, KioskStopping, RefundRecorded, SaleRecorded, StockLine, StockReceived
from contract.values import BasketId, Money, Quantity, Receipt, Sku
from demo.seller import MAX_LINES
from kiosk.bootstrap import LocalDesk, open_desk, version
from kiosk.clock import now_utc
from kiosk.core.basket import Basket, add, make_line
from kiosk.core.checkout import cash, decide_refund, decide_sale
from kiosk.core.ports import AlreadySold, Recorded
from kiosk.core.stock_take import decide_count
from kiosk.journal.errors import StorageFailed
from kiosk.journal.stock import expected
from kiosk.signals import stop_on_signals
from storm.clocked import replace_clocks
from storm.diary import Diary, entries
from storm.orders import Orders, read_number, write_number
from storm.shifted import ShiftedClock

DELIVERED: Final = 200  # of each item
_ILL_S: Final = 90.0  # longer than any nemesis keeps a disk full or read-only
_LOOK_S: Final = 0.05  # between two looks at a disk that is ill
_DONE_S: Final = 0.2  # a till whose shop is sold out only tidies up
_IDLE_EVERY: Final = 15  # sales: nobody is buying just now
_NOTE: Final = 500  # the smallest bank note, in minor units
_REMEMBERED: Final = 40  # sales that a shopper may still bring back


class Stopped(Exception):
    """The seller is told to end."""


class Seller:
    """One seller at one till."""

    def __init__(self, orders: Orders, stopped: threading.Event) -> None:
        """Open the till."""
        self._orders = orders
        self._stopped = stopped
        self.desk: LocalDesk = open_desk(orders.data)
        held = sum(1 for epoch in self.desk.journal.epochs() for _ in self.desk.journal.stored(epoch))
        self._elsewhere = held - self.desk.journal.newest()  # facts of other epochs
        self._rng = random.Random(f"{orders.seed} {held}")
        self._diary = Diary(orders.diary)
        self._items = [item for item in self.desk.catalogue.items() if item.price_minor and item.unit == "pc"]
        self._sold: list[tuple[Basket, Receipt]] = []

    def run(self) -> None:
        """Sell until the share is sold, then stay open; end when told to."""
        self.desk.record([KioskStarted(version=version(), epoch=self.desk.journal.epoch)])
        if self.desk.clock.must_ask():
            self.desk.record([self.desk.clock.tell(now_utc())])  # a person looks at a watch
        self._take_up(entries(self._orders.diary))
        if self._count() < 3:
            self._deliver(len(self._items))
        for turn in range(sys.maxsize):
            write_number(self._orders.pulse, self._count())
            if turn % _IDLE_EVERY == 0:
                self._tidy()
            if self._count() >= self._orders.share:
                self._pause(_DONE_S)
            else:
                self._act()
                self._pause(read_number(self._orders.pace) * self._rng.uniform(0.5, 1.5))

    def close(self) -> None:
        """End in order."""
        self.desk.record([KioskStopping(reason="the storm is over")])
        write_number(self._orders.pulse, self._count())
        self.desk.close()

    def _count(self) -> int:
        return self._elsewhere + self.desk.journal.newest()

    def _act(self) -> None:
        chance = self._rng.random()
        if chance < 0.02:
            self._deliver(3)
        elif chance < 0.04:
            self._take_stock()
        elif chance < 0.12 and self._sold:
            self._refund(*self._sold.pop(self._rng.randrange(len(self._sold))))
        else:
            self._sell(*self._fill())

    def _tidy(self) -> None:
        def tidy() -> None:
            if settled := self.desk.clock.settle():
                self.desk.record([settled])
            self.desk.idle()

        self._patiently(tidy)

    def _fill(self) -> tuple[Basket, bool]:
        """Scan a basket line by line; return it, and whether the till has kept it all.

        A line that is not kept stays in the basket; a bold seller goes on to sell it, another waits.
        """
        basket, kept = Basket(self.desk.new_basket_id(), self.desk.config.currency), True
        while not basket.lines or (len(basket.lines) < MAX_LINES and self._rng.random() < 0.6):
            basket = add(basket, make_line(self._scan(), self._rng.randint(1, 3)))
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
        chosen = self._rng.choice(self._items)
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
            lambda: decide_sale(basket, [payment], sold_at=self.desk.clock.stamp().at),
            kept=kept,
        )
        if sold and sold.receipt:
            self._sold = [*self._sold[-_REMEMBERED:], (basket, sold.receipt)]

    def _refund(self, basket: Basket, receipt: Receipt) -> None:
        chosen = tuple(self._rng.sample(basket.lines, self._rng.randint(1, len(basket.lines))))
        self._pay_back(Basket(self.desk.new_basket_id(), basket.currency, chosen), receipt)

    def _pay_back(self, basket: Basket, receipt: Receipt | None = None) -> None:
        payment = cash(basket.total_minor, basket.total_minor)

        def decide() -> RefundRecorded:
            return replace(decide_refund(basket, [payment], refunded_at=self.desk.clock.stamp().at), sale=receipt)

        self._tender("refund", basket, decide)

    def _tender(
        self, kind: str, basket: Basket, decide: Callable[[], SaleRecorded | RefundRecorded], *, kept: bool = False
    ) -> Recorded | None:
        """Record a sale or a refund, as often as it takes; None if it turns out to be recorded already.

        ``kept`` says whether a crash must give the basket back.
        """
        lines = [[line.sku, str(line.quantity.unit), line.quantity.amount] for line in basket.lines]
        while True:
            problem = self.desk.storage_problem()
            if not problem or self._rng.random() < self._orders.bold:
                total = basket.total_minor
                self._diary.say("tender", basket=basket.id, kind=kind, lines=lines, minor=total, kept=kept)
                try:
                    recorded = self.desk.record([decide()])[0]
                except AlreadySold:
                    return None
                except StorageFailed as error:
                    problem = str(error)
                else:
                    self._done(basket.id, kind, str(recorded.receipt), total)
                    return recorded
            self._diary.say("refused", basket=basket.id, kind=kind, why=problem)
            self._wait_until_well()

    def _done(self, basket: str, kind: str, receipt: str, minor: int) -> None:
        self._diary.say("done", basket=basket, kind=kind, receipt=receipt, minor=minor)

    def _take_up(self, diary: list[dict[str, Any]]) -> None:
        """Go on where the last seller was cut off."""
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

    def _deliver(self, items: int) -> None:
        lines = [StockLine(item.sku, Quantity(DELIVERED, item.unit)) for item in self._rng.sample(self._items, items)]
        self._patiently(lambda: self.desk.record([StockReceived(lines, self.desk.clock.stamp().at)]))
        self._diary.say("delivery", lines=[[line.sku, str(line.quantity.unit), line.quantity.amount] for line in lines])

    def _take_stock(self) -> None:
        item = self._rng.choice(self._items)

        def count() -> int:
            was, covers = expected(self.desk.journal, item.sku, item.unit)
            found = Quantity(max(0, was + self._rng.randint(-3, 3)), item.unit)
            at = self.desk.clock.stamp().at
            self.desk.record([decide_count(item.sku, found, expected=was, covers=covers, at=at, reason="storm")])
            return found.amount

        amount = self._patiently(count)
        self._diary.say("counted", lines=[[item.sku, str(item.unit), amount]])

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
