"""Selling of every kind, in a real terminal by keys; what is on the screen is what is on record."""

import pytest
from till_shop import HAM, PIN, TEA, assert_whole, facts_like


def lines(data_dir):
    """Return (sku, amount, what it comes to) of the lines of the only sale."""
    (sale,) = facts_like(data_dir, "sale.recorded")
    return [(one["sku"], one["quantity"]["amount"], one["amount_minor"]) for one in sale["lines"]]


def sale_of(data_dir):
    (sale,) = facts_like(data_dir, "sale.recorded")
    return sale


def finish(till, total):
    """Take exact cash, and find the chain whole."""
    till.press("F12")
    till.wait(f"SOLD receipt k1-1-1, total {total}")
    assert_whole(till.data_dir)


def test_quantities_before_a_scan_again_and_changed(shop_till):
    shop_till.type("3")
    shop_till.rest()
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 13.50")
    shop_till.press("IC")  # Insert: once more
    shop_till.wait("TOTAL 18.00")
    shop_till.type("2")
    shop_till.wait("> 2")
    shop_till.press("F11")  # two, and not four
    shop_till.wait("TOTAL 9.00")
    shop_till.type("BREAD\r")
    shop_till.wait("TOTAL 12.20")
    shop_till.press("F8")
    shop_till.wait("taken out: Bread", "TOTAL 9.00")
    finish(shop_till, "9.00")
    assert lines(shop_till.data_dir) == [("TEA", 2, 900)]


def test_a_basket_is_emptied_only_by_somebody_who_is_sure(shop_till):
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.press("C-x")
    shop_till.wait("Take everything out?")
    shop_till.press("Escape")
    shop_till.wait("Tea", "Scan, code")
    shop_till.press("C-x")
    shop_till.wait("Take everything out?")
    shop_till.type("1\r")
    shop_till.wait("TOTAL 0.00")
    assert facts_like(shop_till.data_dir, "sale.recorded") == []


def test_discounts_on_a_line_and_on_everything_stand_on_record_with_their_reason(shop_till):
    shop_till.scan(TEA)
    shop_till.type("BREAD\r")
    shop_till.wait("TOTAL 7.70")
    shop_till.press("F6")
    shop_till.wait("DISCOUNT on Bread")
    shop_till.type("5\r")
    shop_till.wait("type 5% or an amount such as 2.00")
    shop_till.type("0.20\r")
    shop_till.wait("Reason")
    shop_till.type("2\r")
    shop_till.wait("TOTAL 7.50", "good until soon")
    shop_till.type("2")
    shop_till.wait("> 2")
    shop_till.press("C-d")
    shop_till.wait("TOTAL 7.35", "2%")
    finish(shop_till, "7.35")
    sale = sale_of(shop_till.data_dir)
    assert sum(one["amount_minor"] for one in sale["lines"]) == sale["total_minor"] == 735
    assert "good until soon" in str(sale)


def test_a_discount_beyond_what_staff_may_give_asks_for_a_manager(shop_till):
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.type("50")
    shop_till.wait("> 50")
    shop_till.press("F6")
    shop_till.wait("Reason")
    shop_till.type("damaged\r")
    shop_till.wait("PIN of Anna")
    shop_till.press("Escape")
    shop_till.wait("Scan, code", "TOTAL 4.50")
    shop_till.type("50")
    shop_till.wait("> 50")
    shop_till.press("F6")
    shop_till.wait("Reason")
    shop_till.type("damaged\r")
    shop_till.wait("PIN of Anna")
    shop_till.type(f"{PIN}\r")
    shop_till.wait("TOTAL 2.25")
    finish(shop_till, "2.25")
    assert "anna" in str(sale_of(shop_till.data_dir))


def test_a_price_is_overridden_by_one_pin_without_leaving_the_sale(shop_till):
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.press("F7")
    shop_till.wait("NEW PRICE for Tea")
    shop_till.type("3.00\r")
    shop_till.wait("Reason")
    shop_till.type("4\r")
    shop_till.wait("PIN of Anna", "3.00 EUR for Tea")
    shop_till.type("8642")
    shop_till.wait("> ****")
    assert "8642" not in shop_till.screen()
    shop_till.press("Enter")
    shop_till.wait("that is not the PIN of Anna", "TOTAL 4.50")
    shop_till.type(f"{PIN}\r")
    shop_till.wait("TOTAL 3.00", "instead of 4.50")
    finish(shop_till, "3.00")
    (line,) = sale_of(shop_till.data_dir)["lines"]
    assert (line["price_minor"], line["list_minor"], line["by"]) == (300, 450, "anna")
    assert PIN not in str(sale_of(shop_till.data_dir))


