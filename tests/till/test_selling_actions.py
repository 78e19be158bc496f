"""Selling by keys: quantities, discounts, other prices, notes, empties, favourites; and what the screen shows of it."""

import pytest
from selling_shop import ITEMS, SHOP

from contract.shop import Person, Role
from kiosk.bootstrap import open_desk
from kiosk.config import Config
from kiosk.core.timekeeping import ClockMode
from kiosk.people import make_hash

TEA, COLA = "4006381333931", "036000291452"


@pytest.fixture
def desk(tmp_path):
    return shop_desk(tmp_path, SHOP)


def shop_desk(folder, shop):
    desk = open_desk(folder / "data", Config(clock=ClockMode.SYSTEM, shop=shop))
    desk.catalogue.put(ITEMS)
    return desk


def rows(till, *texts):
    """Return whether rows of the screen hold these, one below the other."""
    shown = [" ".join(row.split()) for row in till.screen().splitlines()]
    return texts in zip(*(shown[at:] for at in range(len(texts))), strict=False)


async def test_another_quantity_takes_two_keys(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.type("5")
        await till.press("f11")
        assert till.basket() == [("TEA", 5)]
        await till.press("home")
        assert "AMOUNT NEEDED: Tea" in till.screen()
        await till.type("2\n")
        assert till.basket() == [("TEA", 2)]


async def test_the_last_line_again_takes_one_key(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.press("insert")
        await till.type("+\n3*+\n")
        assert till.basket() == [("TEA", 6)]


async def test_the_selected_line_is_the_one_that_is_meant(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.scan(COLA)
        await till.press("up")
        await till.type("3")
        await till.press("f11")
        assert till.basket() == [("TEA", 3), ("COLA", 1)]


async def test_a_discount_stands_under_its_line(open_till, desk):
    async with open_till(desk) as till:
        await till.type(f"2*{TEA}\n")
        await till.press("f6")
        assert "DISCOUNT on Tea" in till.screen()
        await till.type("10%\n")
        await till.type("1\n")
        assert rows(till, "> 2 Tea 4.50 9.00", "− 10%: damaged -0.90")
        assert "TOTAL 8.10 EUR" in till.screen()


async def test_a_discount_on_everything_stands_behind_the_last_line(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.type("10%")
        await till.press("ctrl+d")
        await till.scan(COLA)
        assert rows(till, "1 Tea 4.50 4.50", "> 1 Cola 1.50 1.50", "+ Deposit, 0.25 each 0.25")
        assert rows(till, "+ Deposit, 0.25 each 0.25", "On everything − 10% -0.60")
        assert "TOTAL 5.65 EUR" in till.screen()


async def test_a_discount_above_the_limit_asks_for_a_manager_s_pin_and_the_sale_goes_on(open_till, tmp_path):
    anna = Person("anna", "Anna", Role.MANAGER, make_hash("4711"))
    async with open_till(shop_desk(tmp_path, type(SHOP)(staff=[anna], discount_ppm=100_000))) as till:
        await till.scan(TEA)
        await till.type("50%")
        await till.press("f6")
        await till.type("old box\n")
        assert "2.25 EUR off Tea" in till.screen()
        assert "PIN of Anna" in till.screen()
        await till.type("47")
        assert "> **" in till.screen()
        await till.type("11\n")
        assert "TOTAL 2.25 EUR" in till.screen()
        await till.scan(TEA)
        assert till.basket() == [("TEA", 1), ("TEA", 1)]


async def test_a_wrong_pin_changes_no_price(open_till, tmp_path):
    anna = Person("anna", "Anna", Role.MANAGER, make_hash("4711"))
    async with open_till(shop_desk(tmp_path, type(SHOP)(staff=[anna]))) as till:
        await till.scan(TEA)
        await till.type("4.00")
        await till.press("f7")
        await till.type("2\n1234\n")
        assert "that is not the PIN of Anna" in till.notice()
        await till.press("escape")
        assert "TOTAL 4.50 EUR" in till.screen()
        await till.press("f7")
        await till.type("4.00\n2\n4711\n")
        assert rows(till, "> 1 Tea 4.00 4.00", "instead of 4.50: good until soon")


async def test_a_note_is_typed_and_shown(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.type("gift wrap")
        await till.press("ctrl+n")
        assert rows(till, "> 1 Tea 4.50 4.50", "Note: gift wrap")


async def test_everything_is_taken_out_after_a_question(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(TEA)
        await till.scan(COLA)
        await till.press("ctrl+x")
        assert "VOID 2 lines" in till.screen()
        await till.type("1\n")
        assert till.basket() == []
        assert till.notice() == "the basket is empty again"


async def test_empties_are_scanned_one_after_the_other(open_till, desk):
    async with open_till(desk) as till:
        await till.press("ctrl+p")
        assert "Deposit" in till.screen()
        await till.scan(COLA)
        await till.scan(COLA)
        await till.type("6*")
        await till.press("enter", "down", "enter")
        assert "8 × Deposit" in till.screen()
        await till.press("enter")
        assert rows(till, "> 8 Back: Deposit 0.25 -2.00")
        await till.scan(TEA)
        assert "TOTAL 2.50 EUR" in till.screen()


async def test_bottles_without_a_deposit_are_refused_and_the_others_kept(open_till, desk):
    async with open_till(desk) as till:
        await till.press("ctrl+p")
        await till.scan(COLA)
        await till.scan(TEA)
        assert "Tea has no deposit" in till.notice()
        await till.press("enter")
        assert till.basket() == []  # a second Enter of a scanner answers nothing
        till.wait_s(2)
        await till.press("enter")
        assert till.basket() == [("PF", 1)]


async def test_favourites_are_chosen_by_number_with_a_quantity(open_till, desk):
    async with open_till(desk) as till:
        await till.type("3")
        await till.press("f3")
        assert "FAVOURITES" in till.screen()
        assert "3.00 a kg" in till.screen()
        await till.type("1\n")
        assert till.basket() == [("TEA", 3)]


async def test_an_age_is_asked_and_goods_in_hand_are_not_forgotten_for_a_scan(open_till, desk):
    async with open_till(desk) as till:
        await till.type("BEER\n")
        assert "Is the shopper at least 16?" in till.screen()
        await till.scan(TEA)
        assert "that was a barcode" in till.notice()
        await till.type("y\n")
        assert till.basket() == [("BEER", 1)]
        await till.type("2*BEER\n")
        assert till.basket() == [("BEER", 3)]
        await till.type("WINE\n2\n")
        assert till.notice() == "not added: Wine"


async def test_expired_goods_are_asked_about(open_till, desk):
    async with open_till(desk) as till:
        await till.scan("(01)04006381333931(17)200101")
        assert "EXPIRED: Tea was good until 2020-01-01" in till.screen()
        await till.press("escape")
        assert till.notice() == "not added: Tea"
        await till.scan("(01)04006381333931(17)200101")
        await till.type("2\n")
        await till.type("anna\n")
        assert rows(till, "> 1 Tea 4.50 4.50", "expired on 2020-01-01")


async def test_a_bundle_shows_its_parts(open_till, desk):
    async with open_till(desk) as till:
        await till.type("SET\n")
        assert rows(till, "> 1 Set 6.00 6.00", "with 1 Tea", "with 0.500 kg Apples")


async def test_search_finds_the_beginning_of_a_barcode(open_till, desk):
    async with open_till(desk) as till:
        await till.press("f2")
        await till.type("40063")
        assert "TEA" in till.screen()
        await till.press("down", "enter")
        assert till.basket() == [("TEA", 1)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_long_baskets_with_rows_under_their_lines_scroll(open_till, desk, size):
    async with open_till(desk, size=size) as till:
        for _ in range(30):
            await till.scan(COLA)
            await till.scan(TEA)
        assert "lines above" in till.screen()
        assert rows(till, "+ Deposit, 0.25 each 0.25", "> 1 Tea 4.50 4.50")
        await till.press(*["up"] * 59)
        assert rows(till, "> 1 Cola 1.50 1.50", "+ Deposit, 0.25 each 0.25")
        await till.press("f8")
        assert len(till.basket()) == 59
