"""When a kiosk asks for rights, and what it gives back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.asking import HOUR_S, MEMORY_S, cover
from contract.facts import StockLine
from contract.stock import Account, StockKey
from contract.values import MAX_AMOUNT, Quantity, Sku, Unit
from kiosk.core.rights import (
    MAX_LINES,
    MAX_RETRY_S,
    MOST_COUNTED,
    OUTAGE_S,
    PATIENCE_S,
    RETRY_S,
    Demand,
    Need,
    Tried,
    decide_answer,
    decide_ask,
    decide_wanted,
    retry_s,
)

AT_S = datetime(2026, 11, 21, 9, 30, tzinfo=UTC).timestamp()
TEA, MILK, HAM = (StockKey(Sku(name)) for name in ("tea", "milk", "ham"))


def line(key, amount):
    return StockLine(key.sku, Quantity(amount))


def there(**amounts):
    return {StockKey(Sku(name)): Account(received=amount) for name, amount in amounts.items()}


def test_nothing_is_asked_for_while_there_is_enough():
    enough = cover(4.0, OUTAGE_S)
    assert decide_ask({TEA: Need(per_h=4.0)}, there(tea=enough), {}) == []
    assert decide_ask({TEA: Need(per_h=4.0)}, there(tea=enough - 1), {}) == [line(TEA, 1)]


def test_what_runs_dry_soonest_is_asked_for_first():
    needs = {TEA: Need(per_h=4.0), HAM: Need(per_h=8.0), MILK: Need(per_h=4.0)}
    found = decide_ask(needs, there(tea=2, ham=2), {})
    assert [one.sku for one in found] == ["milk", "ham", "tea"]


def test_what_a_shopper_waits_for_the_till_has_asked_for():
    assert decide_ask({TEA: Need(waiting=3, per_h=9.0)}, {}, {}) == []


def test_what_a_shopper_lacks_is_asked_for_once_at_a_time():
    assert decide_wanted([(TEA, 2), (HAM, 0), (TEA, 3), (MILK, -1)], {}) == [line(TEA, 5)]
    assert decide_wanted([(TEA, 2), (HAM, 1)], {TEA: RETRY_S - 1}) == [line(HAM, 1)]
    assert decide_wanted([(TEA, 2)], {TEA: RETRY_S}) == [line(TEA, 2)]
    assert decide_wanted([(TEA, 2)], {TEA: -5.0}) == [line(TEA, 2)], "a clock that went back keeps nobody waiting"
    many = [(StockKey(Sku(f"s{number}")), 1) for number in range(MAX_LINES + 1)]
    assert len(decide_wanted(many, {})) == MAX_LINES


@pytest.mark.parametrize(("unit", "most"), [(Unit.PIECE, 100), (Unit.GRAM, 100_000), (Unit.MILLILITRE, 100_000)])
def test_more_than_a_shopper_carries_is_a_slip_and_is_not_asked_for(unit, most):
    key = TEA._replace(unit=unit)
    assert decide_wanted([(key, most)], {}) == [StockLine(key.sku, Quantity(most, unit))]
    for amount in (most + 1, 2 * MAX_AMOUNT):
        assert decide_wanted([(HAM, 1), (key, amount)], {}) == [line(HAM, 1)], "nor is the rest of a refusal held up"
    assert decide_wanted([(key, most), (key, 1)], {}) == []


def test_an_overdraft_that_is_owed_is_no_stock():
    enough = cover(4.0, OUTAGE_S)
    account = {TEA: Account(received=enough, sold=1, overdraft=1)}
    assert decide_ask({TEA: Need(per_h=4.0)}, account, {}) == [line(TEA, 1)]


@pytest.mark.parametrize(("tries", "seconds"), [(1, 60), (2, 120), (4, 480), (7, 3600), (1000, 3600)])
def test_a_request_is_repeated_after_a_time_that_doubles(tries, seconds):
    assert retry_s(tries) == seconds
    needs = {TEA: Need(per_h=4.0)}
    assert decide_ask(needs, {}, {TEA: Tried(tries, seconds - 1.0)}) == []
    assert len(decide_ask(needs, {}, {TEA: Tried(tries, seconds)})) == 1
    assert len(decide_ask(needs, {}, {TEA: Tried(tries, -1.0)})) == 1, "a clock that went back has nobody wait"
    assert RETRY_S <= retry_s(tries) <= MAX_RETRY_S


def test_a_request_is_no_longer_than_can_go_ahead():
    needs = {StockKey(Sku(f"{number:04d}")): Need(per_h=4.0) for number in range(MAX_LINES + 5)}
    assert len(decide_ask(needs, {}, {})) == MAX_LINES


@pytest.mark.parametrize(
    ("urgent", "waiting", "per_h", "given"),
    [(True, 0, 4.0, 9), (True, 4, 4.0, 6), (True, 12, 0.0, 0), (False, 0, 0.0, 9), (False, 4, 0.0, 6)],
)
def test_what_a_recall_gets(urgent, waiting, per_h, given):
    answer = decide_answer([(TEA, 9)], there(tea=10), {TEA: Need(waiting, per_h)}, urgent=urgent)
    assert answer == ([line(TEA, given)] if given else [])


def test_a_plain_recall_leaves_the_cover():
    answer = decide_answer([(TEA, 99), (MILK, 5)], there(tea=50), {TEA: Need(per_h=4.0)}, urgent=False)
    assert answer == [line(TEA, 50 - cover(4.0, OUTAGE_S))]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 99), st.booleans(), st.integers(0, 20), st.floats(0, 99))
def test_a_recall_gets_no_more_than_wanted_nor_than_is_there(  # noqa: PLR0917 - drawn one by one
    received, sold, wanted, urgent, waiting, per_h
):
    account = Account(received=received, sold=sold, overdraft=max(0, sold - received))
    answer = decide_answer([(TEA, wanted)], {TEA: account}, {TEA: Need(waiting, per_h)}, urgent=urgent)
    amount = sum(one.quantity.amount for one in answer)
    assert 0 <= amount <= min(wanted, account.available if urgent else account.promisable)
    if urgent and not waiting:
        assert amount == min(wanted, account.available)


@pytest.mark.parametrize(("urgent", "waiting", "given"), [(True, 0, 5), (True, 9, 3), (False, 0, 2)])
def test_rights_kept_back_for_an_overdraft_settle_it(urgent, waiting, given):
    account = Account(received=5, sold=3, overdraft=3)
    assert (account.available, account.promisable) == (5, 2)
    answer = decide_answer([(TEA, 9)], {TEA: account}, {TEA: Need(waiting)}, urgent=urgent)
    assert answer == [line(TEA, given)]


def test_demand_is_of_late():
    demand = Demand()
    demand.count(TEA, 90, at_s=AT_S)
    demand.count(TEA, 10, at_s=AT_S)
    demand.count(MILK, 1, at_s=AT_S)
    first = demand.per_h(TEA, at_s=AT_S)
    assert first == pytest.approx(100 * HOUR_S / MEMORY_S)
    assert demand.per_h(HAM, at_s=AT_S) == 0
    assert 0 < demand.per_h(TEA, at_s=AT_S + MEMORY_S) < first / 2
    demand.forget(at_s=AT_S + 5 * MEMORY_S)
    assert set(demand.meters) == {TEA}


def test_a_refusal_counts_as_what_one_shopper_wants_and_once():
    demand = Demand()
    one = MOST_COUNTED * HOUR_S / MEMORY_S
    for after_s in (0.0, 30.0, 90.0):
        demand.refuse(TEA, 100, at_s=AT_S + after_s)
    assert demand.per_h(TEA, at_s=AT_S) == pytest.approx(one, rel=0.02), "who asks again is the same shopper"
    demand.refuse(TEA, 100, at_s=AT_S + 90 + PATIENCE_S)
    assert demand.per_h(TEA, at_s=AT_S + 90 + PATIENCE_S) > 1.9 * one
    demand.refuse(MILK, 2, at_s=AT_S)
    demand.refuse(MILK, 3, at_s=AT_S + 1)
    demand.refuse(MILK, 1, at_s=AT_S + 2)
    assert demand.per_h(MILK, at_s=AT_S) == pytest.approx(3 * HOUR_S / MEMORY_S, rel=1e-3)
    demand.refuse(MILK, 3, at_s=AT_S - 10)
    assert demand.per_h(MILK, at_s=AT_S) == pytest.approx(6 * HOUR_S / MEMORY_S, rel=1e-3), "a clock that went back"
    demand.forget(at_s=AT_S + 9 * MEMORY_S)
    assert not demand.refused


def test_a_refusal_by_weight_counts_in_its_unit():
    demand, ham = Demand(), HAM._replace(unit=Unit.GRAM)
    demand.refuse(ham, 80_000, at_s=AT_S)
    assert demand.per_h(ham, at_s=AT_S) == pytest.approx(MOST_COUNTED * 1000 * HOUR_S / MEMORY_S)
