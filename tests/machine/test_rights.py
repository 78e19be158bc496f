"""Whatever tills, link, hub and shoppers do: no unit is promised twice, and in the end books and shelf agree."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from rights_openings import OPENINGS
from rights_rules import Opening, make_rights_machine
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


@pytest.mark.timeout(7200)  # a thousand lives in the nightly profile
def test_no_unit_is_promised_twice_whatever_happens(template):
    """A fifth of the profile's examples, for each is a whole life: 20,000 steps a night."""
    run(template, max_examples=max(10, settings().max_examples // 5), stateful_step_count=20)
