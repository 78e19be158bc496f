"""``kiosk stock``: what arrived, what was counted, what is there."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
from msgspec.structs import asdict

from contract.errors import Malformed
from contract.values import MAX_NAME_LENGTH, Quantity, Sku, Unit, parse_sku
from kiosk.bootstrap import open_journal, recording
from kiosk.config import load_config
from kiosk.core.stock_take import BadQuantity, decide_count, decide_receive, read_quantity
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.journal import Journal
from kiosk.journal.stock import Kept, expected, kept
from kiosk.tools.files import Refused, UsedWrongly, tell

_MAX_ADVICE: Final = 32
_NEGATIVE: Final = {"ignore_unknown_options": True}  # else a quantity of -3 is taken for an option


@click.group()
def stock() -> None:
    """What arrived, what was counted, what is there."""


@stock.command(context_settings=_NEGATIVE, epilog="Example: kiosk stock receive 4711 24")
@click.argument("sku")
@click.argument("qty")
@click.option("--advice", default="", metavar="TEXT", help="Number of the delivery, at most 32 characters.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def receive(data_dir: Path, sku: str, qty: str, advice: str, *, as_json: bool) -> None:
    """Take QTY of SKU into stock, in the unit it is kept in, or as 1.5kg."""
    _check_text("--advice", advice, _MAX_ADVICE)
    with recording(data_dir, load_config(data_dir), tell) as (journal, clock):
        named, quantity = _goods(data_dir, journal, sku, qty, least=1)
        journal.record([decide_receive(named, quantity, clock.stamp().at, advice)])
        _show(data_dir, kept(journal, named), as_json=as_json)


@stock.command(context_settings=_NEGATIVE, epilog="Example: kiosk stock count 4711 23 --reason 'Sunday'")
@click.argument("sku")
@click.argument("qty")
@click.option("--reason", default="", metavar="TEXT", help="Why it was counted, at most 200 characters.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def count(data_dir: Path, sku: str, qty: str, reason: str, *, as_json: bool) -> None:
    """Say that QTY of SKU are there; the books take the difference."""
    _check_text("--reason", reason, MAX_NAME_LENGTH)
    with recording(data_dir, load_config(data_dir), tell) as (journal, clock):
        named, quantity = _goods(data_dir, journal, sku, qty, least=0)
        was, covers = expected(journal, named, quantity.unit)
        fact = decide_count(named, quantity, expected=was, covers=covers, at=clock.stamp().at, reason=reason)
        journal.record([fact])
        _show(data_dir, kept(journal, named), as_json=as_json)


@stock.command(epilog="Example: kiosk stock show --json")
@click.argument("sku", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def show(data_dir: Path, sku: str | None, *, as_json: bool) -> None:
    """Show what is there of SKU, or of everything that ever moved."""
    journal, _ = open_journal(data_dir, load_config(data_dir))
    named = None if sku is None else _sku(sku)
    found = kept(journal, named)
    if named is not None and not found and Catalogue(data_dir / "catalogue.db").item(named) is None:
        raise Refused(f"sku {named!r} is not known here: see 'kiosk catalogue search'")
    _show(data_dir, found, as_json=as_json)


def _goods(data_dir: Path, journal: Journal, sku: str, qty: str, *, least: int) -> tuple[Sku, Quantity]:
    """Return which goods and how many of them a person means.

    Raises: Refused.
    """
    named = _sku(sku)
    unit = _unit(data_dir, journal, named)
    try:
        quantity = read_quantity(qty, unit or Unit.PIECE, least=least)
    except BadQuantity as error:
        raise UsedWrongly(f"{named}: {error}") from error
    if unit is None:
        raise Refused(f"sku {named!r} is not known here: import it first, see 'kiosk catalogue import --help'")
    return named, quantity


def _check_text(option: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.isprintable():
        raise UsedWrongly(f"{option}: give at most {longest} printable characters")


def _unit(data_dir: Path, journal: Journal, sku: Sku) -> Unit | None:
    if item := Catalogue(data_dir / "catalogue.db").item(sku):
        return item.unit
    accounts = kept(journal, sku)
    return accounts[0].unit if accounts else None


def _sku(text: str) -> Sku:
    try:
        return parse_sku(text)
    except Malformed as error:
        raise UsedWrongly(f"{error.what}: give a sku, see 'kiosk catalogue search'") from error


def _show(data_dir: Path, accounts: Iterable[Kept], *, as_json: bool) -> None:
    catalogue = Catalogue(data_dir / "catalogue.db")
    rows = [_row(one, catalogue) for one in accounts]
    if as_json:
        click.echo(json.dumps({"stock": rows}))
        return
    for row in rows:
        click.echo("{sku}\t{name}\t{available} {unit}\t{condition}".format(**row))


def _row(one: Kept, catalogue: Catalogue) -> dict[str, Any]:
    item = catalogue.item(one.sku)
    return {
        "sku": one.sku,
        "name": item.name if item else "",
        "condition": one.condition,
        "unit": one.unit,
        "available": one.account.available,
        **asdict(one.account),
    }
