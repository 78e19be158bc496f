"""``hub rights``, ``hub kiosk close``: who holds which rights, and what an operator does about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Connection, select

from contract.errors import Malformed
from contract.stock import TERMS, Account, StockKey
from contract.values import MAX_AMOUNT, Address, Condition, Unit, instant_text, parse_address, parse_sku
from hub.bootstrap import new_id, opened_to_read
from hub.clock import SystemClock
from hub.commands.books import kiosk
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
    words,
)
from hub.commands.shoppers import changing
from hub.promises.holds import Holds
from hub.steward import by_operator
from hub.steward.by_operator import NotDone
from hub.store import by_hand, recalls
from hub.store.accounts import stock_key
from hub.store.pools import ALL_TERMS, PoolKey
from hub.store.rights_tables import accounts, lives, pools
from hub.store.tables import kiosks

__all__ = ["kiosk", "rights"]


@dataclass(frozen=True, slots=True)
class RightsRow:
    """Who holds what of one account: a kiosk, or the hub itself."""

    site: str
    holder: str
    sku: str
    condition: str
    unit: str
    available: int
    held: int
    in_flight: int
    overdraft: int
    limbo: int
    deficit: int
    by_hand: int | None = None
    by_hand_until: str | None = None


@dataclass(frozen=True, slots=True)
class RecallRow:
    """A recall that waits for an answer."""

    id: str
    kiosk: str
    epoch: int
    sku: str
    asked: int
    at: str


@dataclass(frozen=True, slots=True)
class LimboRow:
    """An account that must be counted, because a life that held some of it was closed."""

    site: str
    sku: str
    condition: str
    unit: str
    limbo: int


_REST = ("overdraft", "limbo", "deficit", "by_hand", "by_hand_until")


@click.group()
def rights() -> None:
    """Stock rights: who may sell and promise what."""


@rights.command("list", epilog="Example: hub rights list --site market --sku DR001")
@click.option("--site", help="Only this site.")
@click.option("--sku", help="Only this sku.")
@limit_option
@database_option
@json_option
def list_rights(*, database_url: str, site: str | None, sku: str | None, limit: int, as_json: bool) -> None:
    """Show who holds which rights: the hub's own pools first, then each kiosk. A hub's "held" is reserved there.

    "by_hand" of what the hub has is kept for hub rights grant, until then; policy moves none of these goods before.
    """
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        rows = [*_of_hub(connection, site, sku, limit), *_of_kiosks(connection, site, sku, limit)]
    columns = ["site", "holder", "sku", "condition", "unit", "available", "held", "in_flight"]
    show(rows[:limit], "rights", [*columns, *_REST], as_json=as_json)


@rights.command("recalls", epilog="Example: hub rights recalls --json")
@click.option("--site", help="Only this site.")
@limit_option
@database_option
@json_option
def list_recalls(*, database_url: str, site: str | None, limit: int, as_json: bool) -> None:
    """List what kiosks were asked to give back and have not answered."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        note_unknown_site(connection, site)
        found = recalls.list_open(connection, site=site, limit=limit)
    rows = [
        RecallRow(
            one.recall.id,
            f"{one.region}/{one.site}/{one.kiosk}",
            one.recall.epoch,
            one.recall.what.sku,
            one.recall.asked,
            one.recall.at,
        )
        for one in found
    ]
    show(rows, "recalls", ["id", "kiosk", "epoch", "sku", "asked", "at"], as_json=as_json)


def _account_options(command: click.decorators.FC) -> click.decorators.FC:
    """Add what names an account and an amount of it."""
    for add in (
        click.option("--unit", type=click.Choice([unit.value for unit in Unit]), default="pc", show_default=True),
        click.option(
            "--condition", type=click.Choice([one.value for one in Condition]), default="sellable", show_default=True
        ),
        click.argument("amount", type=click.IntRange(1, MAX_AMOUNT)),
        click.argument("sku"),
        click.argument("kiosk_id", metavar="KIOSK"),
    ):
        command = add(command)
    return command


@rights.command("recall", epilog="Example: hub rights recall demo/market/k1 DR001 5")
@_account_options
@database_option
@state_option
def recall_rights(
    *, database_url: str, state_dir: Path | None, kiosk_id: str, sku: str, amount: int, condition: str, unit: str
) -> None:
    """Ask a kiosk (region/site/kiosk) to give rights back. It answers when it hears of it; only that frees them.

    What it gives is kept for hub rights grant: for ten minutes policy moves none of these goods at its site, but for
    shoppers who wait. Promises and reservations may still take them.
    """
    at, what = _parse(kiosk_id, sku, condition, unit)
    with _done_plainly(database_url, state_dir) as books:
        name = new_id()
        books.run(lambda connection, present: by_operator.recall(connection, present, at, what, amount, recall_id=name))
    click.echo(
        f"{at} is asked for {amount} {unit} of {sku}: hub rights recalls shows it until it has answered; "
        f"what it gives is kept for hub rights grant for {by_operator.BY_HAND.seconds // 60} minutes"
    )


