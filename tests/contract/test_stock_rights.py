"""Rights of one account: granted as sums, promised and given away only as far as they are held."""

import pytest
from contract_strategies_stock import NEEDS_RIGHTS, amounts, histories, play
from hypothesis import given
from hypothesis import strategies as st

from contract.stock import Account, NoRights, grant, hold, hold_placed, leave, receive, release, unhold

sums = st.integers(0, 200)
told = st.tuples(sums, sums)
SPENDS = sorted(NEEDS_RIGHTS.keys() - {"unhold"})


@given(histories, told)
def test_a_grant_that_is_told_twice_changes_nothing_more(before, sums_told):
    once = grant(before, *sums_told)
    assert grant(once, *sums_told) == once


@given(histories, st.lists(told, max_size=6), st.data())
def test_grants_may_come_in_any_order_and_the_largest_sums_count(before, tellings, data):
    account = before
    for each in data.draw(st.permutations(tellings)):
        account = grant(account, *each)
    assert account.granted == max([before.granted, *(total for total, _ in tellings)])
    assert account.settled == max([before.settled, *(settled for _, settled in tellings)])


@given(histories, told)
def test_a_grant_never_takes_a_right_away(before, sums_told):
    after = grant(before, *sums_told)
    assert after.available == before.available + after.granted - before.granted
    assert after.granted >= before.granted
    assert after.settled >= before.settled
    assert after.promisable >= before.promisable
    assert after.overdraft == before.overdraft


def test_a_grant_that_says_nothing_of_settling_settles_nothing():
    account, _ = leave(Account(), 5, "sold")
    assert grant(account, 3) == grant(account, 3, 0)
    assert grant(grant(account, 3, 4), 4).settled == 4


@given(histories, amounts)
def test_nothing_is_promised_beyond_what_is_promisable(before, amount):
    if amount <= before.promisable:
        after = hold(before, amount)
        assert after.held == before.held + amount
        assert after.available == before.available - amount
        assert after.promisable == before.promisable - amount
    else:
        with pytest.raises(NoRights):
            hold(before, amount)


@given(histories)
def test_promisable_is_what_is_available_less_the_overdraft_that_is_not_settled(before):
    open_overdraft = max(0, before.overdraft - before.settled)
    assert before.promisable == max(0, before.available - open_overdraft)
    assert 0 <= before.promisable <= before.available


@given(amounts, amounts, amounts)
def test_what_left_without_rights_cannot_be_promised_again_when_goods_come(short, came, settled):
    account, overdraft = leave(Account(), short, "sold")
    account = receive(account, came)
    assert overdraft == short
    assert account.available == came
    assert account.promisable == max(0, came - short)
    with pytest.raises(NoRights):
        hold(account, account.promisable + 1)
    assert grant(account, 0, settled).promisable == max(0, came - max(0, short - settled))


@given(histories, st.sampled_from(SPENDS), amounts)
def test_what_needs_rights_is_refused_without_saying_what_was_wanted_and_what_is_there(before, step, amount):
    there = before.promisable if step == "hold" else before.available
    if amount <= there:
        assert NEEDS_RIGHTS[step](before, amount).available == before.available - amount
        return
    with pytest.raises(NoRights) as refusal:
        NEEDS_RIGHTS[step](before, amount)
    assert (refusal.value.wanted, refusal.value.available) == (amount, there)
    assert str(refusal.value) == f"{amount} wanted, {there} there"


@given(histories, st.sampled_from(SPENDS))
def test_all_that_is_there_may_be_spent_and_one_more_may_not(before, step):
    there = before.promisable if step == "hold" else before.available
    assert NEEDS_RIGHTS[step](before, there).available == before.available - there
    with pytest.raises(NoRights):
        NEEDS_RIGHTS[step](before, there + 1)


@given(histories, amounts)
def test_what_the_hub_placed_needs_the_rights_to_it_and_not_the_overdraft_settled(before, amount):
    placed = hold_placed(grant(before, before.granted + amount), amount)
    assert placed.held == before.held + amount
    assert placed.available == before.available


@given(histories, amounts)
def test_a_hold_that_ends_gives_back_what_it_took(before, amount):
    stocked = receive(before, amount + before.overdraft)
    assert unhold(hold(stocked, amount), amount) == stocked


@given(histories, amounts)
def test_no_more_is_taken_from_a_hold_than_is_held(before, amount):
    if amount <= before.held:
        after = unhold(before, amount)
        assert (after.held, after.available) == (before.held - amount, before.available + amount)
    else:
        with pytest.raises(NoRights) as refusal:
            unhold(before, amount)
        assert (refusal.value.wanted, refusal.value.available) == (amount, before.held)


@given(histories, amounts)
def test_what_is_collected_is_sold_without_an_overdraft(before, amount):
    placed = hold_placed(receive(before, amount), amount)
    after, overdraft = leave(unhold(placed, amount), amount, "sold")
    assert overdraft == 0
    assert (after.available, after.held) == (placed.available, before.held)


@given(histories, amounts)
def test_walk_in_sales_never_use_up_what_is_set_aside(before, amount):
    held = before.held
    after, _ = leave(before, amount, "sold")
    assert after.held == held
    assert unhold(after, held).available >= held


@given(histories)
def test_rights_that_all_went_back_leave_nothing_to_give(before):
    after = release(before, before.available)
    assert (after.available, after.promisable) == (0, 0)
    assert play([("released", 1)], after) == after
