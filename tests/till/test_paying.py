"""Cash, change, and what is never taken for money."""

import pytest
from textual.events import Key
from till_terminal import barcode, stock_desk

from contract.every import UpFact
from contract.facts import SaleRecorded
from kiosk.bootstrap import LocalDesk
from kiosk.journal.errors import StorageFailed
from kiosk.till.sale import SaleScreen
from kiosk.till.talk import TalkScreen

ESPRESSO = "4006381333931"


class CountingDesk:
    """A real desk that notes what it recorded, and refuses when told to."""

    def __init__(self, desk: LocalDesk) -> None:
        self._desk = desk
        self.recorded: list[UpFact] = []
        self.refuse = False

    def __getattr__(self, name):
        return getattr(self._desk, name)

    def record(self, facts):
        if self.refuse:
            raise StorageFailed(self._desk.journal.path, "disk I/O error")
        self.recorded += facts
        return self._desk.record(facts)

    def storage_problem(self):
        return "sales cannot be stored: make room" if self.refuse else self._desk.storage_problem()

    def sales(self):
        return [fact for fact in self.recorded if isinstance(fact, SaleRecorded)]


@pytest.fixture
def desk(tmp_path):
    return CountingDesk(stock_desk(tmp_path / "data"))


@pytest.mark.parametrize(
    ("typed", "change"), [("\n", 0), ("20\n", 1780), ("2,5\n", 30), ("2.20\n", 0), ("100.\n", 9780), ("100\n", 9780)]
)
async def test_cash_gives_change(open_till, desk, typed, change):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        assert "TO PAY 2.20 EUR" in till.screen()
        await till.type(typed)
        assert [sale.payments[0].change_minor for sale in desk.sales()] == [change]
        shown = f"{change // 100}.{change % 100:02d}"
        assert f"CHANGE {shown} EUR" in till.screen()
        assert till.notice() == f"SOLD receipt k1-1-1, total 2.20, change {shown}"
        assert till.basket() == []


@pytest.mark.parametrize("keys", [["f9", "enter"], ["f9", "f9"], ["f12"]])
async def test_exact_cash(open_till, desk, keys):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press(*keys)
        assert [sale.total_minor for sale in desk.sales()] == [220]


async def test_keys_in_one_burst_reach_the_screens_they_are_meant_for(open_till, desk):
    async with open_till(desk) as till:
        for key in [*ESPRESSO, "enter", "f9", "5", "enter", "enter", *barcode(3), "enter"]:
            till._send(Key(key, key if len(key) == 1 else None), 0.05)
        await till.settle()
        assert [sale.payments[0].tendered_minor for sale in desk.sales()] == [500]
        assert till.basket() == [("P-03", 1)]


