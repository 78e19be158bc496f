"""PINs: who guesses waits longer and longer, and a restart does not help."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import Stamp
from contract.shop import Person, Role
from kiosk.clock import now_utc
from kiosk.core.people import PinRefused, Tries, after_boot, decide_try, parse_pin, wait_s
from kiosk.core.ports import DeskError
from kiosk.people import FILE, PinGuard, make_hash, verify

S = 10**9
ANNA = Person("anna", "Anna", Role.MANAGER, make_hash("4711"))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.boot, self.at_s = "b1", 0

    def stamp(self) -> Stamp:
        return Stamp(at=now_utc(), boot=self.boot, mono_ns=self.at_s * S)


@pytest.mark.parametrize("text", ["", "471", "4711a", "47 11", "1" * 13, "４７１１", "-4711"])
def test_what_is_no_pin_is_refused_and_is_no_try(tmp_path: Path, text: str) -> None:
    with pytest.raises(PinRefused, match="4 to 12 digits"):
        parse_pin(text)
    guard = PinGuard(tmp_path, Clock())
    for _ in range(5):
        with pytest.raises(PinRefused):
            guard.check(ANNA, text)
    assert guard.check(ANNA, " 4711\n")


def test_the_wait_doubles_up_to_ten_minutes() -> None:
    assert [wait_s(wrong) for wrong in range(10)] == [0, 0, 0, 30, 60, 120, 240, 480, 600, 600]
    assert wait_s(10**9) == 600


@given(st.lists(st.integers(0, 700), max_size=40))
def test_no_order_of_tries_gets_more_than_the_rule_gives(pauses: list[int]) -> None:
    """The oracle keeps the moments of the tries, and not a count."""
    tries, at_s = Tries(), 0
    tried: list[int] = []
    for pause in pauses:
        at_s += pause
        try:
            tries = decide_try(tries, boot="b", mono_ns=at_s * S)
        except PinRefused:
            continue
        tried.append(at_s)
    waits = [30, 60, 120, 240, 480, *[600] * len(tried)]
    for before, after, wait in zip(tried[2:], tried[3:], waits, strict=False):
        assert after - before >= wait


def test_tries_of_another_boot_were_just_now() -> None:
    tries = Tries(4, "b1", 900 * S)
    assert after_boot(tries, boot="b1", mono_ns=901 * S) is tries
    assert after_boot(tries, boot="b2", mono_ns=5 * S) == Tries(4, "b2", 5 * S)
    assert after_boot(tries, boot="b1", mono_ns=5 * S) == Tries(4, "b1", 5 * S)


def test_three_wrong_pins_make_the_till_wait_whoever_they_were_typed_for(tmp_path: Path) -> None:
    clock = Clock()
    guard = PinGuard(tmp_path, clock)
    ben = Person("ben", "Ben", Role.MANAGER, ANNA.pin)
    assert [guard.check(one, "0000") for one in (ANNA, ben, ANNA)] == [False] * 3
    clock.at_s = 29
    with pytest.raises(PinRefused, match="wait 1 second, then"):
        guard.check(ben, "4711")
    clock.at_s = 30
    assert guard.check(ANNA, "4711")
    assert [guard.check(ANNA, "0000") for _ in range(3)] == [False] * 3, "a right one begins anew"


def test_a_restart_forgets_no_try_and_a_boot_begins_the_wait_anew(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        assert not PinGuard(tmp_path, clock).check(ANNA, "0000")
    clock.boot, clock.at_s = "b2", 5
    with pytest.raises(PinRefused, match="wait 30 seconds"):
        PinGuard(tmp_path, clock).check(ANNA, "4711")
    clock.at_s = 20
    with pytest.raises(PinRefused, match="wait 15 seconds"):
        PinGuard(tmp_path, clock).check(ANNA, "4711")
    clock.at_s = 35
    assert PinGuard(tmp_path, clock).check(ANNA, "4711")


def test_a_till_that_dies_while_it_looks_has_counted(tmp_path: Path) -> None:
    guard = PinGuard(tmp_path, Clock())
    broken = Person("anna", "Anna", Role.MANAGER, "$argon2id$broken")
    for _ in range(3):
        with pytest.raises(DeskError, match="the PIN of Anna cannot be read here: set it anew"):
            guard.check(broken, "4711")
    with pytest.raises(PinRefused, match="wait"):
        guard.check(ANNA, "4711")


@pytest.mark.parametrize("costs", ["m=1048576,t=3,p=4", "m=65536,t=9999,p=4", "m=65536,t=3,p=64"])
def test_a_hash_that_costs_more_than_a_pi_has_is_not_computed(costs: str) -> None:
    greedy = ANNA.pin.replace("m=65536,t=3,p=4", costs)
    with pytest.raises(DeskError, match="costs more"):
        verify(Person("anna", "Anna", Role.MANAGER, greedy), "4711")


def test_where_tries_cannot_be_kept_no_pin_is_taken(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(DeskError, match="damaged"):
        PinGuard(tmp_path, Clock()).check(ANNA, "4711")
    (tmp_path / FILE).unlink()
    with pytest.raises(DeskError, match="no PIN is taken until it can"):
        PinGuard(tmp_path / "away", Clock()).check(ANNA, "4711")


def test_the_file_holds_no_pin_and_is_its_owners(tmp_path: Path) -> None:
    PinGuard(tmp_path, Clock()).check(ANNA, "4711")
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert "4711" not in file.read_text()
    assert ANNA.pin.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert make_hash("4711") != ANNA.pin
