"""Quantities, prices, ages and the status line in words; the picture in the docs."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from contract.codec import Stamp
from contract.down import Item
from contract.values import Address, Currency, KioskId, Money, Quantity, RegionId, SiteId, Sku, Unit
from demo.picture import SCENE, draw
from kiosk.core.ports import LinkState
from kiosk.till.wording import age, item_price, quantity, status, unit_price

EUR, JPY = Currency("EUR"), Currency("JPY")
AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
ADDRESS = Address(RegionId("north"), SiteId("market"), KioskId("k1"))


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [(3, "pc", "3"), (250, "g", "0.250 kg"), (12_005, "ml", "12.005 l"), (1000, "mm", "1.000 m")],
)
def test_quantities(amount, unit, text):
    assert quantity(Quantity(amount, Unit(unit))) == text


@pytest.mark.parametrize(
    ("minor", "per", "unit", "currency", "text"),
    [
        (120, 1, "pc", EUR, "1.20"),
        (299, 1000, "g", EUR, "2.99/kg"),
        (625, 100, "pc", EUR, "0.0625"),
        (15, 10, "pc", JPY, "1.5"),
        (12345, 10_000, "ml", EUR, "12.345/l"),
        (100, 3, "pc", EUR, "1.00 for 3"),
        (100, 100, "g", EUR, "1.00 for 100"),
    ],
)
def test_unit_prices_are_exact(minor, per, unit, currency, text):
    assert unit_price(Money(minor), per, Unit(unit), currency) == text


def test_an_item_without_a_price_says_so():
    assert item_price(Item(Sku("x"), "X"), EUR) == "ask price"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400, "1 d"), (900_000, "10 d")]
)
def test_ages(seconds, text):
    assert age(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_long_reason_is_cut_and_the_rest_of_the_status_line_is_not(width):
    link = LinkState(configured=True, unsent=12345, acked_at=AT - timedelta(hours=30), problem="x" * 300)
    line = status(ADDRESS, link, Stamp(at=AT, clock="untrusted", boot="", mono_ns=0), width)
    assert ("12345 unsent | CLOCK" if width < 80 else "12345 unsent, ack 1 d ago | CLOCK") in line
    assert "CLOCK UNTRUSTED" in line
    assert len(line) <= width


async def test_the_picture_is_of_the_real_screen_and_asks_nobody_for_anything():
    svg = await draw(SCENE)
    assert "Oat" in svg
    assert "font-face" not in svg
    assert re.findall(r"https?://[^\s\"<]+", svg.replace("http://www.w3.org/2000/svg", "")) in (
        [],
        ["https://www.textualize.io"],
    )
