"""Labels at the till, as scanners send them: weights, prices, days and separators."""

import pytest
from till_terminal import stock_desk

from contract.down import Item
from contract.shop import Shop
from contract.values import Gtin, Money, Sku, Unit
from kiosk.bootstrap import open_desk
from kiosk.config import Config
from kiosk.core.timekeeping import ClockMode

HAM = Item(Sku("HAM"), "Ham", [Gtin("09520123456788")], Money(1890), 1000, Unit.GRAM)
CHEESE = Item(Sku("12345"), "Cheese", [], Money(1000), 1000, Unit.GRAM)
SHOP = Shop(templates=["21IIIIIPPPPPC", "28IIIIIWWWWWC"])


@pytest.fixture
def desk(tmp_path):
    desk = open_desk(tmp_path / "data", Config(clock=ClockMode.SYSTEM, shop=SHOP))
    desk.catalogue.put([HAM, CHEESE])
    return desk


@pytest.mark.parametrize(
    "label",
    [
        "]C101095201234567883103000335",
        "01095201234567883103000335",
        "(01)09520123456788(3103)000335",
        "\x1d01095201234567883103000335",
        "https://example.com/01/09520123456788?3103=000335",
    ],
)
async def test_a_weight_on_a_label_is_what_is_sold(open_till, desk, label):
    async with open_till(desk) as till:
        await till.scan(label)
        assert till.basket() == [("HAM", 335)]
        assert "0.335 kg  Ham" in till.screen()
        assert "TOTAL 6.33 EUR" in till.screen()


async def test_a_separator_that_a_keyboard_sends_is_kept_and_can_be_seen(open_till, desk):
    async with open_till(desk) as till:
        await till.type("]C1010952012345678810A7\x1d3103000335", gap_s=0.0)
        assert "10A7^3103000335" in till.screen()
        await till.press("enter")
        assert till.basket() == [("HAM", 335)]


async def test_pasted_separators_are_kept(open_till, desk):
    async with open_till(desk) as till:
        await till.paste("]C1010952012345678810A7\x1d3103000335\n")
        assert till.basket() == [("HAM", 335)]


async def test_a_shop_s_own_labels_have_a_price_or_a_weight(open_till, desk):
    async with open_till(desk) as till:
        await till.scan("2112345002996")
        await till.scan("2812345002506")
        assert till.basket() == [("12345", 299), ("12345", 250)]
        assert "TOTAL 5.49 EUR" in till.screen()


async def test_a_scan_of_a_long_label_while_words_are_typed_is_one_line(open_till, desk):
    async with open_till(desk) as till:
        await till.scan("https://example.com/01/09520123456788?3103=000335&linkType=all&" + "x" * 200)
        assert till.basket() == [("HAM", 335)]


async def test_a_label_while_words_are_typed_is_taken_for_itself(open_till, desk):
    async with open_till(desk) as till:
        await till.type("che")
        await till.scan("]C101095201234567883103000335")
        assert till.basket() == [("HAM", 335)]


async def test_a_label_while_something_else_is_asked_is_no_answer(open_till, tmp_path):
    async with open_till(stock_desk(tmp_path / "other")) as till:
        await till.type("REPAIR\n")
        await till.scan("]C101095201234567883103000335")
        assert "that was a barcode" in till.notice()
        assert till.basket() == []
