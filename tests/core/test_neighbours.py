"""Who asks, who gives and who is counted among the tills of one site; nothing here may make a right out of nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.facts import StockLine
from contract.goods import TillPosition
from contract.lan import AskLine
from contract.stock import Account, StockKey
from contract.values import Condition, Quantity, Sku, Unit
from kiosk.core.goods import GoodsError
from kiosk.core.neighbours import (
    MAX_MOVED,
    PRESENT_S,
    RECENT_S,
    Given,
    Neighbour,
    decide_asks,
    decide_cover,
    decide_give,
    decide_heir,
    decide_leave,
    decide_others,
    decide_settled,
    decide_wants,
    is_restated,
    move_id,
)
from kiosk.core.rights import Need

TEA, JAM = StockKey(Sku("tea")), StockKey(Sku("jam"))
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
amounts = st.integers(0, 60)
rates = st.sampled_from([0.0, 0.5, 4.0, 30.0])


def till(name="k2", *, online=True, age_s=1.0, **told):
    return Neighbour(name, 1, 7, online, age_s, **told)


def line(amount, key=TEA):
    return StockLine(key.sku, Quantity(amount, key.unit), key.condition)


asked_lines = st.builds(
    AskLine, st.just(TEA.sku), there=amounts, waiting=amounts, ahead=amounts, per_h=st.sampled_from([0.0, 0.5, 30.0])
)


@given(asked_lines, amounts, st.builds(Need, amounts, rates), amounts)
def test_nobody_gives_more_than_is_asked_for_or_than_lies_there_for_nobody(asked, there, own, given_before):
    lines = decide_give([asked], {TEA: Account(received=there)}, {TEA: own}, given={TEA: given_before})
    gives = sum(one.quantity.amount for one in lines)
    assert gives <= max(0, there - own.waiting)
    assert gives <= max(0, asked.waiting + asked.ahead - given_before)


@given(st.lists(st.tuples(rates, amounts), min_size=2, max_size=2), st.integers(1, 6))
def test_two_tills_that_ask_each_other_come_to_rest_and_keep_their_sum(tills, rounds):
    """However often: after both asked and gave once each, nothing moves any more."""
    has = [amount for _, amount in tills]
    moved = []
    for turn in range(2 * rounds):
        asker, giver = turn % 2, 1 - turn % 2
        accounts = [{TEA: Account(received=amount)} for amount in has]
        wants = decide_wants({TEA: Need(0, tills[asker][0])}, accounts[asker], silent=None)
        lines = decide_give(wants, accounts[giver], {TEA: Need(0, tills[giver][0])}, given={})
        amount = sum(one.quantity.amount for one in lines)
        has[asker] += amount
        has[giver] -= amount
        moved.append(amount)
    assert sum(has) == sum(amount for _, amount in tills)
    assert min(has) >= 0
    assert not any(moved[2:])


def test_an_idle_till_gives_all_it_is_asked_for_and_a_busy_one_keeps_its_cover():
    asked = [AskLine(*TEA, ahead=30, per_h=4.0)]
    assert decide_give(asked, {TEA: Account(received=20)}, {}, given={}) == [line(20)]
    assert decide_give(asked, {TEA: Account(received=50)}, {TEA: Need(0, 4.0)}, given={}) == [line(26)]


def test_where_both_would_run_dry_what_is_there_lasts_equally_long():
    asked = [AskLine(*TEA, ahead=24, per_h=4.0)]
    assert decide_give(asked, {TEA: Account(received=10)}, {TEA: Need(0, 4.0)}, given={}) == [line(5)]
    nearly = [AskLine(*TEA, there=9, ahead=24, per_h=4.0)]
    assert decide_give(nearly, {TEA: Account(received=11)}, {TEA: Need(0, 4.0)}, given={}) == [], "not worth a move"


def test_goods_in_a_shoppers_hand_come_before_the_givers_cover_but_not_before_its_own_shopper():
    asked = [AskLine(*TEA, waiting=5)]
    assert decide_give(asked, {TEA: Account(received=6)}, {TEA: Need(0, 9.0)}, given={}) == [line(5)]
    assert decide_give(asked, {TEA: Account(received=6)}, {TEA: Need(4, 9.0)}, given={}) == [line(2)]
    assert decide_give(asked, {TEA: Account(received=6, held=6)}, {}, given={}) == []


def test_what_is_on_its_way_to_the_asker_counts_as_given():
    asked = [AskLine(*TEA, waiting=5, ahead=5)]
    there = {TEA: Account(received=50)}
    assert decide_give(asked, there, {}, given={TEA: 3}) == [line(7)]
    assert decide_give(asked, there, {}, given={TEA: 8}) == [line(2)]
    assert decide_give(asked, there, {}, given={TEA: 12}) == []


def test_what_a_shopper_waits_for_is_asked_for_first_then_what_runs_dry_soonest():
    needs = {TEA: Need(0, 1.0), JAM: Need(3, 0.0), StockKey(Sku("oil")): Need(0, 9.0), StockKey(Sku("ham")): Need()}
    wants = decide_wants(needs, {TEA: Account(received=1)}, silent=None)
    assert [(one.sku, one.waiting, one.ahead > 0) for one in wants] == [
        ("jam", 3, False),
        ("oil", 0, True),
        ("tea", 0, True),
    ]


def test_a_hub_that_answers_leaves_nothing_to_ask_for():
    needs = {TEA: Need(2, 1.0), JAM: Need(2, 1.0)}
    assert decide_wants(needs, {}, silent=()) == []
    assert [one.sku for one in decide_wants(needs, {}, silent={JAM})] == ["jam"]


def test_those_that_hold_most_are_asked_first_and_all_together_for_no_more_than_is_wanted():
    two, three = till("k2", holds={TEA: 4}), till("k3", holds={TEA: 6})
    asks = decide_asks([AskLine(*TEA, waiting=5, ahead=3, per_h=2.0)], [two, three, till("k4")])
    assert {to: [(one.waiting, one.ahead) for one in lines] for to, lines in asks.items()} == {
        "k3": [(5, 1)],
        "k2": [(0, 2)],
    }


@pytest.mark.parametrize("away", [{"online": False}, {"age_s": None}, {"age_s": PRESENT_S}, {"age_s": -1.0}])
def test_a_till_that_is_not_there_is_not_asked_and_inherits_nothing(away):
    gone = till(holds={TEA: 9}, selling=True, **away)
    assert decide_asks([AskLine(*TEA, waiting=5)], [gone]) == {}
    assert decide_heir([gone]) is None


def test_a_till_that_holds_more_than_it_could_tell_is_asked_for_the_rest():
    want = AskLine(*TEA, waiting=5)
    assert decide_asks([want], [till(holds={JAM: 1})]) == {}
    assert decide_asks([want], [till(holds={JAM: 1}, more=True)]) == {"k2": [want]}


def test_what_all_cannot_give_whole_is_asked_of_none():
    two, three = till("k2", holds={TEA: 6}), till("k3", holds={TEA: 3})
    want = AskLine(*TEA, waiting=9)
    assert {to: line.waiting for to, (line,) in decide_asks([want], [two, three]).items()} == {"k2": 6, "k3": 3}
    assert decide_asks([AskLine(*TEA, waiting=10)], [two, three]) == {}
    ahead = decide_asks([AskLine(*TEA, waiting=10, ahead=2)], [two, three])
    assert {to: (line.waiting, line.ahead) for to, (line,) in ahead.items()} == {"k2": (0, 2)}


def test_the_heir_is_the_till_that_sold_last():
    tills = [
        till("k2", selling=True, sold_at=AT),
        till("k3", selling=True, sold_at=AT + timedelta(minutes=1)),
        till("k4", selling=False, sold_at=AT + timedelta(hours=1)),
        till("k5", selling=True),
    ]
    assert decide_heir(tills) is tills[1]
    assert decide_heir([]) is None


def test_a_till_that_stopped_leaves_what_is_not_set_aside_and_not_owed():
    accounts = {TEA: Account(received=9, held=2), JAM: Account(received=3, sold=3), StockKey(Sku("oil")): Account()}
    accounts[StockKey(Sku("ham"))] = Account(received=5, sold=3, overdraft=2)
    assert decide_leave(accounts) == [line(2, StockKey(Sku("ham"))), line(7)]
    many = {StockKey(Sku(f"s{n}")): Account(received=1) for n in range(MAX_MOVED + 5)}
    assert len(decide_leave(many)) == MAX_MOVED


def test_the_cover_is_what_neighbours_told_that_were_heard_of_late():
    gone = till("k3", online=False, age_s=RECENT_S - 1, holds={TEA: 2})
    forgotten = till("k4", age_s=RECENT_S, holds={TEA: 4})
    kept_only = till("k5", age_s=None, holds={TEA: 8})
    assert decide_cover([till(holds={TEA: 1}), gone, forgotten, kept_only]) == {TEA: 3}


def test_a_count_takes_the_tills_that_are_heard_and_asks_for_the_others_by_name():
    assert decide_others([till("k3"), till("k2")], []) == [TillPosition("k2", 1, 7), TillPosition("k3", 1, 7)]
    named = TillPosition("k3", 2, 9)
    assert decide_others([till("k3", online=False), till("k2")], [named]) == [named, TillPosition("k2", 1, 7)]
    with pytest.raises(GoodsError, match=r"not heard now: .* last told --till k3=1@7 --till k4=1@7"):
        decide_others([till("k4", age_s=None), till("k3", online=False), till("k2")], [])


def test_a_question_is_put_anew_when_stock_or_shoppers_change_and_not_when_demand_drifts():
    before = {"k2": [AskLine(*TEA, there=3, ahead=5, per_h=2.0)]}
    assert not is_restated(before, {"k2": [AskLine(*TEA, there=3, ahead=6, per_h=2.1)]})
    assert is_restated(before, {"k2": [AskLine(*TEA, there=2, ahead=5, per_h=2.0)]})
    assert is_restated(before, {"k2": [AskLine(*TEA, there=3, waiting=1, ahead=5, per_h=2.0)]})
    assert is_restated(before, {})


def test_a_move_has_an_id_that_a_fact_can_hold_and_another_question_another_one():
    one = move_id("q1", "north/market/k2", 1, "k1", 1)
    assert one == move_id("q1", "north/market/k2", 1, "k1", 1)
    assert len(one) == 64
    assert len({one, move_id("q2", "north/market/k2", 1, "k1", 1), move_id("q1", "north/market/k2", 2, "k1", 1)}) == 3


def test_amounts_keep_their_unit_and_condition():
    key = StockKey(Sku("ham"), Condition.DAMAGED, Unit.GRAM)
    given_ = decide_give([AskLine(*key, waiting=500)], {key: Account(received=750)}, {}, given={})
    assert given_ == [StockLine("ham", Quantity(500, Unit.GRAM), Condition.DAMAGED)]


few = st.integers(1, 4)
given_moves = st.lists(st.builds(Given, st.uuids().map(str), st.sampled_from(["k2", "k3"]), few, few, few), max_size=6)


@given(given_moves, st.dictionaries(few, few), st.lists(st.tuples(st.sampled_from(["k2", "k3"]), few)))
def test_what_was_given_is_settled_once_the_hub_holds_it_and_a_newer_life_was_heard(moves, held, heard):
    others = [Neighbour(name, epoch, 1, online=False) for name, epoch in heard]
    settled = set(decide_settled(moves, others, held))
    for one in moves:
        newer = any(name == one.receiver and epoch > one.to_epoch for name, epoch in heard)
        assert (one.move in settled) == (newer and held.get(one.epoch, 0) >= one.seq)
