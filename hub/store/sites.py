"""Statements of sites: where they are, for people, for maps and for caches."""

from msgspec import Struct
from sqlalchemy import Connection, exists, or_, select

from hub.store.availability_tables import sites
from hub.store.rights_tables import pools
from hub.store.tables import kiosks
from hub.store.upsert import insert


class SiteRow(Struct, frozen=True):
    """Where a site is. ``zone`` is an IANA time zone; "" and None where it was not told."""

    region: str
    site: str
    name: str = ""
    lat: float | None = None
    lon: float | None = None
    zone: str = ""


def save_site(connection: Connection, row: SiteRow) -> None:
    """Set what is known of a site."""
    values = {"name": row.name, "lat": row.lat, "lon": row.lon, "zone": row.zone}
    statement = insert(connection, sites).values(region=row.region, site=row.site, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["region", "site"], set_=values))


def find_site(connection: Connection, region: str, site: str) -> SiteRow | None:
    """Return what is known of a site, None for nothing."""
    row = connection.execute(select(sites).where(sites.c.region == region, sites.c.site == site)).one_or_none()
    return SiteRow(*row) if row else None


def is_known(connection: Connection, region: str | None, site: str) -> bool:
    """Return whether anything was ever told of a site: by an operator, by a kiosk, or of its goods.

    In any region where none is named.
    """
    places = (sites, kiosks, pools)
    found = [exists().where(one.c.site == site, *([one.c.region == region] if region else [])) for one in places]
    return bool(connection.scalar(select(or_(*found))))


def all_sites(connection: Connection) -> list[SiteRow]:
    """Return every site that something is known of, by name."""
    return [SiteRow(*row) for row in connection.execute(select(sites).order_by(sites.c.region, sites.c.site))]
