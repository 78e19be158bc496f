"""``hub simulate-rights``: what each policy of stock rights does over many simulated days."""

import json
import sys
from typing import Final

import click
from msgspec import to_builtins

from hub.commands.common import UsedWrongly, json_option
from hub.sim.runs import Summary, run_all
from hub.sim.world import World

MAX_SEEDS: Final = 100_000  # hours of work; more runs tell nothing more
MAX_DEMAND: Final = 10.0  # ten times the supply: beyond, all stock is gone before a link can fail
MAX_DOWN: Final = 0.99  # a link that is never up is no link


@click.command("simulate-rights", epilog="Example: hub simulate-rights --seeds 300 --down 0.47 --json")
@click.option("--seeds", type=click.IntRange(1, MAX_SEEDS), default=300, show_default=True, help="How many days.")
@click.option("--first-seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first day's seed.")
@click.option("--down", type=float, default=0.47, show_default=True, help="Share of time that links are down.")
@click.option("--demand", type=float, default=1.6, show_default=True, help="Demand as a multiple of the supply.")
@json_option
def simulate_rights(*, seeds: int, first_seed: int, down: float, demand: float, as_json: bool) -> None:
    """Simulate days of 12 kiosks and a web shop that sell 240 units in 10 hours, under six policies.

    Every policy meets the same shoppers and the same outages. Shares are fractions of 1.
    """
    world = World(down=_within("--down", down, 0.0, MAX_DOWN), demand=_within("--demand", demand, 0.01, MAX_DEMAND))
    progress = _Progress(seeds)
    found = run_all(world, range(first_seed, first_seed + seeds), progress.step)
    progress.end()
    if as_json:
        click.echo(json.dumps({"policies": {name: to_builtins(one) for name, one in found.items()}}))
        return
    _table(found)


def _within(option: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:  # refuses what is not a number too
        raise UsedWrongly(f"{option}: {value} is not between {least:g} and {most:g}: give a number between them")
    return value


def _table(found: dict[str, Summary]) -> None:
    click.echo("policy      days oversold  units oversold (most)  accepted  stock allows  refused while stock existed")
    for name, one in found.items():
        click.echo(
            f"{name:10}  {one.oversold_runs:13.1%}  {one.oversold_units:14.1f} {f'({one.oversold_most})':>6}"
            f"  {one.accepted:8.1%}  {one.stock_allows:12.1%}  {one.refused_while_stock:27.1%}"
        )


class _Progress:
    """Counts days on standard error, where that is a terminal."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._done = 0
        self._shown = sys.stderr.isatty()

    def step(self) -> None:
        self._done += 1
        if self._shown:
            click.echo(f"\r{self._done} of {self._days} days", nl=False, err=True)

    def end(self) -> None:
        if self._shown:
            click.echo("", err=True)
