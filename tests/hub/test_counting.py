"""Closing a count: what it waits for, and what was found over or short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from contract.stock import Account, add
from hub.core.counting import Closing, Mark, Taken, clears_limbo, difference, is_behind, is_fork_behind, missing, shelf

few = st.integers(0, 50)
effects = st.lists(st.builds(Account, few, few, few, few, wasted=few, sent=few, arrived=few), max_size=8)


@given(effects, st.integers(0, 8), few, st.integers(-20, 20))
def test_facts_behind_the_cut_change_nothing(found: list[Account], cut: int, counted: int, adjusted: int) -> None:
    before = difference(counted, found[:cut], adjusted=adjusted, behind=[])
    assert difference(counted, found, adjusted=adjusted, behind=found[cut:]) == before


@given(effects)
def test_a_count_that_finds_what_the_books_say_finds_nothing(found: list[Account]) -> None:
    lies_there = sum(shelf(one) for one in found) - 3
    assert difference(lies_there, found, adjusted=-3, behind=[]) == 0


@given(effects)
def test_the_shelf_of_two_tills_is_what_each_of_them_says(found: list[Account]) -> None:
    total = Account()
    for one in found:
        total = add(total, one)
    assert shelf(total) == sum(shelf(one) for one in found)


def test_only_what_comes_and_goes_moves_the_shelf_not_who_may_promise_it() -> None:
    moves = {term: shelf(Account(**{term: 1})) for term in Account.__struct_fields__}
    assert {term for term, by in moves.items() if by == 1} == {"received", "returned", "arrived", "adjusted"}
    assert {term for term, by in moves.items() if by == -1} == {"sold", "wasted", "sent"}
    assert len(astuple(Account())) == len(moves)


def test_more_than_the_books_say_is_over_and_less_is_short() -> None:
    assert difference(12, [Account(received=10)], adjusted=0, behind=[]) == 2
    assert difference(7, [Account(received=10, sold=4)], adjusted=1, behind=[Account(sold=2)]) == -2


def test_a_count_waits_for_a_till_that_it_does_not_name_and_for_facts_that_are_not_here() -> None:
    cut = [Mark("k2", 1, 812), Mark("k1", 2, 9)]
    lives = [("k1", 2), ("k2", 1), ("k3", 1)]
    assert missing(cut, lives, {("k1", 2): 9, ("k2", 1): 811}) == (
        "k3 is not named",
        "k2=1@812 is held up to 811 only",
    )
    assert missing(cut, lives[:2], {("k1", 2): 9, ("k2", 1): 900}) == ()
    assert missing([Mark("k2", 1, 5)], [], {}) == ("k2=1@5 is held up to 0 only",)
    assert missing([Mark("k2", 1, 0)], [("k2", 3)], {}) == ()


def test_behind_the_cut_are_later_positions_and_later_lives() -> None:
    mark = Mark("k1", 2, 10)
    assert [is_behind(mark, *at) for at in [(2, 10), (2, 11), (1, 99), (3, 1)]] == [False, True, False, True]


TEN = "2026-03-07T10:00:00.000000Z"
NINE = "2026-03-07T09:00:00.000000Z"


@pytest.mark.parametrize(
    ("cut", "closings", "clears"),
    [
        ([], [], True),
        ([], [Closing("k2", 1, NINE)], True),
        ([], [Closing("k2", 1, NINE), Closing("k3", 1, TEN)], False),
        ([Mark("k3", 1, 7)], [Closing("k3", 1, TEN)], False),
        ([Mark("k3", 2, 0)], [Closing("k3", 1, TEN)], True),
        ([Mark("k3", 2, 0)], [Closing("k3", 1, TEN), Closing("k2", 5, TEN)], False),
    ],
)
def test_limbo_is_cleared_by_a_count_that_was_taken_after_every_closed_life_had_ended(cut, closings, clears) -> None:
    assert clears_limbo(cut, TEN, closings) is clears


TAKEN = Taken(TEN, TEN)
ELEVEN = "2026-03-07T11:00:00.000000Z"
GONE, CAME = Account(sold=1), Account(received=1)


@pytest.mark.parametrize(
    ("mark", "at", "heard_at", "gone", "came"),
    [
        (Mark("k1", 2, 10), (2, 11), NINE, True, True),
        (Mark("k1", 2, 10), (3, 1), NINE, True, True),
        (Mark("k1", 2, 10), (2, 9), NINE, False, False),
        (Mark("k1", 2, 10), (1, 99), NINE, False, False),
        (Mark("k1", 2, 10), (2, 9), TEN, True, False),
        (None, (1, 1), NINE, False, False),
        (None, (1, 1), TEN, True, False),
    ],
)
def test_a_fact_of_a_second_card_is_before_a_count_only_if_it_surely_was(
    mark: Mark | None,
    at: tuple[int, int],
    heard_at: str,
    gone: bool,  # noqa: FBT001
    came: bool,  # noqa: FBT001
) -> None:
    assert is_fork_behind(mark, *at, GONE, heard_at=heard_at, taken=TAKEN) is gone
    assert is_fork_behind(mark, *at, CAME, heard_at=heard_at, taken=TAKEN) is came


@pytest.mark.parametrize(
    ("taken", "surely"),
    [
        (Taken(TEN, TEN), True),
        (Taken(TEN, ELEVEN), True),
        (Taken(NINE, TEN), False),
        (Taken(ELEVEN, TEN), False),
    ],
    ids=["at once", "heard late", "not after", "a clock that is ahead"],
)
def test_a_count_by_a_clock_in_doubt_is_not_surely_after_anything(taken: Taken, surely: bool) -> None:  # noqa: FBT001
    assert taken.is_surely_after(NINE) is surely
