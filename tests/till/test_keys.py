"""Keys, the row of them, the menu and the errors: what a person can reach, and how."""

from itertools import pairwise

import pytest
from kiosk_command import Kiosk
from textual.content import Content
from till_terminal import barcode, till_data

from kiosk.core.actions import ACTIONS, Group
from kiosk.core.dialogues.menu import GROUPS
from kiosk.till.hints import Hint, place
from kiosk.till.keymap import BACK, CLOSE, ENTER, KeymapError, key_name, make_keymap
from kiosk.till.sale import SaleScreen
from kiosk.till.talk import TalkScreen

__all__ = ["till_data"]

ESPRESSO = "4006381333931"
WRONG = "4006381333932"
HINTS = [("F1", Hint("menu", "Menu")), ("F9", Hint("pay", "Pay")), ("F2", Hint("search", "Search"))]
PINNED = [("Enter", Hint(ENTER, pinned=True)), ("Esc", Hint(BACK, "Back", pinned=True))]


async def click(till, text, *, row=None):
    """Touch where a text stands."""
    rows = till.screen().splitlines()
    y = next(number for number, line in enumerate(rows) if text in line) if row is None else row
    await till.pilot.click(offset=(rows[y].index(text) + 1, y))
    await till.settle()


def test_settings_change_keys_and_what_is_shown_of_them():
    keymap = make_keymap({"hold": ("f6", "ctrl+h"), "discount": (), "back": ("ctrl+b",)})
    assert (keymap.actions["f6"], keymap.actions["ctrl+h"], keymap.shown("hold")) == ("hold", "hold", "F6")
    assert keymap.shown("discount") == ""
    assert "f4" not in keymap.actions
    assert "escape" not in keymap.actions


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"fly": ("f6",)}, "there is no action 'fly': there are arrive, back, "),
        ({"hold": ("f9",)}, "have the same key 'f9'"),
        ({"hold": ("a",)}, "hold: the key 'a' is for typing"),
        ({"hold": ("enter",)}, "hold: the key 'enter' is for typing"),
        ({"hold": ("ctrl+m",)}, "hold: the key 'ctrl+m' is for typing"),
        ({"pay": ("f99",)}, "pay: there is no key 'f99': name one such as f6, insert or ctrl+r"),
        ({"pay": ("F9",)}, "pay: there is no key 'F9'"),
    ],
)
def test_keys_that_cannot_be_are_refused_by_name(changed, told):
    with pytest.raises(KeymapError, match=r".+") as refused:
        make_keymap(changed)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("key", "cap"), [("f9", "F9"), ("escape", "Esc"), ("delete", "Del"), ("ctrl+r", "Ctrl+R"), ("enter", "Enter")]
)
def test_keys_are_called_as_their_caps(key, cap):
    assert key_name(key) == cap


def test_settings_that_cannot_be_are_told_with_their_file(till_data):
    (till_data / "kiosk.toml").write_text('[till.keys]\nfly = ["f6"]\n')
    told = Kiosk(till_data).with_input("", "till", "--plain").complaint
    assert f"{till_data / 'kiosk.toml'}: [till.keys] there is no action 'fly'" in told
    assert not any(b"kiosk.started" in path.read_bytes() for path in till_data.glob("till.db*"))
    (till_data / "kiosk.toml").write_text('[till]\nlanguage = "it"\n')
    assert "`$.till.language`" in Kiosk(till_data).with_input("", "till", "--plain").complaint


@pytest.mark.parametrize("width", [30, 40, 66, 80, 120])
def test_what_fits_is_whole_and_enter_and_esc_are_always_there(width):
    hints = HINTS + [(f"F{number}", Hint(f"a{number}", "W" * (number % 12 + 1))) for number in range(10, 30)] + PINNED
    placed = place(hints, width)
    assert {ENTER, BACK, "menu"} <= {one.hint.action for one in placed}
    for row in (0, 1):
        cells = sorted((one.begin, one.end) for one in placed if one.row == row)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(cells))
        assert all(end <= width for _, end in cells)
    for one in placed:
        drawn = f" {one.cap} {one.hint.word} " if one.hint.word else f" {one.cap} "
        assert one.end - one.begin >= Content(drawn).cell_length


