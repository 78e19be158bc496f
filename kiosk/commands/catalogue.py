"""``kiosk catalogue``: what this kiosk can sell."""

import json
from pathlib import Path
from typing import Final

import click
from msgspec import to_builtins

from contract.catalogue_csv import Columns, Import, decide_import, default_columns
from contract.csv_rows import read_table, read_text
from contract.down import Item
from contract.money import format_minor
from kiosk.config import Config, load_config
from kiosk.journal.catalogue import Catalogue
from kiosk.tools.files import UsedWrongly, about, print_result, progress, read_bytes

_CHUNK: Final = 500  # items between two steps of the progress bar
_DATABASE: Final = "catalogue.db"


@click.group()
def catalogue() -> None:
    """What this kiosk can sell."""


@catalogue.command(
    "import", epilog="Example: kiosk catalogue import list.csv --sku Article --gtin EAN --name Title --price Price"
)
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
@click.pass_obj
def import_(data_dir: Path, /, file: Path, **options: str | None) -> None:
    """Add and change items from FILE, CSV in UTF-8 (.csv or .csv.gz).

    Each option names a header of the file. Without options the headers that are called as the options are used. Rows
    that are no items are listed with their reason; the others are imported.
    """
    config = load_config(data_dir)
    with about(file):
        table = read_table(read_text(read_bytes(file)))
        columns = Columns(**options) if any(options.values()) else default_columns(table.headers)
        if columns.sku is None and columns.gtin is None:
            known = ", ".join(table.headers)
            raise UsedWrongly(f"{file}: no column for sku or barcode: name one of {known} with --sku or --gtin")
        for header in filter(None, options.values()):
            table.column(header)
        store = Catalogue(data_dir / _DATABASE)
        changes = decide_import(table, columns, config.currency, store.item)
    _report(changes)
    _write(store, changes.items)
    print_result(changes.result())


@catalogue.command("list", epilog="Example: kiosk catalogue list --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def list_(data_dir: Path, *, as_json: bool) -> None:
    """List every item by sku."""
    config = load_config(data_dir)
    _show(list(Catalogue(data_dir / _DATABASE).items()), config, as_json=as_json)


@catalogue.command(epilog="Example: kiosk catalogue search 'dark choc'")
@click.argument("text")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def search(data_dir: Path, text: str, limit: int, *, as_json: bool) -> None:
    """List the items whose names have words beginning with the words of TEXT."""
    config = load_config(data_dir)
    _show(Catalogue(data_dir / _DATABASE).search(text, limit), config, as_json=as_json)


def _report(changes: Import) -> None:
    for note in changes.notes:
        click.echo(f"line {note.line}: {note.text}", err=True)


def _write(store: Catalogue, items: list[Item]) -> None:
    with progress("items", len(items)) as bar:
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            store.put(chunk)
            bar.update(len(chunk))
    store.close()


def _show(items: list[Item], config: Config, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"currency": config.currency, "items": to_builtins(items)}))
        return
    for item in items:
        price = "asked" if item.price_minor is None else format_minor(item.price_minor, config.currency)
        per = "" if item.price_per == 1 else f" for {item.price_per} {item.unit}"
        click.echo(f"{item.sku}\t{item.name}\t{price}{per}")
