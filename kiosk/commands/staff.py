"""``kiosk staff``: who works at this till, and the hash of a PIN. A PIN is typed unseen and written down nowhere."""

import json
import sys
from contextlib import closing
from pathlib import Path

import click
import msgspec

from contract.shop import Person, Role
from kiosk.bootstrap import open_desk
from kiosk.commands.goods import as_json
from kiosk.core.people import PinRefused, parse_pin
from kiosk.journal.shops import read_shop
from kiosk.people import make_hash
from kiosk.tools.files import UsedWrongly


@click.group()
def staff() -> None:
    """Who works at this till, and what their PINs become."""


@staff.command("hash", epilog="Example: kiosk staff hash --id anna --name Anna --role manager")
@click.option("--id", "person", required=True, metavar="ID", help="As sales name them: a-z, 0-9 and dashes.")
@click.option("--name", required=True, metavar="NAME", help="As the till calls them.")
@click.option("--role", type=click.Choice([one.value for one in Role]), default=Role.STAFF.value, show_default=True)
def hash_(*, person: str, name: str, role: str) -> None:
    """Ask for a PIN twice, unseen, and print the lines to paste into kiosk.toml or the hub's shop file."""
    made = _person(person, name, role)  # what is wrong with it is said before a PIN is typed
    if not sys.stdin.isatty():
        raise UsedWrongly("a PIN is typed unseen, and never comes from a pipe: run this in a terminal")
    pin = click.prompt("PIN", hide_input=True, confirmation_prompt="The same again", value_proc=_parse, err=True)
    told = {"id": made.id, "name": made.name, "role": made.role.value, "pin": make_hash(pin)}
    click.echo("[[shop.staff]]")
    for key, value in told.items():
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}")  # a TOML string: the shape allows no controls


@staff.command("list", epilog="Example: kiosk staff list --json")
@as_json
@click.pass_obj
def list_(data_dir: Path, *, as_json: bool) -> None:
    """List who works here, as the hub told, else as kiosk.toml says."""
    with closing(open_desk(data_dir)) as desk:
        people = desk.shop().staff
        told = read_shop(desk.catalogue.connection, desk.catalogue.path) is not None
    rows = [{"id": one.id, "name": one.name, "role": one.role.value} for one in people]
    if as_json:
        click.echo(json.dumps({"staff": rows, "told_by": "hub" if told else "settings"}, ensure_ascii=False))
        return
    for row in rows:
        click.echo("\t".join(row.values()))
    if not rows:
        click.echo("nobody: 'kiosk staff hash' makes the lines for the settings", err=True)


def _person(person: str, name: str, role: str) -> Person:
    try:
        return msgspec.convert({"id": person, "name": name, "role": role, "pin": "$argon2id$x"}, type=Person)
    except msgspec.ValidationError as error:
        wrong = (
            "--name: 1 to 200 printable characters" if "$.name" in str(error) else "--id: a-z, 0-9, dashes, at most 32"
        )
        raise UsedWrongly(wrong) from error


def _parse(text: str) -> str:
    try:
        return parse_pin(text)
    except PinRefused as error:
        raise click.UsageError(str(error)) from error
