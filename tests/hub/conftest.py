"""The same tests over both databases."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_books import Hub, LaneTwin, open_hub
from postgres import PostgresServer

from hub.store.database import open_store
from hub.store.migrate import migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/books/hub.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this release, to copy: migrations are most of what a test would take."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The same on PostgreSQL."""
    name = postgres_server.create_database()
    _migrated(postgres_server.url(name))
    return name


def _migrated(url: str) -> None:
    store = open_store(url)
    migrate(store)
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def books_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of either kind, of this release and without a row."""
    if request.param == "sqlite":
        (tmp_path / "books").mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "books" / "hub.db")
        yield f"sqlite:///{tmp_path}/books/hub.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database(request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def hub(books_url: str, tmp_path: Path) -> Iterator[Hub]:
    with open_hub(books_url, tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def till() -> LaneTwin:
    return LaneTwin()
