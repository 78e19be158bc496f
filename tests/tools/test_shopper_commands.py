"""``kiosk reservation``, ``kiosk promise`` and ``kiosk basket`` on real files, as people use them, and wrongly."""

import importlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from threading import Thread
from typing import Any

import pytest
from kiosk_command import Kiosk
from waiting import wait_until

from contract.codec import decode
from contract.down import Item
from contract.down_rights import PromiseResolved
from contract.facts import SaleRecorded, StockLine
from contract.rights import Answer, PromiseTold, ReservationCollected, ReservationRequested, RightsRequested, Urgency
from contract.values import Epoch, Money, Quantity, Sku
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.commands.till import only_till
from kiosk.core.counter import Counter, Mood
from kiosk.journal import promises
from kiosk.journal.outbox import Outbox


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a kiosk with goods in stock; each test has a copy of its own."""
    folder = tmp_path_factory.mktemp("stocked")
    kiosk = Kiosk(folder / "shop")
    (folder / "list.csv").write_text("sku,name,price,unit\nA,Apple,0.50,\nH,Ham,20,kg\nN,No price,,\n")
    kiosk("catalogue", "import", folder / "list.csv")
    kiosk("stock", "receive", "A", "10", "H", "1kg", "N", "3")
    return kiosk.data


@pytest.fixture
def shop(kiosk: Kiosk, stocked: Path) -> Kiosk:
    copytree(stocked, kiosk.data)
    return kiosk


@pytest.fixture
def desk(shop: Kiosk) -> Iterator[LocalDesk]:
    with closing(open_desk(shop.data)) as opened:
        yield opened


def facts(shop: Kiosk) -> list[Any]:
    """Return what was recorded, in order."""
    with closing(sqlite3.connect(shop.data / "till.db")) as db:
        return [decode(raw).data for (raw,) in db.execute("SELECT bytes FROM facts ORDER BY epoch, seq")]


def stock(shop: Kiosk, sku: str) -> tuple[int, int, int]:
    """Return what is available, held and sold of a sku."""
    (row,) = shop("stock", "show", sku, "--json").json["stock"]
    return row["available"], row["held"], row["sold"]


def test_goods_are_held_shown_listed_and_collected_by_their_code(shop: Kiosk) -> None:
    held = shop("reservation", "hold", "A", "2", "H", "250g", "--for", "90m", "--json").json
    assert (held["state"], held["due_minor"], held["currency"], held["placed"]) == ("held", 600, "EUR", False)
    until, since = (datetime.fromisoformat(held[key]) for key in ("until", "held_at"))
    assert until - since == timedelta(minutes=90)
    assert stock(shop, "A") == (8, 2, 0)
    listed = shop("reservation", "list", "--json").json["reservations"]
    assert [one["code"] for one in listed] == [held["code"]]
    assert shop("reservation", "show", held["code"], "--json").json == held
    typed = held["code"].replace("-", " ").lower()
    sold = shop("reservation", "collect", typed, "--cash", "20", "--json").json
    assert (sold["total_minor"], sold["change_minor"], sold["reservation"]) == (600, 1400, held["reservation"])
    assert stock(shop, "A") == (8, 0, 2)
    collected, sale = facts(shop)[-2:]
    assert isinstance(collected, ReservationCollected)
    assert isinstance(sale, SaleRecorded)
    assert collected.basket == sale.basket
    assert [line.overdraft for line in sale.lines] == [0, 0]
    assert shop("reservation", "list", "--json").json == {"reservations": []}
    (ended,) = shop("reservation", "list", "--all", "--json").json["reservations"]
    assert ended["state"] == "collected"


def test_the_slip_has_words_in_the_shoppers_language_and_a_code_to_scan(shop: Kiosk) -> None:
    slip = shop("reservation", "hold", "A", "2", "--language", "fr").out
    assert slip.startswith("RÉSERVÉ POUR VOUS\n2 x Apple\n")
    assert "█▄▄▄▄▄▄▄█" in slip, "no finder pattern of a QR code"
    code = slip.splitlines()[-1]
    again = shop("reservation", "show", code).out
    assert again.startswith("RESERVED for you\n2 x Apple\nPlease collect by ")
    assert again.splitlines()[-1] == code
    assert f"{code}\theld\tuntil " in shop("reservation", "list").out


def test_collecting_for_the_exact_sum_is_the_default(shop: Kiosk) -> None:
    code = shop("reservation", "hold", "A", "3", "--json").json["code"]
    assert shop("reservation", "collect", code).out == "SOLD receipt k1-1-1, total 1.50 EUR, change 0.00\n"


def test_goods_for_adults_are_not_collected_before_somebody_looked(shop: Kiosk, desk: LocalDesk) -> None:
    desk.catalogue.put([Item(Sku("A"), "Wine", [], Money(50), age=18)])
    code = shop("reservation", "hold", "A", "1", "--json").json["code"]
    assert "who buys this must be 18 or older" in shop("reservation", "collect", code).complaint
    assert stock(shop, "A") == (9, 1, 0)
    assert shop("reservation", "collect", code, "--of-age").status == 0
    assert facts(shop)[-1].lines[0].age == 18


def test_what_was_cancelled_can_be_sold_again_and_not_collected(shop: Kiosk) -> None:
    code = shop("reservation", "hold", "A", "10", "--json").json["code"]
    assert "10 pc of A wanted, 0 can be promised" in shop("reservation", "hold", "A", "10").complaint
    assert shop("reservation", "cancel", code, "--reason", "late").out.startswith("This reservation was cancelled")
    assert stock(shop, "A") == (10, 0, 0)
    assert f"{code} was cancelled already" in shop("reservation", "collect", code).complaint
    assert facts(shop)[-1].reason == "late"


def test_a_held_sale_that_is_paid_too_little_changes_nothing(shop: Kiosk) -> None:
    code = shop("reservation", "hold", "A", "4", "--json").json["code"]
    assert "less than the total" in shop("reservation", "collect", code, "--cash", "1").complaint
    assert stock(shop, "A") == (6, 4, 0)


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (["hold"], "Missing argument", 2),
        (["hold", "A"], "'A' has no quantity", 2),
        (["hold", "A", "1000000", "A", "1000000000"], "A: more than 1000000000 in all: name less", 2),
        (["hold", "A", "1", "--language", "xx"], "'xx' is not one of 'en', 'de', 'fr', 'es'", 2),
        (["hold", "A", "11"], "11 pc of A wanted, 10 can be promised: hold less, or ask the hub", 1),
        (["hold", "A", "1", "--for", "soon"], "--for: 'soon' is not a time such as 90m, 2h or 3d", 2),
        (["hold", "A", "1", "--for", "15d"], "1 minute to 14 days", 2),
        (["hold", "A", "1", "--for", "0h"], "1 minute to 14 days", 2),
        (["collect", "ABCD-EFGH"], "ABCD-EFGH is mistyped", 1),
        (["collect", "ABCD-123"], "no reservation here has the code ABCD-123", 1),
        (["collect", "ABCD-123", "--cash", "much"], "--cash: 'much' is not an amount", 2),
        (["cancel", "ABCD-123", "--reason", "x" * 201], "--reason: give at most 200", 2),
        (["show", "nope"], "no reservation here has the code", 1),
    ],
)
def test_a_reservation_that_cannot_be_is_one_line_and_nothing_is_written(
    shop: Kiosk, args: list[str], said: str, status: int
) -> None:
    before = facts(shop)
    done = shop("reservation", *args)
    assert said in done.complaint
    assert done.status == status
    assert [fact for fact in facts(shop) if not isinstance(fact, RightsRequested)] == before


def test_goods_that_a_hold_lacks_are_asked_for_at_once_and_not_again_at_once(shop: Kiosk) -> None:
    assert shop("reservation", "hold", "A", "12", "H", "250g").status == 1
    (asked,) = facts(shop)[1:]
    assert isinstance(asked, RightsRequested)
    assert (asked.why, asked.lines) == (Urgency.ASKED, [StockLine(Sku("A"), Quantity(2))])
    shop("reservation", "hold", "A", "13")
    assert facts(shop)[1:] == [asked], "one is open, and was asked for a moment ago"
    shop("reservation", "hold", "A", "12", "N", "4")
    assert [[line.sku for line in one.lines] for one in facts(shop)[1:]] == [["A"], ["N"]]
    shop("reservation", "hold", "A", "1")
    assert len(facts(shop)) == 4, "what is held lacks nothing"


def test_what_a_shopper_was_refused_is_said_ahead_of_the_facts(shop: Kiosk) -> None:
    shop("reservation", "hold", "A", "12")
    outbox = Outbox(shop.data)
    try:
        outbox.newest()
        (urgent,) = outbox.urgent({})
    finally:
        outbox.close()
    assert urgent.id == facts(shop)[-1].request


def test_goods_that_leave_beyond_the_rights_are_asked_for_in_their_transaction(shop: Kiosk, desk: LocalDesk) -> None:
    counter = Counter(desk)
    counter.enter("12*A")
    sold = counter.sell(Money(600))
    sale, asked = facts(shop)[1:]
    assert (sold.mood, sale.lines[0].overdraft) == (Mood.SOLD, 2)
    assert (asked.why, asked.lines) == (Urgency.LOW, [StockLine(Sku("A"), Quantity(2))])
    counter.enter("4.50")
    counter.sell(Money(450))
    assert len(facts(shop)) == 4, "no stock is kept of what has no code"


def test_goods_without_a_price_are_held_and_wait_for_one(shop: Kiosk) -> None:
    held = shop("reservation", "hold", "N", "1", "--json").json
    assert held["due_minor"] is None
    assert "a price is missing" in shop("reservation", "collect", held["code"]).complaint
    assert stock(shop, "N") == (2, 1, 0)


def test_what_an_earlier_life_held_is_sold_once_as_goods_in_hand(shop: Kiosk, desk: LocalDesk) -> None:
    code = shop("reservation", "hold", "A", "2", "--json").json["code"]
    desk.journal.raise_epoch(Epoch(1))
    assert shop("reservation", "list", "--json").json["reservations"][0]["state"] == "past"
    assert shop("reservation", "collect", code).status == 0
    assert facts(shop)[-1].lines[0].overdraft == 2
    assert f"{code} was collected already" in shop("reservation", "collect", code).complaint
    assert f"{code} was collected already" in shop("reservation", "cancel", code).complaint


def test_what_an_earlier_life_held_is_put_back_once_and_no_fact_says_so(shop: Kiosk, desk: LocalDesk) -> None:
    code = shop("reservation", "hold", "A", "2", "--json").json["code"]
    desk.journal.raise_epoch(Epoch(1))
    said = len(facts(shop))
    done = shop("reservation", "cancel", code, "--json")
    assert (done.status, done.json["state"]) == (0, "cancelled")
    assert "put the goods back, and count them" in done.err
    assert len(facts(shop)) == said
    assert shop("reservation", "list", "--json").json["reservations"] == []
    assert f"{code} was cancelled already" in shop("reservation", "cancel", code).complaint
    assert f"{code} was cancelled already" in shop("reservation", "collect", code).complaint


def resolve(desk: LocalDesk, answer: PromiseResolved) -> None:
    """Take the hub's answer in, as the backroom does."""
    with desk.journal.writing() as writing:
        promises.answer(writing.connection, answer, epoch=desk.journal.epoch)
        told = PromiseTold(answer.promise, answer.answer, writing.stamp.at, answer.lines, answer.site, answer.code)
        writing.add([told])


