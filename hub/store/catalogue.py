"""Changes to what a region's kiosks can sell: catalogue and down log in one transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from contract.catalogue_csv import Import
from contract.down import ConfigChanged, Item
from contract.envelope import LogSource
from contract.streams import FLEET
from contract.values import Currency, RegionId, Sku
from hub.store import down
from hub.store.database import Store
from hub.store.life import count_commit
from hub.store.tables import hub_life

Revise = Callable[[ConfigChanged], ConfigChanged]
Decide = Callable[[Callable[[Sku], Item | None]], Import]


def import_catalogue(store: Store, region: str, currency: Currency, decide: Decide, *, at: datetime) -> Import:
    """Write what ``decide`` finds to differ from the items known, and tell every kiosk.

    Raises: what ``decide`` raises, WorldFailed; nothing is written then.
    """
    with store.write() as connection:
        generation = connection.execute(select(hub_life.c.incarnation).with_for_update()).scalar_one()
        items = down.catalogue(connection, region)

        def known(sku: Sku) -> Item | None:
            of_currency, item = items.get(sku, (currency, None))
            return item if of_currency == currency else None

        changes = decide(known)
        down.begin_generations(connection, generation, at)
        down.save_items(connection, region, currency, changes.items)
        source = LogSource(RegionId(region), FLEET, generation)
        down.append(connection, source, down.catalogue_facts(currency, changes.items), at)
        count_commit(connection)
    return changes


def change_config(store: Store, region: str, config: ConfigChanged, *, at: datetime) -> None:
    """Set the region's configuration and tell every kiosk; raises WorldFailed."""
    revise_config(store, region, lambda _: config, at=at)


def revise_config(store: Store, region: str, decide: Revise, *, at: datetime) -> ConfigChanged | None:
    """Set the region's configuration to what ``decide`` makes of it, and tell every kiosk; None if nothing differs.

    Raises: what ``decide`` raises, WorldFailed; Malformed for what is too large to be told. Nothing is written then.
    """
    with store.write() as connection:
        generation = connection.execute(select(hub_life.c.incarnation).with_for_update()).scalar_one()
        known = down.config(connection, region)
        config = decide(known or ConfigChanged())
        if config == known:
            return None
        down.begin_generations(connection, generation, at)
        down.save_config(connection, region, config)
        down.append(connection, LogSource(RegionId(region), FLEET, generation), [config], at)
        count_commit(connection)
    return config