def test_open_prices_notes_favourites_and_search(shop_till):
    shop_till.type("REPAIR\r")
    shop_till.wait("PRICE NEEDED: Repair")
    shop_till.scan(TEA)
    shop_till.wait("that was a barcode")
    shop_till.type("12,50\r")
    shop_till.wait("TOTAL 12.50")
    shop_till.press("C-n")
    shop_till.wait("NOTE on Repair")
    shop_till.type("blue bicycle\r")
    shop_till.wait("blue bicycle", "Scan, code")
    shop_till.press("F3")
    shop_till.wait("FAVOURITES", "Tea", "Apples")
    shop_till.type("1\r")
    shop_till.wait("TOTAL 17.00")
    shop_till.type("brea")
    shop_till.wait("Bread", "choose")
    shop_till.press("Down", "Enter")
    shop_till.wait("TOTAL 20.20")
    shop_till.press("F2")
    shop_till.type("0952")  # the beginning of a barcode
    shop_till.wait("Ham")
    shop_till.press("Escape")
    shop_till.wait("Scan, code, name or price >\n")
    finish(shop_till, "20.20")
    assert [one.get("note", "") for one in sale_of(shop_till.data_dir)["lines"]] == ["blue bicycle", "", ""]


def test_bottles_cost_a_deposit_and_bring_it_back_and_bundles_are_their_parts(shop_till):
    shop_till.type("2*COLA\r")
    shop_till.wait("Deposit, 0.25 each", "TOTAL 3.50")
    shop_till.type("SET\r")
    shop_till.wait("with 1 Tea", "with 0.500 kg Apples", "TOTAL 9.50")
    shop_till.press("C-p")
    shop_till.wait("EMPTIES")
    shop_till.type("6*COLA\r")
    shop_till.wait("6 × Deposit")
    shop_till.press("Enter")
    shop_till.wait("TOTAL 8.00", "-1.50")
    finish(shop_till, "8.00")
    assert lines(shop_till.data_dir) == [
        ("COLA", 2, 300),
        ("PF", 2, 50),
        ("TEA", 1, 450),
        ("APPLE", 500, 150),
        ("PF", 6, 150),
    ]
    assert [one.get("empties", False) for one in sale_of(shop_till.data_dir)["lines"]] == [False] * 4 + [True]


def test_goods_for_adults_ask_once_and_note_it(shop_till):
    shop_till.type("BEER\r")
    shop_till.wait("Is the shopper at least 16?")
    shop_till.type("2\r")
    shop_till.wait("not added: Beer", "TOTAL 0.00")
    shop_till.type("WINE\r")
    shop_till.wait("Is the shopper at least 18?")
    shop_till.type("1\r")
    shop_till.wait("TOTAL 9.00")
    shop_till.type("BEER\r")  # who is 18 is 16
    shop_till.wait("TOTAL 11.25")
    finish(shop_till, "11.25")
    assert [one.get("age", 0) for one in sale_of(shop_till.data_dir)["lines"]] == [18, 16, 0]


@pytest.mark.parametrize(
    ("code", "shown", "line"),
    [
        (f"]C1010{HAM}3103000335", "0.335 kg  Ham", ("HAM", 335, 633)),
        (f"https://example.com/01/0{HAM}?3103=000335", "0.335 kg  Ham", ("HAM", 335, 633)),
        ("2112345002996", "Cheese", ("12345", 299, 299)),
        ("2812345002506", "0.250 kg  Cheese", ("12345", 250, 250)),
        ("0.250*APPLE", "0.250 kg  Apples", ("APPLE", 250, 75)),
    ],
)
def test_weighed_goods_by_label_by_the_shop_s_own_code_or_typed(shop_till, code, shown, line):
    shop_till.scan(code)
    shop_till.wait(shown)
    shop_till.press("F12")
    shop_till.wait("SOLD receipt k1-1-1")
    assert lines(shop_till.data_dir) == [line]


def test_expired_goods_are_told_and_sold_only_by_a_manager(shop_till):
    expired = f"]C1010{HAM}310300033515200101"
    shop_till.scan(expired)
    shop_till.wait("EXPIRED: Ham was good until 2020-01-01")
    shop_till.type("1\r")
    shop_till.wait("not added: Ham", "TOTAL 0.00")
    shop_till.scan(expired)
    shop_till.wait("EXPIRED: Ham")
    shop_till.type("2\r")
    shop_till.wait("PIN of Anna")
    shop_till.type(f"{PIN}\r")
    shop_till.wait("TOTAL 6.33")
    finish(shop_till, "6.33")
    (line,) = sale_of(shop_till.data_dir)["lines"]
    assert (line["by"], line["reason"]) == ("anna", "expired on 2020-01-01")


def test_what_is_wrong_with_a_label_is_said_and_nothing_is_sold(shop_till):
    for code, told in [
        (HAM[:-1] + "7", "WRONG CHECK DIGIT"),
        (f"]C1010{HAM}3103", "!"),
        ("2112345002997", "WRONG CHECK DIGIT"),
        ("4006381333948", "UNKNOWN CODE"),
    ]:
        shop_till.scan(code)
        shop_till.wait(told, "TOTAL 0.00")
        shop_till.press("Escape")
        shop_till.rest()  # Esc and a digit at once are another key to a terminal
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
