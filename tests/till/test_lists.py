"""Lists to choose from: numbers where they choose, and which part of a long list is shown."""

import pytest


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
        head, *shown = till.screen().splitlines()
        listed = [row for row in shown if row[2:5].strip().isdigit()]
        last, _, count = head.rpartition("–")[2].partition(" / ")
        assert int(last) == len(listed) < int(count)
        await till.press("up")
        assert till.screen().splitlines()[0].rstrip().endswith(f"–{count.strip()} / {count.strip()}")
