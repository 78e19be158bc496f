"""Goods set aside, collected and promised, and what other sites have, at the till over the real desk."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from stock_hands import ESPRESSO, account, asked, facts, fill, line, said, text, told
from talks import answered, begin, ended, hold
from till_terminal import sample_items, stock_desk

from contract.down import AvailabilityChanged, Item, Level, SiteHeard
from contract.down_rights import PromiseResolved, Remedy
from contract.rights import Answer, PromiseTold, ReservationCollected, ReservationRequested
from contract.sales import SaleRecorded
from contract.shop import Shop, TaxRate
from contract.values import Currency, Epoch, Money, Quantity, Sku
from kiosk.core.dialogues.reserving import collect_code
from kiosk.core.notices import Mood
from kiosk.core.words import Amount
from kiosk.journal import promises
from kiosk.journal.elsewhere import FILE, Elsewhere
from kiosk.journal.shops import save_shop
from kiosk.station import open_station

BEER = [
    Item(Sku("BEER"), "Beer", [], Money(100), age=16, deposit=Sku("PFAND"), tax="A"),
    Item(Sku("PFAND"), "Deposit", [], Money(8), tax="A"),
]


@pytest.fixture
def station(tmp_path):
    desk = stock_desk(tmp_path / "data", [*sample_items(), *BEER])
    with open_station(desk) as opened:
        yield opened
    desk.close()


def reserved(station, *entries):
    """Set goods aside; return the code."""
    fill(station, line("ESP-1", 10), line("BEER", 10))
    hold(station, "reserve", *entries, "", "", "")
    (one,) = station.stockroom.reservations()
    return one.code


def sell_as(station, shop):
    """Let the hub say how the shop sells, while the counter has its basket open."""
    catalogue = station.counter.desk.catalogue
    with catalogue.connection:
        save_shop(catalogue.connection, shop)


def test_goods_are_set_aside_and_the_slip_is_shown_with_its_code(station):
    fill(station, line("ESP-1", 10))
    talk = begin(station, "reserve", "2*ESP-1", "")
    assert (asked(talk).empty, told(talk)) == ("for 2 hours", ["2 × Espresso"])
    assert account(station, "ESP-1").held == 0
    talk.answer("90m")
    (one,) = station.stockroom.reservations()
    assert one.until - one.held_at == timedelta(minutes=90)
    assert asked(talk).title == f"CODE {one.code}"
    assert told(talk)[:2] == ["RESERVED for you", "2 x Espresso"]
    assert one.code in told(talk)[2]
    talk.answer("es")
    assert told(talk)[0] == "RESERVADO para usted"
    talk.answer("")
    assert text(ended(talk)).endswith(f"code {one.code}")


@pytest.mark.parametrize("wait", ["soon", "0h", "15d", "999999d", "2"])
def test_a_time_that_is_none_is_asked_again(station, wait):
    fill(station, line("ESP-1", 10))
    talk = begin(station, "reserve", "2*ESP-1", "", wait)
    assert asked(talk).refused
    assert station.stockroom.reservations() == []
    talk.answer("1d")
    assert asked(talk).title.startswith("CODE")


def test_beyond_the_rights_less_is_held_or_the_hub_is_asked(station):
    fill(station, line("ESP-1", 10))
    talk = begin(station, "reserve", "12*ESP-1", "", "")
    assert asked(talk).refused == "12 pc of ESP-1 wanted, 10 can be promised: hold less, or ask the hub for a promise"
    talk.answer(":less")
    assert told(talk) == ["12 × Espresso"]
    for answer in ("", "", ":ask"):
        talk.answer(answer)
    assert asked(talk).text == "The shopper's language"
    for answer in ("de", "", "", "3d"):
        talk.answer(answer)
    wish = facts(station)[-1]
    assert isinstance(wish, ReservationRequested)
    assert (wish.language, wish.lines[0].quantity, wish.site) == ("de", Quantity(12), None)
    assert told(talk)[0] == "NOCH NICHT ZUGESAGT - IN KLÄRUNG"


def test_what_is_set_aside_is_collected_by_its_code_and_paid_with_change(station):
    code = reserved(station, "2*ESP-1")
    talk = begin(station, "collect", code.replace("-", " ").lower())
    assert (asked(talk).figure, asked(talk).takes) == (Amount(440, "EUR", named=True), "money")
    assert told(talk) == [f"set aside under {code}"]
    talk.answer("5")
    done = said(ended(talk))
    assert (done.mood, done.text) == (Mood.SOLD, "SOLD receipt k1-1-1, total 4.40, change 0.60")
    assert station.counter.sold.change_minor == 60
    collected, sale = facts(station)[-2:]
    assert isinstance(collected, ReservationCollected)
    assert isinstance(sale, SaleRecorded)
    assert (collected.basket, sale.payments[0].tendered_minor) == (sale.basket, 500)
    assert (account(station, "ESP-1").held, account(station, "ESP-1").sold) == (0, 2)


def test_what_is_collected_is_paid_in_any_way_there_is(station):
    code = reserved(station, "2*ESP-1")
    talk = begin(station, "collect", code, "1", "card 2", "approved", "T-1", "voucher", "V1", "1.40")
    assert said(ended(talk)).mood is Mood.SOLD
    sale = facts(station)[-1]
    assert [(one.kind, one.amount_minor) for one in sale.payments] == [("cash", 100), ("card", 200), ("voucher", 140)]
    assert account(station, "ESP-1").held == 0


def test_what_is_collected_keeps_its_rights_in_a_till_that_has_no_more(station):
    code = reserved(station, "10*ESP-1")
    hold(station, "collect", code, "")
    sale = facts(station)[-1]
    assert (sale.lines[0].quantity, sale.lines[0].overdraft) == (Quantity(10), 0)
    assert account(station, "ESP-1").overdraft == 0


def test_it_stays_set_aside_until_the_sale_also_in_a_basket_that_is_parked_or_restored(station):
    code = reserved(station, "2*ESP-1")
    begin(station, "collect", code).leave()
    assert [one.sku for one in station.counter.basket.lines] == ["ESP-1"]
    assert account(station, "ESP-1").held == 2
    hold(station, "hold")
    assert station.counter.basket.lines == ()
    hold(station, "recall")
    assert station.counter.desk.open_basket().collects.code == code
    assert text(hold(station, "pay", "")).startswith("SOLD")
    assert account(station, "ESP-1").held == 0


def test_of_what_is_collected_less_may_be_bought_and_other_goods_too(station):
    code = reserved(station, "3*ESP-1")
    station.counter.enter("P-01")
    begin(station, "collect", code).leave()
    station.counter.put(1, replace(station.counter.basket.lines[1], quantity=Quantity(2)))
    assert text(hold(station, "pay", "")).startswith("SOLD")
    assert account(station, "ESP-1").held == 0
    assert (account(station, "ESP-1").sold, account(station, "ESP-1").promisable) == (2, 8)


def test_a_reservation_of_which_nothing_is_bought_stays(station):
    code = reserved(station, "2*ESP-1")
    station.counter.enter("P-01")
    begin(station, "collect", code).leave()
    assert "is in the basket" in said(hold(station, "collect", code)).text
    station.counter.void(1)
    assert text(hold(station, "pay", "")).startswith("SOLD")
    assert account(station, "ESP-1").held == 2
    assert station.stockroom.reservation(code).state == "held"


def test_what_was_let_go_while_money_was_counted_is_sold_as_other_goods(station):
    code = reserved(station, "1*ESP-1")
    talk = begin(station, "collect", code)
    station.stockroom.cancel(station.stockroom.reservation(code), reason="late")
    talk.answer("")
    assert (
        asked(talk).refused
        == f"NOT SOLD: {code} is not set aside any more. Take payment again to sell it as other goods"
    )
    assert not any(isinstance(fact, SaleRecorded) for fact in facts(station))
    talk.answer("")
    assert said(ended(talk)).mood is Mood.SOLD
    assert account(station, "ESP-1").sold == 1


def test_enter_is_exact_cash_and_what_was_collected_is_not_collected_again(station):
    code = reserved(station, "1*ESP-1")
    assert text(hold(station, "collect", code, "")).endswith("total 2.20, change 0.00")
    done = said(hold(station, "collect", code))
    assert (done.mood, done.text) == (Mood.ERROR, f"{code} was collected already: sell the goods as others")


def test_a_sale_of_collected_goods_opens_the_drawer_and_is_printed_as_any_other(station):
    code = reserved(station, "1*ESP-1")
    sold = []
    station.devices.after_sale = lambda sale, _: sold.append(sale.receipt)
    hold(station, "collect", code, "")
    assert sold == ["k1-1-1"]


def test_what_is_collected_has_the_shops_taxes_deposits_ages_and_coins(station):
    code = reserved(station, "3*BEER")
    sell_as(station, Shop(taxes=[TaxRate("A", 190_000, "VAT 19 %")], tax_included=False, cash_step_minor=5))
    talk = begin(station, "collect", code)
    assert asked(talk).text == "Is the shopper 16 or older"
    talk.answer(":yes")
    assert asked(talk).figure == Amount(385, "EUR", named=True), (
        "(3.00 + 0.24) and 19 % is 3.86, for which there are no coins"
    )
    talk.answer("")
    assert said(ended(talk)).mood is Mood.SOLD
    sale = facts(station)[-1]
    assert [(one.sku, one.amount_minor, one.age) for one in sale.lines] == [("BEER", 300, 16), ("PFAND", 24, 0)]
    assert (sale.total_minor, sale.rounding_minor, sale.taxes[0].tax_minor) == (386, -1, 62)


def test_who_is_too_young_gets_nothing_and_it_stays_set_aside(station):
    code = reserved(station, "3*BEER")
    assert text(hold(station, "collect", code, ":no")).startswith("not sold: the shopper is not 16")
    assert account(station, "BEER").held == 3


def test_a_code_that_a_scan_found_is_collected(station):
    code = reserved(station, "1*ESP-1")
    talk = answered(collect_code(station, code))
    assert told(talk) == [f"set aside under {code}"]
    assert said(ended(answered(collect_code(station, "AAAA-AAAA")))).mood is Mood.ERROR


def test_a_code_that_is_none_is_asked_again(station):
    code = reserved(station, "1*ESP-1")
    talk = begin(station, "collect", "ABCD-EFGH")
    assert "mistyped" in asked(talk).refused
    talk.answer("ABCD-123")
    assert asked(talk).refused == "no reservation here has the code ABCD-123: see the list"
    assert [(one.id, str(one.hint)) for one in asked(talk).options] == [(code, "1 × Espresso")]


def test_a_code_typed_before_the_key_is_the_answer(station):
    code = reserved(station, "1*ESP-1")
    station.typed = code
    assert told(begin(station, "collect")) == [f"set aside under {code}"]


def test_goods_without_a_price_wait_for_one(station):
    fill(station, line("REPAIR", 1))
    hold(station, "reserve", "REPAIR", "", "", "")
    (one,) = station.stockroom.reservations()
    assert (
        text(hold(station, "collect", one.code))
        == "REPAIR has no price in the catalogue: import one, then collect again"
    )


def test_what_nobody_wants_is_cancelled_and_free_again(station):
    code = reserved(station, "4*ESP-1")
    talk = begin(station, "reserved", code, ":cancel", "late")
    assert text(ended(talk)) == f"{code} is cancelled: its goods can be sold again"
    assert facts(station)[-1].reason == "late"
    assert account(station, "ESP-1").promisable == 10
    assert asked(begin(station, "reserved")).options == ()


def test_a_slip_is_shown_again_and_a_reservation_collected_from_the_list(station):
    code = reserved(station, "1*ESP-1")
    assert hold(station, "reserved", code, ":slip", "") is None
    assert told(begin(station, "reserved", code, ":collect")) == [f"set aside under {code}"]


def test_what_an_earlier_life_held_is_sold_or_put_back(station):
    code = reserved(station, "2*ESP-1")
    station.counter.desk.journal.raise_epoch(Epoch(1))
    talk = begin(station, "reserved", code)
    assert told(talk) == ["2 × Espresso", "of an earlier life of this till"]
    talk.answer(":cancel")
    talk.answer("")
    assert "put its goods back, and count them" in text(ended(talk))


def test_a_promise_is_pending_and_says_so_until_the_hub_answers(station):
    talk = begin(station, "promise", "6*ESP-1", "", "fr", "pier", "3", "")
    wish = facts(station)[-1]
    assert (wish.language, wish.site, wish.paid_minor, wish.collect_by) == ("fr", "pier", 300, None)
    assert asked(talk).title.startswith("PROMISE: pending")
    assert told(talk)[:2] == ["PAS ENCORE PROMIS - EN ATTENTE", "6 x Espresso"]
    talk.answer(":look")
    assert asked(talk).title.startswith("PROMISE: pending")
    resolve(station, wish.promise)
    talk.answer(":look")
    assert told(talk) == ["ELSEWHERE", "Venez au quai.", "6 x Espresso", "refund 3.00 EUR"]
    assert asked(talk).title == "PROMISE: elsewhere ABCD-123"
    assert asked(talk).options == ()
    talk.answer("")
    assert text(ended(talk)) == f"promise {wish.promise[:8]}: elsewhere"


def resolve(station, promise):
    """Take the hub's answer in, as the backroom does."""
    journal, lines = station.counter.desk.journal, [line("ESP-1", 6)]
    back = {"remedy": Remedy.REFUND, "amount_minor": Money(300), "currency": Currency("EUR")}
    answer = PromiseResolved(promise, Answer.ELSEWHERE, "Venez au quai.", lines, "pier", "ABCD-123", **back)
    with journal.writing() as writing:
        promises.answer(writing.connection, answer, epoch=journal.epoch)
        writing.add([PromiseTold(promise, answer.answer, writing.stamp.at, lines, "pier", "ABCD-123")])


