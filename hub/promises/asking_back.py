"""Goods that a program wants and tills of the site hold: the tills are asked for them, for a while.

The rules are in :mod:`hub.core.demand`; what is asked of which till the steward decides.
"""

from datetime import timedelta

from sqlalchemy import Connection

from contract.asking import MEMORY_S
from contract.values import instant_text
from hub.core.promise import Goods, covers
from hub.core.waiting import left_for
from hub.promises.finding import reach
from hub.promises.reserving import Present
from hub.store import chores, demands, waits
from hub.store.chores import Site
from hub.store.pools import PoolKey


def ask_back(connection: Connection, present: Present, site: Site, goods: Goods, key: str) -> bool:
    """Have the tills of a site asked for what is not free; False, and nothing is asked, where they cannot help.

    They can where all that is wanted is free or above the cover of tills that are heard, and no promise waits for it;
    and where the site does not have too many requests already. The pools of ``goods`` at the site are locked.
    """
    there = reach(connection, site.region, goods, present, site=site.site)
    left = left_for(None, there, waits.of_goods(connection, site.region, goods))
    if not covers(left.get(site.site, {}), goods):
        return False
    remembered = instant_text(present.at - timedelta(seconds=MEMORY_S))
    if not demands.put(connection, site, key, goods, now=present.now, remembered=remembered):
        return False
    chores.add(connection, [(PoolKey(site.region, site.site, what), "want") for what in goods], present.now)
    return True
