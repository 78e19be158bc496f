"""Commands that read the books: sites, kiosks, stock, takings."""

import json
from collections.abc import Sequence

import click

from contract.money import format_minor
from contract.values import Currency, Money
from hub.bootstrap import opened_to_read
from hub.commands.common import (
    Refused,
    database_option,
    json_option,
    limit_option,
    note_unknown_site,
    said_plainly,
    show,
)
from hub.commands.sites import set_site
from hub.store import queries
from hub.store.stock import list_stock
from hub.store.verify import Fault, find_faults


@click.group()
def site() -> None:
    """Sites: popups and stores."""


@site.command("list", epilog="Example: hub site list --json")
@database_option
@json_option
def list_sites(*, database_url: str, as_json: bool) -> None:
    """List every site that was heard of."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        rows = queries.sites(connection)
    show(rows, "sites", ["region", "site", "kiosks", "online", "last_seen_at"], as_json=as_json)


site.add_command(set_site)


@click.group()
def kiosk() -> None:
    """Kiosks: the Pis at the sites."""


@kiosk.command("list", epilog="Example: hub kiosk list --site market")
@click.option("--site", help="Only this site.")
@limit_option
@database_option
@json_option
def list_kiosks(*, database_url: str, site: str | None, limit: int, as_json: bool) -> None:
    """List kiosks: online or not, last seen, how many facts the hub has not got yet, and since when one is lost."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        rows = queries.list_kiosks(connection, site=site, limit=limit)
    columns = ["region", "site", "kiosk", "epoch", "online", "last_seen_at", "backlog", "version", "fenced_at"]
    show(rows, "kiosks", columns, as_json=as_json)


@click.group(invoke_without_command=True, epilog="Example: hub stock --site market --sku DR001")
@click.option("--site", help="Only this site.")
@click.option("--sku", help="Only this sku.")
@limit_option
@database_option
@json_option
@click.pass_context
def stock(
    context: click.Context, *, database_url: str, site: str | None, sku: str | None, limit: int, as_json: bool
) -> None:
    """Show stock by site and sku; or check that it adds up."""
    if context.invoked_subcommand is not None:
        return
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        rows = list_stock(connection, site=site, sku=sku, limit=limit)
    columns = ["region", "site", "sku", "condition", "unit", "received", "returned", "sold", "wasted", "adjusted"]
    rights = ["overdraft", "available", "held", "in_flight", "free", "reserved", "limbo", "deficit", "unsettled"]
    show(rows, "stock", [*columns, *rights], as_json=as_json)


@stock.command("verify", epilog="Example: hub stock verify")
@click.option("--region", help="Only this region.")
@database_option
@json_option
def verify_stock(*, database_url: str, region: str | None, as_json: bool) -> None:
    """Check that the books of stock add up; exit status 1 if they do not.

    One line for each difference. What unread facts in quarantine may explain is listed as unread, and is none.
    """
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        faults = list(find_faults(connection, region=region))
    show_faults(faults, as_json=as_json)
    differences = sum(fault.finding.what != "unread" for fault in faults)
    if differences:
        raise Refused(f"{differences} differences in the books of stock: keep a copy of the database, and report them")


def show_faults(faults: Sequence[Fault], *, as_json: bool) -> None:
    """Print what is wrong, a line each."""
    rows = [{"region": one.region, **one.what._asdict(), **one.finding._asdict()} for one in faults]
    if as_json:
        click.echo(json.dumps({"faults": rows}, ensure_ascii=False))
        return
    for row in rows:
        click.echo("{region} {sku} {condition} {unit}: {what} by {by}: {sentence}".format_map(row))
    if not rows:
        click.echo("the books of stock add up")


@click.command(epilog="Example: hub report --json")
@click.option("--site", help="Only this site.")
@database_option
@json_option
def report(*, database_url: str, site: str | None, as_json: bool) -> None:
    """Show what each site took in each currency."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        rows = queries.takings(connection, site=site)
    if as_json:
        show(rows, "takings", [], as_json=True)
        return
    for row in rows:
        sales, refunds, net = (
            format_minor(Money(minor), Currency(row.currency))
            for minor in (row.sales_minor, row.refunds_minor, row.net_minor)
        )
        click.echo(
            f"{row.region}/{row.site}  {row.sales} sales {sales}  {row.refunds} refunds {refunds}  "
            f"net {net} {row.currency}"
        )
