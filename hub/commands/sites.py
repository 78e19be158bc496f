"""``hub site set``: what is known of a site beside what its kiosks tell."""

import json
import zoneinfo
from pathlib import Path

import click

from contract.errors import Malformed
from contract.messages import FIELDS
from contract.values import MAX_NAME_LENGTH, parse_name
from hub.bootstrap import opened_to_write, state_folder
from hub.commands.common import UsedWrongly, database_option, json_option, region_option, said_plainly, state_option
from hub.store.sites import SiteRow, find_site, is_known, save_site


@click.command("set", epilog="Example: hub site set market --lat 52.5200 --lon 13.4050 --zone Europe/Berlin")
@click.argument("site")
@click.option("--name", help="As shoppers know it.")
@click.option("--lat", type=click.FloatRange(-90, 90), help="Latitude in degrees, north positive.")
@click.option("--lon", type=click.FloatRange(-180, 180), help="Longitude in degrees, east positive.")
@click.option("--zone", help="IANA time zone, such as Europe/Berlin.")
@region_option
@database_option
@state_option
@json_option
def set_site(
    *,
    site: str,
    name: str | None,
    lat: float | None,
    lon: float | None,
    zone: str | None,
    region: str,
    database_url: str,
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Tell where SITE is. What is not given stays as it was; shoppers nearby are told of it first."""
    _check(region, site, name, zone)
    if (lat is None) != (lon is None):
        raise UsedWrongly("--lat and --lon: a place needs both")
    with (
        said_plainly(database_url),
        opened_to_write(database_url, state_folder(database_url, state_dir)) as store,
        store.write() as connection,
    ):
        before = find_site(connection, region, site) or SiteRow(region, site)
        row = SiteRow(
            region,
            site,
            before.name if name is None else name,
            before.lat if lat is None else lat,
            before.lon if lon is None else lon,
            before.zone if zone is None else zone,
        )
        if not is_known(connection, region, site):
            click.echo(f"note: nothing was told of {region}/{site} before: right if it is new", err=True)
        save_site(connection, row)
    _tell(row, as_json=as_json)


def _check(region: str, site: str, name: str | None, zone: str | None) -> None:
    try:
        parse_name(region, "--region")
        parse_name(site, "SITE")
    except Malformed as error:
        raise UsedWrongly(f"{error.where}: {error.what}") from error
    if name is not None and (len(name) > MAX_NAME_LENGTH or not name.isprintable()):
        raise UsedWrongly(f"--name: at most {MAX_NAME_LENGTH} characters, none of them a control character")
    if zone:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsedWrongly(f"--zone: {zone[:64]!r} is no IANA time zone, such as Europe/Berlin") from error


def _tell(row: SiteRow, *, as_json: bool) -> None:
    said = {"region": row.region, "site": row.site, "name": row.name, "lat": row.lat, "lon": row.lon, "zone": row.zone}
    if as_json:
        click.echo(json.dumps(said))
        return
    named = f"{row.name!r} for shoppers" if row.name else "without a name of its own"
    at = "its place is not known" if row.lat is None or row.lon is None else f"at {row.lat:g}, {row.lon:g}"
    zone = f", {row.zone}" if row.zone else ""
    click.echo(f"{row.region}/{row.site}: {named}, {at}{zone}")
    if len(row.name) > FIELDS["site"]:
        click.echo(f"note: messages show the first {FIELDS['site'] - 1} characters of its name", err=True)
