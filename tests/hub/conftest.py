"""The same tests over both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_books import Hub, LaneTwin, open_hub


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/books/hub.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with open_hub(database_url, tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def till() -> LaneTwin:
    return LaneTwin()
