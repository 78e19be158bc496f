"""Favourites as a grid of fields: by number, arrow keys and touch, at the sizes that tills have."""

import pytest
from textual.events import Click
from till_terminal import sample_items, stock_desk

from contract.shop import Shop
from kiosk.config import load_config
from kiosk.till.options import OptionList
from kiosk.till.talk import TalkScreen

SIZES = [(66, 20), (80, 24), (120, 40)]


@pytest.fixture
def desk(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    skus = [item.sku for item in sample_items() if item.price_minor is not None and item.unit == "pc"][:20]
    names = ", ".join(f'"{sku}"' for sku in skus)
    (data / "kiosk.toml").write_text(f'clock = "system"\n[shop]\nfavourites = [{names}]\n', "utf-8")
    assert load_config(data).shop == Shop(favourites=skus)
    return stock_desk(data)


def fields(till):
    screen = till.app.screen
    assert isinstance(screen, TalkScreen)
    return screen.query_one(OptionList)


@pytest.mark.parametrize("size", SIZES)
async def test_as_many_fields_stand_beside_each_other_as_fit(open_till, desk, size):
    async with open_till(desk, size=size) as till:
        await till.press("f3")
        grid = fields(till)
        assert grid.columns == size[0] // 22
        for option in grid.options[: grid.columns]:
            assert option.label[:12] in till.screen().splitlines()[1]
            assert option.hint in till.screen().splitlines()[2]


async def test_arrows_go_to_the_field_that_is_there(open_till, desk):
    async with open_till(desk) as till:
        await till.press("f3", "right", "right", "down")
        grid = fields(till)
        assert grid.at == 1 + grid.columns
        await till.press("up", "up", "left", "left")
        assert grid.at == 0
        chosen = grid.options[0]
        await till.press("enter")
        assert [line.sku for line in till.frame.counter.basket.lines] == [chosen.id]


@pytest.mark.parametrize("size", SIZES)
async def test_a_field_is_touched_anywhere_in_it(open_till, desk, size):
    async with open_till(desk, size=size) as till:
        await till.press("f3")
        grid = fields(till)
        wanted, wide = grid.options[1 + grid.columns], size[0] // grid.columns
        grid.post_message(click(grid, x=2 * wide - 2, y=1 + 3 + 1))
        await till.settle()
        assert [line.sku for line in till.frame.counter.basket.lines] == [wanted.id]


async def test_beside_the_last_field_nothing_is_touched(open_till, desk):
    async with open_till(desk, size=(120, 40)) as till:
        await till.press("f3")
        grid = fields(till)
        row, column = divmod(len(grid.options), grid.columns)
        grid.post_message(click(grid, x=column * (120 // grid.columns) + 1, y=1 + 3 * row))
        await till.settle()
        assert till.is_on(TalkScreen)


async def test_touching_the_head_turns_to_what_is_not_shown(open_till, desk):
    async with open_till(desk, size=(66, 20)) as till:
        await till.press("f3")
        grid, seen = fields(till), set()
        while (shown := till.screen().splitlines()[0].partition("  ")[2].split()[-4]) not in seen:
            seen.add(shown)
            grid.post_message(click(grid, x=60, y=0))
            await till.settle()
        assert len(seen) > 1
        assert shown.startswith("1–")


async def test_a_number_chooses_and_the_chosen_field_is_in_sight(open_till, desk):
    async with open_till(desk, size=(66, 20)) as till:
        await till.press("f3")
        count = len(fields(till).options)
        await till.type(str(count))
        assert fields(till).options[-1].label[:12] in till.screen()
        await till.press("enter")
        assert len(till.frame.counter.basket.lines) == 1


def click(widget, *, x, y):
    return Click(widget, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False)
