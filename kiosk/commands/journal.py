"""``kiosk journal``: look after the journal."""

import json
from pathlib import Path

import click

from contract.codec import verify_chain
from contract.errors import BrokenChain
from kiosk.bootstrap import open_journal
from kiosk.config import load_config


@click.group()
def journal() -> None:
    """Look after the journal."""


@journal.command(epilog="Example: kiosk journal verify --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def verify(data_dir: Path, *, as_json: bool) -> None:
    """Walk the hash chain of every epoch and name the first break."""
    till, _ = open_journal(data_dir, load_config(data_dir))
    facts = 0
    broken: dict[str, object] | None = None
    for epoch in till.epochs():
        try:
            for _ in verify_chain(till.stored(epoch)):
                facts += 1
        except BrokenChain as error:
            broken = {"epoch": epoch, "seq": error.seq, "why": error.why}
            break
    if as_json:
        click.echo(json.dumps({"facts": facts, "chain_ok": broken is None, "break": broken}))
    elif broken is None:
        click.echo(f"{facts} facts, the chain is whole")
    if broken is not None:
        click.echo(
            f"kiosk: {till.path}: epoch {broken['epoch']}, sequence {broken['seq']}: {broken['why']}: "
            "keep this card and call the hub's operator",
            err=True,
        )
        raise SystemExit(1)
