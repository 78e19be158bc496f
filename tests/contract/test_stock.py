"""One account: available is never negative, and order matters only where goods in hand met an empty account."""

from hypothesis import given
from hypothesis import strategies as st

from contract.stock import Account, adjust, receive, sell, take_back

amounts = st.integers(1, 50)
steps = st.lists(
    st.tuples(st.sampled_from(["sell", "receive", "take_back"]), amounts)
    | st.tuples(st.just("count"), st.integers(0, 50)),
    max_size=30,
)


def play(done, account=None):
    account = account or Account()
    for step, amount in done:
        account = step_once(account, step, amount)
    return account


def step_once(account, step, amount):
    match step:
        case "sell":
            return sell(account, amount)[0]
        case "receive":
            return receive(account, amount)
        case "take_back":
            return take_back(account, amount)
        case _:
            return adjust(account, amount - account.available)


@given(steps)
def test_available_is_never_below_zero_whatever_is_sold_received_returned_and_counted(done):
    account = Account()
    for step, amount in done:
        account = step_once(account, step, amount)
        assert account.available >= 0
        if step == "count":
            assert account.available == amount


@given(steps)
def test_goods_are_conserved(done):
    account = play(done)
    came = account.received + account.returned + account.adjusted + account.overdraft
    assert came == account.sold + account.available


@given(steps, amounts)
def test_a_sale_is_never_refused_and_only_what_is_missing_is_overdraft(done, amount):
    before = play(done)
    after, overdraft = sell(before, amount)
    assert after.sold == before.sold + amount
    assert overdraft == max(0, amount - before.available)
    assert after.overdraft == before.overdraft + overdraft
    assert after.available == max(0, before.available - amount)


@given(st.lists(st.tuples(st.sampled_from(["receive", "take_back"]), amounts), max_size=8), st.data(), steps)
def test_the_order_of_what_comes_in_does_not_matter(incoming, data, before):
    start = play(before)
    assert play(data.draw(st.permutations(incoming)), start) == play(incoming, start)


@given(st.lists(amounts, max_size=8), st.data(), steps)
def test_the_order_of_sales_among_themselves_does_not_matter(sold, data, before):
    start = play(before)
    shuffled = data.draw(st.permutations(sold))
    assert play([("sell", amount) for amount in shuffled], start) == play([("sell", amount) for amount in sold], start)


@given(steps, st.data())
def test_the_order_of_everything_changes_overdraft_alone(done, data):
    done = [step for step in done if step[0] != "count"]
    one, other = play(done), play(data.draw(st.permutations(done)))
    assert (one.received, one.returned, one.sold) == (other.received, other.returned, other.sold)
    assert one.available - one.overdraft == other.available - other.overdraft


@given(st.integers(0, 20), st.integers(-40, 40), amounts)
def test_goods_in_hand_are_all_overdraft_where_the_account_is_short(received, difference, amount):
    account = adjust(receive(Account(), received), difference)
    after, overdraft = sell(account, amount)
    assert overdraft == amount - min(amount, max(0, received + difference))
    assert after.available == max(received + difference - amount, min(0, received + difference))
