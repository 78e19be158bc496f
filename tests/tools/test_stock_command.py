import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_command import Kiosk

from contract.codec import decode
from contract.down import AvailabilityChanged, Level, SiteHeard
from contract.goods import ShelfCounted, StockWasted, TransferReceived, TransferSent
from contract.rights import OverdraftBooked, RightsRequested, Urgency
from contract.stock import TERMS
from contract.values import MAX_AMOUNT, Quantity, Sku, Unit
from kiosk.clock import now_utc
from kiosk.core.goods import read_till
from kiosk.core.stock_take import BadQuantity, read_quantity
from kiosk.journal.elsewhere import FILE, Elsewhere


def account(shop: Kiosk, sku: str) -> dict[str, Any]:
    (one,) = shop("stock", "show", sku, "--json").json["stock"]
    return dict(one)


def facts(shop: Kiosk) -> list[Any]:
    """Return what was recorded, in order."""
    with closing(sqlite3.connect(shop.data / "till.db")) as db:
        return [decode(raw).data for (raw,) in db.execute("SELECT bytes FROM facts ORDER BY epoch, seq")]


def test_what_is_received_is_there(shop: Kiosk) -> None:
    assert shop("stock", "receive", "A", "24", "--advice", "D-1").out == "A\tApple\t24 pc\tsellable\n"
    shop("stock", "receive", "A", "1")
    stored = dict.fromkeys(TERMS, 0) | {"received": 25}
    told = {"sku": "A", "name": "Apple", "condition": "sellable", "unit": "pc", "available": 25, "promisable": 25}
    assert account(shop, "A") == told | stored
    assert [fact.advice for fact in facts(shop)] == ["D-1", ""]


def test_a_delivery_of_several_goods_is_one_fact_and_names_each_once(shop: Kiosk) -> None:
    out = shop("stock", "receive", "A", "2", "H", "1kg", "4006381333931", "3").out
    assert out == "A\tApple\t5 pc\tsellable\nH\tHam\t1000 g\tsellable\n"
    (received,) = facts(shop)
    assert [(line.sku, line.quantity.amount) for line in received.lines] == [("A", 5), ("H", 1000)]


def test_waste_names_why_and_who_and_says_what_the_books_lacked(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "2")
    done = shop("stock", "waste", "A", "3", "--reason", "broken", "--by", "anna", "--json").json
    assert (done["overdraft"], done["stock"][0]["available"], done["stock"][0]["wasted"]) == (1, 0, 3)
    fact, asked = facts(shop)[1:]
    assert isinstance(fact, StockWasted)
    assert isinstance(asked, RightsRequested)
    assert (asked.why, asked.lines[0].quantity.amount) == (Urgency.LOW, 1)
    assert (fact.reason, fact.by, fact.lines[0].overdraft) == ("broken", "anna", 1)


@pytest.mark.parametrize("how", [("waste", "--reason", "gone"), ("send", "--to", "pier")], ids=lambda how: how[0])
def test_goods_beyond_the_limit_leave_with_an_approver_only(shop: Kiosk, how: tuple[str, ...]) -> None:
    command, *options = how
    shop("stock", "receive", "A", "2")
    refused = shop("stock", command, "A", "1000000000", *options)
    assert "the books here lack 999999998 pc of A: a manager must approve it: " in refused.complaint
    assert "give --by" in refused.complaint
    assert (refused.status, len(facts(shop))) == (1, 1)
    shop("stock", command, "A", "7", *options)
    assert "lack 1 pc of A" in shop("stock", command, "A", "1", *options).complaint, "five are not settled yet"
    assert shop("stock", command, "A", "1", *options, "--by", "anna", "--json").json["overdraft"] == 1
    allowed, gone = facts(shop)[-2:]
    assert isinstance(allowed, OverdraftBooked)
    assert (allowed.approved_by, allowed.lines[0].quantity.amount, gone.by) == ("anna", 1, "anna")
    assert shop("stock", command, "H", "9kg", *options).status == 0, "nothing of it ever came in here"