def answer_to(promise: str) -> PromiseResolved:
    lines = [StockLine(Sku("A"), Quantity(6))]
    return PromiseResolved(promise, Answer.ELSEWHERE, "Bitte am Pier abholen.", lines, "pier", "ABCD-123")


def test_a_promise_is_pending_then_told_in_the_hubs_words(shop: Kiosk, desk: LocalDesk) -> None:
    asked = shop(
        "promise", "ask", "A", "6", "--language", "de", "--paid", "3", "--site", "pier", "--within", "3d", "--json"
    )
    told = asked.json
    assert (told["state"], told["answer"], told["paid_minor"], told["code"]) == ("pending", None, 300, "")
    (fact,) = facts(shop)[1:]
    assert isinstance(fact, ReservationRequested)
    assert (fact.promise, fact.site, fact.language, fact.paid_minor) == (told["promise"], "pier", "de", 300)
    assert fact.collect_by == fact.requested_at + timedelta(days=3)
    assert shop("promise", "show", told["promise"][:8]).out.startswith("NOCH NICHT ZUGESAGT")
    assert shop("promise", "list").out == f"{told['promise']}\tpending\t6 pc A\n"
    resolve(desk, answer_to(told["promise"]))
    slip = shop("promise", "show", told["promise"]).out
    assert slip.startswith("ELSEWHERE\nBitte am Pier abholen.\n6 x Apple\n")
    assert slip.rstrip().endswith("ABCD-123")
    assert shop("promise", "list", "--json").json == {"promises": []}
    (one,) = shop("promise", "list", "--all", "--json").json["promises"]
    assert (one["state"], one["answer"], one["site"], one["code"]) == ("told", "elsewhere", "pier", "ABCD-123")


