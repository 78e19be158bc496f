"""``kiosk stock``: what arrived, left otherwise than by a sale, was counted, and is there."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from msgspec.structs import asdict

from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import ShelfLine, StockWasted, TransferSent
from contract.money import format_minor
from contract.values import Condition, Quantity, SiteId, Sku, parse_name
from kiosk.bootstrap import looking, stockroom
from kiosk.commands.goods import (
    MAX_ID,
    MAX_REASON,
    NEGATIVE,
    as_json,
    by_whom,
    check_site,
    check_text,
    condition_of,
    damaged,
    goods_argument,
    read_goods,
    read_pairs,
    read_sku,
    refusals,
)
from kiosk.commands.neighbours import neighbours
from kiosk.config import load_config
from kiosk.core.deliveries import Delivery, DeliveryDiffers, Expected
from kiosk.core.entry import EntryError, parse_amount, parse_entry
from kiosk.core.goods import Discrepancy, read_till
from kiosk.core.ports import Counted
from kiosk.core.stock_take import CountDoubted
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.stock import Kept, kept
from kiosk.stockroom import LocalStockroom
from kiosk.tools.files import Refused, UsedWrongly, tell

_TOKEN: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # as facts hold an id
MAX_PARTS: Final = 99  # of one transfer: nobody unpacks more vans for one slip
_MAX_SCANS: Final = 100_000  # lines of one count; a store of five thousand goods has fewer things in it


@click.group()
def stock() -> None:
    """What arrived, what left, what was counted, what is there."""


stock.add_command(neighbours)


@stock.command(context_settings=NEGATIVE, epilog="Example: kiosk stock receive --advice D-1704")
@click.argument("goods", nargs=-1, metavar="[SKU QTY]...")
@click.option("--advice", default="", metavar="TEXT", help="Number of the delivery, at most 32 characters.")
@click.option("--yes", "sure", is_flag=True, help="What differs from the advice was counted again.")
@as_json
@click.pass_obj
def receive(data_dir: Path, goods: tuple[str, ...], advice: str, *, sure: bool, as_json: bool) -> None:
    """Take goods into stock that were delivered: QTY of each SKU, in the unit it is kept in, or as 1.5kg.

    With --advice alone all that is still expected of that delivery, as 'kiosk stock advices' lists it.
    """
    check_text("--advice", advice, MAX_ID)
    if not goods and not advice:
        raise UsedWrongly("nothing is received: give a SKU and QTY, or --advice with the number of a delivery")
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        lines: Sequence[StockLine] = read_goods(room, goods)
        told: dict[str, Any] = {}
        if advice:
            found = _delivered(room, advice, lines, sure=sure)
            lines, told = found.lines, {"differs": "; ".join(map(str, found.differs))}
            if not found.known:
                tell(f"delivery {advice} is not known here (yet): it is received, and the hub compares")
        else:
            room.receive(lines)
        _show_left(room, lines, told, as_json=as_json)


def _delivered(room: LocalStockroom, advice: str, lines: Sequence[StockLine], *, sure: bool) -> Delivery:
    try:
        return room.deliver(advice, lines, sure=sure)
    except DeliveryDiffers as error:
        raise Refused(f"{error}: count again; with --yes it is received as counted") from error


@stock.command(epilog="Example: kiosk stock advices --json")
@click.option("--all", "everything", is_flag=True, help="Also what was received.")
@as_json
@click.pass_obj
def advices(data_dir: Path, *, everything: bool, as_json: bool) -> None:
    """List what is on its way to this till, as the hub told."""
    with looking(data_dir, load_config(data_dir)) as room:
        rows = [_advised(one, room.catalogue) for one in room.expected() if everything or one.is_open]
    if as_json:
        click.echo(json.dumps({"advices": rows}))
        return
    for row in rows:
        came = "" if row["received"] is None else "\t{received} {unit} received".format(**row)
        there = "not advised" if row["expected"] is None else "{expected} {unit}".format(**row)
        day = row["expected_on"] or "-"
        click.echo("{advice}\t{day}\t{sku}\t{name}\t{there}".format(**row, day=day, there=there) + came)


@stock.command(context_settings=NEGATIVE, epilog="Example: kiosk stock waste 4711 2 --reason broken")
@goods_argument
@click.option("--reason", required=True, metavar="TEXT", help="Such as broken or stolen, at most 200 characters.")
@by_whom
@damaged
@as_json
@click.pass_obj
def waste(data_dir: Path, goods: tuple[str, ...], reason: str, by: str, *, damaged: bool, as_json: bool) -> None:
    """Write off goods that are broken, spoilt or stolen."""
    check_text("--reason", reason, MAX_REASON)
    check_text("--by", by, MAX_ID)
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        lines = read_goods(room, goods, is_damaged=damaged)
        fact = room.waste(lines, reason=reason, by=by)
        _show_left(room, lines, {"overdraft": _overdraft(fact)}, as_json=as_json)


@stock.command(context_settings=NEGATIVE, epilog="Example: kiosk stock send 4711 12 --to river-pier")
@goods_argument
@click.option("--to", required=True, metavar="SITE", help="The site of this region that they go to.")
@click.option("--sure", is_flag=True, help="The site is right, although nothing was told of it here.")
@by_whom
@damaged
@as_json
@click.pass_obj
def send(data_dir: Path, *, goods: tuple[str, ...], to: str, sure: bool, by: str, damaged: bool, as_json: bool) -> None:
    """Put goods on the way to another site; the id that is printed goes with them."""
    check_text("--by", by, MAX_ID)
    site = _site("--to", to)
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        lines = read_goods(room, goods, is_damaged=damaged)
        if site != room.config.site:  # which is refused as such
            check_site(data_dir, "--to", site, sure=sure)
        fact = room.send(lines, to=site, by=by)
        _show_left(room, lines, {"transfer": fact.transfer, "overdraft": _overdraft(fact)}, as_json=as_json)


@stock.command(
    context_settings=NEGATIVE, epilog="Example: kiosk stock arrive 4711 12 --from market-hall --transfer 0b7c5a52-3d0e"
)
@goods_argument
@click.option("--from", "origin", required=True, metavar="SITE", help="The site that sent them.")
@click.option("--transfer", required=True, metavar="ID", help="The id that came with them.")
@click.option(
    "--part", type=click.IntRange(1, MAX_PARTS), default=1, show_default=True, help="Which part, if it came in several."
)
@by_whom
@damaged
@as_json
@click.pass_obj
def arrive(
    data_dir: Path,
    *,
    goods: tuple[str, ...],
    origin: str,
    transfer: str,
    part: int,
    by: str,
    damaged: bool,
    as_json: bool,
) -> None:
    """Take goods in that came from another site: what was there to unpack, whatever the slip says.

    What came of the same transfer later is booked as --part 2, and so on; the same part is never booked twice.
    """
    check_text("--by", by, MAX_ID)
    site = _site("--from", origin)
    if not _TOKEN.fullmatch(transfer):
        raise UsedWrongly(f"--transfer: {transfer[:40]!r} is no id of letters, digits and dashes: see its slip")
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        lines = read_goods(room, goods, is_damaged=damaged)
        room.arrive(lines, transfer=transfer, origin=site, by=by, part=part)
        tell(f"what {site} sent is not known here: if nobody there sent {transfer}, the hub asks a person about it")
        _show_left(room, lines, {"transfer": transfer}, as_json=as_json)


@stock.command(context_settings=NEGATIVE, epilog="Example: kiosk stock count 4711 23 --till k2=1@812 --reason Sunday")
@click.argument("goods", nargs=-1, metavar="[SKU QTY]...")
@click.option("--scan", is_flag=True, help="Read codes from standard input too, one a line; 3*CODE for three.")
@click.option("--till", "tills", multiple=True, metavar="K=E@N", help="Another till, its epoch and position.")
@click.option("--reason", default="", metavar="TEXT", help="Why it was counted, at most 200 characters.")
@click.option("--sure", is_flag=True, help="It was counted again, and is right although it is far from the books.")
@by_whom
@damaged
@as_json
@click.pass_obj
def count(
    data_dir: Path,
    *,
    goods: tuple[str, ...],
    tills: tuple[str, ...],
    reason: str,
    sure: bool,
    by: str,
    scan: bool,
    damaged: bool,
    as_json: bool,
) -> None:
    """Say what lies there, set-aside goods included. What was expected is said afterwards.

    The hub compares, once it has the facts of all the site's tills up to the moment of the count; no till corrects its
    own books. On a site's own network (broker lan) the other tills are heard, and nobody needs to name them. Without
    one, or where a till is silent there, name each other till with --till, as 'kiosk stock show --till' prints it on
    that till. Only where there is no other till is what is said at once final: the hub waits for any that it knows of.
    """
    check_text("--reason", reason, MAX_REASON)
    check_text("--by", by, MAX_ID)
    if not goods and not scan:
        raise UsedWrongly("nothing is counted: give a SKU and QTY, or --scan")
    try:
        others = [read_till(text) for text in tills]
    except Malformed as error:
        raise UsedWrongly(f"--till: {error.what}") from error
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        condition = condition_of(damaged=damaged)
        lines = [ShelfLine(sku, quantity, condition) for sku, quantity in read_pairs(room, goods, least=0)]
        lines += _scanned(room, condition) if scan else []
        try:
            counted = room.count(lines, others=others, reason=reason, by=by, sure=sure)
        except CountDoubted as error:
            raise Refused(f"{error}: count again; with --sure it is recorded as counted") from error
        if counted.found is not None and not room.neighbours():
            tell("compared with this till's books alone: the hub waits for any other till of the site")
        _show_count(room, counted, as_json=as_json)


@stock.command(epilog="Example: kiosk stock show --json")
@click.argument("sku", required=False)
@click.option("--till", is_flag=True, help="Only where this till is, as --till of another till's count takes it.")
@as_json
@click.pass_obj
def show(data_dir: Path, sku: str | None, *, till: bool, as_json: bool) -> None:
    """Show what this till may sell of SKU by right, or of everything that ever moved."""
    with looking(data_dir, load_config(data_dir)) as room:
        here = f"{room.config.kiosk}={room.journal.follow_epoch()}@{room.journal.newest()}"
        if till:
            click.echo(json.dumps({"till": here}) if as_json else here)
            return
        named = None if sku is None else read_sku(room, sku)
        found = kept(room.journal, named)
        if named is not None and not found and room.catalogue.item(named) is None:
            raise Refused(f"sku {named!r} is not known here: see 'kiosk catalogue search'")
        _show(room, found, {}, as_json=as_json)


def _scanned(room: LocalStockroom, condition: Condition) -> list[ShelfLine]:
    """Return what the scanner read: nothing is recorded where one code of it is not known.

    Raises: UsedWrongly, naming the first lines that mean nothing.
    """
    amounts: Counter[Sku] = Counter()
    unknown: list[str] = []
    for number, text in enumerate(sys.stdin, 1):
        if number > _MAX_SCANS:
            raise UsedWrongly(f"more than {_MAX_SCANS} scans: count in parts")
        try:
            _add_scan(room, text, amounts)
        except (EntryError, UsedWrongly) as error:
            unknown.append(f"line {number}: {error}")
    if unknown:
        more = f", and {len(unknown) - 3} more" if len(unknown) > 3 else ""  # noqa: PLR2004 - what one line of error bears
        raise UsedWrongly(f"nothing was recorded: {'; '.join(unknown[:3])}{more}")
    return [ShelfLine(sku, Quantity(amount, room.items([sku])[sku].unit), condition) for sku, amount in amounts.items()]


def _add_scan(room: LocalStockroom, text: str, amounts: "Counter[Sku]") -> None:
    entry = parse_entry(text)
    if not entry.text:
        return
    sku = read_sku(room, entry.text)
    item = room.catalogue.item(sku)
    if item is None:
        raise UsedWrongly(f"{entry.text[:40]!r} is not in the catalogue")
    amounts[sku] += parse_amount(entry.times or Decimal(1), item.unit)


def _site(option: str, text: str) -> SiteId:
    try:
        return SiteId(parse_name(text, "site"))
    except Malformed as error:
        raise UsedWrongly(f"{option}: {error.what}") from error


def _overdraft(fact: StockWasted | TransferSent) -> int:
    """Return how much of it the books lacked, over all lines: nothing hides what is booked openly."""
    return sum(line.overdraft for line in fact.lines)


def _show_left(room: LocalStockroom, lines: Sequence[StockLine], told: Mapping[str, Any], *, as_json: bool) -> None:
    """Show the accounts that lines are about, after what was just done; ``told`` is what else there is to know."""
    wanted = {line.sku: None for line in lines}
    _show(room, (one for sku in wanted for one in kept(room.journal, sku)), told, as_json=as_json)


def _show(room: LocalStockroom, accounts: Iterable[Kept], told: Mapping[str, Any], *, as_json: bool) -> None:
    rows = [_row(one, room.catalogue) for one in accounts]
    if as_json:
        click.echo(json.dumps({**told, "stock": rows}))
        return
    for name, value in told.items():
        if value:
            click.echo(f"{name}\t{value}")
    for row in rows:
        aside = "\t{held} {unit} set aside".format(**row) if row["held"] else ""
        click.echo("{sku}\t{name}\t{available} {unit}\t{condition}".format(**row) + aside)


def _advised(one: Expected, catalogue: Catalogue) -> dict[str, Any]:
    item = catalogue.item(one.what.sku)
    return {
        "advice": one.advice,
        "expected_on": one.expected_on.isoformat() if one.expected_on else None,
        "sku": one.what.sku,
        "name": item.name if item else "",
        "condition": one.what.condition,
        "unit": one.what.unit,
        "expected": one.amount,
        "received": one.received,
    }


def _row(one: Kept, catalogue: Catalogue) -> dict[str, Any]:
    item = catalogue.item(one.sku)
    return {
        "sku": one.sku,
        "name": item.name if item else "",
        "condition": one.condition,
        "unit": one.unit,
        "available": one.account.available,
        "promisable": one.account.promisable,
        **asdict(one.account),
    }


def _show_count(room: LocalStockroom, counted: Counted, *, as_json: bool) -> None:
    rows = [_discrepancy(room, one) for one in counted.found or ()]
    if as_json:
        click.echo(json.dumps({"position": counted.position, "compared": counted.found is not None, "counted": rows}))
        return
    if counted.found is None:
        click.echo("counted; the hub compares once it has every till's facts up to the positions named")
    for row in rows:
        sign = "as expected" if not row["difference"] else "{difference:+} {unit}, {expected} expected".format(**row)
        click.echo("{sku}\t{name}\t{counted} {unit}\t".format(**row) + sign + _value(row))


def _discrepancy(room: LocalStockroom, one: Discrepancy) -> dict[str, Any]:
    item = room.catalogue.item(one.sku)
    return {
        "sku": one.sku,
        "name": item.name if item else "",
        "condition": one.condition,
        "unit": one.counted.unit,
        "counted": one.counted.amount,
        "expected": one.expected,
        "difference": one.difference,
        "value_minor": one.value_minor,
        "currency": room.config.currency,
    }


def _value(row: Mapping[str, Any]) -> str:
    if not row["difference"] or row["value_minor"] is None:
        return ""
    return f"\t{format_minor(row['value_minor'], row['currency'])} {row['currency']}"
