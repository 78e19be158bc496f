"""Who waits for goods that tills still have, and for which: no unit is waited for twice.

Rules
-----
1.  Who waits, waits at one site for the whole of what is wanted, and for a while only.
2.  First come those who asked first; of one moment, those whose id is first. Whoever was promised goods already, and
    lost them or has them on their way, asked before those who are still to be answered.
3.  What comes free at a site is kept for those who wait there, in that order; what is left is for everybody else.
4.  Goods are waited for only where they can be had: free and kept for nobody, or at a till that is heard, above its
    cover. So a shopper who waits sends none away who stands at a counter, and goods in hand are sold in any case.
5.  They are waited for where they are wanted, if that can be; else where they are waited for already; else where most
    is left.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from hub.core.promise import Goods, Wish, covers, least_left

Turn = tuple[str, str]  # when it was asked, and under which id: who comes first


class Wait(Struct, frozen=True):
    """One who waits; ``at`` is when it was asked, RFC 3339, sortable as text."""

    id: str
    site: str
    goods: Goods
    at: str

    @property
    def turn(self) -> Turn:
        """Return whose turn it is: rule 2."""
        return self.at, self.id


def left_for(turn: Turn | None, there: Mapping[str, Goods], waits: Iterable[Wait]) -> dict[str, Goods]:
    """Return what is left of ``there``, by site, for whose turn it is; without a turn, for who does not wait."""
    left = {site: dict(goods) for site, goods in there.items()}
    for one in waits:
        if turn is None or one.turn < turn:
            at_site = left.get(one.site, {})
            for key in at_site.keys() & one.goods.keys():
                at_site[key] = max(0, at_site[key] - one.goods[key])
    return dict(left)


def where_to_wait(wish: Wish, reach: Mapping[str, Goods], now_at: str | None = None) -> str | None:
    """Return where to wait for a wish: rule 5; None where nothing is to be had. ``reach``: what is left, by site."""

    def order(site: str) -> tuple[bool, bool, int, str]:
        return site != wish.site, site != now_at, -least_left(wish.goods, reach[site]), site

    able = (site for site, goods in reach.items() if wish.allows(site) and covers(goods, wish.goods))
    return min(able, key=order, default=None)


def kept_of(free: int, waited: int) -> int:
    """Return how much of what is free is kept for those who wait: rule 3."""
    return max(0, min(free, waited))
