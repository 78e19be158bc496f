"""Cards, vouchers, foreign cash and PINs at the screen: by their keys, by touch, and what a scan means there."""

from pathlib import Path

import pytest
from till_terminal import barcode, sample_items, stock_desk

from contract.codec import decode
from contract.facts import StockLine, StockReceived
from contract.sales import SaleRecorded
from contract.shop import ExchangeRate, Person, Role, Shop, TaxRate
from contract.values import Currency, Money, Quantity, Sku
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.config import Config
from kiosk.core.timekeeping import ClockMode
from kiosk.people import make_hash
from kiosk.till.keymap import KeymapError, make_keymap
from kiosk.till.sale import SaleScreen
from kiosk.till.talk import TalkScreen

ESPRESSO = "4006381333931"
SHOP = Shop(
    taxes=[TaxRate("", 190_000, "VAT 19 %")],
    exchange=[ExchangeRate(Currency("USD"), Money(91), 100)],
    staff=[Person("anna", "Anna", Role.MANAGER, make_hash("471100"))],
)
CONFIG = Config(clock=ClockMode.SYSTEM, shop=SHOP)


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    desk = open_desk(tmp_path / "data", CONFIG)
    desk.catalogue.put(sample_items())
    return desk


def sales(desk: LocalDesk) -> list[SaleRecorded]:
    facts = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)]
    return [fact for fact in facts if isinstance(fact, SaleRecorded)]


