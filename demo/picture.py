"""Makes ``docs/img/till.svg`` from the real screen: ``python -m demo.picture docs/img/till.svg``.

The picture asks no font host, and says nothing of the machine it was made on.
"""

import asyncio
import html
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from contract.down import Item
from contract.values import Gtin, Lane, Money, RegionId, SiteId, Sku, Unit
from kiosk.bootstrap import LocalDesk, open_lane
from kiosk.clock import KioskClock
from kiosk.config import Config
from kiosk.core.timekeeping import ClockMode
from kiosk.station import open_station
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


@contextmanager
def sample_desk(data_dir: Path) -> Iterator[LocalDesk]:
    """Give the desk of a kiosk with sample goods, on an afternoon in November."""
    config = Config(region=RegionId("north"), site=SiteId("market-hall"), clock=ClockMode.SYSTEM)
    clock = KioskClock(config.clock, machine=lambda: _AT)
    journal = open_lane(data_dir, config, Lane.TILL, clock)
    with closing(LocalDesk(data_dir, config, clock, journal)) as desk:
        desk.catalogue.put(ITEMS)
        yield desk


async def draw(keys: list[str], size: tuple[int, int] = SIZE) -> str:
    """Return the screen after ``keys`` as an SVG drawing; a key of several characters in quotes is typed."""
    with TemporaryDirectory() as folder, sample_desk(Path(folder)) as desk, open_station(desk) as station:
        app = TillApp(station)
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
