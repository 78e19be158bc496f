"""Every fact of rights changes the till's accounts with itself, as the hub's books will, or nothing is recorded."""

from collections import Counter, defaultdict

import pytest
import rights_facts as facts
from facts_of_a_day import counted, received, refund, sale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.codec import decode
from contract.facts import MAX_LINES
from contract.goods import GoneLine, ShelfCounted, ShelfLine, StockWasted
from contract.rights import OverdraftBooked, RightsReleased
from contract.stock import NOTHING, Account, StockKey, add
from contract.values import Condition, Epoch, Quantity, Seq, Sku
from hub.core.reconcile import account_of as account_of_delta
from hub.core.reconcile import effects_of
from kiosk.core.ports import DeskError
from kiosk.core.reservations import State
from kiosk.journal import accounts, asked, promises, reservations
from kiosk.journal.errors import KnownAlready, NotHeld, RightsMissing
from kiosk.journal.stock import account_of, past

TEA = StockKey(Sku("tea"))
DAMAGED = StockKey(Sku("tea"), Condition.DAMAGED)


def by_facts(journal):
    """Return what the hub makes of all facts: the accounts of each life."""
    sums: dict[tuple[int, StockKey], Account] = defaultdict(lambda: NOTHING)
    for epoch in journal.epochs():
        for _, raw in journal.stored(epoch):
            for key, delta in effects_of(decode(raw)).stock:
                sums[epoch, key] = add(sums[epoch, key], account_of_delta(delta))
    return dict(sums)


def by_tables(journal):
    """Return the accounts of each life as they are stored."""
    kept = {(journal.epoch, key): account for key, account in accounts.every(journal.connection)}
    return kept | {(epoch, StockKey(one.sku, one.condition, one.unit)): one.account for epoch, one in past(journal)}


def found(journal, name):
    reservation = reservations.find(journal.connection, name)
    assert reservation
    return reservation


@pytest.mark.parametrize(
    ("fact", "changed"),
    [
        (facts.wasted(2), Account(received=5, wasted=2)),
        (facts.wasted(7), Account(received=5, wasted=7, overdraft=2)),
        (facts.sent("t1", 3), Account(received=5, sent=3)),
        (facts.sent("t1", 6), Account(received=5, sent=6, overdraft=1)),
        (facts.arrived("t1", 3), Account(received=5, arrived=3)),
        (facts.moved_in("m1", 3), Account(received=5, moved_in=3)),
        (facts.moved_out("m1", 5), Account(received=5, moved_out=5)),
        (facts.released(5), Account(received=5, released=5)),
        (facts.held("r1", 4), Account(received=5, held=4)),
        (refund("b9"), Account(received=5, returned=1)),
        (refund("b9", restock=False), Account(received=5)),
        (ShelfCounted([ShelfLine(Sku("tea"), Quantity(9))], facts.AT, Seq(1)), Account(received=5)),
        (OverdraftBooked([facts.line(3)], "boss", facts.AT), Account(received=5)),
        (facts.requested("q1", 3), Account(received=5)),
        (facts.wanted("p1", 3), Account(received=5)),
    ],
    ids=(
        "waste|waste beyond|send|send beyond|arrive|move in|move out|release|hold|return|broken|count|overdraft|ask|"
        "promise"
    ).split("|"),
)
def test_what_a_fact_changes(journal, fact, changed):
    journal.record([received(5), fact])
    assert account_of(journal, TEA) == changed
    assert by_tables(journal) == by_facts(journal)


def test_goods_that_come_back_broken_are_kept_account_of_as_damaged(journal):
    journal.record([refund("b1", amount=3, restock=False)])
    assert account_of(journal, DAMAGED) == Account(returned=3)
    journal.record([StockWasted([GoneLine(Sku("tea"), Quantity(3), Condition.DAMAGED)], facts.AT, "thrown away")])
    assert account_of(journal, DAMAGED).available == 0


@pytest.mark.parametrize("fact", [facts.held("r1", 6), facts.released(6), facts.moved_out("m1", 6)])
def test_without_rights_nothing_is_recorded(journal, fact):
    journal.record([received(5)])
    with pytest.raises(RightsMissing, match=r"tea: 6 wanted, 5 there by right: take less") as refused:
        journal.record([sale("b1", sku="milk"), fact])
    assert isinstance(refused.value, DeskError)
    assert (journal.newest(), by_tables(journal)) == (1, by_facts(journal))
    assert reservations.find(journal.connection, "r1") is None


def test_what_an_overdraft_owes_is_not_promised_again(journal):
    journal.record([sale("b1", amount=2), received(5), facts.held("r1", 3)])
    with pytest.raises(RightsMissing, match="1 wanted, 0 there"):
        journal.record([facts.held("r2", 1)])


def test_a_reservation_is_collected_with_its_sale(journal):
    journal.record([received(3), facts.held("r1", 3)])
    assert journal.record([sale("b1")])[0].data.lines[0].overdraft == 1, "what is set aside is nobody else's"
    sold = journal.record([facts.collected("r1", 3), sale("b2", amount=3)])[1].data
    assert sold.lines[0].overdraft == 0
    assert found(journal, "r1").state is State.COLLECTED


