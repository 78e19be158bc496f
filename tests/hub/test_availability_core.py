"""What is said of stock, how long it may be kept, and the view in memory that answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.availability import ASK, ASK_AFTER_S, cap_of, shown
from contract.values import Unit
from hub.api import availability as page
from hub.api.problems import Problem
from hub.core.availability import KEEPING, Heat, Rules, heat_of, hottest, text_of
from hub.core.shelf_view import Found, Level, Place, ShelfView

RULES = Rules()


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (0, Unit.PIECE, "0"),
        (4, Unit.PIECE, "4"),
        (5, Unit.PIECE, "5+"),
        (500, Unit.PIECE, "5+"),
        (750, Unit.GRAM, "750 g"),
        (4999, Unit.MILLILITRE, "4999 ml"),
        (5000, Unit.GRAM, "5000+ g"),
    ],
)
def test_little_is_told_exactly_and_plenty_is_not(amount: int, unit: Unit, text: str) -> None:
    assert text_of(amount, unit, 0, RULES) == text


def test_the_threshold_is_a_setting() -> None:
    assert text_of(9, Unit.PIECE, 0, Rules(exact_below=10)) == "9"
    assert text_of(10, Unit.PIECE, 0, Rules(exact_below=10)) == "10+"
    assert text_of(1, Unit.PIECE, 61, Rules(ask_after_s=60)) == ASK


@pytest.mark.parametrize(("age_s", "text"), [(ASK_AFTER_S, "3"), (ASK_AFTER_S + 0.1, ASK), (None, ASK), (-5, "3")])
def test_what_is_too_old_is_asked_for(age_s: float | None, text: str) -> None:
    assert shown(3, Unit.PIECE, age_s, cap=cap_of(Unit.PIECE)) == text


@pytest.mark.parametrize(
    ("amount", "rate", "heat"),
    [
        (3, 0.0, Heat.WARM),  # below the threshold each sale shows
        (3, 0.5, Heat.WARM),
        (3, 12.0, Heat.HOT),  # one in five minutes
        (5, 12.0, Heat.HOT),
        (6, 12.0, Heat.WARM),  # two in ten
        (200, 12.0, Heat.COLD),
        (200, 0.0, Heat.COLD),
        (200, 3000.0, Heat.HOT),
    ],
)
def test_an_answer_is_as_hot_as_its_text_is_near_to_change(amount: int, rate: float, heat: Heat) -> None:
    assert heat_of(amount, Unit.PIECE, rate, "3", RULES) is heat


def test_ask_is_warm_and_the_hottest_counts() -> None:
    assert heat_of(200, Unit.PIECE, 0.0, ASK, RULES) is Heat.WARM
    assert hottest({Heat.COLD, Heat.HOT, Heat.WARM}) is Heat.HOT
    assert hottest({Heat.COLD}) is Heat.COLD
    assert hottest(set()) is Heat.WARM
    ages = [KEEPING[heat].max_age_s for heat in (Heat.HOT, Heat.WARM, Heat.COLD)]
    assert ages == sorted(set(ages))


def level(amount: int, number: int = 1) -> Level:
    return Level(amount, 0.0, number)


def amounts(found: list[Found]) -> list[tuple[str, str, int]]:
    return [(one.place.site, one.sku, one.level.amount) for one in found]


@pytest.fixture
def view() -> ShelfView:
    made = ShelfView()
    for site, sku, amount in [("a", "tea", 1), ("b", "tea", 2), ("c", "rum", 3), ("b", "ale", 4)]:
        made.set_level("demo", site, sku, Unit.PIECE, level(amount))
    made.set_level("other", "a", "tea", Unit.PIECE, level(9))
    made.set_level("demo", "a", "tea", Unit.GRAM, level(8))
    return made


NONE = frozenset[str]()


def test_a_sku_is_found_where_it_is_and_nowhere_else(view: ShelfView) -> None:
    assert amounts(view.of_sku("tea", NONE, "demo", None, 99)) == [("a", "tea", 8), ("a", "tea", 1), ("b", "tea", 2)]
    assert amounts(view.of_sku("tea", frozenset({"b"}), None, None, 99)) == [("b", "tea", 2)]
    assert amounts(view.of_sku("tea", NONE, "other", None, 99)) == [("a", "tea", 9)]
    assert view.of_sku("gin", NONE, None, None, 99) == []


def test_a_sites_goods_come_in_pages_that_split_no_sku(view: ShelfView) -> None:
    both = frozenset({"a", "b"})
    assert amounts(view.of_sites(both, "demo", "", 1)) == [("b", "ale", 4)]
    assert amounts(view.of_sites(both, "demo", "ale", 1)) == [("a", "tea", 1), ("b", "tea", 2), ("a", "tea", 8)]
    assert view.of_sites(both, "demo", "tea", 1) == []


def test_the_nearest_comes_first_and_what_has_no_place_last(view: ShelfView) -> None:
    berlin, paris = (52.52, 13.405), (48.8566, 2.3522)
    view.set_places([Place("demo", "a", 1.0, paris, "u09tv"), Place("demo", "b", 2.0, berlin, "u33db")])
    found = view.of_sku("tea", NONE, None, berlin, 99)
    assert [(one.place.region, one.place.site) for one in found] == [
        ("demo", "b"),
        ("demo", "a"),
        ("demo", "a"),
        ("other", "a"),
    ]
    assert view.of_sku("tea", NONE, None, berlin, 2) == found[:2]
    assert found[0].km == pytest.approx(0)
    assert found[1].km == pytest.approx(878, rel=0.01)  # as maps say
    assert found[3].km is None
    assert view.geo_of("demo", "b") == "u33db"
    assert view.geo_of("demo", "nowhere") == ""


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", "z"]), st.integers(0, 2**53)), max_size=30)
)
def test_the_view_holds_the_last_word_on_each(told: list[tuple[str, str, int]]) -> None:
    view, expected = ShelfView(), {}
    for number, (site, sku, amount) in enumerate(told, 1):
        view.set_level("demo", site, sku, Unit.PIECE, level(amount, number))
        expected[sku, site] = (amount, number)
    found = view.of_sites(frozenset("abcd"), None, "", 1000)
    assert {(one.sku, one.place.site): (one.level.amount, one.level.number) for one in found} == expected
    assert [one.sku for one in found] == sorted(one.sku for one in found)


@pytest.mark.parametrize("near", ["here", "91,0"])
def test_a_place_that_is_none_is_refused_by_an_error_of_its_own(near: str) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(Problem, match="near: not LAT,LON") as caught:
            page._parse_near(near)
        said.append(caught.value)
    assert said[0] is not said[1]