def test_who_waits_gets_the_answer_as_soon_as_it_is_there(shop: Kiosk, desk: LocalDesk) -> None:
    done: list[Any] = []
    waiting = Thread(target=lambda: done.append(shop("promise", "ask", "A", "6", "--wait", "60", "--json").json))
    waiting.start()
    (one,) = wait_until(lambda: promises.pending(desk.journal.connection), what="the promise", deadline_s=30)
    resolve(desk, answer_to(one.id))
    waiting.join(30)
    assert done[0]["answer"] == "elsewhere"


def test_a_promise_that_waits_too_long_says_so(shop: Kiosk, desk: LocalDesk) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    fact = ReservationRequested("p-1", [StockLine(Sku("A"), Quantity(6))], "en", desk.config.currency, long_ago, 0)
    desk.record([fact])
    assert "no answer in 90 s: is the bridge connected?" in shop("promise", "list").out


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (["ask"], "Missing argument", 2),
        (["ask", "nope", "1"], "sku 'nope' is not known here", 1),
        (["ask", "A", "1", "--language", "English"], "give one such as en", 2),
        (["ask", "A", "1", "--language", "zz zz"], "give one such as en", 2),
        (["ask", "A", "1", "--site", "No Where"], "--site: 'No Where' is not a name", 2),
        (["ask", "A", "1", "--paid", "x"], "--paid: 'x' is not an amount", 2),
        (["ask", "A", "1", "--within", "0d"], "cannot be wanted before now", 2),
        (["ask", "A", "1", "--within", "15d"], "no shopper waits for more than 14 days", 2),
        (["ask", "A", "1", "--wait", "-1"], "Invalid value for '--wait'", 2),
        (["show", "nope"], "no promise here begins with 'nope'", 1),
        (["show", ""], "no promise here begins with ''", 1),
    ],
)
def test_a_promise_that_cannot_be_is_one_line_and_nothing_is_written(
    shop: Kiosk, args: list[str], said: str, status: int
) -> None:
    before = facts(shop)
    done = shop("promise", *args)
    assert said in done.complaint
    assert done.status == status
    assert facts(shop) == before


