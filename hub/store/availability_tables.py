"""The tables of availability: where sites are, and how far the kiosks' log of it is."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Integer, String, Table

from hub.store.tables import INSTANT, metadata

sites = Table(
    "sites",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("name", String(200), nullable=False),  # for people
    Column("lat", Float),
    Column("lon", Float),
    Column("zone", String(64), nullable=False),  # IANA name, "" where it was not told
    CheckConstraint("lat BETWEEN -90 AND 90", name="lat"),
    CheckConstraint("lon BETWEEN -180 AND 180", name="lon"),
    CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point"),
)

change_numbers = Table(  # the newest that was ever given: the change that had it may have a newer one by now
    "change_numbers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("newest", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

availability_logs = Table(
    "availability_logs",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("begun_at", INSTANT, nullable=False),
    Column("told_at", INSTANT, nullable=False),  # when the last fact was told
    Column("heard_at", INSTANT, nullable=False),  # when sites' ages were told last
    Column("number", BigInteger, nullable=False),  # the last change that was told
    Column("room", BigInteger, nullable=False),  # levels that may be told before the next generation begins
)
