"""``hub shop``: how the region's shops sell: taxes, cash rounding, foreign cash, discounts, staff. Told to every kiosk.

The file is the ``[shop]`` section of a kiosk's settings, with ``receipt_header`` and ``receipt_footer`` before it if
they are to change. A person without ``pin`` keeps the one that the books have: hashes need not leave them.
"""

import json
from pathlib import Path
from typing import Any

import click
import msgspec

from contract.down import ConfigChanged
from contract.errors import Malformed
from contract.values import parse_name
from hub.bootstrap import opened_to_read, opened_to_write, state_folder
from hub.clock import SystemClock
from hub.commands.common import (
    Refused,
    UsedWrongly,
    database_option,
    json_option,
    region_option,
    said_plainly,
    state_option,
)
from hub.store import down, queries
from hub.store.catalogue import revise_config
from hub.store.database import Store


@click.group()
def shop() -> None:
    """How the region's shops sell: taxes, cash rounding, foreign cash, staff."""


@shop.command("set", epilog="Example: hub shop set shop.toml --region north")
@click.argument("file", type=click.Path(path_type=Path))
@region_option
@database_option
@state_option
@json_option
def set_(*, file: Path, region: str, database_url: str, state_dir: Path | None, as_json: bool) -> None:
    """Let the region's shops sell as FILE says, from each till's next basket on.

    FILE is TOML with the section [shop], as in a kiosk's settings. What it does not name has its default;
    receipt_header and receipt_footer stay as they were.
    """
    _check_region(region)
    given = _read(file)
    with said_plainly(database_url), opened_to_write(database_url, state_folder(database_url, state_dir)) as store:
        try:
            changed = revise_config(store, region, lambda before: _revised(file, given, before), at=SystemClock().now())
        except Malformed as error:
            raise Refused(f"{file}: {error.what}: name fewer people or favourites") from error
        _note(store, region)
    if as_json:
        click.echo(json.dumps({"region": region, "changed": changed is not None}))
        return
    click.echo(f"{region}: told to every kiosk" if changed else f"{region}: nothing differs, nothing was told")


@shop.command(epilog="Example: hub shop show --region north > shop.toml")
@click.option("--pins", is_flag=True, help="Also the hashes of PINs: who has them can guess short ones.")
@region_option
@database_option
@json_option
def show(*, region: str, database_url: str, pins: bool, as_json: bool) -> None:
    """Show how the region's shops sell, as a file that `hub shop set` takes."""
    _check_region(region)
    with said_plainly(database_url), opened_to_read(database_url) as store, store.read() as connection:
        known = down.config(connection, region)
    told = msgspec.to_builtins(known or ConfigChanged())
    if not pins:
        for person in told["shop"]["staff"]:
            del person["pin"]
    if known is None:
        click.echo(f"note: nothing was set for region {region}: tills sell as their own settings say", err=True)
    click.echo(
        json.dumps({"region": region, "set": known is not None, **told}, ensure_ascii=False) if as_json else toml(told)
    )


def toml(config: dict[str, Any]) -> str:
    """Return settings as TOML. Their strings hold no control characters, so JSON's are TOML's."""
    shop = config["shop"]
    plain = {key: value for key, value in shop.items() if not _is_table(value)}
    rows = [f"{key} = {_value(value)}" for key, value in config.items() if key != "shop"]
    rows += ["", "[shop]", *(f"{key} = {_value(value)}" for key, value in plain.items())]
    for key, tables in shop.items():
        for table in tables if key not in plain else ():
            rows += ["", f"[[shop.{key}]]", *(f"{name} = {_value(value)}" for name, value in table.items())]
    return "\n".join(rows)


def _is_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_region(region: str) -> None:
    try:
        parse_name(region, "--region")
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        given = msgspec.toml.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise UsedWrongly(f"{file}: {error.strerror}: name a file that can be read") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: {error}: correct it") from error
    if not isinstance(given.get("shop"), dict):
        raise Refused(f"{file}: there is no section [shop]: add it, if empty for all of its defaults")
    return given


def _revised(file: Path, given: dict[str, Any], before: ConfigChanged) -> ConfigChanged:
    """Return what FILE makes of the settings before."""
    pins = {one.id: one.pin for one in before.shop.staff}
    staff = given["shop"].get("staff", [])
    for person in staff if isinstance(staff, list) else ():
        if isinstance(person, dict) and person.get("id") in pins:
            person.setdefault("pin", pins[person["id"]])
    kept = {"receipt_header": before.receipt_header, "receipt_footer": before.receipt_footer}
    try:
        return msgspec.convert({**kept, **given}, type=ConfigChanged)
    except msgspec.ValidationError as error:
        raise Refused(f"{file}: {error}: correct it; nothing was changed") from error


def _note(store: Store, region: str) -> None:
    """Say what is likely a slip: a region that no kiosk is of, tax codes of goods that have no rate."""
    with store.read() as connection:
        heard = [view.region for view in queries.regions(connection)]
        goods = down.catalogue(connection, region).values()
        known = down.config(connection, region)
    if heard and region not in heard:
        click.echo(
            f"note: no kiosk of region {region} was heard of, only of {', '.join(heard)}: see --region", err=True
        )
    rates = {one.code for one in known.shop.taxes} if known else set()
    if rates and (without := sorted({item.tax for _, item in goods} - rates)):
        told = ", ".join(repr(code) for code in without)
        click.echo(f"note: goods have tax codes that no rate is named for, and are sold untaxed: {told}", err=True)
