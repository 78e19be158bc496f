"""Paying as a dialogue, over the real desk: what is asked, what is said before money is taken, what a sale holds."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from money_talks import (
    ANNA,
    CHF,
    USD,
    VAT,
    answered_on,
    asks,
    config,
    desk_of,
    options,
    paid,
    refusal,
    sales,
    sold,
    station,
)
from msgspec.structs import replace
from talks import answered, ended
from till_terminal import sample_items

from contract.codec import decode
from contract.facts import StockLine, StockReceived
from contract.rights import OverdraftBooked
from contract.shop import Person, Role, Shop, TaxRate
from contract.values import Money, Quantity, Sku
from kiosk.bootstrap import open_desk
from kiosk.core.dialogue import Dialogue, Takes
from kiosk.core.dialogues.paying import exact, pay
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.people import make_hash
from kiosk.station import open_station

__all__ = ["station"]


def test_it_shows_what_is_due_and_the_tax_in_it(station: Station) -> None:
    prompt = answered(pay(station)).prompt
    assert prompt is not None
    assert (prompt.text, prompt.title, prompt.takes) == ("Cash received", "TO PAY 10.05 EUR", Takes.MONEY)
    taxes = "VAT 19 %: 1.60 EUR is in it, net 8.43 EUR"
    assert prompt.told == (taxes, "Total 10.03 EUR", "by card or voucher: 10.03 EUR")
    assert (prompt.empty, prompt.figure and prompt.figure.minor) == ("exact cash", 1005)
    assert [(one.id, one.key) for one in prompt.options] == [
        ("exact", "pay"),
        ("card", "card"),
        ("voucher", "voucher"),
        ("foreign", "foreign"),
    ]


@pytest.mark.parametrize(
    ("code", "told"), [("", "without tax: 10.03 EUR"), ("B", "no tax rate for code B: 0.00 EUR is")]
)
def test_it_says_what_no_tax_was_found_for(tmp_path: Path, code: str, told: str) -> None:
    desk = open_desk(tmp_path / "data", config(Shop(taxes=[TaxRate("X", 190_000, "VAT 19 %")])))
    with closing(desk), open_station(desk) as station:
        desk.catalogue.put([replace(sample_items()[0], sku=Sku("BARE"), gtins=[], tax=code, price_minor=Money(1003))])
        station.counter.enter("BARE")
        prompt = answered(pay(station)).prompt
        assert prompt is not None
        assert prompt.told[0].startswith(told)


@pytest.mark.parametrize(("answer", "change"), [("", 0), ("exact", 0), ("20", 995), ("10.03", 0), ("10,05", 0)])
def test_cash(station: Station, answer: str, change: int) -> None:
    assert f"change {change // 100}.{change % 100:02d}" in sold(answered(pay(station), answer)).text
    assert sales(station)[0].payments[0].change_minor == change


def test_exact_cash_asks_nothing(station: Station) -> None:
    sold(answered(exact(station)))
    assert paid(station) == [("cash", 1005, 0)]
    assert ended(answered(exact(station))) == Notice(Mood.ERROR, "the basket is empty: scan something first")


def test_a_number_typed_before_the_key_is_cash(station: Station) -> None:
    station.typed = "20"
    sold(answered(pay(station)))
    assert sales(station)[0].payments[0].change_minor == 995


@pytest.mark.parametrize("begin", [pay, exact])
@pytest.mark.parametrize("typed", ["1234", "4006381333931", "espresso", "3*", "4.50", "10,03"])
def test_goods_that_were_being_typed_are_neither_cash_nor_forgotten(
    station: Station, begin: Callable[[Station], Dialogue], typed: str
) -> None:
    station.typed = typed
    notice = ended(answered(begin(station)))
    assert notice == Notice(Mood.ERROR, f"{typed} is typed and not in the basket: Enter sells it, Esc clears it")
    assert station.take_typed() == typed
    assert sales(station) == []


def test_a_number_before_the_key_of_exact_cash_is_asked_about(station: Station) -> None:
    station.typed = "20"
    ended(answered(exact(station)))
    assert sales(station) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [("0", "no money is no payment"), ("x", "not an amount"), ("give-back", "not an amount"), ("card 99", "type less")],
)
def test_what_cannot_be_taken_is_asked_again(station: Station, answer: str, why: str) -> None:
    talk = answered(pay(station), answer)
    assert why in refusal(talk)
    assert sales(station) == []
    sold(answered_on(talk, ""))


def test_a_party_shares_the_bill_and_sees_what_was_taken(station: Station) -> None:
    talk = answered(pay(station), "voucher", "GIFT-1", "3", "card 2.00", "approved", "T1-47", "foreign 1")
    prompt = talk.prompt
    assert prompt is not None
    assert prompt.said == "taken; left to pay 4.12 EUR"
    assert prompt.told[2:] == (
        "taken: 3.00 EUR by voucher GIFT-1",
        "taken: 2.00 EUR by card",
        "taken: 1.00 USD in cash, worth 0.91 EUR",
        "by card or voucher: 4.12 EUR",
    )
    sold(answered_on(talk, "1", "5"))
    assert paid(station) == [
        ("voucher", 300, 0),
        ("card", 200, 0),
        ("cash", 91, 0),
        ("cash", 100, 0),
        ("cash", 310, 190),
    ]
    assert sales(station)[0].payments[1].reference == "T1-47"
    assert sales(station)[0].rounding_minor == -2


def test_what_was_taken_can_be_given_back_but_not_a_card(station: Station) -> None:
    talk = answered(pay(station), "5", "give-back")
    assert (talk.prompt.said if talk.prompt else "") == "given back"
    assert station.counter.basket.payments == ()
    answered_on(talk, "card 5", "approved", "")
    assert "give-back" not in options(talk)


def test_leaving_keeps_what_was_taken(station: Station) -> None:
    talk = answered(pay(station), "voucher", "GIFT-1", "")
    sold(talk)
    station.counter.enter("10.03")
    talk = answered(pay(station), "4")
    talk.leave()
    assert station.counter.paying.tender.left_minor == 603


def test_a_basket_that_fell_to_what_was_taken_is_finished_by_enter(station: Station) -> None:
    station.counter.enter("2.00")
    answered(pay(station), "10.03").leave()
    station.counter.void(1)
    talk = answered(pay(station))
    assert (talk.prompt and talk.prompt.empty, options(talk)) == ("finish the sale", ["exact", "give-back"])
    sold(answered_on(talk, ""))
    assert paid(station) == [("cash", 1003, 0)]


def test_the_pay_key_takes_no_number_that_was_typed(station: Station) -> None:
    talk = answered(pay(station))
    station.typed = "5"
    assert "then Enter" in refusal(answered_on(talk, "exact"))
    assert sales(station) == []


def test_foreign_cash_says_what_is_needed_and_changes_at_home(station: Station) -> None:
    talk = answered(pay(station), "foreign")
    prompt = talk.prompt
    assert prompt is not None
    assert prompt.told[0] == "1.00 USD = 0.91 EUR"
    assert prompt.figure is not None
    assert (prompt.figure.minor, prompt.figure.currency) == (1105, "USD")
    sold(answered_on(talk, "20"))
    assert paid(station) == [("cash", 1005, 815)]


def test_the_least_foreign_cash_that_is_asked_for_covers_the_bill(station: Station) -> None:
    sold(answered(pay(station), "foreign", "11.05"))


def test_no_foreign_cash_is_no_payment(station: Station) -> None:
    assert "no money is no payment" in refusal(answered(pay(station), "foreign", "0"))


def test_several_currencies_are_chosen_from(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "data", config(Shop(exchange=[USD, CHF])))
    with open_station(desk) as station:
        station.counter.enter("10.50")
        assert options(answered(pay(station), "foreign")) == ["USD", "CHF"]
        sold(answered(pay(station), "foreign", "CHF", "10"))
    desk.close()


def test_what_stays_on_a_voucher_is_said_before_it_is_used_up(station: Station) -> None:
    talk = answered(pay(station), "voucher", "G", "50")
    assert talk.prompt is not None
    assert str(talk.prompt.title) == "39.97 EUR STAY ON VOUCHER G"
    assert not station.counter.desk.open_basket().payments
    talk.answer("")
    assert talk.notice is not None
    assert talk.notice.text.startswith("SOLD")


def test_a_voucher_pays_once(station: Station) -> None:
    assert "each pays once" in refusal(answered(pay(station), "voucher", "G", "1", "voucher", "G", "1"))


@pytest.mark.parametrize(("code", "why"), [("", "has a code"), ("X" * 33, "at most 32")])
def test_a_voucher_needs_its_code(station: Station, code: str, why: str) -> None:
    talk = answered(pay(station), "voucher")
    assert talk.prompt is not None
    assert talk.prompt.takes is Takes.CODE
    assert why in refusal(answered_on(talk, code))


def test_tax_on_top_is_told_as_such(tmp_path: Path) -> None:
    rates = [*VAT, TaxRate("R", 70_000, "VAT 7 %")]
    desk = open_desk(tmp_path / "data", config(Shop(taxes=rates, tax_included=False)))
    with open_station(desk) as station:
        station.counter.enter("10.00")
        prompt = answered(pay(station)).prompt
        assert prompt is not None
        assert prompt.told == ("VAT 19 %: 1.90 EUR on top of 10.00 EUR", "Total 11.90 EUR")
        sold(answered(exact(station)))
    desk.close()


@pytest.fixture
def lacking(station: Station) -> Station:
    """Return a station with ten espressi on the counter, nine of them beyond the books."""
    desk = station.counter.desk
    desk.record([StockReceived([StockLine(Sku("ESP-1"), Quantity(1))], desk.clock.stamp().at)])
    station.counter.enter("10*ESP-1")
    return station


def overdrafts(station: Station) -> list[str]:
    desk = desk_of(station)
    facts = [decode(raw).data for _, raw in desk.journal.stored(desk.journal.epoch)]
    return [fact.approved_by for fact in facts if isinstance(fact, OverdraftBooked)]


@pytest.mark.parametrize("action", [pay, exact])
def test_goods_beyond_the_books_need_a_managers_pin_before_money_is_taken(lacking: Station, action) -> None:
    talk = answered(action(lacking))
    assert talk.prompt is not None
    assert talk.prompt.takes is Takes.PIN
    assert talk.prompt.title == "the books here lack 9 pc of ESP-1: a manager must approve it"
    assert "not the PIN of Anna" in refusal(answered_on(talk, "0000"))
    sold(answered_on(talk, "4711", *([""] if action is pay else [])))
    assert overdrafts(lacking) == ["anna"]


def test_one_of_several_managers_is_chosen_and_only_their_pin_will_do(tmp_path: Path) -> None:
    ben = Person("ben", "Ben", Role.MANAGER, make_hash("2222"))
    desk = open_desk(tmp_path / "data", config(Shop(staff=[ANNA, ben, Person("eve", "Eve", Role.STAFF, ANNA.pin)])))
    desk.catalogue.put(sample_items())
    desk.record([StockReceived([StockLine(Sku("ESP-1"), Quantity(1))], desk.clock.stamp().at)])
    with open_station(desk) as station:
        station.counter.enter("10*ESP-1")
        assert options(answered(pay(station))) == ["anna", "ben"]
        assert "not the PIN of Ben" in refusal(answered(pay(station), "ben", "4711"))
        sold(answered(exact(station), "ben", "2222"))
        assert overdrafts(station) == ["ben"]
    desk.close()


def test_leaving_at_the_pin_sells_and_allows_nothing(lacking: Station) -> None:
    answered(pay(lacking)).leave()
    assert (sales(lacking), lacking.counter.approved_by) == ([], "")


def test_an_approver_named_before_is_not_asked_for_again(lacking: Station) -> None:
    lacking.counter.approve("ben")
    sold(answered(exact(lacking)))
    assert overdrafts(lacking) == ["ben"]


def test_where_managers_have_pins_an_id_alone_allows_nothing(lacking: Station) -> None:
    notice = lacking.counter.enter("@anna")
    assert notice == Notice(Mood.ERROR, "take payment: a manager's PIN is asked for where it is needed")
    assert lacking.counter.approved_by == ""


def test_a_shop_without_pins_asks_for_an_id(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "data", config(Shop()))
    desk.catalogue.put(sample_items())
    desk.record([StockReceived([StockLine(Sku("ESP-1"), Quantity(1))], desk.clock.stamp().at)])
    with open_station(desk) as station:
        station.counter.enter("10*ESP-1")
        assert asks(answered(pay(station))) == "A manager's id"
        assert "at most 32" in refusal(answered(pay(station), "x" * 33))
        sold(answered(exact(station), "carla"))
        assert overdrafts(station) == ["carla"]
    desk.close()


def test_a_disk_that_takes_nothing_is_said_first(small_disk: Callable[[int], Path]) -> None:
    """A real file system, too small for the next sale to be sure of its place."""
    desk = open_desk(small_disk(24 * 2**20), config())
    with open_station(desk) as station:
        station.counter.enter("10.03")
        for action in (pay, exact):
            assert "the disk is nearly full" in refusal(answered(action(station)))
        station.typed = "20"
        talk = answered(pay(station))
        assert "the disk is nearly full" in refusal(talk)
        assert sales(station) == []
        sold(answered_on(talk, "20"))
    desk.close()


def test_nothing_is_paid_for_an_empty_basket_or_for_more_empties_than_goods(station: Station) -> None:
    station.counter.void(0)
    assert ended(answered(pay(station))) == Notice(Mood.ERROR, "the basket is empty: scan something first")


def test_empties_worth_more_than_the_goods_are_no_sale(station: Station) -> None:
    counter = station.counter
    back = replace(counter.basket.lines[0], empties=True)
    counter.change(replace(counter.basket, lines=(back,)))
    for action in (pay, exact):
        notice = ended(answered(action(station)))
        assert notice == Notice(Mood.ERROR, "the empties are worth more than the goods: take some out, or add goods")


@pytest.mark.parametrize(("first", "again"), [("4711", "4711"), ("4711.00", "4711")])
def test_far_more_cash_than_is_due_is_asked_about(station: Station, first: str, again: str) -> None:
    talk = answered(pay(station), first)
    assert talk.prompt is not None
    assert talk.prompt.title == "CHANGE 4700.95 EUR?"
    assert sales(station) == []
    talk.answer("20")
    assert talk.prompt is not None
    assert "another amount" in talk.prompt.refused
    talk.answer(again)
    notice = ended(talk)
    assert notice is not None
    assert notice.mood is Mood.SOLD


@pytest.mark.parametrize("cash", ["100", "110.04"])
def test_a_large_note_is_not_asked_about(station: Station, cash: str) -> None:
    notice = ended(answered(pay(station), cash))
    assert notice is not None
    assert notice.mood is Mood.SOLD
