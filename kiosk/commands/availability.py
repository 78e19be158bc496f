"""``kiosk availability``: what other sites have, as the hub told last."""

import json
from pathlib import Path
from typing import Final

import click

from contract.availability import ASK
from contract.errors import Malformed
from contract.values import parse_sku
from kiosk.clock import now_utc
from kiosk.journal.elsewhere import FILE, ElsewhereReader, There
from kiosk.tools.files import UsedWrongly

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


@click.command(epilog="Example: kiosk availability DR001 --json")
@click.argument("sku")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def availability(data_dir: Path, *, sku: str, as_json: bool) -> None:
    """Tell what each site of the region has of SKU, and how old that is; "ask" where it is too old.

    It is news, not a promise: what a shopper wants kept for them is reserved.
    """
    try:
        wanted = parse_sku(sku)
    except Malformed as error:
        raise UsedWrongly(f"SKU: {error.what}") from error
    reader = ElsewhereReader(data_dir / FILE)
    found = reader.find(wanted, now_utc())
    reader.close()
    if as_json:
        click.echo(json.dumps({"sku": wanted, "sites": [_row(one) for one in found]}))
        return
    if not found:
        click.echo(f"nothing was told of {wanted} yet", err=True)
    for one in found:
        click.echo(f"{one.site}\t{one.shown}\t{_age(one.age_s)}")


def _row(there: There) -> dict[str, object]:
    age_s = None if there.age_s is None else round(there.age_s)
    return {"site": there.site, "unit": there.unit, "shown": there.shown, "age_s": age_s, "ask": there.shown == ASK}


def _age(age_s: float | None) -> str:
    if age_s is None:
        return "never heard"
    if age_s < _HOUR_S:
        return f"{max(0, int(age_s)) // _MINUTE_S} min old"
    return f"{int(age_s) // _HOUR_S} h old"