def test_damaged_goods_are_kept_apart(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "2")
    shop("stock", "waste", "A", "1", "--reason", "binned", "--damaged")
    rows = shop("stock", "show", "A", "--json").json["stock"]
    assert {row["condition"]: (row["available"], row["wasted"]) for row in rows} == {
        "sellable": (2, 0),
        "damaged": (0, 1),
    }


def test_a_transfer_is_known_at_both_ends_by_its_id(shop: Kiosk, listed: Path, tmp_path: Path) -> None:
    shop("stock", "receive", "A", "9")
    sent = shop("stock", "send", "A", "4", "--to", "pier", "--json").json
    assert (sent["overdraft"], sent["stock"][0]["available"], sent["stock"][0]["sent"]) == (0, 5, 4)
    pier = Kiosk(tmp_path / "pier")
    pier.data.mkdir()
    (pier.data / "kiosk.toml").write_text('site = "pier"\nclock = "system"\n')
    pier("catalogue", "import", listed.with_name("list.csv"))
    slip = ("--from", "demo", "--transfer", sent["transfer"])
    assert pier("stock", "arrive", "A", "3", *slip, "--json").json["stock"][0]["arrived"] == 3
    (out,) = facts(shop)[1:]
    (into,) = facts(pier)
    assert isinstance(out, TransferSent)
    assert isinstance(into, TransferReceived)
    assert (out.transfer, out.to, into.origin) == (into.transfer, "pier", "demo")
    assert shop("stock", "send", "A", "1", "--to", "pier").out.startswith("transfer\t")


def test_a_count_is_blind_and_says_the_difference_and_its_value_afterwards(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "24")
    counted = shop("stock", "count", "A", "20", "--reason", "Sunday", "--json").json
    assert (counted["position"], counted["compared"]) == (2, True)
    assert counted["counted"] == [
        {
            "sku": "A",
            "name": "Apple",
            "condition": "sellable",
            "unit": "pc",
            "counted": 20,
            "expected": 24,
            "difference": -4,
            "value_minor": -200,
            "currency": "EUR",
        }
    ]
    fact = facts(shop)[1]
    assert isinstance(fact, ShelfCounted)
    assert (fact.covers, fact.lines[0].counted.amount, fact.reason, fact.others) == (1, 20, "Sunday", [])
    assert account(shop, "A")["available"] == 24, "no till corrects its own account"
    assert shop("stock", "count", "A", "20").out == "A\tApple\t20 pc\tas expected\n"
    shop("stock", "waste", "A", "1", "--reason", "rotten")
    assert shop("stock", "count", "A", "21").out == "A\tApple\t21 pc\t+2 pc, 19 expected\t1.00 EUR\n"


@pytest.mark.parametrize(("there", "counted"), [("0", "500000"), ("24", "4006381"), ("500", "5"), ("150", "0")])
def test_a_count_far_from_the_books_is_asked_about_once_more_and_stays_blind(
    shop: Kiosk, there: str, counted: str
) -> None:
    shop("stock", "receive", *(("H", "1kg") if there == "0" else ("A", there)))
    before = facts(shop)
    done = shop("stock", "count", "A", counted)
    assert done.status == 1
    assert "A: far from what the books say, nothing was recorded: count again; with --sure" in done.complaint
    assert there == "0" or there not in done.complaint, "it stays blind"
    assert facts(shop) == before
    assert shop("stock", "count", "A", counted, "--sure").status == 0
    assert facts(shop)[-1].lines[0].counted.amount == int(counted)
    assert shop("stock", "count", "A", counted).status == 0, "it is in the books of this till now"


def test_a_count_beside_other_tills_names_their_positions_and_leaves_comparing_to_the_hub(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "24")
    shop("stock", "count", "A", "20")
    done = shop("stock", "count", "A", "9", "--till", "k2=1@812", "--till", "k3=2@0", "--json").json
    assert (done["compared"], done["counted"]) == (False, [])
    assert [(one.kiosk, one.epoch, one.position) for one in facts(shop)[2].others] == [("k2", 1, 812), ("k3", 2, 0)]
    assert "the hub compares" in shop("stock", "count", "A", "9", "--till", "k2=1@813").out
    assert shop("stock", "count", "A", "24").out == "A\tApple\t24 pc\tas expected\n", "an old count says nothing now"


