"""``kiosk stock neighbours``: the site's other tills, as this one hears them, and what is on its way between them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kiosk.bootstrap import looking
from kiosk.commands.goods import as_json
from kiosk.config import load_config
from kiosk.core.neighbours import Given, Neighbour, is_over
from kiosk.journal import passages
from kiosk.journal.bridge_lock import bridge_runs
from kiosk.journal.database import translated
from kiosk.journal.lan import LanReader
from kiosk.stockroom import LocalStockroom

MAX_SHOWN = 1000  # moves on their way: more than a person reads, and a site never had them


@click.command("neighbours", epilog="Example: kiosk stock neighbours --json")
@as_json
@click.pass_obj
def neighbours(data_dir: Path, *, as_json: bool) -> None:
    """Show the site's other tills, whether they are heard now, and what was given to them and is on its way."""
    with looking(data_dir, load_config(data_dir)) as room:
        told = _told(room, LanReader(data_dir / "link.db"), runs=bridge_runs(data_dir))
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"site broker\t{_broker(told)}")
    for row in told["tills"]:
        click.echo("{kiosk}={epoch}@{position}\t{state}\t{goods} goods".format(**row))
    for row in told["on_their_way"]:
        click.echo("{move}\tto {to}={to_epoch}\t{state}".format(**row))


def _told(room: LocalStockroom, lan: LanReader, *, runs: bool) -> dict[str, Any]:
    state, heard_at = lan.state(), lan.heard_at()
    with translated(room.journal.path):
        moves = passages.open_moves(room.journal.connection, MAX_SHOWN)
    lan.close()
    tills = room.neighbours()
    return {
        "configured": bool(room.config.lan.broker),
        "connected": runs and state.get("lan_connected") == "1",
        "problem": state.get("lan_problem", ""),
        "refused": int(state.get("lan_refused", "0")),
        "tills": [
            _row(one) | {"heard_at": heard_at[one.kiosk].isoformat() if one.kiosk in heard_at else None}
            for one in tills
        ],
        "on_their_way": [
            {"move": one.move, "to": one.receiver, "to_epoch": one.to_epoch, "state": _state_of(one, tills)}
            for one in moves
        ],
    }


def _state_of(move: Given, tills: Sequence[Neighbour]) -> str:
    """Return how a move stands, and what a person can do about it."""
    if is_over(move.receiver, move.to_epoch, tills):
        return "for a life that is over: once the hub has heard this till, a count of these goods frees it"
    if any(one.kiosk == move.receiver and one.present for one in tills):
        return "on its way"
    return "on its way, not heard: if that till does not come back, 'hub kiosk close' it, and count"


def _row(one: Neighbour) -> dict[str, Any]:
    return {
        "kiosk": one.kiosk,
        "epoch": one.epoch,
        "position": one.position,
        "state": "here" if one.present else "not heard",
        "selling": one.selling,
        "hub": one.hub,
        "goods": len(one.holds),
    }


def _broker(told: dict[str, Any]) -> str:
    if not told["configured"]:
        return "none: add broker under [lan] to kiosk.toml"
    return "connected" if told["connected"] else told["problem"] or "not connected: is the bridge running?"
