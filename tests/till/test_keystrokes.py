"""The table of keystrokes in the docs: its keys do what it says, in as many presses, and no more than elsewhere."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from till_terminal import barcode, sample_items, stock_desk

from contract.codec import decode
from contract.facts import SaleRecorded
from contract.values import Gtin, Quantity, Unit
from kiosk.people import make_hash
from kiosk.station import NoDevices

TABLE = Path(__file__).parents[2] / "docs" / "keystrokes.md"
ROW = re.compile(r"\| ([^|]+) \| `([^`]+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|")
NAMED = {"Enter": "enter"} | {f"F{number}": f"f{number}" for number in range(1, 13)}
ESPRESSO, APPLES = "4006381333931", barcode(70)
GRAMS = 250


def rows():
    """Return the table as (task, keys, here, elsewhere)."""
    found = [match.groups() for line in TABLE.read_text().splitlines() if (match := ROW.fullmatch(line))]
    return [(task, keys.split(), int(here), [other, another]) for task, keys, here, other, another in found]


class OnTheScale(NoDevices):
    """A quarter of a kilogram lies at rest on the scale."""

    def weigh(self):
        return Quantity(GRAMS, Unit.GRAM)


@pytest.fixture
def desk(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    staff = f'[[shop.staff]]\nid = "anna"\nname = "Anna"\nrole = "manager"\npin = "{make_hash("4711")}"\n'
    (data / "kiosk.toml").write_text(f'clock = "system"\n[shop]\ndiscount_ppm = 100_000\n\n{staff}')
    return stock_desk(
        data, [replace(one, gtins=[Gtin("0" + APPLES)]) if one.sku == "APPLE" else one for one in sample_items()]
    )


def basket_of(till, _desk):
    """Return (sku, amount, what it costs, who allowed its price) of every line."""
    lines = till.app._sale.counter.basket.lines
    return [(line.sku, line.quantity.amount, line.amount_minor, line.by) for line in lines]


def sales_of(_till, desk):
    """Return (total, [(kind, amount, change)]) of every sale on record."""
    facts = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)]
    sales = [fact for fact in facts if isinstance(fact, SaleRecorded)]
    return [
        (sale.total_minor, [(one.kind.value, one.amount_minor, one.change_minor) for one in sale.payments])
        for sale in sales
    ]


# By task: the codes of its scans, where to look, and what must be seen there.
TASKS = {
    "three items, exact cash": ([barcode(0), barcode(1), barcode(2)], sales_of, [(303, [("cash", 303, 0)])]),
    "three of one item": ([barcode(0)], basket_of, [("P-00", 3, 300, "")]),
    "take out what was just scanned": ([barcode(0), barcode(1)], basket_of, [("P-00", 1, 100, "")]),
    "10 % off what was just scanned": ([barcode(0)], basket_of, [("P-00", 1, 90, "")]),
    "another price, allowed by a manager with a PIN of four digits": (
        [barcode(0)],
        basket_of,
        [("P-00", 1, 250, "anna")],
    ),
    "put the basket aside, later take it up again": ([barcode(0)], basket_of, [("P-00", 1, 100, "")]),
    "20 in cash, with change": ([ESPRESSO], sales_of, [(220, [("cash", 220, 1780)])]),
    "1 in cash, the rest by card, approved": ([ESPRESSO], sales_of, [(220, [("cash", 100, 0), ("card", 120, 0)])]),
    "find an item by four letters of its name, the first of two": ([], basket_of, [("ESP-1", 1, 220, "")]),
    "goods on the scale, by the barcode of their shelf": ([APPLES], basket_of, [("APPLE", GRAMS, 75, "")]),
    "something that is not in the catalogue, at its price": ([], basket_of, [("OPEN", 1, 450, "")]),
}


async def play(till, keys, codes):
    left = list(codes)
    for key in keys:
        if key == "scan":
            await till.scan(left.pop(0))
        elif key in NAMED:
            await till.press(NAMED[key])
        else:
            await till.type(key)
    assert not left


def test_the_table_has_every_task_and_no_other():
    assert [task for task, *_ in rows()] == list(TASKS)
    assert len(TASKS) >= 10


@pytest.mark.parametrize(("task", "keys", "here", "elsewhere"), rows())
def test_a_task_takes_no_more_keys_than_elsewhere(task, keys, here, elsewhere):
    assert here == sum(key != "scan" for key in keys), task
    for other in elsewhere:
        assert other == "not documented" or here <= int(other), task


@pytest.mark.parametrize(("task", "keys"), [row[:2] for row in rows()])
async def test_a_task_is_done_with_the_keys_of_its_row(open_till, desk, task, keys):
    codes, look, expected = TASKS[task]
    async with open_till(desk) as till:
        till.app._sale.station.devices = OnTheScale()
        await play(till, keys, codes)
        assert look(till, desk) == expected, till.screen()
        await till.scan(barcode(9))  # the next thing can be scanned at once
        assert till.basket()[-1] == ("P-09", 1)


@pytest.mark.parametrize(("task", "keys"), [row[:2] for row in rows() if row[1][-1] != "scan"])
async def test_the_last_key_of_a_row_is_needed(open_till, desk, task, keys):
    codes, look, expected = TASKS[task]
    async with open_till(desk) as till:
        await play(till, keys[:-1], codes)
        assert look(till, desk) != expected, till.screen()
