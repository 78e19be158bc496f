"""``hub catalogue``: what every kiosk of the region can sell."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from contract.catalogue_csv import Columns, Import, decide_import, default_columns
from contract.csv_rows import MAX_TEXT_BYTES, BadFile, Table, UnknownColumn, read_table, read_text
from contract.errors import Malformed
from contract.values import Currency, parse_currency, parse_name
from hub.bootstrap import opened_to_write, state_folder
from hub.clock import SystemClock
from hub.commands.common import Refused, UsedWrongly, database_option, region_option, said_plainly, state_option
from hub.store import queries
from hub.store.catalogue import import_catalogue


@click.group()
def catalogue() -> None:
    """What every kiosk of the region can sell."""


@catalogue.command("import", epilog="Example: hub catalogue import list.csv --sku Article --gtin EAN --name Title")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sku", metavar="HEADER", help="Stock-keeping unit. Without it the barcode is the sku.")
@click.option("--gtin", metavar="HEADER", help="Barcode of 8, 12, 13 or 14 digits.")
@click.option("--name", metavar="HEADER", help="Name, at most 200 characters.")
@click.option("--price", metavar="HEADER", help="Price of a piece, kilogram, litre or metre; empty: the till asks.")
@click.option("--category", metavar="HEADER", help="Category.")
@click.option("--tax", metavar="HEADER", help="Tax code.")
@click.option("--unit", metavar="HEADER", help="pc, g, kg, ml, l, mm or m; empty: pc.")
@click.option("--deposit", metavar="HEADER", help="Sku of the item that is its deposit, such as that of a bottle.")
@click.option("--parts", metavar="HEADER", help="What a bundle is made of: '2*MUG; TEA'.")
@click.option("--age", metavar="HEADER", help="Least age of who may buy it, in years.")
@click.option("--discountable", metavar="HEADER", help="yes, or no: never discounted; empty: yes.")
@click.option("--currency", default="EUR", show_default=True, help="Currency of the prices.")
@region_option
@database_option
@state_option
def import_(
    *, file: Path, currency: str, region: str, database_url: str, state_dir: Path | None, **options: str | None
) -> None:
    """Add and change items from FILE, CSV in UTF-8 (.csv or .csv.gz), and send what differs to every kiosk.

    Each option names a header of the file. Without options the headers that are called as the options are used. Rows
    that are no items are listed with their reason; the others are imported.
    """
    of_currency = _parse(currency, region)
    with _about(file):
        table = read_table(read_text(_read_bytes(file)))
        columns = _columns(file, table, options)
        with said_plainly(database_url), opened_to_write(database_url, state_folder(database_url, state_dir)) as store:
            changes = import_catalogue(
                store,
                region,
                of_currency,
                lambda known: decide_import(table, columns, of_currency, known),
                at=SystemClock().now(),
            )
            with store.read() as connection:
                heard = [view.region for view in queries.regions(connection)]
    _report(changes)
    if heard and region not in heard:
        note = f"note: no kiosk of region {region} was heard of, only of {', '.join(heard)}: see --region"
        click.echo(note, err=True)


def _parse(currency: str, region: str) -> Currency:
    try:
        parse_name(region, "--region")
        return parse_currency(currency)
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error


def _columns(file: Path, table: Table, options: dict[str, str | None]) -> Columns:
    columns = Columns(**options) if any(options.values()) else default_columns(table.headers)
    if columns.sku is None and columns.gtin is None:
        known = ", ".join(table.headers)
        raise UsedWrongly(f"{file}: no column for sku or barcode: name one of {known} with --sku or --gtin")
    for header in filter(None, options.values()):
        table.column(header)
    return columns


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise UsedWrongly(f"{path}: {error.strerror}: name a file that can be read") from error


@contextmanager
def _about(path: Path) -> Iterator[None]:
    try:
        yield
    except UnknownColumn as error:
        raise UsedWrongly(f"{path}: {error}") from error
    except BadFile as error:
        raise Refused(f"{path}: {error}") from error


def _report(changes: Import) -> None:
    for note in changes.notes:
        click.echo(f"line {note.line}: {note.text}", err=True)
    click.echo(f"RESULT {json.dumps(changes.result())}")
