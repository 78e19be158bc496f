"""``kiosk reservation``: goods set aside for a shopper, by this till's own rights. All of it works offline."""

import json
from pathlib import Path
from typing import Any

import click

from contract.money import format_minor
from contract.values import Money, instant_text
from kiosk.bootstrap import looking, stockroom
from kiosk.commands.goods import (
    MAX_REASON,
    NEGATIVE,
    as_json,
    check_text,
    goods_argument,
    lines_json,
    read_goods,
    read_money,
    read_time,
    refusals,
)
from kiosk.commands.slip import echo_slip
from kiosk.config import load_config
from kiosk.core.reservations import Reservation, State, decide_payment, due
from kiosk.core.slips import LANGUAGES, reservation_slip
from kiosk.stockroom import LocalStockroom
from kiosk.tools.files import Refused, tell

_language = click.option(
    "--language", default=LANGUAGES[0], type=click.Choice(LANGUAGES), help="Of the slip. Default: en."
)


@click.group()
def reservation() -> None:
    """Set goods aside for a shopper, hand them over, or let them go."""


@reservation.command(context_settings=NEGATIVE, epilog="Example: kiosk reservation hold 4711 2 --for 90m")
@goods_argument
@click.option("--for", "wait", default="2h", metavar="TIME", help="How long, such as 90m, 2h or 3d. Default: 2h.")
@_language
@as_json
@click.pass_obj
def hold(data_dir: Path, goods: tuple[str, ...], wait: str, language: str, *, as_json: bool) -> None:
    """Set goods aside that this till has the right to promise, and print the shopper's slip."""
    length = read_time("--for", wait)
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        found = room.hold(read_goods(room, goods), wait=length)
        _show(room, found, language, as_json=as_json)


@reservation.command(epilog="Example: kiosk reservation collect 7K2M-9XPA --cash 20")
@click.argument("code")
@click.option("--cash", "tendered", metavar="AMOUNT", help="What the shopper gave. Default: the exact total.")
@click.option("--of-age", is_flag=True, help="The shopper is as old as who buys these goods must be.")
@as_json
@click.pass_obj
def collect(data_dir: Path, code: str, tendered: str | None, *, of_age: bool, as_json: bool) -> None:
    """Sell what is set aside under CODE to the shopper who collects it, for cash at today's prices."""
    config = load_config(data_dir)
    given = None if tendered is None else read_money("--cash", tendered, config.currency)
    with stockroom(data_dir, config, tell) as room, refusals():
        found = room.reservation(code)
        prices, items = room.prices(), room.items(line.sku for line in found.lines)
        total = due(found, items, prices)
        if total is None:
            raise Refused(f"{found.code}: a price is missing in the catalogue: import it, then collect again")
        age = max((item.age for item in items.values()), default=0)
        if age and not of_age:
            raise Refused(f"{found.code}: who buys this must be {age} or older: look, then give --of-age")
        payment = decide_payment(total, given, prices)
        sale = room.collect(found, payment)
        if as_json:
            change, total = payment.change_minor, sale.total_minor
            told = {"receipt": sale.receipt, "total_minor": total, "change_minor": change, "currency": sale.currency}
            click.echo(json.dumps({**told, "reservation": found.id}))
            return
        paid, back = (format_minor(minor, sale.currency) for minor in (sale.total_minor, payment.change_minor))
        click.echo(f"SOLD receipt {sale.receipt}, total {paid} {sale.currency}, change {back}")


@reservation.command(epilog="Example: kiosk reservation cancel 7K2M-9XPA --reason 'changed their mind'")
@click.argument("code")
@click.option("--reason", default="", metavar="TEXT", help="Why, at most 200 characters.")
@as_json
@click.pass_obj
def cancel(data_dir: Path, code: str, reason: str, *, as_json: bool) -> None:
    """End the reservation under CODE: its goods can be sold again at once; those of an earlier life once counted."""
    check_text("--reason", reason, MAX_REASON)
    with stockroom(data_dir, load_config(data_dir), tell) as room, refusals():
        found = room.reservation(code)
        room.cancel(found, reason=reason)
        if found.state is State.PAST:
            tell("an earlier life of this kiosk held it, without rights now: put the goods back, and count them")
        _show(room, room.reservation(found.id), "en", as_json=as_json)


@reservation.command("list", epilog="Example: kiosk reservation list --all --json")
@click.option("--all", "ended", is_flag=True, help="Also those that were collected, lapsed or cancelled.")
@as_json
@click.pass_obj
def list_(data_dir: Path, *, ended: bool, as_json: bool) -> None:
    """List what is set aside, oldest first."""
    with looking(data_dir, load_config(data_dir)) as room, refusals():
        found = room.reservations(ended=ended)
        if as_json:
            click.echo(json.dumps({"reservations": [_json(room, one) for one in found]}))
            return
        for one in found:
            goods = ", ".join(f"{line.quantity.amount} {line.quantity.unit} {line.sku}" for line in one.lines)
            click.echo(f"{one.code}\t{one.state}\tuntil {one.until.astimezone():%Y-%m-%d %H:%M}\t{goods}")


@reservation.command(epilog="Example: kiosk reservation show 7K2M-9XPA --language de")
@click.argument("code")
@_language
@as_json
@click.pass_obj
def show(data_dir: Path, code: str, language: str, *, as_json: bool) -> None:
    """Print the slip of CODE again."""
    with looking(data_dir, load_config(data_dir)) as room, refusals():
        _show(room, room.reservation(code), language, as_json=as_json)


def _show(room: LocalStockroom, found: Reservation, language: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_json(room, found)))
        return
    from kiosk.tools.figures import FIGURES  # noqa: PLC0415 - it loads Babel: only slips need it

    echo_slip(reservation_slip(found, room.items(line.sku for line in found.lines), FIGURES, language=language))


def _json(room: LocalStockroom, found: Reservation) -> dict[str, Any]:
    due_minor: Money | None = due(found, room.items(line.sku for line in found.lines), room.prices())
    return {
        "reservation": found.id,
        "code": found.code,
        "state": found.state,
        "placed": found.placed,
        "held_at": instant_text(found.held_at),
        "until": instant_text(found.until),
        "lines": lines_json(room, found.lines),
        "due_minor": due_minor,
        "currency": room.config.currency,
    }
