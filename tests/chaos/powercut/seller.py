"""Sells through the real counter, and writes aside what was shown; ``record`` runs it under a trace.

``python -m powercut.seller DATA DIARY SEED SALES VARIANT``; the diary's words are those of ``words``.
"""

import os
import random
import sys
from pathlib import Path
from typing import Final

from till_terminal import barcode, sample_items

from contract.facts import KioskStarted, KioskStopping
from contract.values import Money, Quantity, Sku, Unit
from kiosk.core.basket import Basket
from kiosk.core.checkout import cash, decide_refund
from kiosk.core.counter import Counter, Mood
from kiosk.core.stock_take import decide_receive
from powercut import words
from powercut.restart import RELEASE
from powercut.variants import Variant, open_variant

GOODS: Final = 60  # those of the sample catalogue that have a barcode
MAX_LINES: Final = 4
PLENTY: Final = 1000
# How often each other thing happens: some ten times in a hundred sales; restarts as often, for they come between lines.
OFTEN: Final = 0.12
SELDOM: Final = 0.03


class Seller:
    """One till and its diary."""

    def __init__(self, data: Path, diary: Path, rng: random.Random, variant: Variant) -> None:
        """Open the till."""
        self._data = data
        self._diary = os.open(diary, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._rng = rng
        self._variant = variant
        self._start()
        self._receipts = int(self._desk.journal.connection.execute("SELECT count(*) FROM receipts").fetchone()[0])

    def sell(self, sales: int) -> None:
        """Sell so many baskets, with all that comes between."""
        if not self._desk.catalogue.count():
            self._desk.catalogue.put(sample_items())
        self._say(words.write("stocked", items=self._desk.catalogue.count()))
        for number in range(GOODS):  # more than is sold: beyond it a manager would have to come
            self._receive(number, PLENTY)
        for _ in range(sales):
            self._fill()
            self._pay()
            if self._chance(OFTEN):
                self._refund()
            if self._chance(OFTEN):
                self._receive(self._rng.randrange(GOODS), self._rng.randint(1, 9))
            if self._chance(OFTEN):
                self._tidy()
        self._end()

    def _start(self) -> None:
        self._desk = open_variant(self._variant, self._data)
        self._desk.record([KioskStarted(version=RELEASE, epoch=self._desk.journal.epoch)])
        self._say(words.write("started"))
        self._counter = Counter(self._desk)

    def _end(self) -> None:
        self._desk.record([KioskStopping(reason="restart")])
        self._say(words.write("stopping"))
        self._desk.close()

    def _fill(self) -> None:
        for _ in range(self._rng.randint(1, MAX_LINES)):
            self._counter.enter(f"{self._rng.randint(1, 3)}*{barcode(self._rng.randrange(GOODS))}")
            self._say(words.kept(self._counter.basket))
            if self._chance(SELDOM):
                self._end()
                self._start()
        if len(self._counter.basket.lines) > 1 and self._chance(OFTEN):
            self._counter.void(self._rng.randrange(len(self._counter.basket.lines)))
            self._say(words.kept(self._counter.basket))

    def _pay(self) -> None:
        if problem := self._desk.storage_problem():  # asked when the till's pay screen opens
            raise SystemExit(problem)
        if self._chance(OFTEN):
            self._tidy()
        basket = self._counter.basket
        self._say(words.write("pay", basket=basket.id, kind="sale"))
        if self._variant is Variant.SAYS_FIRST:
            self._say(words.done("sale", basket, f"k1-1-{self._receipts + 1}"))
        notice = self._counter.sell(basket.total_minor)
        if notice.mood is not Mood.SOLD or self._counter.sold is None:
            raise SystemExit(notice.text)
        self._receipts += 1
        if self._variant is not Variant.SAYS_FIRST:
            self._say(words.done("sale", basket, self._counter.sold.receipt))
        self._sold = basket

    def _refund(self) -> None:
        basket = Basket(self._desk.new_basket_id(), self._sold.currency, self._sold.lines)
        self._say(words.write("pay", basket=basket.id, kind="refund"))
        back = cash(basket.total_minor, Money(basket.total_minor))
        refund = decide_refund(basket, [back], refunded_at=self._desk.clock.stamp().at)
        recorded = self._desk.record([refund])[0]
        self._receipts += 1
        self._say(words.done("refund", basket, recorded.receipt or "?"))

    def _receive(self, number: int, amount: int) -> None:
        sku = Sku(f"P-{number:02d}")
        self._desk.record([decide_receive(sku, Quantity(amount, Unit.PIECE), self._desk.clock.stamp().at)])
        self._say(words.write("delivery"))

    def _tidy(self) -> None:
        self._desk.idle()
        self._say(words.write("tidied"))

    def _say(self, line: bytes) -> None:
        os.write(self._diary, line)

    def _chance(self, of: float) -> bool:
        return self._rng.uniform(0, 1) < of


def main(data: str, diary: str, seed: str, sales: str, variant: str) -> None:
    """Sell."""
    Seller(Path(data), Path(diary), random.Random(int(seed)), Variant(variant)).sell(int(sales))


if __name__ == "__main__":
    main(*sys.argv[1:])
