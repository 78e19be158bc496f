"""Where goods for a shopper come from: what is free, what tills still have, what is on its way.

Rules
-----
1.  What is free is taken at once, at the best site, but for what is kept for those who asked before: they wait.
2.  What tills have above their cover is worth waiting for: whoever waits is noted, and the site's tills are asked.
    Whoever begins to wait does so for what nobody waits for yet.
3.  A site whose lives have not all reported promises nothing (I11). What it was last known to have, at its tills too,
    is a reason to put the answer off: :attr:`Found.silent`.
4.  What is on its way counts as far as nobody was promised it, the site owes nothing to be paid from it first, and it
    left lately: what left long ago is lost, or was never sent.
5.  What tills that are silent were last known to have above their cover may be had when they come back. No shopper who
    stands at a counter is kept for that; who asked a till that was cut off is (:func:`may_come`): when a region comes
    back, the first till to be heard would else be told that there is nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from contract.stock import StockKey
from contract.values import instant_text
from hub.core.promise import Choice, Goods, Wish, decide, rank
from hub.core.waiting import Turn, Wait, left_for, where_to_wait
from hub.promises.reserving import Present, reserve
from hub.store import chores, lives, offers, waits
from hub.store.chores import Site
from hub.store.due import has_come
from hub.store.offers import FreeBySite
from hub.store.pools import PoolKey
from hub.store.reservations import Reservation
from hub.store.waits import Why

ASK_AGAIN: Final = timedelta(seconds=5)  # a till that is there answers a recall within a second
ON_THE_WAY: Final = timedelta(hours=24)  # goods between shops of one town come the same day
Make = Callable[[Goods, str], Reservation]


class Seeker(Struct, frozen=True):
    """Who looks for goods: under which id, since when, in which region, and what for."""

    id: str
    at: str
    region: str
    wish: Wish

    @property
    def turn(self) -> Turn:
        """Return whose turn it is among those who wait."""
        return self.at, self.id


class Found(Struct, frozen=True):
    """What there was; ``silent``: more would be, at a site that has not reported."""

    choice: Choice
    reservation: Reservation | None = None
    silent: bool = False


def lock_goods(connection: Connection, wanted: Iterable[tuple[str, Goods]]) -> None:
    """Lock the pools of all that a transaction is going to look for, by region: once, in their order, up front.

    One promise after the other would lock them in the order of the promises, and two hubs might wait in a ring.
    """
    keys: dict[str, set[StockKey]] = {}
    for region, goods in wanted:
        keys.setdefault(region, set()).update(goods)
    for region in sorted(keys):
        offers.offered(connection, region, keys[region])


def take_free(connection: Connection, seeker: Seeker, make: Make, now: str) -> Found:
    """Reserve what is wanted where it is best taken from what is free, if it is: rule 1."""
    wish, region = seeker.wish, seeker.region
    free = offers.free(connection, region, wish.goods)
    left = left_for(seeker.turn, free, waits.of_goods(connection, region, wish.goods))
    mute = lives.silent_sites(connection, region)
    open_sites = {one: left[one] for one in rank(wish, left) if mute is not None and one not in mute}
    while (choice := decide(wish, open_sites)).site is not None:
        reservation = make(choice.goods, choice.site)
        if reserve(connection, reservation, now):
            return Found(choice, reservation)
        del open_sites[choice.site]  # somebody was faster
    return Found(choice, silent=_is_silent(connection, seeker, left, left.keys() if mute is None else mute))


def _is_silent(connection: Connection, seeker: Seeker, left: Mapping[str, Goods], mute: Collection[str]) -> bool:
    """Return whether one of the sites that have not reported may have what is wanted: rule 3."""
    goods = seeker.wish.goods
    at_tills = offers.last_held(connection, seeker.region, goods, mute) if mute else {}
    there = {
        site: {key: held[key] + max(0, left.get(site, {}).get(key, 0)) for key in goods}
        for site, held in at_tills.items()
    }
    return bool(rank(seeker.wish, there))


def wait(connection: Connection, seeker: Seeker, why: Why, until: datetime, present: Present) -> bool:
    """Wait where that helps, and have tills asked; False, and nobody waits, where it does not: rule 2."""
    known = waits.find(connection, seeker.id)
    site = _where(connection, seeker, known[0].site if known else None, present)
    if site is None:
        waits.end(connection, seeker.id)
        return False
    if known and known[0].site == site and not has_come(known[1], present.now):
        return True
    one = Wait(seeker.id, site, seeker.wish.goods, seeker.at)
    look_at = instant_text(present.at + ASK_AGAIN)
    waits.put(connection, one, seeker.region, why, instant_text(until), look_at)
    _have_asked(connection, seeker.region, one, present.now)
    return True


def fetch(connection: Connection, seeker: Seeker, present: Present) -> None:
    """Have tills asked for goods that one waits for at a site, wherever they come from, once some are there."""
    known = waits.find(connection, seeker.id)
    if known is None or not has_come(known[1], present.now):
        return
    waits.look_again(connection, seeker.id, instant_text(present.at + ASK_AGAIN))
    if _where(connection, seeker, known[0].site, present) == known[0].site:
        _have_asked(connection, seeker.region, known[0], present.now)


def arriving(connection: Connection, region: str, site: str, goods: Goods, present: Present) -> dict[str, Goods]:
    """Return what is on its way to a site, and promised to nobody, by site: rule 4."""
    if not lives.may_grant(connection, region, site):
        return {}
    since = instant_text(present.at - ON_THE_WAY)
    coming = offers.on_the_way(connection, Site(region, site), goods, since)
    promised = waits.due_later(connection, Site(region, site), goods)
    owed = offers.offered(connection, region, goods, site=site).get(site, {})
    return {site: {key: coming.get(key, 0) - promised[key] + min(0, owed.get(key, 0)) for key in goods}}


def reach(
    connection: Connection, region: str, goods: Goods, present: Present, *, site: str | None = None
) -> FreeBySite:
    """Return what is free or can be had from tills, by site, or at one site; what a site owes is paid first."""
    found = offers.offered(connection, region, goods, site=site)
    at_tills = offers.at_tills(connection, region, goods, present.at)
    return _with(found, {at: there for at, there in at_tills.items() if site in {None, at}})


def may_come(connection: Connection, seeker: Seeker, present: Present) -> bool:
    """Return whether a site has what is wanted if its tills that are silent still have what they had: rule 5."""
    region, goods = seeker.region, seeker.wish.goods
    silent = offers.at_tills(connection, region, goods, present.at, heard=False)
    return bool(silent and rank(seeker.wish, _with(reach(connection, region, goods, present), silent)))


def _with(found: FreeBySite, more: FreeBySite) -> FreeBySite:
    """Return what there is of both."""
    both = {site: dict(there) for site, there in found.items()}
    for site, there in more.items():
        known = both.setdefault(site, {})
        for key, amount in there.items():
            known[key] = known.get(key, 0) + amount
    return both


def _where(connection: Connection, seeker: Seeker, now_at: str | None, present: Present) -> str | None:
    wish, region = seeker.wish, seeker.region
    others = [one for one in waits.of_goods(connection, region, wish.goods) if one.id != seeker.id]
    there = reach(connection, region, wish.goods, present)
    left = left_for(seeker.turn if now_at else None, there, others)
    mute = lives.silent_sites(connection, region)
    heard = {site: goods for site, goods in left.items() if mute is not None and site not in mute}
    return where_to_wait(wish, heard, now_at)


def _have_asked(connection: Connection, region: str, one: Wait, now: str) -> None:
    chores.add(connection, [(PoolKey(region, one.site, what), "want") for what in one.goods], now)
