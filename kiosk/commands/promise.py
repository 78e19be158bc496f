"""``kiosk promise``: goods that this till has no right to, asked of the hub while the shopper waits."""

import json
import time
from pathlib import Path
from typing import Any, Final

import click

from contract.errors import Malformed
from contract.values import Money, SiteId, instant_text, parse_name
from kiosk.bootstrap import looking, stockroom
from kiosk.clock import now_utc
from kiosk.commands.goods import (
    NEGATIVE,
    as_json,
    check_site,
    goods_argument,
    lines_json,
    read_goods,
    read_money,
    read_time,
    refusals,
)
from kiosk.commands.slip import echo_slip
from kiosk.config import load_config
from kiosk.core.promises import WINDOW, Promise, State, headline, is_overdue, remedy_text
from kiosk.core.slips import LANGUAGES, promise_slip, spoken_in
from kiosk.stockroom import LocalStockroom
from kiosk.tools.files import UsedWrongly, tell

_ANSWERED_IN: Final = "so is the answer, unless the hub's operator wrote words in it"
_POLL_S: Final = 0.1  # an answer that came is said at once, by a person's measure


@click.group()
def promise() -> None:
    """Ask for goods elsewhere, or beyond this till's rights; pending until the hub answers."""


@promise.command(context_settings=NEGATIVE, epilog="Example: kiosk promise ask 4711 6 --language de --wait 90")
@goods_argument
@click.option("--language", default="en", metavar="CODE", help="The shopper's: en, de, fr, es, another. Default: en.")
@click.option("--site", metavar="SITE", help="Where they want it. Default: wherever it is.")
@click.option("--sure", is_flag=True, help="The site is right, although nothing was told of it here.")
@click.option("--paid", metavar="AMOUNT", help="What was paid for it already, such as 27.00. Default: nothing.")
@click.option("--within", metavar="TIME", help="How long they would wait for the goods, such as 2h or 3d.")
@click.option("--wait", default=0, metavar="SECONDS", type=click.IntRange(0, 3600), help="Wait here for the answer.")
@as_json
@click.pass_obj
def ask(
    data_dir: Path,
    *,
    goods: tuple[str, ...],
    language: str,
    site: str | None,
    sure: bool,
    paid: str | None,
    within: str | None,
    wait: int,
    as_json: bool,
) -> None:
    """Ask for goods and print the slip, which says that they are not promised yet."""
    config = load_config(data_dir)
    try:
        wanted_at = None if site is None else SiteId(parse_name(site, "site"))
    except Malformed as error:
        raise UsedWrongly(f"--site: {error.what}") from error
    paid_minor = Money(0) if paid is None else read_money("--paid", paid, config.currency)
    length = None if within is None else read_time("--within", within)
    with stockroom(data_dir, config, tell) as room, refusals():
        lines = read_goods(room, goods)
        if wanted_at is not None and wanted_at != config.site:
            check_site(data_dir, "--site", wanted_at, sure=sure)
        asked = room.ask(lines, language=language, paid_minor=paid_minor, site=wanted_at, wait=length)
        if spoken_in(language) != language:
            there = ", ".join(LANGUAGES)
            tell(f"there are no words in {language} here, only in {there}: the slip is in English; {_ANSWERED_IN}")
        _show(room, _answered(room, asked, wait), as_json=as_json)


@promise.command("list", epilog="Example: kiosk promise list --all --json")
@click.option("--all", "told", is_flag=True, help="Also those that the hub has answered.")
@as_json
@click.pass_obj
def list_(data_dir: Path, *, told: bool, as_json: bool) -> None:
    """List the promises that wait for an answer, oldest first."""
    with looking(data_dir, load_config(data_dir)) as room, refusals():
        found = room.promises(told=told)
        if as_json:
            click.echo(json.dumps({"promises": [_json(room, one) for one in found]}))
            return
        for one in found:
            lines = one.request.lines if one.request else []
            goods = ", ".join(f"{line.quantity.amount} {line.quantity.unit} {line.sku}" for line in lines)
            click.echo(f"{one.id}\t{headline(one)}\t{goods}{_late(one)}")


@promise.command(epilog="Example: kiosk promise show 0b7c5a52")
@click.argument("promise")
@as_json
@click.pass_obj
def show(data_dir: Path, promise: str, *, as_json: bool) -> None:
    """Print the slip of a promise: pending, or the hub's answer in its own words. The beginning of the id will do."""
    with looking(data_dir, load_config(data_dir)) as room, refusals():
        _show(room, room.promise(promise), as_json=as_json)


def _answered(room: LocalStockroom, asked: Promise, wait_s: int) -> Promise:
    """Return the promise as it is once it is answered, or after ``wait_s``."""
    give_up_s = time.monotonic() + wait_s
    while asked.state is State.PENDING and time.monotonic() < give_up_s:
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
        asked = room.promise(asked.id)
    return asked


def _show(room: LocalStockroom, found: Promise, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_json(room, found)))
        return
    lines = [*(found.request.lines if found.request else []), *(found.answer.lines if found.answer else [])]
    from kiosk.tools.figures import FIGURES  # noqa: PLC0415 - it loads Babel: only slips need it

    echo_slip(promise_slip(found, room.items(line.sku for line in lines), FIGURES))
    back = f"\t{remedy}" if (remedy := remedy_text(found)) else ""
    click.echo(f"promise {found.id}{back}{_late(found)}", err=True)


def _late(found: Promise) -> str:
    return f"\tno answer in {WINDOW.seconds} s: is the bridge connected?" if is_overdue(found, at=now_utc()) else ""


def _json(room: LocalStockroom, found: Promise) -> dict[str, Any]:
    asked, answer = found.request, found.answer
    return {
        "promise": found.id,
        "state": found.state,
        "answer": headline(found) if answer else None,
        "asked_at": instant_text(asked.requested_at) if asked else None,
        "language": asked.language if asked else None,
        "wanted": lines_json(room, asked.lines) if asked else [],
        "paid_minor": asked.paid_minor if asked else None,
        "currency": asked.currency if asked else None,
        "message": answer.message if answer else "",
        "lines": lines_json(room, answer.lines) if answer else [],
        "site": answer.site if answer else None,
        "code": answer.code if answer else "",
        "remedy": remedy_text(found),
    }
