"""Shoppers who wait, and goods that come and go, by keys in a real terminal; the journal says the same."""

import re

from till_shop import TEA, assert_whole, facts_like, kiosk, shop_folder
from till_terminal import TmuxTill


def begin(till, action, *texts):
    """Begin an action from the menu by its name, and wait for what it asks."""
    till.press("F1")
    till.wait("MENU")
    till.type(f"{action}\r")
    till.wait(*texts)


def stocked(tmp_path, received="12*TEA"):
    """Return a till that is ready and has goods by its books."""
    times, sku = received.split("*")
    folder = shop_folder(tmp_path / "data")
    kiosk(folder, "stock", "receive", sku, times)
    till = TmuxTill(tmp_path, folder)
    till.start()
    return till


def moved(data_dir, kind):
    return [(one["sku"], one["quantity"]["amount"]) for fact in facts_like(data_dir, kind) for one in fact["lines"]]


def test_two_baskets_are_put_aside_and_taken_up_again(shop_till):
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.by_hand("red scarf")
    shop_till.press("F4")
    shop_till.wait("red scarf", "TOTAL 0.00")
    shop_till.type("BREAD\r")
    shop_till.wait("TOTAL 3.20")
    shop_till.press("F4")
    shop_till.wait("TOTAL 0.00")
    shop_till.scan(TEA)
    shop_till.wait("TOTAL 4.50")
    shop_till.press("F5")
    shop_till.wait("!", "TOTAL 4.50")  # goods in the basket: nothing is mixed
    shop_till.press("F12")
    shop_till.wait("SOLD receipt k1-1-1, total 4.50")
    shop_till.press("F5")
    shop_till.wait("RECALL", "red scarf", "3.20")
    shop_till.type("red\r")
    shop_till.wait("TOTAL 4.50", "Tea")
    shop_till.press("F12")
    shop_till.wait("SOLD receipt k1-1-2")
    shop_till.press("F5")
    shop_till.wait("TOTAL 3.20", "Bread")
    assert_whole(shop_till.data_dir)


def test_goods_are_reserved_collected_and_let_go(tmp_path):
    till = stocked(tmp_path)
    begin(till, "reserve", "Scan, code or name")
    till.type("3*TEA\r")
    till.wait("3 × Tea")
    till.press("Enter")
    till.wait("For how long")
    till.press("Enter")
    found = re.search(r"CODE (\S+)", till.wait("RESERVED for you", "3 x Tea"))
    assert found is not None
    code = found[1]
    till.type("2\r")  # the slip in French
    till.wait("À retirer avant")
    till.press("Enter")
    till.wait(f"code {code}")
    till.scan(code)  # from the slip, at the sale screen
    till.wait("TO PAY 13.50 EUR", f"set aside under {code}", "exact cash")
    till.type("20\r")
    till.wait("SOLD receipt k1-1-1, total 13.50, change 6.50")
    begin(till, "reserve", "Scan, code or name")
    till.type("2*TEA\r")
    till.wait("2 × Tea")
    till.press("Enter")
    till.wait("For how long")
    till.press("Enter")
    till.wait("RESERVED for you")
    till.press("Enter")
    till.wait("set aside until")
    begin(till, "reserved", "Code")
    till.press("Down", "Enter")
    till.wait("Cancel: nobody wants it")
    till.type("3\r")
    till.wait("Why")
    till.press("Enter")
    till.wait("its goods can be sold again")
    assert moved(till.data_dir, "reservation.held") == [("TEA", 3), ("TEA", 2)]
    assert len(facts_like(till.data_dir, "reservation.collected")) == 1
    assert len(facts_like(till.data_dir, "reservation.cancelled")) == 1
    assert_whole(till.data_dir)
    till.end()


