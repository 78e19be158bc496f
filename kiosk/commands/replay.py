"""``kiosk replay``: ticket history through the real checkout into the journal."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final

import click
import msgspec

from contract.csv_rows import read_number, read_table, read_text
from contract.every import UpFact
from contract.values import Sku, Unit
from kiosk.bootstrap import recording
from kiosk.config import load_config
from kiosk.core.history import CREDIT_PREFIX, BadFormat, History, Layout, read_history
from kiosk.core.replay import Plan, TicketFact, decide_receipts, decide_ticket, plan_replay, result
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.database import translated
from kiosk.journal.imports import Imports
from kiosk.journal.journal import Journal
from kiosk.tools.files import Refused, UsedWrongly, about, print_result, progress, read_bytes, tell

_TICKETS: Final = 50  # in one transaction: a till that sells meanwhile waits some 50 ms for it
_LINES: Final = 1000  # in one transaction, for the same reason; a longer ticket goes alone
_TIDY: Final = 20  # transactions between two checkpoints, so that the write-ahead log stays at a few MiB


@click.command(
    epilog="Example: kiosk replay tickets.csv --ticket invoice --time 'Order Date' --item description --qty Quantity "
    "--price 'Product Price' --time-format '%d/%m/%y %H:%M'"
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ticket", metavar="COLUMN", help="Ticket number. Without it each line is a ticket of its own.")
@click.option("--time", required=True, metavar="COLUMN[,COLUMN]", help="Time of sale; several are joined by a space.")
@click.option("--item", required=True, metavar="COLUMN", help="Name of the item.")
@click.option("--sku", metavar="COLUMN", help="Stock-keeping unit. Without it the name says which item it is.")
@click.option("--qty", metavar="COLUMN", help="Quantity; below zero is a refund. Without it each line is one piece.")
@click.option("--price", metavar="COLUMN", help="Price of one.")
@click.option("--default-price", metavar="PRICE", help="Price of everything, where the file has no price column.")
@click.option("--time-format", metavar="FORMAT", help="As in strptime, such as '%d/%m/%y %H:%M'. Default: ISO 8601.")
@click.option("--no-header", is_flag=True, help="The file has no header; COLUMN is a number from 0.")
@click.option(
    "--credit-prefix",
    metavar="TEXT",
    default=CREDIT_PREFIX,
    show_default=True,
    help="What marks a credit ticket when digits follow; its lines are refunds. Empty: there are none.",
)
@click.option("--again", is_flag=True, help="Replay a file that was replayed before once more.")
@click.pass_obj
def replay(data_dir: Path, /, file: Path, *, no_header: bool, again: bool, **columns: str | None) -> None:
    """Sell the tickets in FILE, CSV in UTF-8 (.csv or .csv.gz), through the real checkout.

    What is sold is received into stock first; unknown items are created. Times without an offset are UTC. Lines that
    cannot be sales are listed with their reason. A replay that was cut short goes on when the command is given again.
    """
    config = load_config(data_dir)
    layout = _layout(columns, Layout(item="", time="", currency=config.currency))
    with about(file):
        text = read_text(read_bytes(file))
        table = read_table(text, header=not no_header)
        try:
            history = read_history(table, layout)
        except BadFormat as error:
            raise UsedWrongly(f"--time-format: {error}: write it as in strptime") from error
    digest = hashlib.sha256(text.encode()).hexdigest()
    options = msgspec.json.encode([layout, no_header]).decode()
    with (
        recording(data_dir, config, tell) as (journal, clock),
        closing(Catalogue(data_dir / "catalogue.db")) as catalogue,
        closing(Imports(journal)) as imports,
    ):
        number, begun = _choose_run(imports, file, digest, options, again=again)
        _report(history)
        plan = plan_replay(history, config.currency, catalogue.items(), _kept_units(journal))
        if plan.tickets:
            catalogue.put(plan.created)
            if not begun:
                imports.begin(digest, number, name=file.name, options=options, at=clock.stamp().at)
            _record(journal, imports, plan, f"{digest[:16]}-{number}", resumed=begun)
            imports.finish(digest, number)
    print_result(result(history, plan))


def _layout(columns: dict[str, str | None], base: Layout) -> Layout:
    default_price: Decimal | None = None
    if (text := columns.pop("default_price")) is not None:
        default_price = read_number(text)
        if default_price is None or default_price < 0:
            raise UsedWrongly(f"--default-price {text!r} is not a price: give a number such as 3.25")
        if columns["price"] is not None:
            click.echo("note: --default-price is not used, for there is a price column", err=True)
    elif columns["price"] is None:
        raise UsedWrongly("neither --price nor --default-price: name the price column, or give one price for all")
    given = {name: value for name, value in columns.items() if value is not None}
    return msgspec.structs.replace(base, default_price=default_price, **given)


def _report(history: History) -> None:
    for fault in history.rejected:
        click.echo(f"line {fault.line}: {fault.reason}: {fault.why}", err=True)


def _choose_run(imports: Imports, file: Path, digest: str, options: str, *, again: bool) -> tuple[int, bool]:
    """Return the number of the run to make, and whether it was begun before.

    Raises: Refused.
    """
    last = imports.newest(digest)
    if last is None:
        return 1, False
    if not last.finished:
        if last.options != options:
            raise Refused(f"{file}: its replay of {last.at} was cut short: give the same options to finish it")
        click.echo(f"note: going on with the replay of {last.at}, which was cut short", err=True)
        return last.number, True
    if not again:
        raise Refused(f"{file} was replayed before, as {last.name} at {last.at}: give --again to replay it once more")
    return last.number + 1, False


def _kept_units(journal: Journal) -> dict[Sku, Unit]:
    with translated(journal.path):
        rows = journal.connection.execute("SELECT sku, unit FROM accounts").fetchall()
    return {Sku(sku): Unit(unit) for sku, unit in rows}


def _record(journal: Journal, imports: Imports, plan: Plan, run: str, *, resumed: bool) -> None:
    """Record every ticket that is not yet; what is received comes in one transaction with the first tickets."""
    received = decide_receipts(plan, run)
    with progress("tickets", len(plan.tickets)) as bar:
        for number, (tickets, facts) in enumerate(_batches(plan, run)):
            fresh: list[UpFact] = [fact for fact in facts if not (resumed and imports.has(fact))]
            if number == 0 and len(fresh) == len(facts):
                fresh = [*received, *fresh]
            if fresh:
                journal.record(fresh)
            if number % _TIDY == 0:
                journal.checkpoint()
            bar.update(tickets)
    journal.checkpoint()


def _batches(plan: Plan, run: str) -> Iterator[tuple[int, list[TicketFact]]]:
    """Yield how many tickets, and their facts, that go into one transaction."""
    tickets = lines = 0
    facts: list[TicketFact] = []
    for ticket in plan.tickets:
        if tickets and (tickets == _TICKETS or lines + len(ticket.lines) > _LINES):
            yield tickets, facts
            tickets, lines, facts = 0, 0, []
        tickets += 1
        lines += len(ticket.lines)
        facts += decide_ticket(ticket, plan, run)
    if facts:
        yield tickets, facts
