"""What a person does at the till, and what the till shows."""

import pytest
from till_terminal import barcode

ESPRESSO = "4006381333931"


async def test_an_empty_till_says_how_to_begin(open_till):
    async with open_till() as till:
        assert "Scan or type to begin." in till.screen()
        assert "TOTAL 0.00 EUR" in till.screen()


async def test_an_empty_basket_names_the_sale_before_it(open_till):
    async with open_till() as till:
        for number in (1, 2):
            await till.scan(ESPRESSO)
            await till.press("f12")
            await till.scan(ESPRESSO)
            await till.press("f8")
            assert f"Last sale: k1-1-{number}, 2.20" in till.screen()


async def test_a_scan_shows_its_line(open_till):
    async with open_till() as till:
        await till.scan(ESPRESSO)
        assert "1  Espresso" in till.screen()
        assert "TOTAL 2.20 EUR" in till.screen()


@pytest.mark.parametrize(
    ("typed", "basket"),
    [
        (f"3*\n{ESPRESSO}\n", [("ESP-1", 3)]),
        (f"3*{ESPRESSO}\n", [("ESP-1", 3)]),
        ("ESP-2\n", [("ESP-2", 1)]),
        ("doppio\n", [("ESP-2", 1)]),
        ("1234\n", [("1234", 1)]),
        ("4.50\n", [("OPEN", 1)]),
        ("2*4,50\n", [("OPEN", 2)]),
        ("0.25*APPLE\n", [("APPLE", 250)]),
        ("APPLE\n0.25\n", [("APPLE", 250)]),
        ("REPAIR\n12.50\n", [("REPAIR", 1)]),
        ("CABLE\n1.5\n2\n", [("CABLE", 1500)]),
        ("36000291452\n", [("UPC", 1)]),
        ("036000291452\n", [("UPC", 1)]),
        ("0036000291452\n", [("UPC", 1)]),
        ("00036000291452\n", [("UPC", 1)]),
        ("96385074\n", [("EAN8", 1)]),
    ],
)
async def test_what_is_typed_becomes_a_line(open_till, typed, basket):
    async with open_till() as till:
        await till.type(typed)
        assert till.basket() == basket


async def test_weighed_goods_are_shown_in_kilograms(open_till):
    async with open_till() as till:
        await till.type("0.25*APPLE\n")
        assert "0.250 kg  Apples [loose]" in till.screen()
        assert "2.99/kg" in till.screen()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("4006381333932\n", "WRONG CHECK DIGIT 4006381333932"),
        ("4006381333948\n", "UNKNOWN CODE 4006381333948"),
        ("99\n", "UNKNOWN CODE 99"),
        ("nothing like it\n", "NOT FOUND"),
        ("4.505\n", "finer than the smallest coin"),
        ("0*\n", "quantity of 0"),
        ("4006381333931*\n", "too large for a quantity"),
        (f"0.5*{ESPRESSO}\n", "pieces cannot be sold"),
        ("0.2505*APPLE\n", "at most three decimals"),
    ],
)
async def test_what_cannot_be_sold_is_said_with_the_bell_and_adds_nothing(open_till, typed, told):
    async with open_till() as till:
        rung = []
        till.app.bell = lambda: rung.append(True)
        await till.type(typed)
        assert till.basket() == []
        assert told in till.notice()
        assert f"! {told.split()[0]}" in till.screen() or till.notice() in till.screen().replace("\n  ", " ")
        assert rung == [True]


async def test_an_error_outlives_scans_until_a_person_who_could_see_it_presses_a_key(open_till):
    async with open_till() as till:
        await till.scan("4006381333932")
        await till.scan("4006381333948")
        await till.scan(ESPRESSO)
        assert till.notice().endswith("(errors before it: 1, Ctrl+E lists them)")
        till.wait_s(2)
        await till.scan(ESPRESSO)
        assert "UNKNOWN CODE 4006381333948" in till.notice()
        await till.type("4006381333931\n")  # typed by a person, and taken: that is good news
        assert till.notice() == ""
        assert len(till.basket()) == 1


async def test_what_was_seen_goes_when_a_person_does_something_else(open_till):
    async with open_till() as till:
        await till.scan(ESPRESSO)
        await till.scan("4006381333932")
        await till.press("ctrl+n", "escape")
        assert "WRONG CHECK DIGIT" in till.notice()  # so fast that nobody read it
        till.wait_s(2)
        await till.press("ctrl+n")
        await till.type("cold\n")
        assert till.notice() == ""
        assert "cold" in till.screen()


async def test_escape_takes_an_error_away(open_till):
    async with open_till() as till:
        await till.scan("4006381333932")
        await till.press("escape")
        assert till.notice() == ""


async def test_a_quantity_is_dropped_with_the_code_that_failed(open_till):
    async with open_till() as till:
        await till.type("5*\n4006381333932\n")
        assert "(quantity 5 dropped)" in till.notice()
        await till.scan(ESPRESSO)
        assert till.basket() == [("ESP-1", 1)]