@pytest.mark.parametrize("language", ["english", "e", "1"])
def test_a_language_that_is_none_is_asked_again(station, language):
    talk = begin(station, "promise", ESPRESSO, "", language)
    assert "is no language" in asked(talk).refused
    talk.answer("")
    assert asked(talk).text == "Where they want it"


def test_a_language_without_words_here_is_taken_and_said(station):
    talk = begin(station, "promise", ESPRESSO, "", "it", "", "")
    assert told(talk)[-1] == "the slip is in English: there are no words in it here"
    talk.answer("15d")
    assert "no shopper waits for more than 14 days" in asked(talk).refused


def test_promises_are_listed_with_their_answers(station):
    assert text(hold(station, "promises")) == "no promise was asked for here"
    hold(station, "promise", ESPRESSO, "", "", "", "", "", "")
    wish = facts(station)[-1].promise
    talk = begin(station, "promises")
    assert [(one.id, str(one.label), str(one.hint)) for one in asked(talk).options] == [
        (wish, "1 × Espresso", "pending")
    ]
    talk.answer(wish[:8])
    assert asked(talk).title.startswith("PROMISE: pending")
    talk.answer("")
    talk.answer("zz")
    assert "no promise here begins with 'zz'" in asked(talk).refused
    talk.answer("")
    assert ended(talk) is None


