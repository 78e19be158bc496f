"""What every test may ask for. The parts live in tests/support, one a file."""

import os
from pathlib import Path

import hypothesis
import pytest
from ports import find_spare_port

pytest_plugins = ["pytester", "skip_guard", "broker", "postgres"]

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)  # a shared machine has no steady pace
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("nightly", max_examples=5_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout's own folder."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def spare_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    return find_spare_port()


@pytest.fixture(scope="session")
def real_data(repo_root: Path) -> Path:
    """The folder of real data sets that may lie beside the checkout; skips where it does not."""
    folder = repo_root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real data absent: ../shared/data")
    return folder
