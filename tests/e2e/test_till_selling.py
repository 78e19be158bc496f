"""The real till in a terminal, driven by keys like a person."""

import msgspec
import pytest
from till_terminal import RawTill, TmuxTill, barcode

from kiosk.bootstrap import open_desk

ESPRESSO = "4006381333931"


def facts_of(data_dir):
    """Return (type, data) of every fact, as stored."""
    desk = open_desk(data_dir)
    raws = [msgspec.json.decode(raw) for _, raw in desk.journal.stored(desk.journal.epoch)]
    desk.close()
    return [(fact["type"], fact["data"]) for fact in raws]


def sales_of(data_dir):
    return [data for kind, data in facts_of(data_dir) if kind.startswith("sale.recorded")]


def test_a_sale_from_scan_to_change(tmux_till, till_data):
    tmux_till.scan(ESPRESSO)
    tmux_till.wait("TOTAL 2.20")
    tmux_till.press("F9")
    tmux_till.wait("TO PAY 2.20")
    tmux_till.type("20\r")
    tmux_till.wait("CHANGE 17.80", "SOLD receipt k1-1-1, total 2.20, change 17.80")
    (sale,) = sales_of(till_data)
    assert (sale["receipt"], sale["total_minor"], sale["payments"][0]["tendered_minor"]) == ("k1-1-1", 220, 2000)


def test_quantity_first_in_each_of_its_ways(tmux_till):
    tmux_till.type(f"3*{ESPRESSO}\r")
    tmux_till.wait("TOTAL 6.60")
    tmux_till.type("2*\r")
    tmux_till.wait("2 ×")
    tmux_till.scan(barcode(1))
    tmux_till.wait("TOTAL 8.62")
    tmux_till.type("0.250*APPLE\r")
    tmux_till.wait("TOTAL 9.37", "0.250 kg")


def test_search_shows_live_results_and_takes_the_chosen_one(tmux_till):
    tmux_till.type("espr")
    tmux_till.wait("Espresso doppio")
    tmux_till.press("Down", "Down")
    tmux_till.wait("> ESP-2")
    tmux_till.press("Enter")
    tmux_till.wait("TOTAL 3.10")


def test_an_empty_catalogue_sells_at_a_typed_price(tmp_path):
    till = TmuxTill(tmp_path, tmp_path / "empty")
    till.start()
    till.type("4,50\r")
    till.wait("TOTAL 4.50")
    till.press("F12")
    till.wait("SOLD receipt k1-1-1, total 4.50, change 0.00")
    till.end()


@pytest.mark.parametrize(
    ("code", "told"),
    [("4006381333932", "WRONG CHECK DIGIT"), ("4006381333948", "UNKNOWN CODE"), ("77", "UNKNOWN CODE 77")],
)
def test_a_code_that_cannot_be_sold_is_said_and_stays(tmux_till, code, told):
    tmux_till.scan(code)
    tmux_till.wait(told)
    assert "TOTAL 0.00" in tmux_till.screen()
    tmux_till.scan(barcode(0))
    tmux_till.wait("TOTAL 1.00", told)


def test_a_scan_on_the_pay_screen_is_never_money(tmux_till, till_data):
    tmux_till.scan(barcode(0))
    tmux_till.wait("TOTAL 1.00")
    tmux_till.press("F9")
    tmux_till.wait("TO PAY 1.00")
    tmux_till.scan(ESPRESSO)
    tmux_till.wait("TOTAL 3.20")
    tmux_till.press("F9")
    tmux_till.wait("TO PAY 3.20")
    tmux_till.scan("4006381333932")
    tmux_till.wait("No money was taken")
    assert sales_of(till_data) == []


def test_enter_twice_sells_once(tmux_till, till_data):
    tmux_till.scan(barcode(0))
    tmux_till.press("F9", "Enter", "Enter", "Enter")
    tmux_till.wait("SOLD receipt k1-1-1")
    tmux_till.press("F9")
    tmux_till.wait("the basket is empty")
    assert len(sales_of(till_data)) == 1


def test_pay_keys_at_once_after_a_scan_stay_in_order(tmux_till, till_data):
    tmux_till.type("\r".join([barcode(0), barcode(1), ""]) + "\x1b[20~5.00\r" + "\r".join([barcode(2), ""]))
    tmux_till.wait("TOTAL 1.02")
    (sale,) = sales_of(till_data)
    assert (sale["total_minor"], sale["payments"][0]["tendered_minor"]) == (201, 500)


def expected_codes():
    return [barcode(number) for number in range(60)]


def assert_sixty_right_lines(data_dir):
    desk = open_desk(data_dir)
    lines = desk.open_basket().lines
    desk.close()
    assert [(line.sku, line.quantity.amount) for line in lines] == [(f"P-{n:02d}", 1) for n in range(60)]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_sixty_scans_without_a_gap_on_a_raw_terminal(till_data, end):
    till = RawTill(till_data)
    till.write("".join(code + end for code in expected_codes()).encode())
    till.wait(b"TOTAL 77.70")
    till.end()
    assert_sixty_right_lines(till_data)


def test_scans_before_the_till_is_ready_are_not_lost(till_data):
    till = RawTill(till_data, early=b"".join(code.encode() + b"\r" for code in expected_codes()))
    till.wait(b"TOTAL 77.70")
    till.end()
    assert_sixty_right_lines(till_data)


def test_sixty_scans_without_a_gap_through_tmux(tmux_till, till_data):
    tmux_till.type("".join(f"{code}\r" for code in expected_codes()))
    tmux_till.wait("TOTAL 77.70")
    tmux_till.kill()
    assert_sixty_right_lines(till_data)


def test_sixty_scans_pasted(tmux_till, till_data):
    tmux_till.paste("".join(f"{code}\n" for code in expected_codes()))
    tmux_till.wait("TOTAL 77.70")
    tmux_till.kill()
    assert_sixty_right_lines(till_data)


def test_void_and_closing_in_order(tmux_till, till_data):
    tmux_till.scan(barcode(0))
    tmux_till.scan(ESPRESSO)
    tmux_till.wait("TOTAL 3.20")
    tmux_till.press("F8")
    tmux_till.wait("taken out: Espresso")
    tmux_till.wait("TOTAL 1.00")
    tmux_till.press("F10")
    tmux_till.wait("Press F10 again")
    tmux_till.press("F10")
    assert tmux_till.wait_dead() in {"0", ""}  # tmux may not have reaped it yet
    assert facts_of(till_data)[-1] == ("kiosk.stopping.v1", {"reason": "closed at the counter"})