@pytest.mark.parametrize(
    ("end", "state"),
    [(facts.collected, State.COLLECTED), (facts.lapsed, State.LAPSED), (facts.cancelled, State.CANCELLED)],
)
def test_a_reservation_ends_once(journal, end, state):
    journal.record([received(3), facts.held("r1", 2), end("r1", 2)])
    ended = found(journal, "r1")
    assert (ended.state, ended.ended_at, account_of(journal, TEA).available) == (state, facts.AT, 3)
    for again in (facts.collected, facts.lapsed, facts.cancelled):
        with pytest.raises(NotHeld, match=f"r1 is {state}"):
            journal.record([again("r1", 2)])
    assert account_of(journal, TEA) == Account(received=3)


@pytest.mark.parametrize("end", [facts.collected("r2", 2), facts.collected("r1", 1), facts.lapsed("r1", 2, "milk")])
def test_only_the_goods_that_are_set_aside_are_ended(journal, end):
    journal.record([received(3), facts.held("r1", 2)])
    with pytest.raises(NotHeld):
        journal.record([end])
    assert account_of(journal, TEA).held == 2


def test_an_id_is_given_once(journal):
    journal.record([received(3), facts.held("r1"), facts.wanted("p1")])
    for again in (facts.held("r1", 2), facts.wanted("p1", 2)):
        with pytest.raises(KnownAlready, match=r"(r|p)1 is known already"):
            journal.record([again])
    assert (account_of(journal, TEA).held, journal.newest()) == (1, 3)


def test_reservations_are_found_by_their_code(journal):
    journal.record([received(3), facts.held("r1", 2)])
    of_code = reservations.by_code(journal.connection, "C-r1")
    assert [(one.id, one.lines, one.until, one.placed) for one in of_code] == [
        ("r1", (facts.line(2),), facts.SOON, False)
    ]
    assert reservations.by_code(journal.connection, "C-r2") == []
    assert [one.id for one in reservations.in_state(journal.connection, State.HELD, State.PAST)] == ["r1"]
    assert reservations.in_state(journal.connection, State.LAPSED) == []


def test_a_promise_is_pending_until_it_is_told(journal):
    journal.record([facts.wanted("p1", 3)])
    assert [(one.id, one.request) for one in promises.pending(journal.connection)] == [("p1", facts.wanted("p1", 3))]
    assert promises.told(journal.connection) == []


def test_a_request_is_open_until_it_is_fulfilled(journal):
    journal.record([facts.requested("q1", 5), facts.requested("q2", 4)])
    one = asked.open_requests(journal.connection)[TEA]
    assert (one.request, one.amount, one.granted, one.tries, one.asked_at) == ("q2", 4, 0, 2, facts.AT)
    asked.grant(journal.connection, TEA, 3)
    assert [(one.granted, one.tries) for one in asked.open_requests(journal.connection).values()] == [(3, 1)]
    asked.grant(journal.connection, TEA, 1)
    assert asked.open_requests(journal.connection) == {}


def test_the_longest_release_there_can_be_is_recorded(journal):
    lines = [facts.line(1, f"sku-{number}") for number in range(MAX_LINES)]
    journal.record([received(1, sku=line.sku) for line in lines])
    journal.record([RightsReleased(lines, facts.AT)])
    assert all(account.available == 0 for _, account in accounts.every(journal.connection))


AMOUNTS = st.integers(1, 6)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            "receive sell waste send arrive move_in move_out release hold hold hold end end refund count life".split()
        ),
        AMOUNTS,
        st.sampled_from(["tea", "milk"]),
    ),
    max_size=25,
)


MAKE = {
    "receive": lambda _, amount, sku: received(amount, sku=sku),
    "sell": lambda name, amount, sku: sale(name, sku=sku, amount=amount),
    "waste": lambda _, amount, sku: facts.wasted(amount, sku),
    "send": facts.sent,
    "arrive": facts.arrived,
    "move_in": facts.moved_in,
    "move_out": facts.moved_out,
    "release": lambda _, amount, sku: facts.released(amount, sku=sku),
    "hold": facts.held,
    "refund": lambda name, amount, sku: refund(name, sku=sku, amount=amount, restock=amount % 2 == 0),
    "count": lambda _, amount, sku: counted(amount, expected=0, sku=sku),
}


def end_one(journal, amount):
    """Return the end of the oldest reservation, and the sale where it is collected."""
    for one in reservations.in_state(journal.connection, State.HELD)[:1]:
        of = (one.id, one.lines[0].quantity.amount, one.lines[0].sku)
        if amount % 3:
            return [(facts.lapsed if amount % 3 == 1 else facts.cancelled)(*of)]
        return [facts.collected(*of), sale(one.id, sku=of[2], amount=of[1])]
    return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(STEPS)
def test_after_whatever_happens_the_tables_are_what_the_facts_add_up_to(open_journal, tmp_path_factory, steps):
    journal = open_journal(tmp_path_factory.mktemp("life"))
    for number, (step, amount, sku) in enumerate(steps):
        if step == "life":
            journal.raise_epoch(Epoch(journal.epoch))
            continue
        before = by_tables(journal)
        made = end_one(journal, amount) if step == "end" else [MAKE[step](f"n{number}", amount, sku)]
        try:
            journal.record(made)
        except RightsMissing:
            assert step in {"move_out", "release", "hold"}
            assert by_tables(journal) == before
    assert by_tables(journal) == by_facts(journal)
    held = reservations.in_state(journal.connection, State.HELD)
    aside: Counter[StockKey] = Counter()
    for line in (line for one in held for line in one.lines):
        aside[StockKey(line.sku, line.condition, line.quantity.unit)] += line.quantity.amount
    for key, account in accounts.every(journal.connection):
        assert account.available >= 0
        assert account.held == aside[key]
    journal.close()