async def test_the_pay_screen_says_the_tax_and_every_way_to_pay(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        shown = till.screen()
        for text in (
            "TO PAY 2.20 EUR",
            "VAT 19 %: 0.35 EUR is in it, net 1.85 EUR",
            "Enter: exact cash",
            " F9  Exact cash",
            " F2  Card",
            " F3  Voucher",
            " F4  Foreign cash",
            "Esc",
        ):
            assert text in shown, shown


async def test_a_card_by_keys_alone(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f2")
        assert "CARD 2.20 EUR" in till.screen()
        await till.type("1\n\n")
        assert "SOLD" in till.notice()
        assert sales(desk)[0].payments[0].kind == "card"


async def test_an_amount_before_the_cards_key_is_the_cards_and_the_rest_is_cash(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("1.50")
        await till.press("f2")
        assert "CARD 1.50 EUR" in till.screen()
        await till.type("1\n12345678\n")
        assert till.notice() == "taken; left to pay 0.70 EUR"
        assert "taken: 1.50 EUR by card" in till.screen()
        await till.type("\n")
        assert [one.reference for one in sales(desk)[0].payments] == ["12345678", ""]


@pytest.mark.parametrize("keys", [["enter"], ["enter", "enter", "enter"], ["f2"], ["f2", "f2", "enter"], ["f9", "f9"]])
async def test_no_key_that_may_be_pressed_twice_approves_a_card(open_till, desk, keys):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f2", *keys)
        assert till.is_on(TalkScreen)
        assert sales(desk) == []
        assert desk.attempts(till.app._sale.counter.basket.id)[0].outcome is None


async def test_a_card_that_was_left_is_asked_about_by_every_way_to_pay(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f2", "escape")
        assert "asks how the card ended" in till.notice()
        await till.press("f12")
        assert "How did it end" in till.screen()
        await till.type("2\n")
        assert "declined" in till.notice()
        await till.type("\n")
        assert [one.kind for one in sales(desk)[0].payments] == ["cash"]


async def test_a_voucher_is_scanned_and_goods_are_goods_also_there(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f3")
        await till.scan(barcode(4))
        assert till.is_on(SaleScreen)
        assert till.basket() == [("ESP-1", 1), ("P-04", 1)]
        await till.press("f9", "f3")
        await till.scan("9911223344556")
        assert "VOUCHER 9911223344556" in till.screen()
        await till.type("1\n\n")
        assert [one.reference for one in sales(desk)[0].payments] == ["9911223344556", ""]


async def test_foreign_cash_by_its_key(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f4")
        assert "1.00 USD = 0.91 EUR" in till.screen()
        await till.type("5\n")
        assert "change 2.35" in till.notice()


async def test_what_was_taken_is_given_back_by_the_key_that_takes_lines_out(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("1\n")
        await till.press("delete")
        assert till.notice() == "given back"
        assert till.basket() == [("ESP-1", 1)]


async def test_a_managers_pin_is_never_shown(open_till, desk):
    desk.record([StockReceived([StockLine(Sku("ESP-1"), Quantity(1))], desk.clock.stamp().at)])
    async with open_till(desk) as till:
        await till.type("9*")
        await till.scan(ESPRESSO)
        await till.press("f12")
        assert "PIN of Anna" in till.screen()
        await till.type("471100")
        assert "4711" not in till.screen()
        assert "******" in till.screen()
        await till.type("\n")
        assert "SOLD" in till.notice()


@pytest.mark.parametrize("pin", ["12345678", "400638133393"])
async def test_a_pin_may_be_as_long_as_a_barcode_and_a_scan_is_none(open_till, tmp_path, pin):
    shop = Shop(staff=[Person("anna", "Anna", Role.MANAGER, make_hash(pin))])
    desk = open_desk(tmp_path / "long", Config(clock=ClockMode.SYSTEM, shop=shop))
    desk.catalogue.put(sample_items())
    desk.record([StockReceived([StockLine(Sku("ESP-1"), Quantity(1))], desk.clock.stamp().at)])
    async with open_till(desk) as till:
        await till.type("9*")
        await till.scan(ESPRESSO)
        await till.press("f12")
        await till.scan("87654321")
        assert "type the PIN" in till.notice()
        assert "87654321" not in till.screen()
        await till.type(f"{pin}\n")
        assert "SOLD" in till.notice()
    assert not (tmp_path / "long" / "pins.json").read_text().startswith('{"wrong":1')


async def test_the_entry_line_holds_an_amount_and_the_pay_key_takes_it(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.type("5")
        await till.press("f9")
        assert "change 2.80" in till.notice()


async def test_settled_cards_are_listed_under_their_action(open_till, tmp_path):
    async with open_till(stock_desk(tmp_path / "other")) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f2", "escape")
        till.app._sale.does["cards"]()
        await till.settle()
        assert "CARD PAYMENTS TO SETTLE" in till.screen()
        await till.type("1\n")
        await till.type("3\n")
        assert "SOLD" in till.notice()


def test_a_key_of_the_sale_may_mean_something_else_while_money_is_taken():
    keymap = make_keymap({"card": ("f6",), "give-back": ()})
    assert keymap.actions["f6"] == "discount"
    assert keymap.paying["f6"] == "card"
    assert keymap.shown("card") == "F6"
    assert keymap.shown("give-back") == ""


@pytest.mark.parametrize("keys", [("f9",), ("escape",), ("f10",), ("f3",), ("5",)])
def test_a_key_that_means_the_same_everywhere_is_not_the_cards(keys):
    with pytest.raises(KeymapError):
        make_keymap({"card": keys})


async def test_a_card_that_nobody_settled_is_said_when_the_till_is_closed(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9", "f2")
        await till.type("3\n")
        await till.press("f10")
        assert till.notice().startswith("1 card payment is not settled (Menu, Cards). Press F10 again to close")
        await till.press("f10")
        assert till.app.return_value == "closed at the counter"


async def test_what_a_card_paid_stands_beside_the_cash_until_the_next_sale(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.type("1")
        await till.press("f9", "f2", "f9")
        await till.type("\n")
        rows = [row.split("  ")[1].strip() for row in till.screen().splitlines() if row.startswith("  ")]
        assert rows[rows.index("CHANGE 0.00 EUR") :][:4] == [
            "CHANGE 0.00 EUR",
            "Total 2.20",
            "Card, voucher 1.20",
            "Cash 1.00",
        ]
