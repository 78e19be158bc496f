"""Taking money in every way, in a real terminal by keys; what was taken is what is on record."""

import pytest
from till_shop import PIN, SHOP, TEA, assert_whole, facts_like, kiosk, shop_folder
from till_terminal import TmuxTill

BY_FIVES = SHOP.replace("discount_ppm = 100_000", "discount_ppm = 100_000\ncash_step_minor = 5")
ON_TOP = SHOP.replace("discount_ppm = 100_000", "discount_ppm = 100_000\ntax_included = false")
NO_GOODS_BEYOND = SHOP + "[stock]\noverdraft_limit = 0\n"


@pytest.fixture
def till_of(tmp_path):
    """Start the till of a shop with settings of its own."""
    started = []

    def start(settings, received=""):
        folder = shop_folder(tmp_path / "data", settings)
        if received:
            kiosk(folder, "stock", "receive", received, "1")
        started.append(TmuxTill(tmp_path, folder))
        started[-1].start()
        return started[-1]

    yield start
    for till in started:
        till.end()


def sale_of(till):
    """Return the only sale, from a chain that is whole."""
    assert_whole(till.data_dir)
    (sale,) = facts_like(till.data_dir, "sale.recorded")
    return sale


def paid(till):
    return [(one["kind"], one["amount_minor"]) for one in sale_of(till)["payments"]]


def outcomes(till):
    return [one["outcome"] for one in facts_like(till.data_dir, "payment.resolved")]


def begin(till, text="TEA\r", total="4.50"):
    till.type(text)
    till.wait(f"TOTAL {total}")
    till.press("F9")
    till.wait("Cash received")


def test_cash_a_voucher_foreign_cash_and_a_card_pay_one_bill(shop_till):
    shop_till.type("BREAD\r")
    shop_till.wait("TOTAL 3.20")
    begin(shop_till, "2*TEA\r", "12.20")
    shop_till.wait("VAT 19 %: 1.44 EUR is in it", "VAT 7 %: 0.21 EUR is in it", "TO PAY 12.20")
    shop_till.type("2\r")
    shop_till.wait("TO PAY 10.20", "taken: 2.00 EUR in cash")
    shop_till.press("F3")
    shop_till.wait("Code of the voucher")
    shop_till.type("V-77\r")
    shop_till.wait("What it is worth")
    shop_till.type("5\r")
    shop_till.wait("TO PAY 5.20", "by voucher V-77")
    shop_till.press("F4")
    shop_till.wait("USD received", "1.00 USD")
    shop_till.type("2\r")
    shop_till.wait("TO PAY 3.38", "worth 1.82 EUR")
    shop_till.press("F2")
    shop_till.wait("How did it end", "CARD 3.38 EUR")
    shop_till.type("1\r")
    shop_till.wait("Number on the terminal's slip")
    shop_till.type("A-4711\r")
    shop_till.wait("SOLD receipt k1-1-1, total 12.20, change 0.00")
    sale = sale_of(shop_till)
    assert paid(shop_till) == [("cash", 200), ("voucher", 500), ("cash", 182), ("card", 338)]
    assert [one.get("reference", "") for one in sale["payments"]] == ["", "V-77", "", "A-4711"]
    assert [(tax["code"], tax["tax_minor"]) for tax in sale["taxes"]] == [("", 144), ("R", 21)]
    assert outcomes(shop_till) == ["approved"]


def test_what_was_taken_is_given_back_and_taken_otherwise(shop_till):
    begin(shop_till)
    shop_till.type("2\r")
    shop_till.wait("TO PAY 2.50")
    shop_till.press("F8")
    shop_till.wait("TO PAY 4.50")
    shop_till.type("5\r")
    shop_till.wait("SOLD receipt k1-1-1, total 4.50, change 0.50")
    assert paid(shop_till) == [("cash", 450)]