def test_a_till_says_where_it_is_as_the_count_of_another_takes_it(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "24")
    here = shop("stock", "show", "--till").out.strip()
    assert here == "k1=1@1"
    assert shop("stock", "show", "--till", "--json").json == {"till": here}
    assert read_till(here).position == 1


def test_goods_never_seen_can_be_counted_also_as_none(shop: Kiosk) -> None:
    assert shop("stock", "count", "A", "0").out == "A\tApple\t0 pc\tas expected\n"
    assert shop("stock", "count", "A", "2").out == "A\tApple\t2 pc\t+2 pc, 0 expected\t1.00 EUR\n"


def test_a_count_by_scanner_adds_up_scans_quantities_and_typed_goods(shop: Kiosk) -> None:
    scans = "4006381333931\n\nA\n3*4006381333931\n0.250*H\n"
    done = shop.with_input(scans, "stock", "count", "A", "1", "--scan", "--json").json
    assert [(row["sku"], row["counted"]) for row in done["counted"]] == [("A", 6), ("H", 250)]


def test_a_count_with_one_unknown_scan_records_nothing_and_names_it(shop: Kiosk) -> None:
    done = shop.with_input("A\nnope\n2*\n4006381333932\n1.5*A\nelse\n", "stock", "count", "--scan")
    assert "nothing was recorded: line 2: 'nope' is not in the catalogue; line 4" in done.complaint
    assert "and 1 more" in done.complaint
    assert (done.status, facts(shop)) == (2, [])


def test_weighed_goods_are_kept_in_grams(shop: Kiosk) -> None:
    shop("stock", "receive", "H", "1.5kg")
    shop("stock", "receive", "H", "250")
    assert (account(shop, "H")["available"], account(shop, "H")["unit"]) == (1750, "g")


def test_everything_that_moved_is_shown(shop: Kiosk) -> None:
    assert shop("stock", "show", "--json").json == {"stock": []}
    assert shop("stock", "show", "A", "--json").json == {"stock": []}
    shop("stock", "receive", "H", "5")
    shop("stock", "receive", "A", "3")
    assert shop("stock", "show").out == "A\tApple\t3 pc\tsellable\nH\tHam\t5 g\tsellable\n"


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (["count", "A", "-3"], "A: a quantity of -3 cannot be: give 0 or more", 2),
        (["count", "nope", "-3"], "a quantity of -3 cannot be", 2),
        (["count"], "nothing is counted: give a SKU and QTY, or --scan", 2),
        (["count", "A"], "'A' has no quantity", 2),
        (["count", "A", "1", "--till", "k2"], "--till: 'k2' is not a till's position such as k2=1@812", 2),
        (["count", "A", "1", "--till", "K 2=1@8"], "--till: 'K 2' is not a name", 2),
        (["count", "A", "1", "--till", "k2=0@8"], "is not a till's position", 2),
        (["count", "A", "1", "--till", "k1=1@8"], "k1 is the till that counts", 2),
        (["count", "A", "1", "--till", "k2=1@8", "--till", "k2=1@9"], "till k2 is named twice", 2),
        (["waste", "A", "1"], "Missing option '--reason'", 2),
        (["waste", "A", "1", "--reason", ""], "waste needs a reason", 2),
        (["waste", "A", "1", "--reason", "  "], "waste needs a reason", 2),
        (["waste", "A", "1", "--reason", "x", "--by", "y" * 33], "--by: give at most 32", 2),
        (["send", "A", "1", "--to", "demo"], "demo is this site", 2),
        (["send", "A", "1", "--to", "No Where"], "--to: 'No Where' is not a name", 2),
        (["arrive", "A", "1", "--from", "demo", "--transfer", "t-1"], "demo is this site", 2),
        (["arrive", "A", "1", "--from", "pier", "--transfer", "t 1"], "--transfer: 't 1' is no id", 2),
        (["arrive", "A", "1", "--from", "pier"], "Missing option '--transfer'", 2),
        (["receive"], "nothing is received: give a SKU and QTY", 2),
        (["receive", "A", "1000000000", "A", "1"], "A: more than 1000000000 in all: name less", 2),
        (["receive", "A", "0"], "give 1 or more", 2),
        (["receive", "A", "many"], "'many' is not a quantity", 2),
        (["receive", "A", "1.5"], "give a whole number of pc", 2),
        (["receive", "A", "1kg"], "give it in pc", 2),
        (["receive", "H", "1.0001kg"], "give a whole number of g", 2),
        (["receive", "A", "9" * 15], "at most 1000000000", 2),
        (["receive", "A", "1", "--advice", "x" * 33], "--advice: give at most 32", 2),
        (["count", "A", "1", "--reason", "x" * 201], "--reason: give at most 200", 2),
        (["receive", "x" * 65, "1"], "is not a sku", 2),
        (["receive", "nope", "1"], "sku 'nope' is not known here", 1),
        (["show", "nope"], "sku 'nope' is not known here", 1),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    shop: Kiosk, args: list[str], said: str, status: int
) -> None:
    done = shop("stock", *args)
    assert said in done.complaint
    assert done.status == status
    assert shop("stock", "show", "--json").json == {"stock": []}