def test_the_most_important_keys_stay_when_not_all_fit():
    shown = [one.hint.action for one in place(HINTS + PINNED, 30)]
    assert shown[:2] == ["menu", "pay"]
    assert {one.row for one in place(HINTS + PINNED, 120)} == {0}


async def test_the_row_of_keys_shows_keys_as_they_are_set(open_till):
    async with open_till(keymap=make_keymap({"hold": ("f6",), "discount": ()})) as till:
        assert " F6  Hold" in till.screen()
        await till.scan(ESPRESSO)
        await till.press("f6")
        assert till.basket() == []


async def test_every_action_is_in_the_menu_grouped_with_its_key(open_till):
    assert set(GROUPS) == set(Group)
    async with open_till(size=(100, 60)) as till:
        await till.press("f1")
        rows = till.screen().splitlines()
        listed = [row for action in ACTIONS for row in rows if f"  {action.label} " in row]
        assert len({row[:6] for row in listed}) >= len(ACTIONS) - 1
        assert any("Hold" in row and row.rstrip().endswith("F4") for row in rows)


@pytest.mark.parametrize("typed", ["vo", "{number}"])
async def test_the_menu_does_what_is_named_or_numbered(open_till, typed):
    async with open_till(size=(100, 60)) as till:
        await till.scan(ESPRESSO)
        await till.press("f1")
        row = next(row for row in till.screen().splitlines() if "  Void  " in row)
        await till.type(typed.format(number=row.split()[0] if row.split()[0] != ">" else row.split()[1]))
        await till.type("id\n" if typed == "vo" else "\n")
        assert till.is_on(SaleScreen) or till.is_on(TalkScreen)
        if till.is_on(TalkScreen):  # "void" begins the name of two
            await till.type("1\n")
        assert till.basket() == []


async def test_a_scan_leaves_the_menu_and_is_sold(open_till):
    async with open_till() as till:
        await till.press("f1")
        await till.scan(ESPRESSO)
        assert till.is_on(SaleScreen)
        assert till.basket() == [("ESP-1", 1)]


async def test_errors_can_be_read_one_after_another(open_till):
    async with open_till() as till:
        for code in (WRONG, "4006381333948"):
            await till.scan(code)
        await till.press("ctrl+e")
        shown = till.screen()
        assert f"1. WRONG CHECK DIGIT {WRONG}" in shown
        assert "2. UNKNOWN CODE 4006381333948" in shown
        await till.type("\n")
        assert till.is_on(SaleScreen)


async def test_without_errors_there_are_none_to_read(open_till):
    async with open_till() as till:
        await till.press("ctrl+e")
        assert till.notice() == "nothing went wrong since the till was opened"


async def test_no_more_than_the_last_twenty_errors_are_kept(open_till):
    async with open_till() as till:
        for number in range(25):
            await till.scan(barcode(5000 + number))
        assert len(till.frame.station.errors) == 20
        assert barcode(5024) in till.frame.station.errors[-1]


async def test_everything_is_reached_by_touch(open_till):
    async with open_till() as till:
        await till.scan(ESPRESSO)
        await till.scan("96385074")
        await click(till, "Espresso")
        assert till.screen().splitlines()[1].startswith(">")
        await click(till, " F8 ")
        assert [sku for sku, _ in till.basket()] == ["EAN8"]
        await till.type("espr")
        await click(till, "Espresso doppio")
        assert [sku for sku, _ in till.basket()] == ["EAN8", "ESP-2"]
        await click(till, "TOTAL")
        assert not till.is_on(SaleScreen)
        await click(till, " Esc ")
        assert till.is_on(SaleScreen)
        await click(till, " F9 ")
        await click(till, " Enter ")
        assert "SOLD receipt" in till.notice()


async def test_options_and_errors_go_by_touch(open_till):
    async with open_till() as till:
        await till.scan(WRONG)
        await click(till, "WRONG CHECK DIGIT")
        assert till.notice() == ""
        await till.scan(ESPRESSO)
        await click(till, " F1 ")
        await click(till, "Void")
        assert till.basket() == []


async def test_closing_names_the_key_that_closes(open_till):
    async with open_till(keymap=make_keymap({CLOSE: ("ctrl+q",)})) as till:
        await till.press("ctrl+q")
        assert till.notice().startswith("Press Ctrl+Q again")
