"""Stock and shoppers on the screen, by keys and scanner, as a person at the till does them."""

import pytest
from stock_hands import ESPRESSO, account, facts, fill, journal_of, line
from till_hands import Hands
from till_terminal import barcode

from contract.down_rights import PromiseResolved
from contract.goods import ShelfCounted
from contract.rights import Answer, PromiseTold
from contract.values import Unit
from kiosk.core.actions import BY_ID
from kiosk.journal import promises
from kiosk.till.sale import SaleScreen
from kiosk.till.talk import TalkScreen


async def do(hands: Hands, action: str) -> None:
    """Begin an action, whatever its key is."""
    hands.app._sale.begin(BY_ID[action])
    await hands.settle()


def station(hands: Hands):
    return hands.app._sale.station


async def test_a_stock_take_by_scanner_with_quantities_undo_and_its_result(open_till):
    async with open_till() as till:
        fill(station(till), line("ESP-1", 5), line("P-01", 4))
        await do(till, "count")
        await till.scan(ESPRESSO)
        await till.type("3*")
        await till.scan(ESPRESSO)
        await till.scan(barcode(2))
        await till.press("f8")
        await till.scan(barcode(1))
        assert "4 × Espresso" in till.screen()
        assert "1 × Piece number 01" in till.screen()
        assert "Piece number 02" not in till.screen()
        await till.press("enter", "enter", "enter")
        shown = till.screen()
        assert "1 short, 5 expected: 4 × Espresso" in shown
        assert "3 short, 4 expected: 1 × Piece number 01" in shown
        assert shown.index("-3.03 EUR") < shown.index("-2.20 EUR")
        await till.press("enter")
        assert till.is_on(SaleScreen)
        assert till.notice() == "counted; 2 lines differ"
        (fact,) = (one for one in facts(station(till)) if isinstance(one, ShelfCounted))
        assert [(one.sku, one.counted.amount) for one in fact.lines] == [("ESP-1", 4), ("P-01", 1)]
        assert till.basket() == []


async def test_sixty_goods_are_counted_without_a_gap_between_their_scans(open_till):
    async with open_till() as till:
        await do(till, "count")
        for number in range(60):
            await till.scan(barcode(number))
        for key in ("enter", "enter", "enter"):
            await till.press(key)
        (fact,) = (one for one in facts(station(till)) if isinstance(one, ShelfCounted))
        assert [(one.sku, one.counted.amount) for one in fact.lines] == [(f"P-{number:02d}", 1) for number in range(60)]


async def test_a_scan_that_is_not_known_rings_and_the_list_stands(open_till):
    async with open_till() as till:
        await do(till, "receive")
        await till.press("enter")
        await till.scan(ESPRESSO)
        await till.scan("4006381333932")
        assert till.notice().startswith("WRONG CHECK DIGIT 4006381333932")
        assert "1 × Espresso" in till.screen()


async def test_the_beginning_of_a_name_is_no_choice_of_what_to_do(open_till):
    async with open_till() as till:
        fill(station(till), line("UPC", 3))
        await do(till, "waste")
        await till.scan(ESPRESSO)
        await till.type("d\n")
        assert "Damaged: scan" not in till.screen()
        await till.type("damaged goods\n")
        assert "Damaged: scan" in till.screen()


async def test_a_list_is_not_thrown_away_by_one_esc(open_till):
    async with open_till() as till:
        await do(till, "waste")
        await till.scan(ESPRESSO)
        await till.scan(barcode(1))
        await till.press("escape")
        assert till.is_on(TalkScreen)
        assert till.notice() == "once more, and the list is thrown away"
        await till.scan(barcode(2))
        await till.press("escape")
        assert till.is_on(TalkScreen)
        await till.press("escape")
        assert till.is_on(SaleScreen)
        assert till.notice() == "nothing of the list was recorded"
        assert facts(station(till)) == []


async def test_a_scan_where_weight_or_reason_is_asked_for_forgets_nothing(open_till):
    async with open_till() as till:
        await do(till, "waste")
        await till.type("0.5*APPLE\n")
        await till.press("enter")
        await till.scan(ESPRESSO)
        assert till.is_on(TalkScreen)
        assert till.notice().startswith("that was a barcode")
        await till.type("1\n")
        assert till.notice() == "written off: 1 line; the books lacked 500 of it"
        assert account(station(till), "APPLE", Unit.GRAM).wasted == 500
        assert till.basket() == []


@pytest.mark.parametrize("from_menu", [True, False])
async def test_goods_are_reserved_and_collected_with_change_in_large_figures(open_till, *, from_menu):
    async with open_till() as till:
        fill(station(till), line("ESP-1", 5))
        await do(till, "reserve")
        await till.type("2*")
        await till.scan(ESPRESSO)
        await till.press("enter", "enter")
        (one,) = station(till).stockroom.reservations()
        assert f"CODE {one.code}" in till.screen()
        assert "2 x Espresso" in till.screen()
        await till.press("enter")
        if from_menu:
            await do(till, "collect")
        await till.scan(one.code)
        assert f"set aside under {one.code}" in till.screen()
        await till.type("5\n")
        assert till.notice() == "SOLD receipt k1-1-1, total 4.40, change 0.60"
        assert "CHANGE 0.60" in till.screen()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_long_keeps_the_newest_in_sight(open_till, size):
    async with open_till(size=size) as till:
        await do(till, "count")
        for number in range(50):
            await till.type(f"P-{number:02d}\n")
        assert "Piece number 49" in till.screen()
        assert "Undo last" in till.screen()
        assert "Damaged goods" in till.screen()
        assert ("Piece number 00" in till.screen()) is False


async def test_the_hubs_words_are_shown_whole(open_till):
    words = " ".join(f"word-{number:02d}" for number in range(40))
    async with open_till() as till:
        journal = journal_of(station(till))
        with journal.writing() as writing:
            answer = PromiseResolved("p-1", Answer.SORRY, words)
            promises.answer(writing.connection, answer, epoch=journal.epoch)
            writing.add([PromiseTold("p-1", Answer.SORRY, writing.stamp.at, [])])
        await do(till, "promises")
        await till.type("1\n")
        assert set(words.split()) <= set(till.screen().split())