def hear_of(shop: Kiosk, *sites: str) -> None:
    """Have the kiosk told that there is something at ``sites``."""
    elsewhere = Elsewhere(shop.data / FILE)
    levels = [Level(site, Sku("A"), 3) for site in sites[:1]]
    elsewhere.apply(
        1, 1, AvailabilityChanged(complete=True, levels=levels, heard=[SiteHeard(site, now_utc()) for site in sites])
    )
    elsewhere.close()


@pytest.mark.parametrize(
    ("command", "option"),
    [(("stock", "send", "A", "1"), "--to"), (("promise", "ask", "A", "1"), "--site")],
    ids=["send", "ask"],
)
def test_a_site_that_nobody_told_of_needs_a_second_word(shop: Kiosk, command: tuple[str, ...], option: str) -> None:
    assert shop(*command, option, "peer").status == 0  # nothing was told here of any site: it cannot know
    hear_of(shop, "pier", "river")
    before = len(facts(shop))
    done = shop(*command, option, "peer")
    assert f"{option}: nothing was told here of a site peer, only of pier, river" in done.complaint
    assert (done.status, len(facts(shop))) == (1, before)
    assert shop(*command, option, "pier").status == 0
    assert shop(*command, option, "peer", "--sure").status == 0


def test_what_arrives_says_who_looks_into_what_nobody_sent(shop: Kiosk) -> None:
    done = shop("stock", "arrive", "A", "1", "--from", "pier", "--transfer", "abc")
    assert done.status == 0
    assert done.err == (
        "note: what pier sent is not known here: if nobody there sent abc, the hub asks a person about it\n"
    )


def test_a_count_says_whose_books_it_was_compared_with(shop: Kiosk) -> None:
    alone = shop("stock", "count", "A", "3")
    assert "this till's books alone" in alone.err
    assert "this till's books alone" not in shop("stock", "count", "A", "3", "--till", "k2=1@8").err


@given(st.integers(0, MAX_AMOUNT), st.sampled_from(list(Unit)))
def test_an_amount_in_the_goods_own_unit_is_read_back(amount: int, unit: Unit) -> None:
    assert read_quantity(str(amount), unit, least=0) == Quantity(amount, unit)
    assert read_quantity(f" {amount} {unit} ", unit, least=0) == Quantity(amount, unit)


@given(st.integers(0, MAX_AMOUNT), st.sampled_from([("kg", Unit.GRAM), ("l", Unit.MILLILITRE), ("m", Unit.MILLIMETRE)]))
def test_an_amount_in_the_prices_unit_is_read_back(amount: int, named: tuple[str, Unit]) -> None:
    name, unit = named
    assert read_quantity(f"{Decimal(amount).scaleb(-3):f}{name}", unit, least=0) == Quantity(amount, unit)


@given(st.text(max_size=10), st.sampled_from(list(Unit)))
def test_any_other_text_is_refused(text: str, unit: Unit) -> None:
    try:
        quantity = read_quantity(text, unit, least=1)
    except BadQuantity:
        return
    assert 1 <= quantity.amount <= MAX_AMOUNT
    assert quantity.unit is unit
