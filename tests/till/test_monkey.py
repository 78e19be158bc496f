"""Hands that press anything, in any order: the till never falls over, and its books are right all the same."""

import os
import random

import pytest
from till_shop import HAM, PIN, TEA, shop_folder
from till_terminal import barcode

from contract.codec import decode, verify_chain
from contract.facts import SaleRecorded
from kiosk.bootstrap import open_desk
from kiosk.till.keymap import CLOSE, DEFAULT_KEYS, PAYING_KEYS
from kiosk.till.sale import SaleScreen

SEEDS = [int(seed) for seed in os.environ.get("MONKEY_SEEDS", "1 2").split()]
PRESSES = int(os.environ.get("MONKEY_PRESSES", "150"))
WAY_OUT = 8  # presses of Esc that lead out of anything: what is typed, a choice, a list that asks once more, a question
ALL_KEYS = [key for keys in (DEFAULT_KEYS, PAYING_KEYS) for action in keys if action != CLOSE for key in keys[action]]
KEYS = [*sorted({*ALL_KEYS}), "f9", "f9", "f12", "f12", "f12"]  # money is taken more often than anything else
MOVES = ["enter"] * 12 + ["escape"] * 4 + ["up", "down", "backspace", "tab"]
TYPED = ["1", "2", "3", "5", "20", "4.50", "0,20", "10%", "2*", "12", "abc", "bread", "TEA", "BEER", "REPAIR", "APPLE"]
TYPED += ["SET", "COLA", "6*COLA", PIN, "0000", "river-pier", "T-1", "@anna", "2h", "V-1", "", " ", "*", "%", "k1=1@3"]
SCANS = [TEA, HAM, barcode(3), "4006381333932", "4006381333948", f"]C1010{HAM}3103000335", "2112345002996", "k1-1-1"]


async def press_anything(till, chance):
    """Do one thing that a person or a scanner can do; return what."""
    what = chance.random()
    if what < 0.35:
        key = chance.choice(KEYS)
        await till.press(key)
        return key
    if what < 0.6:
        key = chance.choice(MOVES)
        await till.press(key)
        return key
    if what < 0.75:
        code = chance.choice(SCANS)
        await till.scan(code)
        return f"scan {code}"
    text = chance.choice(TYPED) + chance.choice(["", "\n", "\n"])
    await till.type(text)
    return repr(text)


def assert_right(till, done):
    """What is on the screen is what is kept, and nobody paid more than the goods cost."""
    counter = till.app._sale.counter
    kept = counter.desk.open_basket()
    if counter.basket.lines or kept.lines:
        assert kept == counter.basket, done[-8:]
    paid = sum(one.amount_minor for one in counter.basket.payments)
    assert paid <= max(0, counter.bill.total_minor), done[-8:]
    assert till.screen().strip(), done[-8:]


def sales_of(desk):
    facts = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)]
    return [fact for fact in facts if isinstance(fact, SaleRecorded)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_is_pressed_the_books_are_right(open_till, tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 - what somebody's elbow does
    desk = open_desk(shop_folder(tmp_path / "data"))
    done = []
    async with open_till(desk) as till:
        for _ in range(PRESSES):
            done.append(await press_anything(till, chance))
            assert_right(till, done)
        for _ in range(WAY_OUT):
            till.wait_s(1)
            await till.press("escape")
        assert till.is_on(SaleScreen), (done[-8:], till.screen())
        await till.scan(TEA)
        assert till.basket(), (done[-8:], till.screen())
    sales = sales_of(desk)
    assert [sale.receipt for sale in sales] == [f"k1-1-{number}" for number in range(1, len(sales) + 1)]
    assert len({sale.basket for sale in sales}) == len(sales)
    for sale in sales:
        assert sum(one.amount_minor for one in sale.payments) == sale.total_minor + sale.rounding_minor
    assert list(verify_chain(desk.journal.stored(desk.journal.epoch)))
    print(f"seed {seed}: {len(sales)} sales")  # noqa: T201 - shown by -s
