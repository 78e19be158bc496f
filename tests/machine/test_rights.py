"""Whatever tills, link, hub and shoppers do: no unit is promised twice, and in the end books and shelf agree."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from rights_bugs import BUGS, seeded_with
from rights_openings import OPENINGS
from rights_rules import Opening, make_rights_machine
from rights_settling import settle
from rights_world import make_template

MEMORY = Path("/dev/shm")  # noqa: S108 - what is tested here is rules, not syncing


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rights-", dir=where) as folder:
        yield make_template(Path(folder) / "template")


def run(template: Path, openings: Sequence[Opening] = OPENINGS, **limits: object) -> None:
    run_state_machine_as_test(
        make_rights_machine(template, openings),
        settings=settings(deadline=None, suppress_health_check=list(HealthCheck), **limits),
    )


@pytest.mark.timeout(max(300, 2 * settings().max_examples))  # a thousand lives in the nightly profile
def test_no_unit_is_promised_twice_whatever_happens(template):
    """A fifth of the profile's examples, for each is a whole life: 20,000 steps a night."""
    run(template, max_examples=max(10, settings().max_examples // 5), stateful_step_count=20)


def live(template: Path, opening: Opening) -> None:
    """Live from an opening to the end, with nothing by chance in between."""
    machine = make_rights_machine(template, [opening])()
    try:
        opening(machine)
        machine.nothing_is_promised_twice()
        settle(machine.world, machine.checks)
    finally:
        machine.end()


@pytest.mark.parametrize("opening", OPENINGS)
def test_no_opening_is_caught_without_a_bug(template, opening):
    live(template, opening)


@pytest.mark.parametrize("bug", BUGS)
def test_every_seeded_bug_of_rights_is_caught(template, bug):
    """Each opening goes to where its bug hurts, so that it is caught always, and soon."""
    with seeded_with(BUGS[bug]), pytest.raises(AssertionError):
        live(template, BUGS[bug].opening)
