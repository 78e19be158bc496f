"""``hub message``: what shoppers read when a promise is answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from contract import messages
from contract.errors import Malformed
from contract.values import Currency, Money, Unit, parse_name
from hub.bootstrap import opened_to_read, opened_to_write, state_folder
from hub.clock import SystemClock
from hub.commands.common import (
    Refused,
    UsedWrongly,
    database_option,
    json_option,
    region_option,
    said_plainly,
    show,
    state_option,
)
from hub.promises import wording
from hub.store import templates

COLUMNS = ["language", "name", "own", "text"]


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template: the region's own, or the built-in one; ``preview`` is what a shopper would read."""

    language: str
    name: str
    own: bool
    text: str
    preview: str


@click.group()
def message() -> None:
    """What shoppers read when a promise is answered: templates with fields such as {code}."""


@message.command("list", epilog="Example: hub message list --json")
@region_option
@database_option
@json_option
def list_messages(*, database_url: str, region: str, as_json: bool) -> None:
    """List every template in every language that there is."""
    own = _own(database_url, region)
    languages = sorted({*messages.BUILT_IN, *(language for language, _ in own)})
    rows = [_row(language, name, own) for language in languages for name in messages.RULES]
    show([row for row in rows if row], "messages", COLUMNS, as_json=as_json)


@message.command("show", epilog="Example: hub message show de elsewhere")
@click.argument("language")
@click.argument("name", type=click.Choice(list(messages.RULES)))
@region_option
@database_option
@json_option
def show_message(*, database_url: str, region: str, language: str, name: str, as_json: bool) -> None:
    """Show a template, its fields, and what a shopper would read."""
    with _read_plainly():
        messages.check_language(language)
    row = _row(language, name, _own(database_url, region))
    if row is None:
        raise Refused(f"there is no {name} in {language}: shoppers are told in {messages.FALLBACK}; set one")
    show([row], "messages", COLUMNS, as_json=as_json)
    if not as_json:
        click.echo(f"fields   {' '.join(f'{{{one}}}' for one in sorted(messages.RULES[name].may))}")
        click.echo(f"preview  {row.preview}")


@message.command("set", epilog='Example: hub message set en refund "You get {amount} back on your card."')
@click.argument("language")
@click.argument("name", type=click.Choice(list(messages.RULES)))
@click.argument("text")
@click.option("--dry-run", is_flag=True, help="Only check it, and show what a shopper would read.")
@region_option
@database_option
@state_option
@json_option
def set_message(
    *,
    database_url: str,
    state_dir: Path | None,
    region: str,
    language: str,
    name: str,
    text: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set a template of the region; it is checked first. Answers already given stay as they were."""
    with _read_plainly():
        parse_name(region, "--region")
        messages.check_language(language)
        messages.check_template(name, text)
    if not dry_run:
        with (
            said_plainly(database_url),
            opened_to_write(database_url, state_folder(database_url, state_dir)) as store,
            store.write() as connection,
        ):
            templates.save(connection, region, language, name, text)
    row = TemplateRow(language, name, True, text, _preview(language, text))  # noqa: FBT003 - a row's column
    show([row], "messages", COLUMNS, as_json=as_json)
    if not as_json:
        click.echo(f"preview  {row.preview}")


@message.command("reset", epilog="Example: hub message reset en refund")
@click.argument("language")
@click.argument("name", type=click.Choice(list(messages.RULES)))
@region_option
@database_option
@state_option
def reset_message(*, database_url: str, state_dir: Path | None, region: str, language: str, name: str) -> None:
    """Go back to the built-in template."""
    with (
        said_plainly(database_url),
        opened_to_write(database_url, state_folder(database_url, state_dir)) as store,
        store.write() as connection,
    ):
        was_own = templates.reset(connection, region, language, name)
    if not was_own:
        raise Refused(f"{region} has no {name} of its own in {language}: hub message list shows what there is")
    click.echo(f"{language} {name}: the built-in one again")


def _own(database_url: str, region: str) -> templates.Own:
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        return templates.of_region(connection, region)


def _row(language: str, name: str, own: templates.Own) -> TemplateRow | None:
    of_language, text = messages.template(language, name, own)
    if of_language != language:
        return None
    return TemplateRow(language, name, (language, name) in own, text, _preview(language, text))


def _preview(language: str, text: str) -> str:
    """Return what a shopper would read, with figures made up and today's date."""
    now = SystemClock().now()
    fields = {
        "goods": wording.goods([("Green tea 100 g", 2, Unit.PIECE), ("Olives", 500, Unit.GRAM)], language),
        "wanted": wording.goods([("Black tea 100 g", 2, Unit.PIECE)], language),
        "site": "Market Hall",
        "code": "9QXM-5TZN",
        "ready": wording.moment(now + timedelta(hours=3), language),
        "until": wording.moment(now + timedelta(hours=48), language),
        "amount": wording.money(Money(1350), Currency("EUR"), language),
    }
    return messages.render(text, fields)


@contextmanager
def _read_plainly() -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error
