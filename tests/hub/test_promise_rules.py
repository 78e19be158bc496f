"""How promises are decided: whole, at one site, never more than there is, and the same each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codes import CHARACTERS, LENGTH, is_mistyped, normalize
from contract.down import Item
from contract.down_rights import Remedy
from contract.rights import Answer
from contract.stock import StockKey
from contract.values import Money, Sku, Unit
from hub.core.promise import (
    MAX_MOVES,
    Choice,
    Wish,
    code_of,
    covers,
    decide,
    distances_km,
    rank,
    substitutes_of,
    successor,
)

TEA, CAKE, SCONE = (StockKey(Sku(name)) for name in ("tea", "cake", "scone"))
keys = st.sampled_from([TEA, CAKE, SCONE])
goods = st.dictionaries(keys, st.integers(0, 9), max_size=3)
wanted = st.dictionaries(keys, st.integers(1, 9), min_size=1, max_size=3)
names = st.sampled_from(["harbour", "market", "pier", "square"])
shelves = st.dictionaries(names, goods, max_size=4)
wishes = st.builds(Wish, wanted, names, st.none() | names, st.integers(0, 5))
swaps = st.dictionaries(keys, st.lists(keys, max_size=3), max_size=3)


@given(wishes, shelves, goods, swaps)
def test_never_more_than_is_free_and_always_the_whole(wish, free, arriving, substitutes):
    choice = decide(wish, free, arriving=arriving, substitutes=substitutes)
    match choice.answer:
        case Answer.CONFIRMED | Answer.ELSEWHERE:
            assert covers(free[choice.site], choice.goods)
            assert choice.goods == wish.goods
            assert (choice.site == wish.site) == (choice.answer is Answer.CONFIRMED)
        case Answer.LATER:
            assert covers(arriving, choice.goods)
            assert (choice.goods, choice.site) == (wish.goods, wish.site)
        case Answer.SUBSTITUTE:
            assert covers(free[wish.site], choice.goods)
            assert choice.site == wish.site
            assert sum(choice.goods.values()) == sum(wish.goods.values())
            allowed = {one for key in wish.goods for one in (key, *substitutes.get(key, ()))}
            assert set(choice.goods) <= allowed
        case Answer.SORRY:
            assert not any(covers(site, wish.goods) for site in free.values())
            assert not covers(arriving, wish.goods)
            assert (choice.goods, choice.site) == ({}, None)
    refused = choice.answer is Answer.SORRY and wish.paid_minor > 0
    assert (choice.remedy is Remedy.REFUND) == refused


@given(wishes, shelves, goods, swaps)
def test_the_order_in_which_sites_are_known_changes_nothing(wish, free, arriving, substitutes):
    turned = {site: dict(reversed(free[site].items())) for site in reversed(free)}
    assert decide(wish, free, arriving=arriving, substitutes=substitutes) == decide(
        wish, turned, arriving=arriving, substitutes=substitutes
    )


def test_where_it_is_wanted_comes_first_then_where_most_is_left_then_the_name():
    free = {"a": {TEA: 5}, "b": {TEA: 9}, "c": {TEA: 9}, "here": {TEA: 3}}
    assert rank(Wish({TEA: 3}, "here"), free) == ["here", "b", "c", "a"]
    assert rank(Wish({TEA: 3}, "here", "a"), free) == ["a", "b", "c", "here"]
    assert rank(Wish({TEA: 4}, "here"), free) == ["b", "c", "a"]


def test_the_nearest_comes_before_where_most_is_left_and_what_is_not_known_last():
    free = {"a": {TEA: 5}, "b": {TEA: 9}, "c": {TEA: 9}, "d": {TEA: 10}}
    wish = Wish({TEA: 3}, "here", distances={"a": 1.0, "b": 2.5, "here": 0.0})
    assert rank(wish, free) == ["a", "b", "d", "c"]


def test_another_site_is_no_answer_where_the_wish_is_for_one_alone():
    wish = Wish({TEA: 3}, "here", only_there=True)
    assert rank(wish, {"a": {TEA: 5}}) == []
    assert rank(wish, {"a": {TEA: 5}, "here": {TEA: 3}}) == ["here"]
    assert decide(wish, {"a": {TEA: 5}}).answer is Answer.SORRY


def test_distances_are_over_the_ground_and_unknown_from_an_unknown_place():
    points = {"munich": (48.137, 11.575), "berlin": (52.52, 13.405), "here": (48.137, 11.575)}
    found = distances_km(points, "here")
    assert found["munich"] == found["here"] == 0
    assert found["berlin"] == pytest.approx(504, abs=2)
    assert distances_km(points, "nowhere") == {}
    assert distances_km({"n": (0.0, 0.0), "s": (0.0, 180.0)}, "n")["s"] == pytest.approx(20015, abs=1)


def test_what_takes_a_place_has_a_name_of_its_own_each_time():
    names = [successor("p-1", nth) for nth in range(MAX_MOVES + 1)]
    assert names[0] == "p-1"
    assert len({*names, *(code_of(name) for name in names)}) == 2 * (MAX_MOVES + 1)
    assert names == [successor("p-1", nth) for nth in range(MAX_MOVES + 1)]
    assert successor("p-2", 1) not in names


def test_two_halves_at_two_sites_are_no_promise():
    assert decide(Wish({TEA: 2}, "a"), {"a": {TEA: 1}, "b": {TEA: 1}}).answer is Answer.SORRY


def test_one_stock_does_not_stand_in_twice():
    swap = {TEA: [SCONE], CAKE: [SCONE]}
    wish = Wish({TEA: 2, CAKE: 2}, "a")
    assert decide(wish, {"a": {SCONE: 3}}, substitutes=swap).answer is Answer.SORRY
    assert decide(wish, {"a": {SCONE: 4}}, substitutes=swap) == Choice(Answer.SUBSTITUTE, {SCONE: 4}, "a")


def item(sku: str, price: int | None, *, category: str = "tea", unit: Unit = Unit.PIECE, per: int = 1) -> Item:
    return Item(
        Sku(sku), sku, price_minor=None if price is None else Money(price), price_per=per, unit=unit, category=category
    )


def test_only_what_the_operator_named_costs_no_more_and_is_of_its_kind_stands_in():
    others = [
        item("cheap", 200),
        item("same", 300),
        item("also", 300),
        item("dear", 301),
        item("unnamed", 300),
        item("cup", 300, category="cups"),
        item("loose", 300, unit=Unit.GRAM),
        item("dozen", 300, per=12),
        item("asks", None),
        item("tea", 300),
    ]
    allowed = {one.sku for one in others} - {"unnamed"}
    assert [one.sku for one in substitutes_of(item("tea", 300), others, allowed)] == ["also", "same", "cheap"]


@pytest.mark.parametrize("odd", [item("tea", None), item("tea", 300, category="")])
def test_what_has_no_price_or_no_category_has_no_substitute(odd):
    assert substitutes_of(odd, [item("same", 300, category=odd.category)], ["same"]) == []


def test_a_code_is_the_same_each_time_and_easy_to_read_out():
    assert code_of("p-1") == code_of("p-1")
    codes = {code_of(f"p-{n}") for n in range(2000)}
    assert len(codes) == 2000
    assert all(code == normalize(code) and len(code) == LENGTH + 1 and not is_mistyped(code) for code in codes)


def test_a_code_that_is_typed_wrongly_is_told_from_one_that_nobody_has():
    code = code_of("p-1")
    assert all(is_mistyped(code[:-1] + wrong) for wrong in set(CHARACTERS) - {code[-1]})
