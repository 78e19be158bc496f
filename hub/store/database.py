"""Opens the books: SQLite for one machine, PostgreSQL beyond it; transactions; errors sorted by kind.

On SQLite a writer takes its lock at once (BEGIN IMMEDIATE), so that it waits for its turn instead of failing halfway,
and ``synchronous=FULL`` puts what was committed on the disk before anybody is told.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.store.errors import BadDatabaseUrl, ContentRefused, NotMigrated, WorldFailed

BUSY_TIMEOUT_MS: Final = 10_000  # a writer's turn comes within milliseconds; an operator's long read may take seconds
CONNECT_TIMEOUT_S: Final = 5
_WRITER: Final = "popup_writer"


class Store:
    """The books behind one database URL."""

    def __init__(self, engine: Engine) -> None:
        """Use :func:`open_store`."""
        self.engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that may write; it is committed at the end, or leaves nothing.

        Raises: ContentRefused, WorldFailed.
        """
        with sorted_errors(), self.engine.connect() as connection:
            writer = connection.execution_options(**{_WRITER: True})
            with writer.begin():
                yield writer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a transaction that sees one state of the books; raises WorldFailed."""
        with sorted_errors(), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let every connection go."""
        self.engine.dispose()


@contextmanager
def sorted_errors() -> Iterator[None]:
    """Turn the database's errors into ours: what is said was refused, or the world failed."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise ContentRefused(_reason(error)) from error
    except OverflowError as error:  # sqlite3's own check, before the database sees the number
        raise ContentRefused(str(error)) from error
    except (DBAPIError, PoolTimeout) as error:
        raise WorldFailed(_reason(error)) from error


def open_store(url: str, *, create: bool = True) -> Store:
    """Return the store behind ``url``; a SQLite file and its folder are created, readable by their owner only.

    Raises: BadDatabaseUrl, WorldFailed; NotMigrated for a file that is not there and is not to be created.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Store(_sqlite(parsed, create=create))
    return Store(create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}))


def parse_url(url: str) -> URL:
    """Return ``url`` with the drivers we use.

    Raises: BadDatabaseUrl.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        raise BadDatabaseUrl(f"{url.rsplit('@', maxsplit=1)[-1][:80]!r} is no database URL") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise BadDatabaseUrl(f"{parsed.render_as_string()!r}: use sqlite:///FILE or postgresql://USER@HOST/NAME")


def sqlite_file(url: str) -> Path | None:
    """Return the file behind a SQLite URL, None for another database."""
    parsed = parse_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _sqlite(url: URL, *, create: bool) -> Engine:
    file = Path(url.database or "")
    if not create and not file.exists():
        raise NotMigrated("it is not there")
    try:
        make_private_folder(file.parent)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise WorldFailed(f"{file}: {error.strerror}") from error
    engine = create_engine(url, pool_size=8, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` for its owner only, if it is not there; raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writer = connection.get_execution_options().get(_WRITER, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _reason(error: Exception) -> str:
    """Return the driver's own sentence, in one line, without statement and parameters."""
    origin = getattr(error, "orig", None) or error
    return " ".join(str(origin).split())[:200]
