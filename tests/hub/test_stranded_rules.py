"""Each unit of a move is on its way, in limbo or with its receiver, whatever comes in whichever order."""

from hypothesis import given
from hypothesis import strategies as st

from hub.core.stranded import Passing, end, settle_late

amounts = st.integers(1, 9)
steps = st.lists(st.tuples(st.sampled_from(["left", "arrived", "closed"]), amounts), max_size=8)


@given(steps)
def test_each_unit_is_once_on_its_way_in_limbo_or_with_the_receiver(found):
    move, limbo, left, accepted = Passing(), 0, 0, 0
    for what, amount in found:
        before = move.ended
        if what == "left":
            left += amount
            move = Passing(move.out + amount, move.into, move.ended)
        elif what == "arrived":
            accepted += amount
            move = settle_late(Passing(move.out, move.into + amount, move.ended))
        else:
            move = end(move)
        limbo += move.ended - before
        assert limbo == move.ended >= 0
        assert move.missing == left - accepted - limbo  # nothing twice, nothing lost
        assert limbo <= max(0, left - accepted)


@given(st.permutations(["left", "arrived", "closed", "closed"]), amounts)
def test_a_move_that_arrived_is_the_same_in_any_order(found, amount):
    move = Passing()
    for what in found:
        if what == "closed":
            move = end(move)
        else:
            more = Passing(move.out + amount * (what == "left"), move.into + amount * (what == "arrived"), move.ended)
            move = settle_late(more)
    assert move == Passing(amount, amount, 0)


@given(amounts)
def test_what_never_arrives_is_in_limbo_whole_once_both_are_known(amount):
    assert end(Passing(amount)) == end(end(Passing(amount))) == Passing(amount, amount, amount)
