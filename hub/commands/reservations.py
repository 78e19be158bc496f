"""``hub reservation``: goods set aside for shoppers."""

from pathlib import Path

import click

from hub.bootstrap import opened_to_read
from hub.commands.common import (
    Refused,
    database_option,
    json_option,
    limit_option,
    note_unknown_site,
    said_plainly,
    show,
    state_option,
    words,
)
from hub.commands.shoppers import changing, reservation_row
from hub.promises import holds
from hub.store import reservations

COLUMNS = ["id", "site", "state", "source", "confirmed", "paid", "code", "goods", "until", "ended_at", "moved_to"]
STATES = click.Choice(["reserved", "placed", "held", "collected", "lapsed", "cancelled", "broken"])


@click.group()
def reservation() -> None:
    """Goods set aside for shoppers: by tills, for promises, and by programs over the API."""


@reservation.command("list", epilog="Example: hub reservation list --site market --state held")
@click.option("--site", help="Only this site.")
@click.option("--state", type=STATES, help="Only those in this state.")
@limit_option
@database_option
@json_option
def list_reservations(*, database_url: str, site: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List reservations, the newest first."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        found = reservations.list_page(connection, site=site, state=state, limit=limit)
    show([reservation_row(one) for one in found], "reservations", COLUMNS, as_json=as_json)


@reservation.command("show", epilog="Example: hub reservation show 0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0002 --json")
@click.argument("reservation_id", metavar="ID")
@database_option
@json_option
def show_reservation(*, database_url: str, reservation_id: str, as_json: bool) -> None:
    """Show one reservation."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        found = reservations.find(connection, reservation_id)
    if found is None:
        raise Refused(f"no reservation {reservation_id}: hub reservation list shows those that there are")
    show([reservation_row(found)], "reservations", COLUMNS, as_json=as_json)


@reservation.command("cancel", epilog="Example: hub reservation cancel 0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0002")
@click.argument("reservation_id", metavar="ID")
@click.option("--reason", default=holds.CANCELLED, show_default=True, callback=words(), help="What the till is told.")
@database_option
@state_option
@json_option
def cancel_reservation(
    *, database_url: str, state_dir: Path | None, reservation_id: str, reason: str, as_json: bool
) -> None:
    """End a reservation. One that a till has set aside goes on until the till says that it is ended."""
    with changing(database_url, state_dir) as books:
        left = books.run(
            lambda connection, present: holds.cancel(connection, present, reservation_id, any_source=True, why=reason)
        )
    show([reservation_row(left)], "reservations", COLUMNS, as_json=as_json)
    if left.state != "cancelled":
        click.echo("its till is asked to cancel it: see hub reservation show", err=True)
