"""The physical shelf: what lies where. Only the world moves it; nothing in the books reads it.

Goods lie on a site's display, aside behind its counter for one shopper, or on a van. Staff can take from the display
only what is there; what a shopper carries to the till has left the display, whatever the books say.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.every import UpFact
from contract.facts import RefundRecorded, SaleRecorded, StockReceived
from contract.goods import StockWasted, TransferReceived, TransferSent

Goods = Mapping[str, int]


@dataclass
class Shelf:
    """What lies at one site."""

    display: Counter[str] = field(default_factory=Counter)
    aside: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def total(self, sku: str) -> int:
        return self.display[sku] + sum(goods[sku] for goods in self.aside.values())

    def take(self, sku: str, wanted: int) -> int:
        """Take from the display what is there of ``wanted``."""
        amount = min(wanted, self.display[sku])
        self.display[sku] -= amount
        return amount

    def set_aside(self, name: str, goods: Goods) -> None:
        """Put behind the counter what the display has of ``goods``."""
        for sku, wanted in goods.items():
            self.aside[name][sku] += self.take(sku, wanted)

    def put_back(self, name: str) -> None:
        self.display += self.aside.pop(name, Counter())

    def has_aside(self, name: str, goods: Goods) -> bool:
        return all(self.aside[name][sku] >= amount for sku, amount in goods.items())


@dataclass(frozen=True)
class Van:
    """Goods on their way to a site."""

    origin: str
    to: str
    sku: str
    amount: int


class Flow(Counter[str]):
    """What one fact says of each sku that can be sold."""


def came(fact: UpFact) -> Flow:
    """Return what came onto the shelf by a fact; less what left."""
    flow = Flow()
    match fact:
        case SaleRecorded(lines=sold):
            for one in sold:
                flow[one.sku] -= one.quantity.amount
        case RefundRecorded(lines=back):
            for line in back:
                flow[line.sku] += line.quantity.amount if line.restock else 0
        case StockReceived(lines=new) | TransferReceived(lines=new):
            for arrived in new:
                flow[arrived.sku] += arrived.quantity.amount
        case StockWasted(lines=gone) | TransferSent(lines=gone):
            for left in gone:
                flow[left.sku] -= left.quantity.amount
        case _:
            pass
    return flow


def beyond(fact: UpFact) -> Flow:
    """Return what left by a fact without any right to it, as its till said openly."""
    flow = Flow()
    if isinstance(fact, SaleRecorded | StockWasted | TransferSent):
        for line in fact.lines:
            flow[line.sku] += line.overdraft
    return flow
