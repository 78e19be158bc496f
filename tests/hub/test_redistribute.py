"""Policies of redistribution: within what is free and what is there, the same for the same view, and fair."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.core.redistribute import (
    HEARD_S,
    Grant,
    Holder,
    Plan,
    Policy,
    Pool,
    Recall,
    above_cover,
    plan_ours,
    plan_recall,
    plan_static,
)

POLICIES = [plan_static, plan_recall, plan_ours]
each_policy = pytest.mark.parametrize("policy", POLICIES)

few = st.integers(0, 30)
rates = st.floats(0, 50)


@st.composite
def holders(draw: st.DrawFn, name: str) -> Holder:
    return Holder(
        name=name,
        available=draw(few),
        in_flight=draw(st.integers(0, 3)),
        waiting=draw(st.sampled_from([0, 0, 0, 1, 5])),
        ahead=draw(st.sampled_from([0, 0, 4, 20])),
        demand_per_h=draw(rates),
        heard_s=draw(st.sampled_from([0.0, 10.0, HEARD_S, HEARD_S + 1, 7_200.0])),
        outage_s=draw(st.sampled_from([0.0, 900.0, 9_000.0])),
        recalling=draw(st.sampled_from([0, 0, 0, 2])),
    )


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    return Pool(
        free=draw(few),
        safety=draw(st.sampled_from([0, 0, 3, 40])),
        holders=tuple(draw(holders(f"k{nth}")) for nth in range(draw(st.integers(0, 6)))),
        waiting=draw(st.sampled_from([0, 0, 0, 2])),
        demand_per_h=draw(rates),
    )


def kiosk(name: str, available: int = 0, **known: float) -> Holder:
    return Holder(name=name, available=available, **{"demand_per_h": 2.0, **known})


@each_policy
@given(pool=pools())
def test_no_more_is_granted_than_is_free_less_the_safety_share(policy: Policy, pool: Pool):
    plan = policy(pool)
    assert sum(one.units for one in plan.grants) <= max(0, pool.free - pool.safety)


@each_policy
@given(pool=pools())
def test_no_more_is_recalled_than_was_granted_and_is_left(policy: Policy, pool: Pool):
    left = {one.name: one.available + one.in_flight for one in pool.holders}
    for recall in policy(pool).recalls:
        assert 0 < recall.units <= left[recall.of]


@given(pool=pools())
def test_who_is_given_something_is_asked_for_nothing(pool: Pool):
    plan = plan_ours(pool)
    assert {one.to for one in plan.grants}.isdisjoint(one.of for one in plan.recalls)


def test_what_an_idle_kiosk_was_granted_is_asked_for_as_what_it_has():
    idle = kiosk("idle", in_flight=5)
    busy = kiosk("busy", 5, waiting=7)
    assert plan_ours(Pool(free=0, holders=(busy, idle))).recalls == (Recall("idle", 2, urgent=True),)
    assert above_cover(kiosk("idle", 3, in_flight=5, demand_per_h=0.0)) == 8


@each_policy
@given(pool=pools())
def test_each_holder_is_named_once_and_amounts_are_whole_and_positive(policy: Policy, pool: Pool):
    plan = policy(pool)
    for names in ([one.to for one in plan.grants], [one.of for one in plan.recalls]):
        assert names == sorted(set(names))
        assert set(names) <= {one.name for one in pool.holders}
    amounts = [one.units for one in plan.grants] + [one.units for one in plan.recalls]
    assert all(type(units) is int and units > 0 for units in amounts)


@each_policy
@given(pool=pools(), data=st.data())
def test_the_order_of_holders_changes_nothing(policy: Policy, pool: Pool, data: st.DataObject):
    mixed = data.draw(st.permutations(pool.holders))
    assert policy(replace(pool, holders=tuple(mixed))) == policy(pool)


@pytest.mark.parametrize("policy", [plan_recall, plan_ours])
@given(pool=pools())
def test_the_silent_are_given_nothing_and_asked_for_nothing(policy: Policy, pool: Pool):
    silent = {one.name for one in pool.holders if one.heard_s > HEARD_S}
    plan = policy(pool)
    assert silent.isdisjoint([one.to for one in plan.grants] + [one.of for one in plan.recalls])


@given(pool=pools())
def test_who_has_shoppers_waiting_keeps_what_they_wait_for(pool: Pool):
    waiting = {one.name: one for one in pool.holders}
    for recall in plan_ours(pool).recalls:
        one = waiting[recall.of]
        assert recall.units <= one.available + one.in_flight - one.waiting


@given(pool=pools())
def test_who_was_asked_already_is_not_asked_again(pool: Pool):
    asked = {one.name for one in pool.holders if one.recalling}
    assert asked.isdisjoint(one.of for one in plan_ours(pool).recalls)


def carried_out(pool: Pool, plan: Plan) -> Pool:
    """Everything is delivered, and every recall is answered in full."""
    given_ = {one.to: one.units for one in plan.grants}
    back = {one.of: one.units for one in plan.recalls}
    after = tuple(
        replace(
            one,
            available=one.available + one.in_flight + given_.get(one.name, 0) - back.get(one.name, 0),
            in_flight=0,
            waiting=0,
            ahead=0,
            recalling=0,
        )
        for one in pool.holders
    )
    return replace(pool, free=pool.free - sum(given_.values()) + sum(back.values()), holders=after, waiting=0)


@given(pool=pools())
def test_ours_comes_to_rest(pool: Pool):
    pool = replace(pool, safety=0, holders=tuple(replace(one, heard_s=0.0) for one in pool.holders))
    for _ in range(4):  # what waited is served, the surplus comes back, and is granted where it lacks
        pool = carried_out(pool, plan_ours(pool))
    assert plan_ours(pool) == Plan()


def test_static_shares_equally_and_only_once():
    opening = Pool(free=11, safety=3, holders=tuple(kiosk(name) for name in "cab"))
    assert plan_static(opening) == Plan((Grant("a", 2), Grant("b", 3), Grant("c", 3)))
    assert plan_static(replace(opening, free=3)) == Plan()


def test_recall_moves_stock_to_where_demand_is():
    slow, fast = kiosk("slow", 10, demand_per_h=1), kiosk("fast", 0, demand_per_h=3)
    assert plan_recall(Pool(free=2, holders=(slow, fast))) == Plan(
        (Grant("fast", 2),), (Recall("slow", 7, urgent=True),)
    )


def test_recall_leaves_the_hub_its_own_share_and_nobody_a_zero_to_divide_by():
    assert plan_recall(Pool(free=10, holders=(kiosk("a"),), demand_per_h=2)) == Plan((Grant("a", 5),))
    assert plan_recall(Pool(free=10)) == Plan()


def test_a_lone_till_gets_all_even_if_it_never_sold():
    assert plan_ours(Pool(free=7, holders=(kiosk("a", demand_per_h=0),))) == Plan((Grant("a", 7),))


def test_shares_follow_recent_demand_and_fractions_stay_at_the_hub():
    pool = Pool(free=10, holders=(kiosk("a", demand_per_h=1), kiosk("b", demand_per_h=2)), demand_per_h=1)
    assert plan_ours(pool) == Plan((Grant("a", 2), Grant("b", 5)))


def test_what_is_too_little_for_all_shares_lasts_equally_long():
    short, long, away = kiosk("a", 0, demand_per_h=1), kiosk("b", 2, demand_per_h=3), kiosk("c", 40, demand_per_h=1)
    assert plan_ours(Pool(free=6, holders=(short, long, away))) == Plan(
        (Grant("a", 2), Grant("b", 4)), (Recall("c", 31),)
    )
    assert plan_ours(Pool(free=3, holders=(short, long, away))).grants == (Grant("a", 1), Grant("b", 2))


def test_grams_are_shared_as_fast_as_pieces():
    pool = Pool(free=2_000_000, holders=(kiosk("a", 0), kiosk("b", 0, demand_per_h=6), kiosk("c", 4_000_000)))
    grants = {one.to: one.units for one in plan_ours(pool).grants}
    assert grants == {"a": pytest.approx(500_000, abs=1), "b": pytest.approx(1_500_000, abs=1)}


def test_the_last_units_stay_at_the_hub():
    pool = Pool(free=3, holders=tuple(kiosk(name) for name in "abcd"))
    assert plan_ours(pool) == Plan()


def test_the_share_of_a_silent_holder_waits_for_it_at_the_hub():
    pool = Pool(free=10, holders=(kiosk("a"), kiosk("away", heard_s=3_600)))
    assert plan_ours(pool) == Plan((Grant("a", 5),))


def test_a_silent_holder_is_taken_to_have_sold_on():
    away = kiosk("away", 10, demand_per_h=2, heard_s=7_200)  # six left by now
    assert plan_ours(Pool(free=10, holders=(kiosk("a"), away))) == Plan((Grant("a", 8),))


def test_what_never_sold_gets_a_small_share_and_not_none():
    pool = Pool(free=10, holders=(kiosk("new", demand_per_h=0), kiosk("old", demand_per_h=0.9)))
    assert plan_ours(pool) == Plan((Grant("new", 1), Grant("old", 9)))


def test_nobody_is_asked_for_what_its_own_shoppers_wait_for():
    pool = Pool(free=0, holders=(kiosk("a", 3, waiting=2), kiosk("b", 0, waiting=2)))
    assert plan_ours(pool) == Plan((), (Recall("a", 1, urgent=True),))


def test_what_shoppers_wait_for_comes_before_every_share():
    busy = kiosk("busy", 0, demand_per_h=20)
    assert plan_ours(Pool(free=1, holders=(busy, kiosk("a", waiting=1)))) == Plan((Grant("a", 1),))


def test_most_of_those_who_wait_are_served():
    pool = Pool(free=3, holders=(kiosk("a", waiting=3), kiosk("b", waiting=1), kiosk("c", waiting=2)))
    assert plan_ours(pool).grants == (Grant("b", 1), Grant("c", 2))


@pytest.mark.parametrize(("online", "at_kiosk"), [(1, 0), (0, 1)])
def test_who_waits_in_vain_is_helped_by_the_longest_stock(online: int, at_kiosk: int):
    pool = Pool(free=0, holders=(kiosk("w", waiting=at_kiosk), kiosk("a", 3), kiosk("b", 9)), waiting=online)
    assert plan_ours(pool) == Plan((), (Recall("b", 1, urgent=True),))


def test_what_is_on_its_way_back_is_not_asked_for_twice():
    pool = Pool(free=0, holders=(kiosk("a", 3), kiosk("b", 9, recalling=1)), waiting=1)
    assert plan_ours(pool) == Plan()
    assert plan_ours(replace(pool, waiting=2)) == Plan((), (Recall("a", 1, urgent=True),))


def test_a_grant_in_flight_is_not_sent_twice():
    assert plan_ours(Pool(free=4, holders=(kiosk("a", waiting=2, in_flight=2), kiosk("b", in_flight=2)))).grants == (
        Grant("a", 2),
        Grant("b", 2),
    )
    assert plan_ours(Pool(free=0, holders=(kiosk("a", waiting=2, in_flight=2), kiosk("b", 2)))) == Plan()


def test_a_surplus_is_recalled_only_as_far_as_somebody_lacks_it():
    assert plan_ours(Pool(free=0, holders=(kiosk("a", 8), kiosk("b", 2)))) == Plan((), (Recall("a", 3),))
    assert plan_ours(Pool(free=6, holders=(kiosk("a", 8), kiosk("b", 2)))) == Plan((Grant("b", 6),))
    assert plan_ours(Pool(free=2, holders=(kiosk("a", 18),), demand_per_h=2)) == Plan((), (Recall("a", 8),))


def test_a_cover_is_left_while_there_is_plenty_and_not_after():
    a, b = kiosk("a", 9, demand_per_h=1, outage_s=2_700), kiosk("b", 1, demand_per_h=1)  # a's cover is eight
    assert plan_ours(Pool(free=0, holders=(a, b))) == Plan((), (Recall("a", 1),))
    busy = tuple(replace(one, demand_per_h=4.0) for one in (a, b))
    assert plan_ours(Pool(free=0, holders=busy)) == Plan((), (Recall("a", 4, urgent=True),))


def test_what_is_asked_for_ahead_is_given_while_there_is_plenty():
    pool = Pool(free=3, holders=(kiosk("a", 5, demand_per_h=1, ahead=2), kiosk("b", 5, demand_per_h=1)))
    assert plan_ours(pool) == Plan((Grant("a", 2), Grant("b", 1)))  # shares of 6, and the thirteenth unit
    assert plan_ours(replace(pool, safety=1)) == Plan((Grant("a", 1), Grant("b", 1)))
    scarce = tuple(replace(one, demand_per_h=4.0) for one in pool.holders)
    assert plan_ours(replace(pool, holders=scarce)) == Plan((Grant("a", 1), Grant("b", 1)))


def test_of_plenty_the_hub_keeps_two_hours_for_others():
    pool = Pool(free=20, holders=(kiosk("a", 0, demand_per_h=1, ahead=30),), demand_per_h=1)
    assert plan_ours(pool) == Plan((Grant("a", 18),))


@given(pool=pools())
def test_ahead_never_takes_what_the_others_shares_need(pool: Pool):
    assume(all(one.heard_s <= HEARD_S for one in pool.holders))
    plain = replace(pool, holders=tuple(replace(one, ahead=0) for one in pool.holders))
    least = {one.to: one.units for one in plan_ours(plain).grants}
    most = {one.to: one.units for one in plan_ours(pool).grants}
    assert all(most.get(name, 0) >= units for name, units in least.items())


@given(pool=pools(), promises=st.integers(1, 40))
def test_what_promises_wait_for_leaves_every_holder_its_cover_and_its_shoppers(pool: Pool, promises: int):
    plan = plan_ours(replace(pool, free=0, waiting=0, promises=promises))
    known = {one.name: one for one in pool.holders}
    missing = sum(
        max(0, one.waiting - one.available - one.in_flight) for one in known.values() if one.heard_s <= HEARD_S
    )
    assert plan.grants == ()
    assert sum(one.units for one in plan.recalls) <= promises + missing
    for one in plan.recalls:
        assert one.urgent
        assert missing or one.units <= above_cover(known[one.of])
    if not missing and not any(one.recalling for one in known.values()):
        there = sum(map(above_cover, known.values()))
        assert sum(one.units for one in plan.recalls) == min(promises, there)


def test_a_promise_is_served_above_the_cover_and_what_comes_back_already_counts():
    holders = (kiosk("a", 30, demand_per_h=10.0, outage_s=900.0), kiosk("b", 3))
    assert above_cover(holders[0]) == 30 - 20
    assert plan_ours(Pool(free=0, promises=20, holders=holders)).recalls == (
        Recall("a", 10, urgent=True),
        Recall("b", 3, urgent=True),
    )
    asked = (replace(holders[0], recalling=10), holders[1])
    assert plan_ours(Pool(free=0, promises=11, holders=asked)).recalls == (Recall("b", 1, urgent=True),)
    assert above_cover(replace(holders[1], heard_s=HEARD_S + 1)) == 0
