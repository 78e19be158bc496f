"""``kiosk basket``: baskets put aside at the counter. They touch no stock, and survive a power cut."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from contract.money import format_minor
from contract.values import instant_text
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.commands.goods import as_json, refusals
from kiosk.commands.till import only_till
from kiosk.core.counter import Counter, Mood, Notice
from kiosk.core.parking import Parked
from kiosk.tools.files import Refused


@click.group()
def basket() -> None:
    """Put the till's open basket aside, and take it up again; the till's screen is closed meanwhile."""


@basket.command(epilog="Example: kiosk basket park --label 'red scarf'")
@click.option("--label", default="", metavar="TEXT", help="What to find it by, at most 40 characters.")
@as_json
@click.pass_obj
def park(data_dir: Path, label: str, *, as_json: bool) -> None:
    """Put the open basket aside."""
    with _counter(data_dir) as counter:
        _check(counter.park(label))
        _show(counter.desk.parked(), as_json=as_json)


@basket.command(epilog="Example: kiosk basket recall 'red scarf'")
@click.argument("which", default="")
@as_json
@click.pass_obj
def recall(data_dir: Path, which: str, *, as_json: bool) -> None:
    """Make a parked basket the open one: by its label or the beginning of its id, or the only one."""
    with _counter(data_dir) as counter:
        notice = counter.recall(which)
        _check(notice)
        if as_json:
            total, currency = counter.basket.total_minor, counter.basket.currency
            told = {"basket": counter.basket.id, "lines": len(counter.basket.lines), "total_minor": total}
            click.echo(json.dumps({**told, "currency": currency}))
            return
        click.echo(notice.text)


@basket.command("list", epilog="Example: kiosk basket list --json")
@as_json
@click.pass_obj
def list_(data_dir: Path, *, as_json: bool) -> None:
    """List the parked baskets, oldest first."""
    with closing(open_desk(data_dir)) as desk, refusals():
        _show(desk.parked(), as_json=as_json)


@contextmanager
def _counter(data_dir: Path) -> Iterator[Counter]:
    """Give the counter of a till whose screen is closed: two would share one basket."""
    desk: LocalDesk
    with closing(open_desk(data_dir)) as desk, only_till(data_dir), refusals():
        yield Counter(desk)


def _check(notice: Notice) -> None:
    if notice.mood is Mood.ERROR:
        raise Refused(notice.text)


def _show(parked: Sequence[Parked], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"parked": [_json(one) for one in parked]}))
        return
    for one in parked:
        total = f"{format_minor(one.basket.total_minor, one.basket.currency)} {one.basket.currency}"
        at = f"{one.parked_at.astimezone():%Y-%m-%d %H:%M}"
        click.echo(f"{one.basket.id}\t{one.label}\t{len(one.basket.lines)} lines\t{total}\t{at}")


def _json(one: Parked) -> dict[str, Any]:
    return {
        "basket": one.basket.id,
        "label": one.label,
        "lines": len(one.basket.lines),
        "total_minor": one.basket.total_minor,
        "currency": one.basket.currency,
        "parked_at": instant_text(one.parked_at),
    }
