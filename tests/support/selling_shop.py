"""A shop that sells all that can be sold, over the real desk, and what is done at its counter."""

from collections.abc import Iterator
from pathlib import Path

from talks import answered, ended

from contract.codec import decode
from contract.down import Item
from contract.sales import SaleRecorded
from contract.shop import BundlePart, Shop
from contract.values import Gtin, Money, Quantity, Sku, Unit
from kiosk.bootstrap import open_desk
from kiosk.config import Config
from kiosk.core.basket import Line
from kiosk.core.dialogues.adding import add_item
from kiosk.core.notices import Notice, Wanted
from kiosk.core.station import Station
from kiosk.core.timekeeping import ClockMode
from kiosk.station import NoDevices, open_station

ITEMS = [
    Item(Sku("TEA"), "Tea", [Gtin("04006381333931")], Money(450)),
    Item(Sku("APPLE"), "Apples", [], Money(300), 1000, Unit.GRAM),
    Item(Sku("OIL"), "Oil", [], None, 1, Unit.MILLILITRE),
    Item(Sku("NUT"), "Nuts", [], Money(1), 10),
    Item(Sku("REPAIR"), "Repair", [], None),
    Item(Sku("PF"), "Deposit", [], Money(25), discountable=False),
    Item(Sku("COLA"), "Cola", [Gtin("00036000291452")], Money(150), deposit=Sku("PF")),
    Item(Sku("BEER"), "Beer", [], Money(200), deposit=Sku("PF"), age=16),
    Item(Sku("WINE"), "Wine", [], Money(900), age=18),
    Item(Sku("GIFT"), "Gift card", [], Money(1000), discountable=False),
    Item(Sku("LOST"), "Lost", [], Money(100), deposit=Sku("GONE")),
    Item(Sku("SET"), "Set", [], Money(600), parts=[BundlePart(Sku("TEA")), BundlePart(Sku("APPLE"), 500)]),
]
SHOP = Shop(
    discount_ppm=100_000, favourites=[Sku("TEA"), Sku("GONE"), Sku("APPLE"), Sku("NUT"), Sku("REPAIR"), Sku("OIL")]
)


class Scale(NoDevices):
    """A scale with something on it."""

    def __init__(self, grams: int) -> None:
        self.grams = grams

    def weigh(self) -> Quantity:
        return Quantity(self.grams, Unit.GRAM)


def opened(folder: Path, shop: Shop) -> Iterator[Station]:
    desk = open_desk(folder / "data", Config(clock=ClockMode.SYSTEM, shop=shop))
    desk.catalogue.put(ITEMS)
    with open_station(desk) as station:
        yield station
    desk.close()


def sell(station: Station, *texts: str) -> None:
    """Type entries; what they lack is asked of nobody."""
    for text in texts:
        answer = station.counter.enter(text)
        assert answer is None, answer
    station.selected = len(station.counter.basket.lines) - 1


def ask(station: Station, text: str, *answers: str) -> Notice | None:
    wanted = station.counter.enter(text)
    assert isinstance(wanted, Wanted), wanted
    return ended(answered(add_item(station, wanted), *answers))


def lines(station: Station) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity.amount) for line in station.counter.basket.lines]


def line(station: Station) -> Line:
    return station.counter.basket.lines[station.selected]


def total(station: Station) -> int:
    return station.counter.bill.total_minor


def last_sale(station: Station) -> SaleRecorded:
    journal = station.counter.desk.journal  # type: ignore[attr-defined]
    data = [decode(raw).data for _, raw in journal.stored(journal.epoch)][-1]
    assert isinstance(data, SaleRecorded)
    return data
