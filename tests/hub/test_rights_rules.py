"""What late facts cost, and whether books add up: the pure rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.stock import Account
from hub.core.conservation import Sums, verify
from hub.core.late import Means, Paid, brought_by, pay, spent_by

AMOUNT = st.integers(0, 50)
MEANS = st.builds(Means, AMOUNT, AMOUNT, AMOUNT)


@pytest.mark.parametrize(
    ("delta", "spent", "brought"),
    [
        (Account(sold=3, overdraft=2), 3, 0),
        (Account(wasted=1, sent=2, moved_out=3, released=4), 10, 0),
        (Account(received=1, returned=2, arrived=3), 0, 6),
        (Account(moved_in=4, adjusted=5), -9, 0),
        (Account(adjusted=-2), 2, 0),
        (Account(held=5, granted=7, settled=2), 0, 0),
    ],
)
def test_what_left_is_spent_and_goods_that_came_are_brought(delta: Account, spent: int, brought: int) -> None:
    assert (spent_by(delta), brought_by(delta)) == (spent, brought)


@pytest.mark.parametrize(
    ("spent", "brought", "means", "paid"),
    [
        (3, 0, Means(limbo=5, short=9), Paid(limbo=-3)),
        (7, 0, Means(limbo=5, short=1), Paid(-5, 1, 0, 1)),
        (2, 0, Means(over=5), Paid(unsettled=2)),
        (0, 3, Means(short=5), Paid(limbo=3)),
        (0, 3, Means(over=2), Paid(limbo=1, over=2)),
        (-3, 0, Means(over=2), Paid(limbo=3)),
        (3, 3, Means(limbo=1, short=1), Paid()),
        (3, 3, Means(limbo=1, short=1, over=3), Paid(-1, 1, 3, 1)),
        (5, 3, Means(over=1), Paid(over=1, unsettled=3)),
        (0, 0, Means(1, 2, 3), Paid()),
    ],
)
def test_limbo_pays_first_then_the_count_then_nobody(spent: int, brought: int, means: Means, paid: Paid) -> None:
    assert pay(spent, means, brought=brought) == paid


@given(st.integers(-100, 100), AMOUNT, MEANS)
def test_conservation_holds_whatever_comes_late(spent: int, brought: int, means: Means) -> None:
    paid = pay(spent, means, brought=brought)
    assert spent - brought + paid.limbo == paid.adjusted + paid.unsettled
    assert means.limbo + paid.limbo >= 0
    assert 0 <= paid.short <= means.short
    assert 0 <= paid.over <= means.over
    assert paid.unsettled >= 0
    assert not paid.unsettled or (means.limbo + paid.limbo == 0 and paid.short == means.short)


@given(st.lists(st.integers(-20, 20)), MEANS)
def test_facts_in_pieces_cost_what_they_cost_at_once_if_all_were_spent(pieces: list[int], means: Means) -> None:
    spent = [abs(one) for one in pieces]
    at_once = pay(sum(spent), means)
    unsettled = 0
    left = means
    for one in spent:
        paid = pay(one, left)
        left = Means(left.limbo + paid.limbo, left.short - paid.short, left.over)
        unsettled += paid.unsettled
    assert (left.limbo - means.limbo, means.short - left.short, unsettled) == (
        at_once.limbo,
        at_once.short,
        at_once.unsettled,
    )


@given(brought=AMOUNT, taken=AMOUNT, limbo=AMOUNT, brought_before=st.booleans(), taken_before=st.booleans())
def test_late_goods_are_never_promised_twice(
    brought: int, taken: int, limbo: int, *, brought_before: bool, taken_before: bool
) -> None:
    """Whether a count came before or after: what may be promised is never more than what lies there."""
    found = brought * brought_before - taken * taken_before
    there = limbo + found + brought * (not brought_before) - taken * (not taken_before)
    paid = pay(taken, Means(limbo, max(0, -found), max(0, found)), brought=brought)
    after_settling = limbo + found + paid.limbo - paid.unsettled
    assert after_settling <= there


SOUND = Sums(sold=4, wasted=1, received=9, returned=1, adjusted=-1, at_kiosks=2, in_flight=1, in_transit=1, limbo=2,
             unsettled=1, deficit=1)  # fmt: skip


def test_books_that_add_up_have_nothing_wrong() -> None:
    assert list(verify(SOUND)) == []


@pytest.mark.parametrize("term", [name for name in Sums._fields if name not in {"overdrawn", "below"}])
@pytest.mark.parametrize("by", [1, -1])
def test_a_unit_too_many_or_too_few_anywhere_is_found(term: str, by: int) -> None:
    left = term in {"sold", "wasted", "at_kiosks", "in_flight", "in_transit", "free", "reserved", "limbo"}
    found = [one for one in verify(SOUND._replace(**{term: getattr(SOUND, term) + by})) if one.what == "I2"]
    assert [one.by for one in found] == [by if left else -by]


def test_more_sold_than_came_is_found_unless_a_fact_is_unread() -> None:
    sums = Sums(sold=5, received=3, at_kiosks=-2, overdrawn=1)
    assert [one[:2] for one in verify(sums)] == [("I3", 2), ("I1", 1)]
    assert [one[:2] for one in verify(sums, unread=2)] == [("unread", 2)]
    assert list(verify(sums, unreadable=1)) == []


def test_what_was_sold_before_its_giver_was_heard_is_no_difference() -> None:
    assert list(verify(Sums(sold=5, received=3, in_transit=-2))) == []


def test_what_is_below_zero_is_found_whatever_is_unread() -> None:
    assert [one[:2] for one in verify(SOUND._replace(below=2), unread=1)] == [("I4", 2), ("unread", 1)]
