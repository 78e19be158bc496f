"""Who is asked for rights back: a till that was asked a moment ago rests, unless somebody waits and it gave all."""

from datetime import timedelta

import pytest
from hub_books import AT
from hypothesis import given
from hypothesis import strategies as st

from contract.stock import StockKey
from contract.values import Sku, instant_text, parse_address
from hub.core.redistribute import plan_ours
from hub.steward.round import REST
from hub.steward.share import Hub, Share, decide
from hub.store.holdings import Post
from hub.store.inbox import KioskRow
from hub.store.recalls import Recall, Standing, standing

TEA = StockKey(Sku("tea"))
NOW = instant_text(AT)
MOMENT = instant_text(AT - REST)
POST = Post(KioskRow(1, parse_address("demo/market/k1"), 1), 1, online=True, heard_at=NOW)


def recall(asked: int, given_back: int | None, *, ago_s: int = 0, urgent: bool = True) -> Recall:
    answered_at = None if given_back is None else instant_text(AT - timedelta(seconds=ago_s))
    return Recall("r", 1, 1, TEA, asked, urgent=urgent, at=NOW, answered_at=answered_at, given=given_back)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], Standing(0, rests=False, fell_short=False)),
        ([recall(3, None)], Standing(3, rests=False, fell_short=False)),
        ([recall(3, 3)], Standing(0, rests=True, fell_short=False)),
        ([recall(3, 2)], Standing(0, rests=True, fell_short=True)),
        ([recall(3, 0), recall(2, None)], Standing(2, rests=True, fell_short=True)),
        ([recall(3, 2, urgent=False)], Standing(0, rests=True, fell_short=True, keeps=True)),
        ([recall(3, 2, urgent=False, ago_s=1800)], Standing(0, rests=False, fell_short=False, keeps=True)),
        ([recall(3, 2, ago_s=1800), recall(3, 3, urgent=False, ago_s=1800)], Standing()),
    ],
)
def test_how_a_till_stands_by_what_was_asked_of_it(known: list[Recall], expected: Standing) -> None:
    assert standing(known, moment=MOMENT) == expected


@pytest.mark.parametrize(
    ("recalled", "waited", "asked"),
    [
        (Standing(), 2, True),
        (Standing(rests=True), 2, True),
        (Standing(rests=True, fell_short=True), 2, False),
        (Standing(asked=1), 2, False),
    ],
)
def test_who_waits_is_served_by_a_till_that_gave_all_it_was_asked_for(
    recalled: Standing, waited: int, *, asked: bool
) -> None:
    plan = decide(plan_ours, Hub(free=0, waited=waited), [Share(POST, 9, 0, recalled, None)], AT)
    assert bool(plan.recalls) is asked


@given(st.integers(0, 50), st.floats(0, 100))
def test_while_nobody_waits_a_till_that_was_asked_a_moment_ago_is_left_alone(balance: int, per_h: float) -> None:
    share = Share(POST, balance, 0, Standing(rests=True), None)
    assert not decide(plan_ours, Hub(free=0, online_per_h=per_h), [share], AT).recalls


def test_a_till_that_kept_its_cover_is_asked_again_for_who_waits_but_not_to_share() -> None:
    share = Share(POST, 9, 0, Standing(keeps=True), None)
    shares, nobody = Hub(free=0, online_per_h=1.0), Standing()
    assert decide(plan_ours, shares, [Share(POST, 9, 0, nobody, None)], AT).recalls, "it would be asked"
    assert not decide(plan_ours, shares, [share], AT).recalls
    (asked,) = decide(plan_ours, Hub(free=0, waited=2), [share], AT).recalls
    assert (asked.units, asked.urgent) == (2, True)
