"""A real PostgreSQL for tests: one private server a run, one fresh database a test."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
import pytest
from children import end_child, start_child
from ports import LOOPBACK, answers, find_spare_port
from waiting import wait_until

START_TRIES = 5  # another process may take the spare port first
START_DEADLINE_S = 60.0  # 0.5 s alone; more on a loaded machine
SETTINGS = {
    "fsync": "off",  # the data does not outlive the run; promise 1 is SQLite's
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes, a temporary folder's is not
    "max_connections": "100",
    "shared_buffers": "32MB",
}


@dataclass
class PostgresServer:
    """A running server; everybody on this machine is let in as its superuser."""

    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def create_database(self, template: str = "template1") -> str:
        """Return the name of a new database: empty, or a copy of one that nobody is connected to."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove it, with whatever connections a test has left open."""
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, database: str) -> str:
        """Return the address in SQLAlchemy's spelling."""
        return f"postgresql+psycopg://postgres@{LOOPBACK}:{self.port}/{database}"

    def _run(self, statement: str) -> None:
        with psycopg.connect(f"host={LOOPBACK} port={self.port} user=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's own server, started when first asked for."""
    # Not under pytest's folder: that is root's alone, and the server refuses to be root.
    folder = Path(tempfile.mkdtemp(prefix="popup-kiosk-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, user)
    try:
        make_cluster(folder, user)
        child, port = start_server(folder, user)
        yield PostgresServer(port)
        end_child(child, signal.SIGQUIT)  # at once: nothing in it is wanted
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database that is this test's alone."""
    database = postgres_server.create_database()
    yield postgres_server.url(database)
    postgres_server.drop_database(database)


def make_cluster(folder: Path, user: str | None) -> None:
    options = ["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    done = subprocess.run(
        [str(find_program("initdb")), "--pgdata", str(folder / "data"), *options],
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"initdb failed: {done.stderr}"


def start_server(folder: Path, user: str | None) -> tuple[subprocess.Popen[bytes], int]:
    """Start on a spare port and return once it answers a query."""
    log = folder / "postgres.log"
    for _ in range(START_TRIES):
        port = find_spare_port()
        child = start_child(server_command(folder, port), log=log, user=user)
        wait_until(partial(settled, child, port), what="PostgreSQL", deadline_s=START_DEADLINE_S)
        if child.poll() is None:
            return child, port
    pytest.fail(f"PostgreSQL did not start in {START_TRIES} tries: {log.read_text('utf-8', 'replace')}")


def server_command(folder: Path, port: int) -> list[str]:
    settings = itertools.chain.from_iterable(("-c", f"{key}={value}") for key, value in SETTINGS.items())
    return [str(find_program("postgres")), "-D", str(folder / "data"), "-p", str(port), *settings]


def settled(child: subprocess.Popen[bytes], port: int) -> bool:
    return child.poll() is not None or is_ready(port)


def is_ready(port: int) -> bool:
    if not answers(port):
        return False
    try:
        psycopg.connect(f"host={LOOPBACK} port={port} user=postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def find_program(name: str) -> Path:
    """Return the newest installed version of one of PostgreSQL's programs; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return found[-1] if found else pytest.fail("PostgreSQL is not installed: run 'make test', which sees to it")