def test_what_is_beyond_the_rights_here_becomes_a_promise_with_its_slip(tmp_path):
    till = stocked(tmp_path, "2*TEA")
    begin(till, "reserve", "Scan, code or name")
    till.type("6*TEA\r")
    till.wait("6 × Tea")
    till.press("Enter")
    till.wait("For how long")
    till.press("Enter")
    till.wait("What now", "Ask the hub")
    till.type("1\r")
    till.wait("The shopper's language")
    till.type("2\r")
    till.wait("Where they want it")
    till.press("Enter")
    till.wait("What they paid for it already")
    till.press("Enter")
    till.wait("How long they would wait")
    till.type("2h\r")
    till.wait("NOCH NICHT ZUGESAGT", "6 x Tea")  # pending is no promise, and the slip says so
    till.press("Enter")
    till.wait("Scan, code, name or price")
    begin(till, "promises", "6 × Tea")
    till.press("Escape")
    assert moved(till.data_dir, "reservation.requested") == [("TEA", 6)]
    assert facts_like(till.data_dir, "reservation.held") == []
    assert_whole(till.data_dir)
    till.end()


def test_what_other_sites_have_is_asked_without_leaving_the_till(shop_till):
    begin(shop_till, "elsewhere", "Scan, code or name")
    shop_till.scan(TEA)
    shop_till.wait("nothing was told of it yet: ask the other site")
    shop_till.press("Escape")
    shop_till.wait("Scan, code, name or price")


def test_a_delivery_waste_and_goods_to_and_from_another_site(shop_till):
    begin(shop_till, "receive", "Number of the delivery")
    shop_till.press("Enter")
    shop_till.wait("Scan, code or name")
    shop_till.type("9*TEA\r")
    shop_till.wait("9 × Tea")
    shop_till.scan(TEA)
    shop_till.wait("10 × Tea")
    shop_till.press("F8")  # the last one was a mistake
    shop_till.wait("9 × Tea")
    shop_till.press("Enter")
    shop_till.wait("received: 1 line")
    begin(shop_till, "waste", "Scan, code or name")
    shop_till.type("2*TEA\r")
    shop_till.wait("2 × Tea")
    shop_till.press("Enter")
    shop_till.wait("Why")
    shop_till.type("1\r")
    shop_till.wait("written off: 1 line")
    begin(shop_till, "send goods", "Which site")
    shop_till.type("river-pier\r")
    shop_till.wait("Scan, code or name")
    shop_till.type("3*TEA\r")
    shop_till.wait("3 × Tea")
    shop_till.press("Enter")
    shop_till.wait("river-pier")
    assert moved(shop_till.data_dir, "stock.received") == [("TEA", 9)]
    assert moved(shop_till.data_dir, "stock.wasted") == [("TEA", 2)]
    assert [fact["reason"] for fact in facts_like(shop_till.data_dir, "stock.wasted")] == ["broken"]
    shop_till.press("Escape")
    shop_till.wait("Scan, code, name or price")
    assert moved(shop_till.data_dir, "transfer.sent") == [("TEA", 3)]
    begin(shop_till, "goods arrive", "Which site")
    shop_till.type("river-pier\r")
    shop_till.wait("The transfer's id")
    shop_till.type("T-17\r")
    shop_till.wait("Scan, code or name")
    shop_till.type("4*BREAD\r")
    shop_till.wait("4 × Bread")
    shop_till.press("Enter")
    shop_till.wait("Which part", "transfer T-17")
    shop_till.press("Enter")
    shop_till.wait("arrived from river-pier: 1 line")
    assert moved(shop_till.data_dir, "transfer.received") == [("BREAD", 4)]
    assert_whole(shop_till.data_dir)


def test_a_count_is_blind_until_it_is_on_record(tmp_path):
    till = stocked(tmp_path)
    begin(till, "count", "Scan, code or name")
    till.type("11*TEA\r")
    seen = till.wait("11 × Tea")
    assert "12" not in seen.replace("11 × Tea", "")
    till.press("Enter")
    till.wait("Another till")
    till.press("Enter")
    till.wait("Why it was counted")
    till.press("Enter")
    till.wait("Tea", "12")
    (counted,) = facts_like(till.data_dir, "stock.counted")
    assert [(line["sku"], line["counted"]["amount"]) for line in counted["lines"]] == [("TEA", 11)]
    assert_whole(till.data_dir)
    till.end()