def test_other_sites_are_told_of_with_the_age_of_the_news(station):
    now = station.counter.desk.clock.stamp().at
    file = Elsewhere(station.counter.desk.data_dir / FILE)
    heard = [
        SiteHeard(site, now - age)
        for site, age in (
            ("harbour", timedelta(minutes=2)),
            ("market", timedelta(hours=3)),
            ("museum", timedelta(hours=50)),
        )
    ]
    levels = [Level("harbour", "ESP-1", 5, more=True), Level("market", "ESP-1", 3), Level("fair", "ESP-1", 1)]
    levels.append(Level("museum", "ESP-1", 2))
    file.apply(1, 1, AvailabilityChanged(complete=True, levels=levels, heard=heard))
    file.close()
    talk = begin(station, "elsewhere", "4006381333932")
    assert "WRONG CHECK DIGIT" in asked(talk).refused
    talk.answer(ESPRESSO)
    assert told(talk) == [
        "Espresso (ESP-1)",
        "fair: ask there, never heard",
        "harbour: 5+, told 2 min ago",
        "market: ask there, told 3 hours ago",
        "museum: ask there, told 2 days ago",
    ]
    talk.answer("")
    talk.answer("P-01")
    assert told(talk)[1] == "nothing was told of it yet: ask the other site"
    talk.answer(":promise")
    assert told(talk) == ["1 × Piece number 01"]
    talk.leave()


def test_who_names_no_item_goes_back_to_the_sale(station):
    assert hold(station, "elsewhere", "") is None


def test_none_of_several_names_asks_for_the_item_again(station):
    talk = begin(station, "elsewhere", "espr", ":none")
    assert asked(talk).text == "Scan, code or name"


def test_a_hub_that_is_late_is_said_and_a_promise_of_a_lost_card_has_no_goods(station):
    at = station.counter.desk.clock.stamp().at - timedelta(minutes=5)
    station.counter.desk.record([ReservationRequested("p-1", [line("ESP-1", 6)], "en", "EUR", at, Money(0))])
    talk = begin(station, "promises", "p-1")
    assert told(talk)[-1] == "The hub is late: is it connected? The promise stays asked for."
    talk.answer("")
    resolve(station, "p-lost")
    assert [str(one.label) for one in asked(begin(station, "promises")).options] == ["6 × Espresso", "promise p-lost"]
