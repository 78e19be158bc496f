"""``hub count`` and ``hub transfer``: counts that wait, and goods that did not arrive as they were sent."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from contract.values import MAX_EPOCH, MAX_POSITION
from hub.bootstrap import opened_to_read
from hub.commands.common import (
    MAX_ROWS,
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
from hub.core.counting import Mark, missing
from hub.steward import by_operator
from hub.steward.by_operator import NotDone
from hub.store import closing, transfers
from hub.store.chores import Site
from hub.store.transfers import Transfer

_MARK: Final = re.compile(r"([a-z0-9-]{1,32})=([1-9][0-9]{0,8})@([0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count that is open, and what it waits for."""

    id: str
    site: str
    at: str
    cut: str
    waits: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """Goods between two sites."""

    id: str
    giver: str
    receiver: str
    sku: str
    sent: int
    arrived: int
    missing: int
    at: str


@click.group()
def count() -> None:
    """Counts: stock takes that the books have not taken in yet."""


@count.command("list", epilog="Example: hub count list --site market")
@click.option("--site", help="Only this site.")
@limit_option
@database_option
@json_option
def list_counts(*, database_url: str, site: str | None, limit: int, as_json: bool) -> None:
    """List open counts, and which till each waits for."""
    rows = []
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        for one in closing.open_page(connection, site=site, limit=limit):
            names = closing.names(connection, Site(one.region, one.site))
            held = closing.held(connection, {kiosk_id: name for name, kiosk_id in names.items()})
            waits = missing(one.cut, closing.open_lives(connection, names), held)
            cut = " ".join(map(str, one.cut))
            rows.append(CountRow(one.id, f"{one.region}/{one.site}", one.at, cut, "; ".join(waits)))
    show(rows, "counts", ["id", "site", "at", "cut", "waits"], as_json=as_json)


@count.command("settle", epilog="Example: hub count settle 3-1-40 --till k2=1@812")
@click.argument("count_id", metavar="ID")
@click.option("--till", "tills", multiple=True, required=True, metavar="KIOSK=LIFE@POSITION", help="Repeatable.")
@database_option
@state_option
def settle(*, database_url: str, state_dir: Path | None, count_id: str, tills: tuple[str, ...]) -> None:
    """Name how far a till was when a count was taken: one that the counting till did not know of."""
    name = closing.parse_id(count_id)
    if name is None or max(name) > MAX_POSITION:
        raise UsedWrongly(f"ID: {count_id[:40]!r} is no count such as 3-1-40")
    marks = [_mark(text) for text in tills]
    with changing(database_url, state_dir) as books:
        try:
            lines = books.run(lambda connection, present: by_operator.settle_count(connection, present, name, marks))
        except NotDone as error:
            raise Refused(f"{count_id}: {error}") from error
    click.echo(f"count {count_id}: {lines} lines are looked at again with {', '.join(map(str, marks))}")


@click.group()
def transfer() -> None:
    """Transfers: goods on their way between sites."""


@transfer.command("list", epilog="Example: hub transfer list --json")
@limit_option
@database_option
@json_option
def list_transfers(*, database_url: str, limit: int, as_json: bool) -> None:
    """List goods that were sent and have not arrived, or the other way round."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        found = transfers.list_open(connection, limit=limit)
    columns = ["id", "giver", "receiver", "sku", "sent", "arrived", "missing", "at"]
    show(list(map(_row, found)), "transfers", columns, as_json=as_json)


@transfer.command("close", epilog="Example: hub transfer close 8d3f2c60-1f1e-4c5b-9f8e-7c1d2e3f4a5b")
@click.argument("transfer_id", metavar="ID")
@database_option
@state_option
@json_option
def close(*, database_url: str, state_dir: Path | None, transfer_id: str, as_json: bool) -> None:
    """Book what is missing of a transfer as lost, or what was too much as found; goods that turn up open it again."""
    with changing(database_url, state_dir) as books:
        booked = books.run(
            lambda connection, present: transfers.close(connection, transfer_id, present.now, limit=MAX_ROWS)
        )
    if not booked:
        raise Refused(f"nothing is missing of a transfer {transfer_id[:64]}: hub transfer list shows what is")
    columns = ["id", "giver", "receiver", "sku", "sent", "arrived", "missing"]
    show(list(map(_row, booked)), "transfers", columns, as_json=as_json)


def _row(one: Transfer) -> TransferRow:
    return TransferRow(one.id, one.giver, one.receiver, one.what.sku, one.out, one.into, one.missing, one.at)


def _mark(text: str) -> Mark:
    match = _MARK.fullmatch(text)
    if match is None or int(match[2]) > MAX_EPOCH or int(match[3]) > MAX_POSITION:
        raise UsedWrongly(f"--till: {text[:80]!r} is not KIOSK=LIFE@POSITION, such as k2=1@812")
    return Mark(match[1], int(match[2]), int(match[3]))