@rights.command("grant", epilog="Example: hub rights grant demo/market/k1 DR001 5")
@_account_options
@database_option
@state_option
def grant_rights(
    *, database_url: str, state_dir: Path | None, kiosk_id: str, sku: str, amount: int, condition: str, unit: str
) -> None:
    """Grant a kiosk (region/site/kiosk) what is free at its site. Policy leaves it there for ten minutes."""
    at, what = _parse(kiosk_id, sku, condition, unit)
    with _done_plainly(database_url, state_dir) as books:
        total = books.run(lambda connection, present: by_operator.grant(connection, present, at, what, amount))
    click.echo(f"{at} is told that it was granted {total} {unit} of {sku} in all")


@kiosk.command("close", epilog="Example: hub kiosk close demo/market/k2 --why stolen")
@click.argument("kiosk_id", metavar="KIOSK")
@click.option(
    "--why", default="closed by an operator", show_default=True, callback=words(), help="Lost, stolen, re-imaged …"
)
@click.option("--lost", is_flag=True, help="It is lost or stolen: no life of it gets rights before hub kiosk admit.")
@database_option
@state_option
@json_option
def close_kiosk(
    *, database_url: str, state_dir: Path | None, kiosk_id: str, why: str, lost: bool, as_json: bool
) -> None:
    """Close the life of a kiosk (region/site/kiosk) that is gone: what it held is in limbo until it is counted.

    Without --lost its next life, of a new card, has rights as any other. With --lost, revoke its certificate too, and
    cut its connection: the broker lets it in until then.
    """
    at, _ = _parse(kiosk_id, "-", "sellable", "pc")
    with _done_plainly(database_url, state_dir) as books:
        epoch, moved = books.run(
            lambda connection, present: by_operator.close_kiosk(connection, present, at, why, lost=lost)
        )
    rows = [
        LimboRow(f"{key.region}/{key.site}", key.what.sku, key.what.condition, key.what.unit, delta.limbo)
        for key, delta in sorted(moved.items())
        if delta.limbo
    ]
    show(rows, "count", ["site", "sku", "condition", "unit", "limbo"], as_json=as_json)
    closed = f"life {epoch} of {at} is closed" if epoch else f"{at} had no open life"
    fenced = ", and it is fenced: no rights for it before hub kiosk admit" if lost else ""
    click.echo(
        f"{closed}{fenced}. Count what is listed, at another kiosk of {at.site}; revoke the certificate "
        f"of {at} (the broker's crlfile) and restart the broker, which ends its connection.",
        err=True,
    )


@kiosk.command("admit", epilog="Example: hub kiosk admit demo/market/k2")
@click.argument("kiosk_id", metavar="KIOSK")
@database_option
@state_option
def admit_kiosk(*, database_url: str, state_dir: Path | None, kiosk_id: str) -> None:
    """Let a kiosk (region/site/kiosk) have rights again that was closed as lost, and is found."""
    at, _ = _parse(kiosk_id, "-", "sellable", "pc")
    with _done_plainly(database_url, state_dir) as books:
        books.run(lambda connection, present: by_operator.admit(connection, present, at))
    click.echo(f"{at} may have rights again, in the life that it is in; a certificate that was revoked stays so")


@contextmanager
def _done_plainly(database_url: str, state_dir: Path | None) -> Iterator[Holds]:
    with changing(database_url, state_dir) as books:
        try:
            yield books
        except NotDone as error:
            raise Refused(str(error)) from error


def _parse(kiosk_id: str, sku: str, condition: str, unit: str) -> tuple[Address, StockKey]:
    try:
        return parse_address(kiosk_id), StockKey(parse_sku(sku), Condition(condition), Unit(unit))
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error


def _of_hub(connection: Connection, site: str | None, sku: str | None, limit: int) -> Iterator[RightsRow]:
    wanted = {pools.c.site: site, pools.c.sku: sku}
    where = [column == value for column, value in wanted.items() if value is not None]
    statement = select(pools).where(*where).order_by(*pools.primary_key).limit(limit)
    moved = by_hand.every(connection, instant_text(SystemClock().now()))
    for row in connection.execute(statement):
        key = PoolKey(row.region, row.site, stock_key(row.sku, row.condition, row.unit))
        kept = moved.get(key)
        if any(getattr(row, term) for term in ALL_TERMS) or key in moved:
            place = (f"{row.region}/{row.site}", "hub", row.sku, row.condition, row.unit)
            until = (kept.amount, kept.until) if kept else (None, None)
            yield RightsRow(*place, row.free, row.reserved, 0, row.unsettled, row.limbo, row.deficit, *until)


def _of_kiosks(connection: Connection, site: str | None, sku: str | None, limit: int) -> Iterator[RightsRow]:
    wanted = {accounts.c.site: site, accounts.c.sku: sku}
    where = [column == value for column, value in wanted.items() if value is not None]
    of_life = (lives.c.kiosk_id == accounts.c.kiosk_id) & (lives.c.epoch == accounts.c.epoch)
    statement = (
        select(accounts, kiosks.c.kiosk)
        .join(lives, of_life)
        .join(kiosks, kiosks.c.id == accounts.c.kiosk_id)
        .where(lives.c.closed_at.is_(None), *where)
        .order_by(accounts.c.region, accounts.c.site, accounts.c.sku, kiosks.c.kiosk)
        .limit(limit)
    )
    for row in connection.execute(statement):
        one = Account(*(getattr(row, term) for term in TERMS))
        place = (f"{row.region}/{row.site}", row.kiosk, row.sku, row.condition, row.unit)
        yield RightsRow(
            *place, one.available, one.held, row.issued - one.granted, one.overdraft - one.settled, limbo=0, deficit=0
        )
