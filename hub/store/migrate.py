"""Brings the tables to this release. Migrations only ever expand, so that the release before runs on them too."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hub.store.database import Store
from hub.store.errors import NewerDatabase, NotMigrated

_FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x706F707570  # one number for every hub of one PostgreSQL database: migrations take turns


def migrate(store: Store) -> list[str]:
    """Bring the tables to this release; return the names of the migrations that ran.

    Raises: NewerDatabase, and nothing was changed; WorldFailed.
    """
    with store.write() as connection:
        if store.is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        pending = _pending(connection, ScriptDirectory.from_config(config))
        if pending:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return pending


def check(store: Store) -> None:
    """Make sure that the tables are those of this release.

    Raises: NewerDatabase, NotMigrated, WorldFailed.
    """
    with store.read() as connection:
        pending = _pending(connection, ScriptDirectory.from_config(_config()))
    if pending:
        raise NotMigrated(f"{len(pending)} migrations have not run")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _pending(connection: Connection, scripts: ScriptDirectory) -> list[str]:
    known = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return known
    if current not in known:
        raise NewerDatabase(f"its tables are of version {current}, this release knows them up to {known[-1]}")
    return known[known.index(current) + 1 :]
