"""The till as people need it: in their language and size, by touch, by other keys, by lines; in a real terminal."""

import pytest
from till_shop import SHOP, TEA, assert_whole, facts_like, shop_folder
from till_terminal import RawTill, TmuxTill

SIZES = [(80, 24), (120, 40), (66, 20), (100, 30)]  # the last two: a 7-inch screen in a large and in a small font
WORDS = {
    "en": ("TOTAL 13.50", "SOLD"),
    "de": ("GESAMT 13,50", "VERKAUFT"),
    "fr": ("TOTAL 13,50", "VENDU"),
    "es": ("TOTAL 13,50", "VENDIDO"),
}


@pytest.fixture
def open_as(tmp_path):
    """Open the till of the shop with options and settings of its own."""
    opened = []

    def start(*options, settings="", columns=80, rows=24, wait_for="TOTAL"):
        folder = tmp_path / "data"
        if not folder.exists():
            shop_folder(folder, SHOP + settings)
        till = TmuxTill(tmp_path, folder, columns=columns, rows=rows, options=options)
        opened.append(till)
        till.start(wait_for=wait_for)
        return till

    yield start
    for till in opened:
        till.end()


@pytest.mark.parametrize("language", WORDS)
def test_a_sale_in_each_language_with_its_own_figures(open_as, language):
    total, sold = WORDS[language]
    till = open_as("--language", language, wait_for=total.split()[0])
    till.type(f"3*{TEA}\r")
    till.wait(total)
    till.press("F12")
    till.wait(sold, "k1-1-1", total.split()[1])
    till.press("F8")
    till.wait("!")  # an error, by its mark and not by its colour
    assert len(facts_like(till.data_dir, "sale.recorded")) == 1


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_every_size_shows_total_entry_keys_and_status(open_as, columns, rows):
    till = open_as(columns=columns, rows=rows)
    for number in range(9):
        till.type(f"{number + 1}*TEA\r")
        till.type("BREAD\r")
    shown = till.wait("Scan, code", "F1", "Esc", "k1 demo")
    till.press("F9")
    asked = till.wait("TO PAY", "Cash received", "F9", "Esc")
    for screen in (shown, asked):
        assert len(screen.splitlines()) == rows
        assert max(len(line) for line in screen.splitlines()) == columns  # the rule above the total


def test_everything_is_in_the_menu_and_found_by_its_name(open_as):
    till = open_as()
    till.scan(TEA)
    till.wait("TOTAL 4.50")
    till.press("F1")
    till.wait("MENU", "Favourites", "F3")
    till.type("quan\r")
    till.wait("How many")
    till.type("2\r")
    till.wait("TOTAL 9.00")


def test_a_sale_by_touch_alone_once_the_goods_are_scanned(open_as):
    till = open_as()
    till.scan(TEA)
    till.wait("TOTAL 4.50")
    till.touch("F9")
    till.wait("TO PAY 4.50")
    till.touch("Card")
    till.wait("How did it end")
    till.touch("Approved")
    till.wait("Number on the terminal's slip")
    till.touch("Enter   Esc")
    till.wait("SOLD receipt k1-1-1, total 4.50")
    assert [one["kind"] for one in facts_like(till.data_dir, "sale.recorded")[0]["payments"]] == ["card"]


def test_keys_are_as_the_shop_sets_them_and_shown_so(open_as):
    till = open_as(settings='[till.keys]\nvoid = ["f11"]\nqty = ["f8"]\n')
    till.scan(TEA)
    till.wait("TOTAL 4.50", "F11  Void")
    till.press("F11")
    till.wait("taken out: Tea", "TOTAL 0.00")


def test_errors_in_a_row_are_counted_and_can_be_read_again(open_as):
    till = open_as()
    for code in ("4006381333932", "4006381333948", "REPAIRS"):
        till.scan(code)
    till.wait("Ctrl+E")
    till.press("C-e")
    till.wait("WRONG CHECK DIGIT 4006381333932", "UNKNOWN CODE 4006381333948", "NOT FOUND 'REPAIRS'")


@pytest.mark.parametrize("theme", ["terminal", "contrast"])
def test_a_sale_in_each_theme(open_as, theme):
    till = open_as("--theme", theme)
    till.scan(TEA)
    till.wait("TOTAL 4.50")
    till.press("F12")
    till.wait("SOLD receipt k1-1-1")


def test_a_sale_line_by_line_with_nothing_drawn_twice(open_as):
    till = open_as("--plain", wait_for="?")
    till.type("3*TEA\r")
    till.wait("13.50")
    till.type("4006381333932\r")
    till.wait("! WRONG CHECK DIGIT")
    till.type("/pay 20\r")
    till.wait("SOLD receipt k1-1-1, total 13.50, change 6.50")
    till.type("/close\r")
    till.wait_dead()
    assert_whole(till.data_dir)
    assert [sale["total_minor"] for sale in facts_like(till.data_dir, "sale.recorded")] == [1350]


def test_the_console_of_a_pi_has_function_keys_of_its_own(tmp_path):
    till = RawTill(shop_folder(tmp_path / "data"), term="linux")
    for keys, drawn in [
        (f"{TEA}\r".encode(), b"TOTAL 4.50"),
        (b"\x1b[[D", b"TOTAL 0.00"),  # F4
        (b"\x1b[[E", b"TOTAL 4.50"),  # F5
        (b"\x1b[24~", b"SOLD receipt k1-1-1"),
    ]:
        till.seen = b""
        till.write(keys)
        till.wait(drawn)
    till.end()
    assert_whole(tmp_path / "data")
