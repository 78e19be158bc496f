"""The counter of a shop, by keys in a real terminal: labels, quantities, discounts, prices, empties, ages."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from selling_shop import ITEMS
from till_terminal import TmuxTill

from kiosk.bootstrap import open_desk

TEA, COLA = "4006381333931", "036000291452"
SETTINGS = """
clock = "system"
[shop]
discount_ppm = 100000
favourites = ["TEA", "COLA"]
templates = ["21IIIIIPPPPPC"]
"""


@pytest.fixture
def till(tmp_path: Path) -> Iterator[TmuxTill]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "kiosk.toml").write_text(SETTINGS)
    desk = open_desk(data)
    desk.catalogue.put(ITEMS)
    desk.close()
    opened = TmuxTill(tmp_path, data)
    opened.start()
    yield opened
    opened.end()


def last_sale(till):
    desk = open_desk(till.data_dir)
    data = [msgspec.json.decode(raw)["data"] for _, raw in desk.journal.stored(desk.journal.epoch)][-1]
    desk.close()
    return data


def test_lines_are_multiplied_repeated_discounted_and_noted(till):
    till.scan(TEA)
    till.wait("TOTAL 4.50")
    till.type("3")
    till.press("F11")
    till.wait("TOTAL 13.50")
    till.press("IC")
    till.wait("TOTAL 18.00")
    till.type("+\r")
    till.wait("TOTAL 22.50")
    till.type("10%")
    till.press("F6")
    till.wait("− 10%", "TOTAL 20.25")
    till.press("C-n")
    till.wait("NOTE on Tea")
    till.type("gift wrap\r")
    till.wait("Note: gift wrap")
    till.scan(COLA)
    till.wait("+ Deposit", "TOTAL 22.00")
    till.press("C-d")
    till.wait("DISCOUNT on everything")
    till.type("2.00\r")
    till.wait("Reason")  # more than staff may give, with what is off already
    till.type("1\r")
    till.wait("A manager's id")
    till.type("anna\r")
    till.wait("On everything − discount: damaged", "TOTAL 20.00")
    till.press("F12")
    till.wait("SOLD receipt k1-1-1, total 20.00")
    sale = last_sale(till)
    tea, cola, deposit = sale["lines"]
    assert (tea["quantity"]["amount"], tea["note"], sale["total_minor"]) == (5, "gift wrap", 2000)
    assert (deposit["sku"], deposit["part_of"], cola["by"]) == ("PF", 1, "anna")


def test_a_price_is_changed_with_a_manager_and_everything_taken_out(till):
    till.scan(TEA)
    till.wait("TOTAL 4.50")
    till.press("F7")
    till.wait("NEW PRICE for Tea")
    till.type("4.00\r")
    till.wait("Reason")
    till.type("shelf says so\r")
    till.wait("A manager's id")
    till.type("anna\r")
    till.wait("instead of 4.50: shelf says so", "TOTAL 4.00")
    till.press("C-x")
    till.wait("VOID 1 line")
    till.type("1\r")
    till.wait("the basket is empty again", "TOTAL 0.00")


def test_ages_favourites_weights_labels_and_empties(till):
    till.type("BEER\r")
    till.wait("Is the shopper at least 16?")
    till.type("y\r")
    till.wait("TOTAL 2.25")
    till.type("2")
    till.press("F3")
    till.wait("FAVOURITES")
    till.type("1\r")
    till.wait("TOTAL 11.25")
    till.type("APPLE\r")
    till.wait("How many kg")
    till.type("0.5\r")
    till.wait("0.500 kg", "TOTAL 12.75")
    till.scan("(01)04006381333931(17)200101")
    till.wait("EXPIRED: Tea was good until 2020-01-01")
    till.press("Escape")
    till.wait("not added: Tea")
    till.press("C-p")
    till.wait("EMPTIES")
    till.type(f"4*{COLA}\r")
    till.wait("4 × Deposit")
    till.press("Enter")
    till.wait("Back: Deposit", "TOTAL 11.75")
    till.press("F12")
    till.wait("SOLD receipt k1-1-1, total 11.75")
    assert [(line["sku"], line.get("empties", False)) for line in last_sale(till)["lines"]] == [
        ("BEER", False),
        ("PF", False),
        ("TEA", False),
        ("APPLE", False),
        ("PF", True),
    ]


def test_a_separator_comes_through_a_terminal(till):
    till.type("]C1010400638133393110A7\x1d3012\r")
    till.wait("TOTAL 54.00")
