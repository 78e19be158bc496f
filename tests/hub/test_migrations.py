"""Tables: from nothing to this release, and never a step from a newer one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, text

from hub.store import availability_tables, by_hand_tables, delivery_tables, demand_tables, rights_tables
from hub.store.database import Store, open_store, parse_url, sqlite_file
from hub.store.errors import BadDatabaseUrl, NewerDatabase, NotMigrated, WorldFailed
from hub.store.migrate import check, migrate
from hub.store.tables import metadata


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = open_store(database_url)
    yield opened
    opened.close()


def test_an_empty_database_is_brought_to_what_the_statements_expect(store: Store) -> None:
    with pytest.raises(NotMigrated):
        check(store)
    assert migrate(store) == [
        "0001",
        "0002",
        "0003",
        "0004",
        "0005",
        "0006",
        "0007",
        "0008",
        "0009",
        "0010",
        "0011",
        "0012",
    ]
    assert migrate(store) == []
    check(store)
    assert {"pools", "sites", "advices", "demands", "by_hand"} <= metadata.tables.keys(), (
        rights_tables,
        availability_tables,
        delivery_tables,
        demand_tables,
        by_hand_tables,
    )
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            found = {one["name"] for one in inspector.get_check_constraints(table.name)}
            assert found == {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)}


def test_a_database_of_a_newer_release_is_refused_and_left_alone(store: Store) -> None:
    migrate(store)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (migrate, check):
        with pytest.raises(NewerDatabase, match="version 9999"):
            step(store)
    with store.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"a letter to the accountant, which is no database at all" * 100)
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(WorldFailed, match="not a database"):
        migrate(store)
    store.close()
    assert path.read_bytes().startswith(b"a letter")


def test_a_database_that_is_away_is_a_failure_of_the_world(spare_port: int) -> None:
    store = open_store(f"postgresql://nobody@127.0.0.1:{spare_port}/none")
    with pytest.raises(WorldFailed), store.read():
        pass
    store.close()


def test_a_folder_that_cannot_be_written_is_a_failure_of_the_world(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorldFailed, match="file"):
        open_store(f"sqlite:///{tmp_path}/file/hub.db")


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d"])
def test_other_addresses_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as caught:
        parse_url(url)
    assert "secret" not in str(caught.value)


def test_postgresql_is_spoken_with_one_driver() -> None:
    for url in ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"):
        assert parse_url(url).drivername == "postgresql+psycopg"
        assert sqlite_file(url) is None


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/hub.db")
    with store.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