def test_a_declined_card_pays_nothing_and_an_unknown_one_waits_to_be_settled(shop_till):
    begin(shop_till)
    shop_till.press("F2")
    shop_till.wait("How did it end")
    shop_till.type("2\r")
    shop_till.wait("declined: nothing was paid", "TO PAY 4.50")
    shop_till.press("F2")
    shop_till.wait("How did it end")
    shop_till.type("3\r")
    shop_till.wait("SOLD receipt k1-1-1, total 4.50")
    assert outcomes(shop_till) == ["declined", "unknown"]
    assert sale_of(shop_till)["payments"][0]["unsure"]
    shop_till.press("F1")
    shop_till.wait("MENU")
    shop_till.type("cards\r")
    shop_till.wait("CARD PAYMENTS TO SETTLE", "4.50 EUR")
    shop_till.type("1\r")
    shop_till.wait("How did it end")
    shop_till.type("1\r")
    shop_till.wait("Number on the terminal's slip")
    shop_till.press("Enter")
    shop_till.wait("noted")
    assert outcomes(shop_till) == ["declined", "unknown", "approved"]
    shop_till.press("F1")
    shop_till.wait("MENU")
    shop_till.type("cards\r")
    shop_till.wait("every card payment is settled")


def test_a_till_killed_at_the_card_terminal_asks_before_it_takes_more_money(shop_till, tmp_path):
    begin(shop_till)
    shop_till.type("1\r")
    shop_till.wait("TO PAY 3.50")
    shop_till.press("F2")
    shop_till.wait("How did it end")
    shop_till.kill()
    again = TmuxTill(tmp_path, shop_till.data_dir)
    again.start(wait_for="BASKET RESTORED: 1 line")
    again.press("F12")
    again.wait("How did it end", "CARD 3.50 EUR")
    again.type("2\r")
    again.wait("TO PAY 3.50", "taken: 1.00 EUR in cash")
    again.press("Enter")
    again.wait("SOLD receipt k1-1-1, total 4.50")
    assert paid(again) == [("cash", 100), ("cash", 350)]
    again.end()


def test_cash_is_rounded_to_what_coins_there_are_and_a_card_is_not(till_of):
    till = till_of(BY_FIVES)
    begin(till, "4.52\r", "4.52")
    till.wait("TO PAY 4.50", "by card or voucher: 4.52 EUR")
    till.type("5\r")
    till.wait("SOLD receipt k1-1-1", "change 0.50")
    sale = sale_of(till)
    assert (sale["total_minor"], sale["rounding_minor"]) == (452, -2)
    begin(till, "4.52\r", "4.52")
    till.press("F2")
    till.wait("CARD 4.52 EUR")
    till.press("F9", "Enter")
    till.wait("SOLD receipt k1-1-2, total 4.52")
    second = facts_like(till.data_dir, "sale.recorded")[-1]
    assert [(one["kind"], one["amount_minor"]) for one in second["payments"]] == [("card", 452)]


def test_tax_on_top_of_prices(till_of):
    till = till_of(ON_TOP)
    begin(till, "TEA\r", "5.36")
    till.wait("VAT 19 %: 0.86 EUR on top of 4.50 EUR")
    till.press("F9")
    till.wait("SOLD receipt k1-1-1, total 5.36")
    assert [(tax["net_minor"], tax["tax_minor"]) for tax in sale_of(till)["taxes"]] == [(450, 86)]


def test_goods_beyond_the_books_need_a_manager_before_money_is_taken(till_of):
    till = till_of(NO_GOODS_BEYOND, received="TEA")
    till.type("2*TEA\r")
    till.wait("TOTAL 9.00")
    till.press("F9")
    till.wait("PIN of Anna")
    till.press("Escape")
    till.wait("Scan, code", "TOTAL 9.00")
    assert facts_like(till.data_dir, "sale.recorded") == []
    till.press("F12")
    till.wait("PIN of Anna")
    till.type(f"{PIN}\r")
    till.wait("SOLD receipt k1-1-1, total 9.00")
    (overdraft,) = facts_like(till.data_dir, "overdraft.booked")
    assert "anna" in str(overdraft)
    assert paid(till) == [("cash", 900)]


def test_the_fourth_wrong_pin_waits(till_of):
    till = till_of(NO_GOODS_BEYOND, received="TEA")
    till.type("2*TEA\r")
    till.wait("TOTAL 9.00")
    till.press("F9")
    till.wait("PIN of Anna")
    for wrong in ("8001", "8002", "8003"):
        till.type(f"{wrong}\r")
        till.wait("!", "PIN of Anna")
        till.rest()
    till.type(f"{PIN}\r")
    till.wait("wait")
    assert facts_like(till.data_dir, "sale.recorded") == []


def test_a_number_before_the_pay_key_is_what_was_given(shop_till):
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.type("20")
    shop_till.rest()
    shop_till.press("F9")
    shop_till.wait("CHANGE 15.50", "SOLD receipt k1-1-1, total 4.50, change 15.50")
    assert paid(shop_till) == [("cash", 450)]
