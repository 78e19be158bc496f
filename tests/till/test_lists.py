"""Lists to choose from: numbers where they choose, and which part of a long list is shown."""

import pytest

from kiosk.core.actions import BY_ID
from kiosk.core.dialogue import Takes
from kiosk.till.speech import Speech
from kiosk.till.talk import TalkScreen
from kiosk.till.translations import LANGUAGES


async def test_options_have_numbers_only_where_a_number_chooses_them(open_till):
    async with open_till() as till:
        await till.scan("4006381333931")
        await till.press("f9")
        assert "  Exact cash" in till.screen()
        assert " 1  Exact cash" not in till.screen(), "1 is money there"
        await till.press("escape", "f1")
        assert " 1  " in till.screen()


@pytest.mark.parametrize("rows", [24, 40])
async def test_a_long_list_says_which_part_of_it_is_shown(open_till, rows):
    async with open_till(size=(80, rows)) as till:
        await till.press("f1")
        head, *shown = (row.rstrip() for row in till.screen().splitlines())
        listed = [row for row in shown if row[2:5].strip().isdigit()]
        last, _, count = head.rpartition("–")[2].removesuffix("↓").strip().partition(" / ")
        assert int(last) == len(listed) < int(count)
        await till.press("up")
        assert till.screen().splitlines()[0].rstrip().endswith(f"–{count} / {count} ↓")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_is_cut_where_a_row_has_room_for_it(open_till, language):
    async with open_till(size=(66, 20), speech=Speech.of(language)) as till:
        await till.scan("4006381333931")
        await till.press("f9", "f2")
        assert isinstance(till.frame, TalkScreen)
        assert till.frame.asked.takes is Takes.CHOICE
        assert "…" not in till.screen()
        await till.type("3\n")
        till.app._sale.begin(BY_ID["cards"])
        await till.settle()
        assert "2.20" in till.frame.options.options[0].label.replace(",", ".")
        assert "…" not in till.screen()


async def test_what_is_told_above_the_screen_is_counted_in_words(open_till):
    async with open_till(size=(66, 20), speech=Speech.of("de")) as till:
        for _ in range(14):
            await till.scan("4006381333932")
        await till.press("escape", "ctrl+e")
        assert "… 10 Zeilen darüber" in till.screen()


async def test_a_short_list_is_wide_apart_for_a_finger_and_all_of_it_takes_the_touch(open_till):
    async with open_till(size=(66, 20)) as till:
        await till.scan("4006381333931")
        await till.press("f9", "f2")
        rows = till.screen().splitlines()
        first = next(at for at, row in enumerate(rows) if row[2:5].strip() == "1")
        assert rows[first + 1].strip() == ""
        assert rows[first + 2][2:5].strip() == "2"
        await till.pilot.click(offset=(20, first + 3))
        await till.settle()
        assert till.notice().startswith("declined")


async def test_a_list_that_would_not_fit_wide_apart_hides_nothing_for_it(open_till):
    async with open_till(size=(66, 20)) as till:
        await till.press("f1")
        listed = [row for row in till.screen().splitlines() if row[2:5].strip().isdigit()]
        assert [int(row[2:5]) for row in listed] == list(range(1, len(listed) + 1))
        assert len(listed) > 8
