"""When a journal begins a new epoch."""

from hypothesis import given
from hypothesis import strategies as st

from contract.values import MAX_EPOCH, MAX_EPOCH_LEAP
from kiosk.core.epochs import Heard, decide_lost, merge

epochs = st.integers(1, 6)
heard = st.builds(Heard, st.dictionaries(epochs, st.integers(0, 9), max_size=4), st.integers(0, 6))


def test_a_journal_that_holds_what_others_know_goes_on():
    assert decide_lost(2, 5, Heard({1: 90, 2: 5})) is None
    assert decide_lost(1, 0, Heard()) is None


def test_a_lost_tail_is_left_behind():
    assert decide_lost(1, 490, Heard({1: 500})) == 1


def test_a_card_that_knows_nothing_of_its_kiosk_goes_beyond_all_that_was():
    assert decide_lost(1, 0, Heard({1: 500, 3: 2})) == 3


def test_another_fact_under_the_same_number_is_a_lost_tail_too():
    assert decide_lost(2, 510, Heard({2: 510}, strayed=2)) == 2
    assert decide_lost(3, 0, Heard({2: 510}, strayed=2)) is None


def test_a_lie_that_would_use_up_the_epochs_is_not_believed():
    assert decide_lost(1, 5, Heard({MAX_EPOCH: 1, 2: 3}, strayed=MAX_EPOCH)) == 2
    assert decide_lost(7, 5, Heard({7 + MAX_EPOCH_LEAP: 1, 8 + MAX_EPOCH_LEAP: 1})) == 7 + MAX_EPOCH_LEAP
    assert decide_lost(MAX_EPOCH - 1, 5, Heard({MAX_EPOCH: 9})) is None
    assert decide_lost(MAX_EPOCH, 5, Heard({MAX_EPOCH: 9})) is None


@given(epochs, st.integers(0, 9), heard)
def test_the_epoch_after_is_enough(own, newest, what):
    above = decide_lost(own, newest, what)
    if above is not None:
        assert above >= own
        assert decide_lost(above + 1, 0, what) is None


@given(epochs, st.integers(0, 9), heard, heard)
def test_two_who_know_are_heard_as_one(own, newest, hub, mirror):
    each = [decide_lost(own, newest, one) for one in (hub, mirror)]
    assert decide_lost(own, newest, merge(hub, mirror)) == max((one for one in each if one is not None), default=None)
