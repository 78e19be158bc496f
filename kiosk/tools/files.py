"""Files that a person names on the command line, and errors of one line about them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from contract.csv_rows import MAX_TEXT_BYTES, BadFile, UnknownColumn


class Refused(click.ClickException):
    """The command did not do it: one line of what, where and what to do; exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line to standard error."""
        del file
        click.echo(f"kiosk: {self.message}", err=True)


class UsedWrongly(Refused):
    """The command was asked for what cannot be; exit status 2."""

    exit_code = 2


def read_bytes(path: Path) -> bytes:
    """Return what is in a file.

    Raises: Refused.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise UsedWrongly(f"{path}: {error.strerror}: name a file that can be read") from error


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Say of which file an error is.

    Raises: Refused.
    """
    try:
        yield
    except UnknownColumn as error:
        raise UsedWrongly(f"{path}: {error}") from error
    except BadFile as error:
        raise Refused(f"{path}: {error}") from error


def print_result(result: object) -> None:
    """Print the last line of standard output."""
    click.echo(f"RESULT {json.dumps(result)}")


def tell(what: str) -> None:
    """Say on standard error what somebody must know although the command worked."""
    click.echo(f"note: {what}", err=True)


@contextmanager
def progress(label: str, length: int) -> Iterator[Any]:
    """Give a progress bar on standard error, or nothing to see where that is no terminal."""
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar
