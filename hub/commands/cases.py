"""What a person must look at: exceptions, and facts that were set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from contract.values import MAX_POSITION
from hub.bootstrap import opened_to_read
from hub.commands.case_words import lines_of
from hub.commands.common import (
    Refused,
    database_option,
    json_option,
    limit_option,
    said_plainly,
    show,
    state_option,
    words,
)
from hub.commands.shoppers import changing
from hub.intake.again import read_again
from hub.promises.holds import Holds
from hub.store import queries, set_aside, troubles
from hub.store.errors import ContentRefused

MAX_NOTE: Final = 500  # as much as a person reads of it in a list
MAX_NAME: Final = 64  # as the column of an owner holds


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A fact that was read again, and why it could not be booked, if it could not."""

    id: int
    booked: bool
    why: str


@click.group(invoke_without_command=True, epilog="Example: hub exceptions --all --json")
@click.option("--all", "resolved", is_flag=True, help="The resolved ones too.")
@limit_option
@database_option
@json_option
@click.pass_context
def exceptions(context: click.Context, *, database_url: str, resolved: bool, limit: int, as_json: bool) -> None:
    """List what a person must decide; or say that it is decided."""
    if context.invoked_subcommand is not None:
        return
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        rows = queries.list_exceptions(connection, resolved=resolved, limit=limit)
    if as_json:
        show(rows, "exceptions", [], as_json=True)
        return
    for line in (line for one in rows for line in lines_of(one)):
        click.echo(line)


@exceptions.command("resolve", epilog='Example: hub exceptions resolve 17 --by ana --note "counted again: all there"')
@click.argument("numbers", metavar="ID...", type=click.IntRange(1, MAX_POSITION), nargs=-1, required=True)
@click.option("--by", "who", required=True, metavar="NAME", callback=words(MAX_NAME), help="Who decided.")
@click.option("--note", required=True, metavar="TEXT", callback=words(MAX_NOTE), help="What was found, and done.")
@database_option
@state_option
def resolve(*, numbers: Sequence[int], who: str, note: str, database_url: str, state_dir: Path | None) -> None:
    """Close exceptions that were looked into. What they told of opens anew if it happens again."""
    with changing(database_url, state_dir) as holds:
        unknown = holds.run(
            lambda connection, present: troubles.decide(connection, sorted(set(numbers)), who, note, present.now)
        )
    closed = sorted(set(numbers) - set(unknown))
    if closed:
        click.echo(f"resolved: {', '.join(map(str, closed))}")
    if unknown:
        raise Refused(f"no open exception: {', '.join(map(str, unknown))} (hub exceptions)")


@click.group()
def quarantine() -> None:
    """Facts that were set aside."""


@quarantine.command("list", epilog="Example: hub quarantine list --json")
@click.option("--all", "resolved", is_flag=True, help="The resolved ones too.")
@limit_option
@database_option
@json_option
def list_quarantine(*, database_url: str, resolved: bool, limit: int, as_json: bool) -> None:
    """List the facts that were set aside, where they stood and why."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        rows = queries.list_quarantine(connection, resolved=resolved, limit=limit)
    columns = ["id", "kiosk", "epoch", "lane", "seq", "kind", "what", "where", "size", "at"]
    show(rows, "quarantine", columns, as_json=as_json)


@quarantine.command("read-again", epilog="Example: hub quarantine read-again")
@click.argument("numbers", metavar="[ID]...", type=click.IntRange(1, MAX_POSITION), nargs=-1)
@limit_option
@database_option
@state_option
@json_option
def read_quarantine(
    *, numbers: Sequence[int], limit: int, database_url: str, state_dir: Path | None, as_json: bool
) -> None:
    """Read facts again after an update, all of them or those named: what can be read now is booked, late."""
    rows: list[ReadRow] = []
    with changing(database_url, state_dir) as holds:
        with holds.store.read() as connection:
            wanted = sorted(set(numbers)) or set_aside.open_ids(connection, limit=limit)
        for number in wanted:
            why = _read_again(holds, number)
            rows.append(ReadRow(number, not why, why))
    show(rows, "read", ["id", "booked", "why"], as_json=as_json)


def _read_again(holds: Holds, number: int) -> str:
    """Return why a fact could not be booked, or nothing."""
    try:
        return holds.run(lambda connection, present: read_again(connection, number, present.now))
    except KeyError:
        raise Refused(f"nothing was set aside under {number} (hub quarantine list)") from None
    except ContentRefused as error:
        return str(error)
