"""When a kiosk says that another device has its name, and when not."""

import pytest

from mqtt_bridge.link import Connected, Disconnected
from mqtt_bridge.rivals import QUIET_S, SAID, TWO_DEVICES, UNSAID, WINDOW_S, Rivals

TAKEN = Disconnected("taken over", "taken")
CLOSED = Disconnected("closed", "lost", unexplained=True)
BROKEN = Disconnected("reset", "lost")
AWAY = Disconnected("nothing listens", "unreachable")


def after(times: int, *ends: Disconnected, every_s: float = 5.0, kept: bool = True) -> Rivals:
    rivals = Rivals()
    for number in range(times):
        for end in ends:
            rivals.ended(end, number * every_s)
        rivals.begun(Connected("hub", session_present=kept), number * every_s)
    return rivals


@pytest.mark.parametrize(("end", "times"), [(TAKEN, SAID), (CLOSED, UNSAID)])
def test_it_is_said_from_a_few_times_on_until_it_is_quiet(end: Disconnected, times: int) -> None:
    assert not after(times - 1, end).words(5.0 * times)
    rivals, last_s = after(times, end), 5.0 * (times - 1)
    assert rivals.words(last_s + QUIET_S - 1) == TWO_DEVICES
    assert not rivals.words(last_s + QUIET_S)
    rivals.ended(TAKEN, last_s + QUIET_S - 1)
    assert rivals.words(last_s + 2 * QUIET_S - 2) == TWO_DEVICES, "once more, and it lasts on"


@pytest.mark.parametrize("ends", [(BROKEN,), (CLOSED, AWAY), (AWAY,)])
def test_a_bad_network_or_a_broker_that_starts_anew_is_no_second_device(ends: tuple[Disconnected, ...]) -> None:
    assert not after(50, *ends).words(250)


def test_a_broker_that_forgot_us_is_no_second_device_nor_is_what_happens_seldom() -> None:
    assert not after(50, CLOSED, kept=False).words(250)
    assert not after(50, CLOSED, every_s=WINDOW_S / 3).words(50 * WINDOW_S / 3)
    assert not after(50, TAKEN, every_s=WINDOW_S).words(50 * WINDOW_S)