def test_a_language_without_words_here_is_said(shop: Kiosk) -> None:
    done = shop("promise", "ask", "A", "1", "--language", "zz")
    assert done.err.startswith("note: there are no words in zz here, only in en, de, fr, es: the slip is in English")
    assert "note" not in shop("promise", "ask", "A", "1", "--language", "fr").err


@pytest.mark.parametrize("args", [("reservation", "list"), ("promise", "list"), ("stock", "show")])
def test_who_only_looks_makes_no_kiosk_of_a_mistyped_folder(kiosk: Kiosk, args: tuple[str, str]) -> None:
    assert f"no kiosk in {kiosk.data}: name the kiosk's folder with --data" in kiosk(*args).complaint
    assert not kiosk.data.exists()


def ring_up(shop: Kiosk, *codes: str) -> None:
    """Leave a basket open, as a till does that is closed in the middle of a sale."""
    with closing(open_desk(shop.data)) as desk:
        counter = Counter(desk)
        for code in codes:
            counter.enter(code)


def test_a_basket_is_parked_listed_and_recalled(shop: Kiosk) -> None:
    ring_up(shop, "A", "3*A")
    (parked,) = shop("basket", "park", "--label", "red scarf", "--json").json["parked"]
    assert (parked["label"], parked["lines"], parked["total_minor"]) == ("red scarf", 1, 200)
    assert shop("basket", "list", "--json").json == {"parked": [parked]}
    assert shop("basket", "list").out.startswith(f"{parked['basket']}\tred scarf\t1 lines\t2.00 EUR\t")
    back = shop("basket", "recall", "red scarf", "--json").json
    assert back == {"basket": parked["basket"], "lines": 1, "total_minor": 200, "currency": "EUR"}
    assert shop("basket", "list", "--json").json == {"parked": []}
    assert shop("basket", "park").status == 0
    assert shop("basket", "recall").out == "recalled\n"
    assert len(facts(shop)) == 1, "a parked basket is no fact"


@pytest.mark.parametrize(
    ("open_goods", "args", "said"),
    [
        ([], ["park"], "there is nothing to park"),
        (["A"], ["park", "--label", "x" * 41], "at most 40 printable characters"),
        ([], ["recall"], "none is parked"),
        (["A"], ["recall"], "there are goods in the basket"),
        ([], ["recall", "nope"], "no parked basket is 'nope'"),
    ],
)
def test_a_basket_that_cannot_be_moved_is_one_line(
    shop: Kiosk, open_goods: list[str], args: list[str], said: str
) -> None:
    ring_up(shop, *open_goods)
    done = shop("basket", *args)
    assert said in done.complaint
    assert done.status == 1


def test_an_open_till_keeps_its_basket_to_itself(shop: Kiosk, hold_screen: Callable[[Kiosk], None]) -> None:
    ring_up(shop, "A")
    hold_screen(shop)
    assert "another till is open here" in shop("basket", "park").complaint
    assert shop("basket", "list", "--json").json == {"parked": []}


@pytest.fixture
def hold_screen() -> Iterator[Callable[[Kiosk], None]]:
    """A function that holds a till's screen until the test ends."""
    with ExitStack() as stack:
        yield lambda shop: stack.enter_context(only_till(shop.data))


@pytest.mark.parametrize("group", ["stock", "reservation", "promise", "basket"])
def test_every_command_has_help_with_an_example(kiosk: Kiosk, group: str) -> None:
    commands = getattr(importlib.import_module(f"kiosk.commands.{group}"), group).commands
    assert commands
    for name in commands:
        out = kiosk(group, name, "--help").out
        assert f"Example: kiosk {group} {name}" in out
        assert "--json" in out
