"""Whatever the world does to kiosks, their cards, the link and the hub: the hub gets all that a card holds, once."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine_bugs import BUGS, CONTROL
from machine_openings import OPENINGS
from machine_parts import Parts, make_template
from machine_rules import Opening, make_machine

MEMORY = Path("/dev/shm")  # noqa: S108 - what is tested here is rules, not syncing


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="machine-", dir=where) as folder:
        yield make_template(Path(folder) / "template")


def run(template: Path, parts: Parts, openings: Sequence[Opening] = OPENINGS, **limits: object) -> None:
    run_state_machine_as_test(
        make_machine(template, parts, openings),
        settings=settings(deadline=None, suppress_health_check=list(HealthCheck), **limits),
    )


@pytest.mark.timeout(max(300, 2 * settings().max_examples))  # hundreds of lives in the nightly profile
def test_two_kiosks_and_a_hub_agree_whatever_happens(template):
    """Few of the profile's examples, for each is a whole life of thirty steps."""
    run(template, Parts(), max_examples=max(25, settings().max_examples // 10), stateful_step_count=30)


def test_the_copy_that_bugs_are_seeded_into_has_none(template):
    run(template, CONTROL, max_examples=5, stateful_step_count=30)


@pytest.mark.parametrize("opening", OPENINGS)
def test_no_opening_is_caught_without_a_bug(template, opening):
    run(template, CONTROL, [opening], max_examples=1, stateful_step_count=1)


@pytest.mark.parametrize("bug", BUGS)
def test_every_seeded_bug_is_caught(template, bug):
    with pytest.raises(AssertionError):
        run(
            template,
            BUGS[bug].parts,
            [BUGS[bug].opening],
            max_examples=100,
            stateful_step_count=30,
            derandomize=True,  # whether a bug is caught must not be a matter of luck
            database=None,
            phases=[Phase.generate],  # caught is caught: the shortest way there is not looked for
        )
