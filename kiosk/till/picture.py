"""Makes ``docs/img/till.svg`` from the real screen: ``python -m kiosk.till.picture docs/img/till.svg``.

The picture asks no font host, and says nothing of the machine it was made on.
"""

import asyncio
import html
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from contract.codec import Stamp
from contract.down import Item
from contract.every import UpFact
from contract.facts import ClockStepped, SaleRecorded, StockLine
from contract.shop import Shop
from contract.values import Address, BasketId, Currency, Gtin, KioskId, Money, Receipt, RegionId, Seq, SiteId, Sku, Unit
from kiosk.core.attempts import Attempt
from kiosk.core.basket import Basket
from kiosk.core.parking import Parked
from kiosk.core.ports import LastSale, LinkState, Recorded
from kiosk.till.app import TillApp

SIZE: Final = (96, 28)
_CELL: Final = 12.2  # the width of a cell in the exported drawing
_FONT_FACE: Final = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_TEXT: Final = re.compile(
    r'<text (class="[^"]+-r\d+") x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)
_WORDS: Final = re.compile(r"[^\xa0 ]+")
_AT: Final = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)


def _item(sku: str, name: str, minor: int | None, gtin: str = "", unit: Unit = Unit.PIECE) -> Item:
    price = Money(minor) if minor is not None else None
    return Item(Sku(sku), name, [Gtin(gtin)] if gtin else [], price, unit.per, unit)


ITEMS: Final = (
    _item("ESP-1", "Espresso", 220, "04006381333931"),
    _item("ESP-2", "Espresso doppio", 310),
    _item("BEAN-250", "Espresso beans, house blend, 250 g", 890),
    _item("MILK-OAT", "Oat milk 1 l", 279, "07394376616501"),
    _item("TOTE", "Cotton tote bag, natural", 1250, "05901234123457"),
    _item("APPLE", "Apples, loose", 299, unit=Unit.GRAM),
)


class _Clock:
    floor = _AT

    def stamp(self) -> Stamp:
        return Stamp(at=_AT, clock="trusted", boot="", mono_ns=0)

    def must_ask(self) -> bool:
        return False

    def tell(self, told_at: datetime) -> ClockStepped:
        return ClockStepped(before=_AT, after=told_at, by="person")

    def settle(self) -> None:
        return None


class SampleDesk:
    """A desk with sample goods, in memory; the pictures in the docs are taken of it."""

    address = Address(RegionId("north"), SiteId("market-hall"), KioskId("k1"))
    clock = _Clock()

    def __init__(self) -> None:
        """Begin with an empty basket."""
        self._facts = 16

    def record(self, facts: Sequence[UpFact]) -> Sequence[Recorded]:
        """Number sales, and forget them."""
        self._facts += len(facts)
        number = Receipt(f"{self.address.kiosk}-1-{self._facts}")
        done = [replace(fact, receipt=number) if isinstance(fact, SaleRecorded) else fact for fact in facts]
        return [Recorded(Seq(self._facts), fact) for fact in done]

    def keep(self, basket: Basket) -> None:
        """Forget it."""

    def open_basket(self) -> Basket:
        """Return an empty basket."""
        return Basket(self.new_basket_id(), Currency("EUR"))

    def park(self, basket: Basket, label: str) -> None:
        """Forget it."""

    def parked(self) -> list[Parked]:
        """Return none."""
        return []

    def recall(self, basket: BasketId) -> None:
        """Do nothing."""

    def beyond(self, basket: Basket) -> list[StockLine]:
        """Return nothing: the books of a picture lack nothing."""
        del basket
        return []

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item of a barcode."""
        return next((item for item in ITEMS if gtin in item.gtins), None)

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        return next((item for item in ITEMS if item.sku == sku), None)

    def search(self, text: str, limit: int) -> list[Item]:
        """Return items by the beginning of a word of their names."""
        return [item for item in ITEMS if f" {text}".lower() in f" {item.name}".lower()][:limit]

    def warning(self) -> str:
        """Return no warning."""
        return ""

    def shop(self) -> Shop:
        """Return a shop without taxes."""
        return Shop()

    def storage_problem(self) -> str:
        """Return no problem."""
        return ""

    def link(self) -> LinkState:
        """Return a link that is well."""
        return LinkState(configured=True, connected=True, unsent=0, acked_at=_AT)

    def last_sale(self) -> LastSale | None:
        """Return none."""
        return None

    def idle(self) -> None:
        """Do nothing."""

    def attempts(self, _basket: BasketId) -> list[Attempt]:
        """Return none."""
        return []

    def new_attempt_id(self) -> str:
        """Return the same id again; nothing is kept."""
        return "sample"

    def new_basket_id(self) -> BasketId:
        """Return the same id again; nothing is kept."""
        return BasketId("sample")


async def draw(keys: list[str], size: tuple[int, int] = SIZE) -> str:
    """Return the screen after ``keys`` as an SVG drawing; a key of several characters in quotes is typed."""
    app = TillApp(SampleDesk())
    async with app.run_test(size=size) as pilot:
        for key in keys:
            await pilot.press(*key[1:] if key.startswith("'") else [key])
            await pilot.pause()
        return freed(app.export_screenshot(title="kiosk till"))


def freed(svg: str) -> str:
    """Return a drawing without outside fonts, each word at its own cell, so that every viewer draws it alike."""
    plain = _FONT_FACE.sub("", svg).replace("Fira Code, monospace", "monospace")
    plain = re.sub(r"terminal-\d+", "till", plain)
    return "\n".join(line.rstrip() for line in _TEXT.sub(_by_word, plain).splitlines()) + "\n"


def _by_word(match: re.Match[str]) -> str:
    style, x, y, rest, text = match.groups()
    return "".join(
        f'<text {style} x="{float(x) + word.start() * _CELL:.1f}" y="{y}" '
        f'textLength="{len(word[0]) * _CELL:.1f}" lengthAdjust="spacingAndGlyphs"{rest}>{html.escape(word[0])}</text>'
        for word in _WORDS.finditer(html.unescape(text))
    )


SCENE: Final = [
    "'4006381333931",
    "enter",
    "'3*7394376616501",
    "enter",
    "'tote",
    "enter",
    "'0.750*apple",
    "enter",
    "'esp",
]

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(draw(SCENE)), "utf-8")
