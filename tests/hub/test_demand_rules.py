"""What is left of what programs asked for in vain, once one of them got goods."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from contract.stock import StockKey
from contract.values import Sku
from hub.core.demand import Demand, decide_left

TEA, CAKE = (StockKey(Sku(name)) for name in ("tea", "cake"))
whats = st.sampled_from([TEA, CAKE])
keys = st.sampled_from("abcd")
demands = st.lists(
    st.builds(Demand, keys, whats, st.integers(1, 9), st.sampled_from(["2026-03-07T09", "2026-03-07T10"])),
    max_size=8,
    unique_by=lambda one: (one.key, one.what),
)
goods = st.dictionaries(whats, st.integers(1, 12), min_size=1)


def after(known: list[Demand], key: str, got: dict[StockKey, int]) -> dict[tuple[str, StockKey], int]:
    left = {(one.key, one.what): one.amount for one in known}
    return left | {(one.key, one.what): one.amount for one in decide_left(known, key, got)}


def total(left: dict[tuple[str, StockKey], int]) -> Counter[StockKey]:
    found: Counter[StockKey] = Counter()
    for (_, what), amount in left.items():
        found[what] += amount
    return found


@given(demands, keys, goods)
def test_what_a_request_asked_for_ends_when_it_got_goods(known, key, got):
    assert all(not amount for (one, _), amount in after(known, key, got).items() if one == key)


@given(demands, keys, goods)
def test_each_unit_that_was_got_ends_one_that_was_asked_for_and_no_more(known, key, got):
    before, left = total({(one.key, one.what): one.amount for one in known}), total(after(known, key, got))
    own = {one.what: one.amount for one in known if one.key == key}
    for what in (TEA, CAKE):
        ended = max(own.get(what, 0), got.get(what, 0))
        assert left[what] == max(0, before[what] - ended)


@given(demands, keys, goods)
def test_who_asked_first_is_taken_to_have_tried_again(known, key, got):
    left = after(known, key, got)
    others = sorted((one for one in known if one.key != key), key=lambda one: (one.at, one.key))
    for nth, one in enumerate(others):
        if left[one.key, one.what] < one.amount:
            assert all(not left[older.key, older.what] for older in others[:nth] if older.what == one.what)


@given(demands, keys, goods)
def test_only_what_changed_is_said_and_nothing_grows(known, key, got):
    before = {(one.key, one.what): one.amount for one in known}
    said = decide_left(known, key, got)
    assert len({(one.key, one.what) for one in said}) == len(said)
    assert all(0 <= one.amount < before[one.key, one.what] for one in said)
