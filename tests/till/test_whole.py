"""What matters stands on the screen whole: with long names, on small screens, in the counter's language."""

import pytest
from selling_shop import ITEMS, SHOP
from stock_hands import fill, line
from till_terminal import sample_items, stock_desk

from contract.down import Item
from contract.shop import ExchangeRate, Shop
from contract.values import Currency, Gtin, Money, Sku
from kiosk.bootstrap import open_desk
from kiosk.config import Config
from kiosk.core import slips
from kiosk.core.actions import BY_ID
from kiosk.core.goods import listed_goods
from kiosk.core.timekeeping import ClockMode
from kiosk.station import open_station
from kiosk.till.speech import Speech
from kiosk.till.translations import LANGUAGES

SMALL = (66, 20)
LONG = "4 Fines Pièces de Bœuf Assaisonnées (2 Fines Pièces de Bœuf à la Provençale - 2 au Concassé de 3 Poivres)"
BEEF = "03181238928650"


@pytest.fixture
def shop_desk(tmp_path):
    """Return the desk of a shop, with goods whose name is longer than any screen's row."""
    shop = Shop(discount_ppm=SHOP.discount_ppm, exchange=[])
    desk = open_desk(tmp_path / "shop", Config(clock=ClockMode.SYSTEM, shop=shop))
    desk.catalogue.put([*ITEMS, Item(Sku("BEEF"), LONG, [Gtin(BEEF)], Money(1890))])
    return desk


def words(till):
    """Return the screen as one row, so that it does not matter where rows end."""
    return " ".join(till.screen().split())


@pytest.mark.parametrize("size", [SMALL, (80, 24)])
async def test_the_day_that_goods_expired_on_is_said_whole_behind_a_long_name(open_till, shop_desk, size):
    async with open_till(shop_desk, size=size, speech=Speech.of("de")) as till:
        await till.scan(f"(01){BEEF}(17)200131")
        assert f"{LONG} war gut bis 31.01.2020" in words(till)
        assert "1 Weglassen" in words(till)
        rows = [row.strip() for row in till.frame.options.render().plain.splitlines()]
        till.frame.options.on_click(_Click(rows.index("1  Weglassen")))
        await till.settle()
        assert till.notice() == f"nicht gebucht: {LONG}"


class _Click:
    """A finger on a row."""

    x = 5

    def __init__(self, y):
        self.y = y


async def test_why_goods_cost_what_they_cost_is_said_in_the_counters_language(open_till, shop_desk):
    async with open_till(shop_desk, speech=Speech.of("de")) as till:
        await till.scan("(01)04006381333931(17)200131")
        await till.type("2\nanna\n")
        assert "abgelaufen am 31.01.2020" in till.screen()
        await till.type("2.5%")
        await till.press("f6")
        assert "− 2,5 %" in till.screen()
        await till.type("4,50\n")
        assert "Artikel ohne Code" in till.screen()


async def test_the_price_that_a_manager_allows_is_said_whole(open_till, shop_desk):
    async with open_till(shop_desk, size=SMALL) as till:
        await till.scan(BEEF[1:])
        await till.type("3.00")
        await till.press("f7")
        await till.press("down", "enter")
        assert "3.00 EUR for 4 Fines Pièces" in till.screen()


async def test_a_note_has_its_whole_row(open_till, shop_desk):
    async with open_till(shop_desk, size=SMALL) as till:
        await till.type("TEA\n")
        note = "to be wrapped as a gift, with a red bow"
        await till.type(note)
        await till.press("ctrl+n")
        assert f"Note: {note}" in till.screen()


async def test_a_basket_that_is_paid_in_part_says_so(open_till):
    async with open_till() as till:
        await till.scan("4006381333931")
        assert "Paid so far" not in till.screen()
        await till.press("f9")
        await till.type("0.70\n")
        await till.press("escape")
        assert "Paid so far 0.70" in till.screen()
        assert "Left to pay 1.50" in till.screen()


async def test_the_keys_of_a_menu_stand_in_one_column(open_till):
    async with open_till() as till:
        await till.press("f1")
        rows = till.screen().splitlines()
        caps = {"Favourites": "F3", "Discount all": "Ctrl+D", "Repeat": "Ins"}
        found = [next(row for row in rows if f"  {label} " in row).rindex(cap) for label, cap in caps.items()]
        assert len(set(found)) == 1


async def test_a_slip_and_a_promise_are_in_the_counters_language_unless_asked(open_till, tmp_path):
    desk = stock_desk(tmp_path / "data")
    async with open_till(desk, speech=Speech.of("en")) as till:
        station = till.app._sale.station
        station.language = "fr"
        fill(station, line("ESP-1", 5))
        till.app._sale.begin(BY_ID["reserve"])
        await till.settle()
        await till.scan("4006381333931")
        await till.press("enter", "enter")
        assert "RÉSERVÉ POUR VOUS" in till.screen()
        await till.press("enter")
        till.app._sale.begin(BY_ID["promise"])
        await till.settle()
        await till.scan("4006381333931")
        await till.press("enter")
        assert "Enter: Français" in till.screen()
        await till.press("enter")
        await till.press("enter", "enter")
        assert "slip in Français" in till.screen()


def test_pieces_have_a_word_in_every_language():
    said = Speech.of("de").say(listed_goods([line("TEA", 14)]))
    assert "14 Stück" in said
    assert "pc" not in said


def test_a_station_speaks_to_shoppers_in_the_language_of_its_counter(shop_desk):
    assert set(slips.LANGUAGES) == set(LANGUAGES), "a slip for every counter"
    with open_station(shop_desk, Speech.of("es")) as station:
        assert station.language == "es"


async def test_which_currency_and_which_card_are_asked_beside_what_it_is_about(open_till, tmp_path):
    rates = [ExchangeRate(Currency(one), Money(90), 100) for one in ("USD", "CHF")]
    desk = open_desk(tmp_path / "money", Config(clock=ClockMode.SYSTEM, shop=Shop(exchange=rates)))
    desk.catalogue.put(sample_items())
    async with open_till(desk) as till:
        await till.scan("4006381333931")
        await till.press("f9")
        await till.type("0.70\n")
        await till.press("f4")
        assert till.frame.told().amount == "1.50"
        await till.press("escape", "f9", "f2")
        await till.type("3\n")
        till.app._sale.begin(BY_ID["cards"])
        await till.settle()
        await till.type("1\n")
        assert till.frame.told().amount == "1.50"


async def test_a_title_beside_large_figures_goes_on_in_the_next_row(open_till, shop_desk):
    async with open_till(shop_desk, size=(120, 40)) as till:
        await till.scan(BEEF[1:])
        await till.press("ctrl+n")
        panel = till.frame.panel.render().plain
        assert f"NOTE on {LONG[:40]}" in panel
        assert LONG[-8:] in panel
