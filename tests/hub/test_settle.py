"""Settlement: which rights pay for what left without, and who is hit. Pure rules, by properties and by examples."""

from hypothesis import given
from hypothesis import strategies as st

from hub.core.settle import Ask, Booked, Owed, Settlement, Till, by_priority, decide_settlement, hit_first

amounts = st.integers(0, 12)


@st.composite
def booked(draw: st.DrawFn) -> tuple[Booked, ...]:
    found = []
    for n in range(draw(st.integers(0, 5))):
        placed = draw(st.booleans())
        found.append(
            Booked(
                f"r{n}",
                draw(st.integers(1, 6)),
                draw(st.sampled_from(["promise", "order"])),
                draw(st.booleans()),
                f"2026-03-07T0{draw(st.integers(0, 3))}",
                placed,
                placed and draw(st.booleans()),
            )
        )
    return tuple(found)


tills = st.lists(
    st.builds(Till, st.just("k"), st.integers(-3, 9), amounts, amounts, st.booleans(), st.booleans()), max_size=4
).map(lambda found: tuple(Till(f"k{n}", *list(till.__struct_fields__ and _rest(till))) for n, till in enumerate(found)))


def _rest(till: Till) -> tuple[int, int, int, bool, bool]:
    return till.balance, till.in_flight, till.asked, till.rests, till.online


states = st.builds(Owed, amounts, amounts, amounts, amounts, booked(), tills)


def amount_of(owed: Owed, ids: tuple[str, ...]) -> int:
    return sum(one.amount for one in owed.booked if one.id in ids)


@given(states)
def test_no_more_is_taken_than_is_there_or_is_owed(owed: Owed) -> None:
    done = decide_settlement(owed)
    need = owed.deficit + owed.unsettled
    assert 0 <= done.from_free <= owed.free
    assert 0 <= done.from_limbo <= owed.limbo
    assert done.from_reserved + done.freed == amount_of(owed, done.broken)
    assert min(done.from_reserved, done.freed, done.to_deficit) >= 0
    assert done.retired <= need
    assert done.to_deficit <= max(0, owed.unsettled - max(0, done.retired - owed.deficit))


@given(states)
def test_what_is_worth_less_is_used_up_before_anybody_is_hit(owed: Owed) -> None:
    done = decide_settlement(owed)
    need = owed.deficit + owed.unsettled
    if done.from_limbo:
        assert done.from_free == owed.free
    if done.broken:
        assert done.from_free + done.from_limbo == owed.free + owed.limbo < need
    reserved = {one.id for one in owed.booked if not one.placed}
    if done.recalls or done.refused or done.to_deficit:
        assert done.retired < need
        assert set(done.broken) == reserved
    if done.refused or done.to_deficit:
        spare = sum(till.spare for till in owed.tills)
        assert done.retired + spare + sum(one.amount for one in owed.booked if one.refused) < need
    if done.to_deficit:
        assert set(done.refused) == {one.id for one in owed.booked if one.placed and not one.refused}


@given(states)
def test_every_unit_owed_is_retired_expected_or_a_deficit(owed: Owed) -> None:
    done = decide_settlement(owed)
    left = owed.deficit + owed.unsettled - done.retired
    spare = sum(till.spare for till in owed.tills)
    coming = sum(one.amount for one in owed.booked if one.refused) + amount_of(owed, done.refused)
    still_deficit = max(0, owed.deficit - done.retired)
    assert left <= spare + coming + still_deficit + done.to_deficit


@given(states)
def test_a_till_is_asked_once_for_what_it_has_and_no_more_than_is_missing(owed: Owed) -> None:
    done = decide_settlement(owed)
    known = {till.name: till for till in owed.tills}
    assert len({ask.till for ask in done.recalls}) == len(done.recalls)
    for ask in done.recalls:
        till = known[ask.till]
        assert 0 < ask.amount <= till.spare
        assert not till.asked
        assert not till.rests
    assert sum(ask.amount for ask in done.recalls) <= owed.deficit + owed.unsettled - done.retired


@given(booked(), st.integers(0, 20))
def test_those_hit_are_the_first_ones_and_none_of_them_could_be_spared(found: tuple[Booked, ...], need: int) -> None:
    hit = hit_first(found, need)
    assert hit == by_priority(found)[: len(hit)]
    assert not hit or sum(one.amount for one in hit[:-1]) < need
    assert sum(one.amount for one in hit) >= min(need, sum(one.amount for one in found))


def test_unpaid_promises_are_hit_first_and_paid_orders_last_the_youngest_before_the_older() -> None:
    def one(name: str, source: str, at: str, *, paid: bool) -> Booked:
        return Booked(name, 1, source, paid, at)

    order = [
        one("a", "promise", "2", paid=False),
        one("b", "promise", "1", paid=False),
        one("c", "promise", "3", paid=True),
        one("d", "order", "9", paid=False),
        one("f", "order", "8", paid=True),
        one("g", "order", "8", paid=True),
        one("e", "order", "7", paid=True),
    ]
    assert by_priority(list(reversed(order))) == order


def test_an_overdraft_is_paid_from_free_then_limbo_then_a_promise_and_the_rest_of_it_is_free() -> None:
    promise = Booked("p", 4, "promise", paid=False, at="1")
    assert decide_settlement(Owed(free=1, limbo=2, unsettled=4, booked=(promise,))) == Settlement(
        from_free=1, from_limbo=2, from_reserved=1, broken=("p",), freed=3
    )


def test_a_deficit_is_paid_before_what_is_unsettled() -> None:
    assert decide_settlement(Owed(free=2, unsettled=3, deficit=1)) == Settlement(from_free=2, to_deficit=2)


def test_the_till_that_is_there_and_has_most_is_asked_and_nobody_is_hit_while_tills_have_rights() -> None:
    mine = Booked("p", 2, "promise", paid=False, at="1", placed=True)
    found = (Till("k1", 9, online=False), Till("k2", 2), Till("k3", 1, 2))
    assert decide_settlement(Owed(unsettled=4, booked=(mine,), tills=found)) == Settlement(
        recalls=(Ask("k3", 3), Ask("k2", 1))
    )


def test_one_that_was_asked_or_gave_less_than_it_has_is_not_asked_again_at_once() -> None:
    found = (Till("k1", 3, asked=3), Till("k2", 2, rests=True))
    assert decide_settlement(Owed(unsettled=5, tills=found)) == Settlement()


def test_what_is_set_aside_at_a_till_is_refused_once_when_no_till_has_rights_left() -> None:
    mine = Booked("p", 2, "promise", paid=False, at="1", placed=True)
    assert decide_settlement(Owed(unsettled=3, booked=(mine,))) == Settlement(refused=("p",), to_deficit=1)
    told = Booked("p", 2, "promise", paid=False, at="1", placed=True, refused=True)
    assert decide_settlement(Owed(unsettled=2, deficit=1, booked=(told,))) == Settlement()
