"""``hub delivery``: what is on its way to which kiosk, and what came of it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from contract.csv_rows import MAX_TEXT_BYTES, BadFile, Row, UnknownColumn, read_table, read_text
from contract.down import Item
from contract.errors import Malformed
from contract.facts import MAX_LINES
from contract.gtin import parse_gtin
from contract.stock import StockKey
from contract.values import MAX_AMOUNT, Address, Gtin, Unit, parse_address, parse_sku
from hub.bootstrap import opened_to_read
from hub.commands.common import (
    Refused,
    UsedWrongly,
    database_option,
    json_option,
    limit_option,
    note_unknown_site,
    said_plainly,
    show,
    state_option,
)
from hub.commands.shoppers import changing
from hub.steward import deliveries as steward
from hub.steward.by_operator import NotDone
from hub.store import deliveries, down

_AMOUNT: Final = re.compile(r"([1-9][0-9]{0,9})(pc|g|ml|mm)?")
_NUMBER: Final = re.compile(r"[ -~\xa1-\uffff]{1,32}")  # of a delivery, as facts hold it


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A line of an advice; ``differs`` is what came beyond it (or short of it), None before anything came."""

    site: str
    advice: str
    kiosk: str
    sku: str
    condition: str
    unit: str
    expected_on: str
    expected: int
    received: int
    differs: int | None


@click.group()
def delivery() -> None:
    """Deliveries: goods on their way to a kiosk."""


@delivery.command("advise", epilog="Example: hub delivery advise demo/market/k1 D-1704 DR001=24 OLIVES=5000g")
@click.argument("kiosk_id", metavar="REGION/SITE/KIOSK")
@click.argument("advice")
@click.argument("goods", nargs=-1, metavar="[CODE=AMOUNT]...")
@click.option("--from", "file", type=click.Path(path_type=Path), help="CSV with the columns sku and amount.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day it should come.")
@database_option
@state_option
def advise(
    *,
    database_url: str,
    state_dir: Path | None,
    kiosk_id: str,
    advice: str,
    goods: tuple[str, ...],
    file: Path | None,
    day: datetime | None,
) -> None:
    """Tell a kiosk what it is to receive under a number; no other kiosk may receive these lines.

    CODE is a sku or a barcode, AMOUNT in the unit that it is kept in. Said again it changes nothing; with another
    amount or day it corrects what was not received yet.
    """
    at = _address(kiosk_id)
    if not _NUMBER.fullmatch(advice):
        raise UsedWrongly("ADVICE: give a number of 1 to 32 printable characters, such as D-1704")
    said = [*map(_pair, goods), *(_rows(file) if file else ())]
    if not said:
        raise UsedWrongly("no goods are named: give CODE=AMOUNT, or --from a file")
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        amounts = _amounts(said, {sku: item for sku, (_, item) in down.catalogue(connection, at.region).items()})
    on = day.date() if day else None
    with changing(database_url, state_dir) as books:
        try:
            told = books.run(
                lambda connection, now: steward.advise(connection, now, at, advice, amounts, expected_on=on)
            )
        except NotDone as error:
            raise Refused(str(error)) from error
    lines = "1 line" if told == 1 else f"{told} lines"
    click.echo(f"{at} is told of {lines} of {advice}" if told else f"{at} was told so of {advice}: nothing is changed")


@delivery.command("list", epilog="Example: hub delivery list --site market --json")
@click.option("--site", help="Only this site.")
@limit_option
@database_option
@json_option
def list_deliveries(*, database_url: str, site: str | None, limit: int, as_json: bool) -> None:
    """List what was advised, and what was received of it."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        found = deliveries.page(connection, site=site, limit=limit)
    columns = ["site", "advice", "kiosk", "sku", "unit", "expected_on", "expected", "received", "differs"]
    show(list(map(_row, found)), "deliveries", columns, as_json=as_json)


def _row(one: deliveries.Compared) -> DeliveryRow:
    what = one.what
    differs = one.received - one.expected if one.received else None
    goods = (what.sku, what.condition, what.unit)
    return DeliveryRow(one.site, one.advice, one.kiosk, *goods, one.day, one.expected, one.received, differs)


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error


def _pair(word: str) -> tuple[str, str, str]:
    """Return a code, an amount, and how an error names them."""
    code, equals, amount = word.rpartition("=")
    if not equals:
        raise UsedWrongly(f"{word[:80]!r} is not CODE=AMOUNT, such as DR001=24")
    return code, amount, word[:80]


def _rows(file: Path) -> Iterator[tuple[str, str, str]]:
    with _about(file):
        table = read_table(read_text(_read_bytes(file)))
        sku, amount = table.column("sku"), table.column("amount")
        for row in table.rows:
            if not isinstance(row, Row):
                raise UsedWrongly(f"{file}: line {row.line}: {row.why}: correct it, then try again")
            yield row.cells[sku].strip(), row.cells[amount].strip(), f"{file}: line {row.line}"


@contextmanager
def _about(file: Path) -> Iterator[None]:
    try:
        yield
    except (BadFile, UnknownColumn) as error:
        raise UsedWrongly(f"{file}: {error}") from error


def _read_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise UsedWrongly(f"{file}: {error.strerror}: name a file that can be read") from error


def _amounts(said: list[tuple[str, str, str]], items: Mapping[str, Item]) -> dict[StockKey, int]:
    """Return how much of what; a code that is named twice is added up."""
    by_gtin = {gtin: item for item in items.values() for gtin in item.gtins}
    amounts: Counter[StockKey] = Counter()
    for code, amount, where in said:
        match = _AMOUNT.fullmatch(amount)
        if match is None:
            raise UsedWrongly(f"{where}: {amount[:40]!r} is no amount such as 24 or 5000g")
        amounts[_what(code, match[2], items.get(code) or _by_barcode(code, by_gtin), where, known=bool(items))] += int(
            match[1]
        )
    if len(amounts) > MAX_LINES:
        raise UsedWrongly(f"more than {MAX_LINES} goods: give the rest another number")
    if large := [what.sku for what, amount in amounts.items() if amount > MAX_AMOUNT]:
        raise UsedWrongly(f"{large[0]} is more than {MAX_AMOUNT}: give less")
    return dict(amounts)


def _by_barcode(code: str, by_gtin: Mapping[Gtin, Item]) -> Item | None:
    try:
        return by_gtin.get(parse_gtin(code))
    except Malformed:
        return None


def _what(code: str, unit: str | None, item: Item | None, where: str, *, known: bool) -> StockKey:
    """Return what a code means: of the catalogue, if the hub has one; pieces where nothing says otherwise."""
    if item is not None:
        if unit is not None and unit != item.unit:
            raise UsedWrongly(f"{where}: {item.sku} is kept in {item.unit}, not in {unit}")
        return StockKey(item.sku, unit=item.unit)
    if known:
        raise UsedWrongly(f"{where}: {code[:64]!r} is not in the catalogue: hub catalogue import adds it")
    try:
        return StockKey(parse_sku(code), unit=Unit(unit or Unit.PIECE))
    except Malformed as error:
        raise UsedWrongly(f"{where}: {error.what}") from error
