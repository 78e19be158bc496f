"""What the commands share: options, errors in one line, output for people and for programs."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
from sqlalchemy import Connection

from hub.bootstrap import DEFAULT_DATABASE
from hub.store.database import parse_url
from hub.store.errors import BadDatabaseUrl, ContentRefused, FolderTaken, NewerDatabase, NotMigrated, StoreError
from hub.store.sites import is_known

F = TypeVar("F", bound=Callable[..., Any])
MAX_ROWS: Final = 10_000  # what a person can read, or a program takes at once
MAX_WORDS: Final = 200  # of a reason, as the facts hold it that tell a till of it


class Refused(click.ClickException):
    """The command did not do it: one line of what, why and what to do; exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line to standard error."""
        del file
        click.echo(f"hub: {self.message}", err=True)


class UsedWrongly(Refused):
    """The command was asked for what cannot be; exit status 2."""

    exit_code = 2


def database_option(command: F) -> F:
    """Add ``--database-url``."""
    return click.option(
        "--database-url",
        envvar="HUB_DATABASE_URL",
        default=DEFAULT_DATABASE,
        show_default=True,
        help="sqlite:///FILE or postgresql://USER@HOST/NAME. Also: $HUB_DATABASE_URL.",
    )(command)


def state_option(command: F) -> F:
    """Add ``--state-dir``."""
    return click.option(
        "--state-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where the file lies that outlives the database. Never restore it from a backup. "
        "Default: beside a SQLite database, else hub-data.",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")(command)


def region_option(command: F) -> F:
    """Add ``--region``."""
    return click.option(
        "--region", envvar="HUB_REGION", default="demo", show_default=True, help="The hub's region. Also: $HUB_REGION."
    )(command)


def limit_option(command: F) -> F:
    """Add ``--limit``."""
    return click.option(
        "--limit", type=click.IntRange(1, MAX_ROWS), default=1000, show_default=True, help="At most this many rows."
    )(command)


def words(most: int = MAX_WORDS) -> Callable[[click.Context, click.Parameter, str], str]:
    """Return the callback of an option that takes a sentence of 1 to ``most`` characters; it raises UsedWrongly."""

    def check(context: click.Context, option: click.Parameter, text: str) -> str:
        del context
        if not text.strip() or len(text) > most or not text.isprintable():
            raise UsedWrongly(f"{option.opts[0]}: 1 to {most} printable characters on one line")
        return text

    return check


@contextmanager
def said_plainly(database_url: str) -> Iterator[None]:
    """Turn what a person can put right into one line."""
    try:
        yield
    except BadDatabaseUrl as error:
        raise UsedWrongly(f"--database-url: {error}") from error
    except StoreError as error:
        parsed = parse_url(database_url)
        shown = parsed.set(drivername=parsed.get_backend_name()).render_as_string()
        raise Refused(f"cannot use {shown}: {error}: {_advice(error)}") from error


def note_unknown_site(connection: Connection, site: str | None) -> None:
    """Say on standard error that nothing was ever told of a site: what is shown of it is empty for that reason."""
    if site is not None and not is_known(connection, None, site):
        click.echo(
            f"note: nothing was ever told of a site {site[:MAX_WORDS]!r}: hub site list shows what there is", err=True
        )


def show(rows: Sequence[Any], name: str, columns: Sequence[str], *, as_json: bool) -> None:
    """Print dataclasses: as ``{name: [...]}`` or as a table of ``columns``."""
    found = [dataclasses.asdict(row) for row in rows]
    if as_json:
        click.echo(json.dumps({name: found}, ensure_ascii=False))
        return
    table = [list(columns), *([_cell(row[column]) for column in columns] for row in found)]
    widths = [max(len(cells[at]) for cells in table) for at in range(len(columns))]
    for cells in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _advice(error: StoreError) -> str:
    match error:
        case NewerDatabase():
            return "install the newer release, or restore the backup from before the update"
        case NotMigrated():
            return "run hub migrate, or start hub serve"
        case FolderTaken():
            return "stop it, or give this one a --state-dir of its own"
        case ContentRefused():
            return "nothing was changed; check what was named"
        case _:
            return "check that it is there, that this user may write it, and that its disk has room"
