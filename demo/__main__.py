"""``make demo``: a market day on this machine, with a real broker, a real hub and three kiosks."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import msgspec

from contract.money import format_minor
from contract.values import Currency, Money
from demo import day
from demo.check import Books
from demo.processes import DemoError
from demo.shop import Shops


@click.command(epilog="Example: make demo")
@click.option("--scripted", is_flag=True, help="Play the scripted day even in a terminal.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep databases and logs in this new folder. Default: a temporary one, kept only if something fails.",
)
def main(*, scripted: bool, folder: Path | None) -> None:
    """Play a market day: in a terminal with you at the till of kiosk k1, otherwise by script."""
    keep = folder is not None
    folder = _prepare(folder)
    interactive = not scripted and sys.stdin.isatty() and sys.stdout.isatty()
    shops: Shops | None = None
    try:
        shops = Shops(folder)
        shops.start()
        books, result = _serve_you(shops) if interactive else day.play(shops, click.echo)
    except DemoError as error:
        keep = True
        click.echo(f"demo: {error}", err=True)
        sys.exit(1)
    finally:
        if shops is not None:
            shops.stop()
        if keep:
            click.echo(f"databases and logs are in {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    _report(books)
    click.echo(f"RESULT {json.dumps(msgspec.to_builtins(result))}")
    if not result.kept:
        click.echo("demo: a promise broke: see the table", err=True)
        sys.exit(1)


def _prepare(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="popup-demo-"))
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise click.UsageError(f"cannot make {folder}: {error.strerror}: name a new folder") from error
    return folder


def _serve_you(shops: Shops) -> tuple[list[Books], day.Result]:
    day.open_shops(shops, click.echo)
    for number, kiosk in enumerate(shops.kiosks[1:]):
        kiosk.sell(10_000, 2.0, day.SEED + number)
    click.echo(f"The hub answers at {shops.hub_url} (try {shops.hub_url}/kiosks). Two other tills sell by script.")
    click.echo("Your till opens now; F10 closes it and shows how the books agree. Press Enter.")
    sys.stdin.readline()
    till = [str(Path(sys.executable).parent / "kiosk"), "--data", str(shops.kiosks[0].data), "till"]
    ended = subprocess.run(till, check=False).returncode  # noqa: S603 - our own till
    for kiosk in shops.kiosks:
        if kiosk.seller:
            kiosk.seller.stop()
    if ended:
        raise DemoError(f"the till ended with status {ended}: its message is above")
    return day.settle(shops, click.echo)


def _report(books: list[Books]) -> None:
    euro = Currency("EUR")
    click.echo(f"\n{'kiosk':<14}{'sales':>7}{'facts':>7}{'till':>12}{'hub':>12}{'lost':>6}{'doubled':>9}  chain")
    for book in books:
        till, hub = (format_minor(Money(minor), euro) for minor in (book.till_minor, book.hub_minor))
        chain = "whole" if book.chain_ok else "BROKEN"
        row = f"{book.kiosk:<14}{book.sales:>7}{book.facts:>7}{till:>12}{hub:>12}{book.lost:>6}{book.doubled:>9}"
        click.echo(f"{row}  {chain}")
    click.echo("")


if __name__ == "__main__":
    main()
