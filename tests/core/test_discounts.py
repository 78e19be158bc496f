"""Discounts are whole minor units that add up, whatever the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.values import Money
from kiosk.core.discounts import Discount, share, share_by_code

WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("discount", "price", "off"),
    [
        (Discount(ppm=100_000), 450, 45),
        (Discount(ppm=100_000), 455, 46),
        (Discount(ppm=100_000), 454, 45),
        (Discount(ppm=1_000_000), 99, 99),
        (Discount(amount_minor=Money(50)), 450, 50),
        (Discount(amount_minor=Money(500)), 450, 450),
        (Discount(), 450, 0),
        (Discount(amount_minor=Money(50)), 0, 0),
    ],
)
def test_a_discount_takes_off_its_part_and_never_more_than_the_price(discount: Discount, price: int, off: int) -> None:
    assert discount.off(Money(price)) == off


@pytest.mark.parametrize(
    ("discount", "limit", "within"),
    [
        (Discount(ppm=100_000), 100_000, True),
        (Discount(ppm=100_001), 100_000, True),  # of 4.50 it is the same 45
        (Discount(ppm=110_000), 100_000, False),
        (Discount(amount_minor=Money(45)), 100_000, True),
        (Discount(amount_minor=Money(46)), 100_000, False),
        (Discount(), 0, True),
        (Discount(amount_minor=Money(1)), 0, False),
    ],
)
def test_staff_may_give_what_is_within_the_limit(discount: Discount, limit: int, *, within: bool) -> None:
    assert discount.is_within(limit, Money(450)) is within


@given(st.integers(0, 10**9), WEIGHTS)
def test_shares_add_up_and_are_as_fair_as_whole_parts_can_be(total: int, weights: list[int]) -> None:
    parts = share(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


def test_nothing_is_shared_among_nothing() -> None:
    assert share(0, [0, 0]) == [0, 0]
    assert share(0, []) == []


@given(st.data(), st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 1000)), min_size=1, max_size=8))
def test_each_tax_code_bears_the_same_whatever_the_order(data: st.DataObject, lines: list[tuple[str, int]]) -> None:
    total = data.draw(st.integers(0, sum(amount for _, amount in lines)))
    turned = data.draw(st.permutations(lines))
    assert _by_code(total, lines) == _by_code(total, turned)
    parts = share_by_code(total, lines)
    assert all(0 <= part <= amount for part, (_, amount) in zip(parts, lines, strict=True))


def _by_code(total: int, lines: list[tuple[str, int]]) -> dict[str, int]:
    parts = share_by_code(total, lines)
    assert sum(parts) == (total if any(amount for _, amount in lines) else 0)
    return {code: sum(part for part, (one, _) in zip(parts, lines, strict=True) if one == code) for code, _ in lines}