async def test_escape_takes_back_the_smallest_thing(open_till):
    async with open_till() as till:
        await till.type("3*\nesp")
        await till.press("escape")
        assert till.frame.entry.text == ""
        assert "3 ×" in till.screen()
        await till.press("escape")
        assert "3 ×" not in till.screen()


async def test_results_come_with_the_words_and_arrows_choose(open_till):
    async with open_till() as till:
        await till.type("3*espr")
        assert "Espresso doppio" in till.screen()
        assert till.basket() == []
        await till.press("down", "down", "down", "up", "down", "enter")
        assert till.basket() == [("ESP-2", 3)]
        assert "to choose" not in till.screen()


async def test_words_that_mean_several_things_wait_for_a_choice(open_till):
    async with open_till() as till:
        await till.type("2*\nespresso\n")
        assert till.basket() == []
        assert "Enter takes the marked item" in till.screen()
        await till.press("enter")
        assert till.basket() == [("ESP-1", 2)]


async def test_a_code_is_not_completed_by_guessing(open_till):
    async with open_till() as till:
        await till.type("ESP-\n")
        assert till.basket() == []
        await till.type("1\n")
        assert till.basket() == [("ESP-1", 1)]


async def test_f2_searches_for_digits_too(open_till):
    async with open_till() as till:
        await till.press("f2")
        await till.type("12")
        assert "Short number" in till.screen()


async def test_digits_are_searched_for_once_a_scanner_would_have_finished(open_till):
    async with open_till() as till:
        await till.type("12", gap_s=0)
        await till.pilot.pause(0.2)
        await till.settle()
        assert "Short number" in till.screen()
        await till.press("backspace", "backspace")
        assert "Short number" not in till.screen()


async def test_a_scan_while_words_are_typed_is_taken_for_itself(open_till):
    async with open_till() as till:
        await till.type("espresso\n")
        await till.scan(barcode(7))
        assert till.basket() == [("P-07", 1)]
        await till.type("123")
        await till.scan(barcode(8))
        assert till.basket() == [("P-07", 1), ("P-08", 1)]


async def test_one_or_two_digits_before_a_scan_are_its_quantity(open_till):
    async with open_till() as till:
        await till.type("3")
        await till.scan(barcode(1))
        await till.type("12*")
        await till.scan(barcode(2))
        await till.type("0")
        await till.scan(barcode(3))
        assert till.basket() == [("P-01", 3), ("P-02", 12), ("P-03", 1)]


async def test_void_takes_the_selected_line_or_the_last(open_till):
    async with open_till() as till:
        for number in range(4):
            await till.scan(barcode(number))
        await till.press("f8")
        assert till.basket() == [("P-00", 1), ("P-01", 1), ("P-02", 1)]
        await till.press("up", "up", "delete")
        assert till.basket() == [("P-01", 1), ("P-02", 1)]
        await till.press("up", "down", "f8", "f8")
        assert till.basket() == []
        await till.press("f8")
        assert "the basket is empty" in till.notice()


async def test_long_baskets_show_their_end_and_scroll(open_till):
    async with open_till() as till:
        for number in range(40):
            await till.scan(barcode(number))
        assert "lines above" in till.screen()
        assert "Piece number 39" in till.screen()
        await till.press(*["up"] * 39)
        assert "Piece number 00" in till.screen()
        await till.press("escape")
        assert "Piece number 39" in till.screen()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
async def test_pasted_scans_are_scans(open_till, end):
    async with open_till() as till:
        await till.paste("".join(barcode(number) + end for number in range(60)))
        assert till.basket() == [(f"P-{number:02d}", 1) for number in range(60)]


async def test_tab_ends_a_scan(open_till):
    async with open_till() as till:
        await till.press("tab")
        await till.type(ESPRESSO)
        await till.press("tab")
        assert till.basket() == [("ESP-1", 1)]


async def test_backspace_corrects(open_till):
    async with open_till() as till:
        await till.type("12349")
        await till.press("backspace")
        await till.type("\n")
        assert till.basket() == [("1234", 1)]


async def test_what_is_asked_for_is_asked_until_answered_or_left(open_till):
    async with open_till() as till:
        await till.type("REPAIR\n")
        assert "PRICE NEEDED" in till.screen()
        await till.type("\nx\n")
        assert "not an amount" in till.notice()
        await till.scan(ESPRESSO)
        assert "that was a barcode" in till.notice()
        await till.type("9")
        await till.press("escape", "escape")
        assert till.notice() == "not added: Repair"
        assert till.basket() == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 15)])
async def test_nothing_but_names_is_cut(open_till, size):
    async with open_till(size=size) as till:
        await till.type("2*ESP-2\n")
        rows = till.screen().splitlines()
        assert len(rows) == size[1]
        assert any("6.20" in row for row in rows)
        assert any("TOTAL 6.20 EUR" in row for row in rows)
