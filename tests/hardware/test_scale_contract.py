"""What holds for one scale holds for all: the driver with machines of three makes at the other end, and the twin."""

import time

import pytest
from device_ends import SCALES

from hardware.errors import Closed, NoAnswer, NotSupported, Unplugged
from hardware.ports.scale import NoWeight, Weight

SOON_S = 1.0


@pytest.fixture(params=SCALES)
def hands(request, tmp_path):
    hands = SCALES[request.param](tmp_path)
    yield hands
    hands.scale.close()
    hands.close()


@pytest.mark.parametrize("weight_g", [0, 1, 250, 4999])
def test_a_weight_at_rest_is_stable_and_exact(hands, weight_g):
    hands.plate.put(weight_g * 1000)
    reading = hands.scale.read(SOON_S)
    assert (reading.weight_mg, reading.stable, reading.weight_g) == (weight_g * 1000, True, weight_g)


def test_a_weight_is_told_in_steps_of_the_scale(hands):
    hands.plate.put(245_600)
    assert abs(hands.scale.read(SOON_S).weight_mg - 245_600) < hands.step_mg


def test_what_moves_is_never_stable(hands):
    hands.plate.put(250_000, stable=False)
    for _ in range(3):
        reading = hands.scale.read(SOON_S)
        assert reading == NoWeight("moving") or not reading.stable


def test_overload_is_no_weight(hands):
    hands.plate.put(99_000_000)
    assert hands.scale.read(SOON_S) == NoWeight("overload")


def test_less_than_nothing_is_below_zero_or_no_weight(hands):
    hands.plate.put(-250_000)
    reading = hands.scale.read(SOON_S)
    assert reading == NoWeight("negative") or (isinstance(reading, Weight) and reading.weight_mg == -250_000)


def test_a_reading_is_of_now_and_not_of_before(hands):
    hands.plate.put(1_000_000)
    hands.scale.read(SOON_S)
    hands.say_again()
    hands.plate.put(2_000_000)
    assert hands.scale.read(SOON_S).weight_mg == 2_000_000


def test_a_silent_scale_is_said_within_the_time(hands):
    hands.plate.silent = True
    before = time.monotonic()
    with pytest.raises(NoAnswer, match="switched on"):
        hands.scale.read(0.3)
    assert 0.25 <= time.monotonic() - before < 2.0
    hands.plate.silent = False
    assert hands.scale.read(SOON_S).weight_mg == 0


def test_an_unplugged_scale_is_said_and_found_again(hands):
    hands.scale.read(SOON_S)
    hands.cable.unplug()
    for _ in range(2):
        with pytest.raises(Unplugged, match="check its power and its cable"):
            hands.scale.read(SOON_S)
    hands.cable.plug()
    assert hands.scale.read(SOON_S).weight_mg == 0


def test_tare_and_zero_or_a_word_that_there_is_no_command(hands):
    hands.plate.put(200_000)
    if not hands.tares:
        for command in (hands.scale.tare, hands.scale.zero):
            with pytest.raises(NotSupported, match="key on the device"):
                command()
        return
    hands.scale.tare()
    assert weight_after(hands, 0) == Weight(0, stable=True, net=True)
    hands.plate.put(450_000)
    hands.scale.read(SOON_S)
    assert hands.scale.read(SOON_S) == Weight(250_000, stable=True, net=True)
    hands.scale.zero()
    assert weight_after(hands, 0) == Weight(0, stable=True, net=False)


def weight_after(hands, expected_mg):
    """Return the first reading of the expected weight: a command takes effect when it arrives."""
    readings = (hands.scale.read(SOON_S) for _ in range(20))
    return next(one for one in readings if isinstance(one, Weight) and one.weight_mg == expected_mg)


def test_a_closed_scale_says_so(hands):
    hands.scale.close()
    for use in (hands.scale.read, hands.scale.tare, hands.scale.zero):
        with pytest.raises(Closed):
            use()
