"""Who waits for what: by turn, each for goods of their own, and only where goods can be had."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from contract.stock import StockKey
from contract.values import Sku
from hub.core.promise import Wish, covers
from hub.core.waiting import Wait, kept_of, left_for, where_to_wait

TEA, CAKE = (StockKey(Sku(name)) for name in ("tea", "cake"))
names = st.sampled_from(["harbour", "market", "pier"])
goods = st.dictionaries(st.sampled_from([TEA, CAKE]), st.integers(0, 9), max_size=2)
wanted = st.dictionaries(st.sampled_from([TEA, CAKE]), st.integers(1, 5), min_size=1, max_size=2)
shelves = st.dictionaries(names, goods, max_size=3)
wishes = st.lists(st.builds(Wish, wanted, names, st.none() | names, only_there=st.booleans()), max_size=8)
turns = st.permutations(range(8))


def begin_to_wait(shelves: Mapping[str, Mapping[StockKey, int]], found: list[Wish], order: list[int]) -> list[Wait]:
    """Let shoppers come one after the other; ``order`` is by when they had asked."""
    waits: list[Wait] = []
    for nth, wish in enumerate(found):
        site = where_to_wait(wish, left_for(None, shelves, waits))
        if site is not None:
            waits.append(Wait(f"p-{nth}", site, wish.goods, f"2026-03-07T0{order[nth]}"))
    return waits


@given(shelves, wishes, turns)
def test_no_unit_is_waited_for_twice(there, found, order):
    waits = begin_to_wait(there, found, order)
    for site, shelf in there.items():
        for key in (TEA, CAKE):
            assert sum(one.goods.get(key, 0) for one in waits if one.site == site) <= shelf.get(key, 0)


@given(shelves, wishes, turns)
def test_whoever_waits_gets_all_of_it_whatever_the_others_take_and_in_any_order_of_looking(there, found, order):
    waits = begin_to_wait(there, found, order)
    for one in waits:
        assert covers(left_for(one.turn, there, waits)[one.site], one.goods)
    assert left_for(None, there, waits) == left_for(None, there, list(reversed(waits)))


@given(shelves, wishes, turns)
def test_who_asked_later_leaves_what_who_asked_first_waits_for(there, found, order):
    waits = sorted(begin_to_wait(there, found, order), key=lambda one: one.turn)
    for nth, one in enumerate(waits):
        left = left_for(one.turn, there, waits)
        for key in there[one.site]:
            before = sum(other.goods.get(key, 0) for other in waits[:nth] if other.site == one.site)
            assert left[one.site][key] == there[one.site][key] - before


@given(shelves, wishes)
def test_goods_are_waited_for_where_they_are_and_the_wish_allows(there, found):
    for wish in found:
        site = where_to_wait(wish, there)
        able = [one for one in there if covers(there[one], wish.goods) and wish.allows(one)]
        assert (site is None) == (not able)
        if site is not None:
            assert site in able
            assert site == wish.site or wish.site not in able


def test_where_it_is_wanted_comes_first_then_where_it_is_waited_for_then_where_most_is_left():
    there = {"a": {TEA: 9}, "b": {TEA: 5}, "c": {TEA: 3}, "d": {TEA: 5}}
    wish = Wish({TEA: 3}, "c")
    assert where_to_wait(wish, there, "b") == "c"
    del there["c"]
    assert where_to_wait(wish, there, "b") == "b"
    assert where_to_wait(wish, there) == "a"
    del there["a"]
    assert where_to_wait(wish, there) == "b"
    assert where_to_wait(Wish({TEA: 3}, "c", only_there=True), there) is None


@given(st.integers(-3, 9), st.integers(0, 9))
def test_what_is_kept_is_there_and_waited_for(free, waited):
    assert kept_of(free, waited) == max(0, min(free, waited))
    assert 0 <= kept_of(free, waited) <= waited
