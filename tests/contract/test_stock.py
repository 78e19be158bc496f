"""One account: available is never negative, and order matters only where goods in hand met an empty account."""

import pytest
from contract_strategies_stock import (
    BRINGS,
    LEAVES,
    NEEDS_RIGHTS,
    Shelf,
    amounts,
    histories,
    moves,
    play,
    step_once,
    steps,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from contract.stock import TERMS, Account, NoRights, add, adjust, leave, receive, sell

incoming = st.lists(st.tuples(st.sampled_from(sorted(BRINGS)), amounts), max_size=8)
accounts = st.builds(Account, **dict.fromkeys(TERMS, st.integers(-5, 10**9)))


@given(steps)
def test_available_is_never_below_zero_and_always_what_a_shelf_kept_by_hand_has(done):
    account, shelf = Account(), Shelf()
    for step, what in done:
        expected = shelf.after(step, what)
        if expected is None:
            with pytest.raises(NoRights):
                step_once(account, step, what)
            continue
        account, shelf = step_once(account, step, what), expected
        assert account.available >= 0
        assert account.held >= 0
        assert (account.available, account.held, account.overdraft) == (shelf.free, shelf.held, shelf.short)


@given(steps)
def test_every_unit_that_came_was_rung_up_given_away_or_is_still_there(done):
    """I1, spelt out once more: what came by goods or by rights, and what left without."""
    a = play(done)
    came = a.received + a.returned + a.arrived + a.moved_in + a.granted + a.adjusted + a.overdraft
    assert came == a.sold + a.wasted + a.sent + a.released + a.moved_out + a.held + a.available


@given(histories, st.sampled_from([*BRINGS, *LEAVES, *NEEDS_RIGHTS]), amounts)
def test_a_step_changes_its_own_term_by_its_amount_and_no_other(before, step, amount):
    own = {"hold": "held", "hold_placed": "held", "unhold": "held"}.get(step, step)
    try:
        after = step_once(before, step, amount)
    except NoRights:
        return
    changed = {term: value - getattr(before, term) for term, value in asdict(after).items()}
    if step in LEAVES:
        del changed["overdraft"]
    assert changed.pop(own) == (-amount if step == "unhold" else amount)
    assert not any(changed.values())


@given(histories, st.sampled_from(LEAVES), amounts)
def test_what_has_left_is_never_refused_and_only_what_was_missing_is_overdraft(before, how, amount):
    after, overdraft = leave(before, amount, how)
    assert getattr(after, how) == getattr(before, how) + amount
    assert overdraft == max(0, amount - before.available)
    assert after.overdraft == before.overdraft + overdraft
    assert after.available == max(0, before.available - amount)


@given(histories, amounts)
def test_a_sale_is_goods_that_left(before, amount):
    assert sell(before, amount) == leave(before, amount, "sold")


@given(incoming, st.data(), histories)
def test_the_order_of_what_comes_in_does_not_matter(came, data, start):
    assert play(data.draw(st.permutations(came)), start) == play(came, start)


@given(st.lists(amounts, max_size=8), st.data(), histories)
def test_the_order_of_sales_among_themselves_does_not_matter(sold, data, start):
    shuffled = data.draw(st.permutations(sold))
    assert play([("sold", amount) for amount in shuffled], start) == play([("sold", amount) for amount in sold], start)


@given(moves, st.data())
def test_the_order_of_everything_that_is_never_refused_changes_overdraft_alone(done, data):
    done = [step for step in done if step[0] not in NEEDS_RIGHTS]
    one, other = asdict(play(done)), asdict(play(data.draw(st.permutations(done))))
    missing = one.pop("overdraft"), other.pop("overdraft")
    assert one == other
    one_left, other_left = (Account(**one, overdraft=short).available - short for short in missing)
    assert one_left == other_left


@given(st.integers(0, 20), st.integers(-40, 40), amounts)
def test_goods_in_hand_are_all_overdraft_where_the_account_is_short(received, difference, amount):
    account = adjust(receive(Account(), received), difference)
    after, overdraft = sell(account, amount)
    assert overdraft == amount - min(amount, max(0, received + difference))
    assert after.available == max(received + difference - amount, min(0, received + difference))


@given(accounts, accounts, accounts)
def test_accounts_add_up_term_by_term_in_any_order_and_grouping(one, other, third):
    assert asdict(add(one, other)) == {term: getattr(one, term) + getattr(other, term) for term in TERMS}
    assert add(one, other) == add(other, one)
    assert add(add(one, other), third) == add(one, add(other, third))
    assert add(one, Account()) == one
    assert add(one, other).available == one.available + other.available


@given(steps, steps)
def test_a_mirror_that_adds_what_each_fact_changed_is_the_account_itself(done, more):
    """What the hub does: it never sees the account, only differences, and must end where the kiosk is."""
    account, mirror = Account(), Account()
    for step in [*done, *more]:
        after = play([step], account)
        change = Account(**{term: getattr(after, term) - getattr(account, term) for term in TERMS})
        account, mirror = after, add(mirror, change)
    assert mirror == account
    assert mirror.available == account.available >= 0
