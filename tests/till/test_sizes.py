"""Every screen at every size in every language: nothing that matters is cut, and Enter and Esc can be touched."""

import pytest
from stock_hands import fill, line
from till_terminal import barcode, stock_desk

from kiosk.core.actions import ACTIONS
from kiosk.core.words import say
from kiosk.till.hints import place
from kiosk.till.parts import LOW_ROWS, TALL_ROWS
from kiosk.till.speech import Speech
from kiosk.till.talk import TalkScreen
from kiosk.till.translations import LANGUAGES

ESPRESSO = "4006381333931"
SIZES = [(66, 20), (80, 24), (100, 30), (120, 40)]  # the first and third are a 7-inch screen's, in two fonts

at_every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
in_every_language = pytest.mark.parametrize("language", LANGUAGES)


def check(till, size):
    """Hold what every screen promises."""
    width, height = size
    rows = till.screen().splitlines()
    assert len(rows) == height
    assert all(len(row) <= width for row in rows)
    frame = till.frame
    assert all(widget.region.bottom <= height for widget in frame.walk_children() if widget.display)
    below = rows[frame.hint_row.region.y :]
    assert f" {till.app.speech.say(say('Enter'))} " in "".join(below[:-1])
    assert f" {till.app.speech.say(say('Esc'))}" in "".join(below[:-1])
    assert "…" not in "".join(below[:-1])
    assert "…" not in rows[frame.entry_row.region.y + 1]
    assert f"{frame.entry_row.prompt} >" in rows[frame.entry_row.region.y + 1]
    panel = rows[frame.panel.region.y : frame.panel.region.bottom]
    assert "…" not in "".join(panel)
    assert below[-1].rstrip()[-3] == ":"  # the clock is whole, at the end of the status line
    return rows


@at_every_size
@in_every_language
async def test_a_sale_from_the_first_scan_to_the_change(open_till, language, size):
    speech = Speech.of(language)
    async with open_till(size=size, speech=speech) as till:
        check(till, size)
        for code in (ESPRESSO, barcode(3), barcode(4)):
            await till.scan(code)
        rows = check(till, size)
        assert sum("Piece number" in row for row in rows) == 2
        assert speech.number("4.27") in "".join(rows)
        await till.press("f9")
        check(till, size)
        await till.type("20\n")
        rows = check(till, size)
        assert "k1-1-1" in "".join(rows)
        assert speech.number("15.73") in "".join(rows)


@at_every_size
@in_every_language
async def test_the_menu_can_be_read_from_end_to_end(open_till, language, size):
    async with open_till(size=size, speech=Speech.of(language)) as till:
        await till.press("f1")
        seen = set()
        for _ in ACTIONS:
            rows = check(till, size)
            chosen = till.frame.options
            seen |= {one.label for one in chosen.options if any(f"  {one.label} " in row for row in rows)}
            await till.press("down")
        assert seen == {one.label for one in till.frame.options.options}


@at_every_size
@in_every_language
async def test_a_question_with_options_and_a_refusal(open_till, language, size):
    async with open_till(size=size, speech=Speech.of(language)) as till:
        await till.scan(ESPRESSO)
        await till.press("f6")
        assert till.is_on(TalkScreen)
        check(till, size)
        await till.type("much\n")
        rows = check(till, size)
        assert any(row.lstrip().startswith("! ") for row in rows)


@at_every_size
@in_every_language
async def test_why_a_manager_is_asked_can_be_read_whole(open_till, language, size):
    speech = Speech.of(language)
    async with open_till(size=size, speech=speech) as till:
        fill(till.app._sale.station, line("ESP-1", 3))
        await till.type(f"120*{ESPRESSO}\n")
        await till.press("f12")
        check(till, size)
        asked = till.frame.asked.title
        assert "a manager must approve it" in asked
        assert set(speech.say(asked).split()) <= set(till.screen().split())


@at_every_size
async def test_eight_results_a_basket_and_the_total_fit(open_till, size):
    async with open_till(size=size) as till:
        await till.scan(ESPRESSO)
        await till.type("piece")
        rows = check(till, size)
        assert sum("Piece number" in row for row in rows) == 8
        assert "TOTAL 2.20 EUR" in "".join(rows)


async def test_large_figures_give_way_where_rows_are_few(open_till, tmp_path):
    desk = stock_desk(tmp_path / "data")
    for height in (TALL_ROWS - 1, TALL_ROWS):
        async with open_till(desk, size=(80, height)) as till:
            await till.scan(ESPRESSO)
            assert till.frame.panel.region.height == (LOW_ROWS if height < TALL_ROWS else 6)
            assert "2.20" in till.screen()
            await till.press("f8")


@in_every_language
@at_every_size
async def test_no_key_of_a_sale_is_lost_for_want_of_room(open_till, language, size):
    async with open_till(size=size, speech=Speech.of(language)) as till:
        shown = {one.hint.action for one in place(till.frame.hint_row._hints, size[0])}
        assert {"menu", "pay", "exact", "search", "void", "hold"} <= shown
