"""``kiosk journal``: look after the journal."""

import json
from contextlib import closing
from pathlib import Path

import click
import msgspec

from contract.values import Lane
from kiosk.bootstrap import open_journal
from kiosk.commands.mirror import mirror
from kiosk.commands.salvage import salvage_command
from kiosk.config import load_config
from kiosk.journal.errors import JournalError
from kiosk.journal.outbox import lane_path
from kiosk.journal.verify import verify_journal
from kiosk.tools.files import Refused


@click.group()
def journal() -> None:
    """Look after the journal."""


journal.add_command(mirror)
journal.add_command(salvage_command)


@journal.command(epilog="Example: kiosk journal dismiss")
@click.pass_obj
def dismiss(data_dir: Path) -> None:
    """Take the warning of a new life off the screen: the hub's operator knows of it, and grants nothing for now."""
    if not lane_path(data_dir, Lane.TILL).exists():
        raise JournalError(f"no journal in {data_dir}: name the kiosk's folder with --data")
    lane, _ = open_journal(data_dir, load_config(data_dir))
    with closing(lane):
        why = lane.dismiss_why()
    if not why:
        raise Refused("no warning of a new life stands on the screen: nothing was dismissed")
    click.echo(f"dismissed: {why}")


@journal.command(epilog="Example: kiosk journal verify --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def verify(data_dir: Path, *, as_json: bool) -> None:
    """Walk the hash chain of every lane and name the first break."""
    paths = {lane: path for lane in Lane if (path := lane_path(data_dir, lane)).exists()}
    if not paths:
        raise JournalError(f"no journal in {data_dir}: name the kiosk's folder with --data")
    verdicts = {lane: verify_journal(path, lane) for lane, path in paths.items()}
    broken = {lane: verdict.broken for lane, verdict in verdicts.items() if verdict.broken}
    facts = sum(verdict.facts for verdict in verdicts.values())
    if as_json:
        breaks = [{"lane": lane, **msgspec.to_builtins(found)} for lane, found in broken.items()]
        click.echo(json.dumps({"facts": facts, "chain_ok": not broken, "breaks": breaks}))
    elif not broken:
        click.echo(f"{facts} facts, the chain is whole")
    for lane, found in broken.items():
        place = f"{paths[lane]}: epoch {found.epoch}, sequence {found.seq}"
        click.echo(f"kiosk: {place}: {found.why}: keep this card and call the hub's operator", err=True)
    if broken:
        raise SystemExit(1)
