"""Statements of what was granted at which position of a kiosk's own log, kept until the kiosk has seen it."""

from sqlalchemy import Connection, delete, func, or_, select

from contract.stock import StockKey
from hub.store.accounts import stock_key
from hub.store.lives import Life
from hub.store.rights_tables import grants


def take_seen(connection: Connection, life: Life) -> dict[StockKey, int]:
    """Return the sums that a life has applied, and forget them, and those of generations that nobody reads now."""
    of_life = (grants.c.kiosk_id == life.kiosk_id, grants.c.epoch == life.epoch)
    seen = (*of_life, grants.c.generation == life.generation, grants.c.position <= life.seen)
    key = (grants.c.sku, grants.c.condition, grants.c.unit)
    rows = connection.execute(select(*key, func.max(grants.c.total)).where(*seen).group_by(*key)).all()
    applied = {stock_key(sku, condition, unit): total for sku, condition, unit, total in rows}
    over = or_(
        grants.c.generation < life.generation,
        (grants.c.generation == life.generation) & (grants.c.position <= life.seen),
    )
    connection.execute(delete(grants).where(*of_life, over))
    return applied
