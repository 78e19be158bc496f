"""``hub promise``: goods that were asked for elsewhere, or beyond a till's rights."""

from datetime import datetime
from pathlib import Path

import click

from contract.errors import Malformed
from contract.money import parse_decimal, to_minor
from contract.rights import Answer
from contract.stock import StockKey
from contract.values import MAX_AMOUNT, Currency, instant_text, is_instant, parse_name, parse_sku
from hub.bootstrap import opened_to_read
from hub.commands.common import (
    Refused,
    UsedWrongly,
    database_option,
    json_option,
    limit_option,
    said_plainly,
    show,
    state_option,
)
from hub.commands.shoppers import changing, promise_row
from hub.promises.by_hand import Said, answer_by_hand
from hub.store import promises
from hub.store.promises import PENDING

COLUMNS = ["id", "kiosk", "state", "wanted", "wanted_at", "promised", "site", "code", "at", "told_at"]
STATES = click.Choice([PENDING, *(answer.value for answer in Answer)])


@click.group()
def promise() -> None:
    """Promises: what shoppers asked for that their till could not give."""


@promise.command("list", epilog="Example: hub promise list --state pending")
@click.option("--state", type=STATES, help="Only those in this state.")
@limit_option
@database_option
@json_option
def list_promises(*, database_url: str, state: str | None, limit: int, as_json: bool) -> None:
    """List promises, the newest first."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        found = promises.list_page(connection, state=state, limit=limit)
    show([promise_row(one) for one in found], "promises", COLUMNS, as_json=as_json)


@promise.command("show", epilog="Example: hub promise show 0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0004")
@click.argument("promise_id", metavar="ID")
@database_option
@json_option
def show_promise(*, database_url: str, promise_id: str, as_json: bool) -> None:
    """Show one promise, with the message for its shopper."""
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        found = promises.find(connection, promise_id)
    if found is None:
        raise Refused(f"no promise {promise_id}: hub promise list shows those that there are")
    row = promise_row(found)
    show([row], "promises", COLUMNS, as_json=as_json)
    if row.message and not as_json:
        click.echo(row.message)


@promise.command(
    "answer", epilog="Example: hub promise answer 0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0004 sorry --voucher 5.00"
)
@click.argument("promise_id", metavar="ID")
@click.argument("answer", type=click.Choice([answer.value for answer in Answer]))
@click.option("--site", help="Where: needed for elsewhere.")
@click.option("--instead", multiple=True, metavar="SKU=PIECES", help="For substitute; repeatable.")
@click.option("--ready-at", metavar="TIME", help="For later: such as 2026-03-14T17:00+01:00.")
@click.option("--voucher", metavar="AMOUNT", help="For sorry: a voucher, in the currency that was asked in.")
@database_option
@state_option
@json_option
def answer_promise(
    *, database_url: str, state_dir: Path | None, promise_id: str, answer: str, as_json: bool, **given: object
) -> None:
    """Answer a pending promise by hand. The goods are set aside, and the shopper is told; it is never changed again."""
    with changing(database_url, state_dir) as books:
        with books.store.read() as connection:
            found = promises.find(connection, promise_id)
        currency = found.request.currency if found and found.request else Currency("EUR")
        said = _said(Answer(answer), currency, given)
        books.run(lambda connection, present: answer_by_hand(connection, present, promise_id, said))
        with books.store.read() as connection:
            done = promises.find(connection, promise_id)
    show([promise_row(done)] if done else [], "promises", COLUMNS, as_json=as_json)


def _said(answer: Answer, currency: Currency, given: dict[str, object]) -> Said:
    site, instead, ready_at, voucher = (given[name] for name in ("site", "instead", "ready_at", "voucher"))
    if voucher and answer is not Answer.SORRY:
        raise UsedWrongly("--voucher: only sorry has one")
    try:
        return Said(
            answer,
            parse_name(str(site), "--site") if site else None,
            dict(_goods(str(one)) for one in instead) if isinstance(instead, tuple) else {},
            _instant(str(ready_at)) if ready_at else None,
            to_minor(parse_decimal(str(voucher), "--voucher"), currency, "--voucher") if voucher else 0,
        )
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error


def _goods(text: str) -> tuple[StockKey, int]:
    sku, _, amount = text.rpartition("=")
    if not (amount.isascii() and amount.isdigit() and 0 < int(amount) <= MAX_AMOUNT):
        raise Malformed(f"{text[:80]!r} is not SKU=PIECES, such as DR001=2", "--instead")
    return StockKey(parse_sku(sku)), int(amount)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - no instant: told below
    if not is_instant(at):
        raise Malformed(f"{text[:40]!r} is no moment with a time zone, such as 2026-03-14T17:00+01:00", "--ready-at")
    return datetime.fromisoformat(instant_text(at))