async def test_the_change_stays_until_the_next_sale_begins(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("5\n\n\n")
        assert "CHANGE 2.80" in till.screen()
        await till.scan(ESPRESSO)
        assert "TOTAL 2.20" in till.screen()
        assert len(desk.sales()) == 1


@pytest.mark.parametrize(
    ("typed", "told"), [("0\n", "no money is no payment"), ("x\n", "not an amount"), ("9.999\n", "smallest coin")]
)
async def test_a_tender_that_cannot_be_is_refused_and_the_basket_stays(open_till, desk, typed, told):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type(typed)
        assert told in till.notice()
        assert till.is_on(TalkScreen)
        assert till.basket() == [("ESP-1", 1)]
        assert desk.sales() == []


async def test_cash_that_does_not_cover_it_is_taken_and_the_rest_is_asked_for(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("1\n")
        assert till.notice() == "taken; left to pay 1.20 EUR"
        assert "TO PAY 1.20" in till.screen()
        await till.type("\n")
        assert "CHANGE 0.00" in till.screen()
        assert [one.amount_minor for one in desk.sales()[0].payments] == [100, 120]


@pytest.mark.parametrize("code", [barcode(1), "1234", "96385074"])
async def test_goods_scanned_while_paying_go_into_the_basket(open_till, desk, code):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.scan(code)
        assert till.is_on(SaleScreen)
        assert len(till.basket()) == 2
        assert desk.sales() == []


async def test_goods_scanned_into_a_half_typed_amount_go_into_the_basket(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("20")
        await till.scan(barcode(2))
        assert till.basket() == [("ESP-1", 1), ("P-02", 1)]
        assert desk.sales() == []


@pytest.mark.parametrize("code", ["4006381333932", "4006381333948", "12345678", "123456789012345"])
async def test_a_long_number_is_never_money(open_till, desk, code):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type(f"{code}\n")
        assert "No money was taken" in till.notice()
        assert desk.sales() == []


@pytest.mark.parametrize("end", [["enter", "ctrl+j"], ["ctrl+j"], ["tab"], ["enter", "enter"], ["tab", "enter"]])
async def test_a_refused_scan_never_sells_with_what_it_ends_in(open_till, desk, end):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("4006381333932", gap_s=0)
        await till.press(*end)
        assert "WRONG CHECK DIGIT" in till.notice()
        assert desk.sales() == []


async def test_a_number_too_fast_for_a_person_is_asked_about(open_till, desk):
    async with open_till(desk) as till:
        await till.type("300*")
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.scan("5678")
        assert "as fast as a scan" in till.notice()
        assert desk.sales() == []
        await till.type("5678\n")
        assert [sale.payments[0].tendered_minor for sale in desk.sales()] == [567800]


async def test_paying_can_be_left(open_till, desk):
    async with open_till(desk) as till:
        await till.press("f9")
        assert "the basket is empty" in till.notice()
        await till.scan(ESPRESSO)
        await till.press("f9")
        await till.type("5")
        await till.press("f9", "escape", "escape")
        assert till.is_on(SaleScreen)
        assert till.basket() == [("ESP-1", 1)]
        assert desk.sales() == []


async def test_a_disk_that_takes_no_sale_is_said_before_and_after_and_keeps_the_basket(open_till, desk):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        desk.refuse = True
        await till.press("f12")
        assert "sales cannot be stored" in till.notice()
        assert till.is_on(TalkScreen)
        till.wait_s(1)
        await till.type("\n")
        assert "NOT SOLD" in till.notice()
        assert till.basket() == [("ESP-1", 1)]
        desk.refuse = False
        till.wait_s(1)
        await till.type("\n")
        assert len(desk.sales()) == 1


async def test_a_basket_sold_elsewhere_is_not_sold_again(open_till, desk, tmp_path):
    async with open_till(desk) as till:
        await till.scan(ESPRESSO)
        other = stock_desk(tmp_path / "data", [])
        async with open_till(other) as second:
            await second.press("f12")
            assert "SOLD" in second.notice()
        await till.press("f12")
        assert "nothing was sold twice" in till.notice()
        assert till.basket() == []


async def test_exact_cash_has_its_key_where_money_is_taken_too(open_till):
    async with open_till() as till:
        await till.scan(barcode(1))
        await till.press("f9", "f12")
        assert till.notice().startswith("SOLD")


async def test_enter_alone_says_that_an_answer_is_needed(open_till):
    async with open_till() as till:
        await till.scan(ESPRESSO)
        await till.press("f7", "enter")
        assert till.notice().startswith("an answer is needed")
        await till.press("escape")
        assert till.is_on(SaleScreen)


@pytest.mark.parametrize(("price", "shown"), [("4.52", "Total 4.52, rounded to 4.50"), ("4.55", "Total 4.55")])
async def test_after_a_sale_the_panel_says_what_cash_was_rounded_to(open_till, tmp_path, price, shown):
    (tmp_path / "kiosk.toml").write_text('clock = "system"\n[shop]\ncash_step_minor = 5\n', "utf-8")
    async with open_till(stock_desk(tmp_path)) as till:
        await till.type(f"{price}\n")
        await till.press("f12")
        assert shown in [row[:40].strip() for row in till.screen().splitlines()]
