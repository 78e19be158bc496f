"""What a promise is answered with: which goods, where, and how the shopper is compensated.

Rules
-----
1.  The whole of what is wanted comes from one site, or nothing: half of a promise helps nobody.
2.  First the site where the shopper wants it, or where they stand; then, where distances are given, the nearest; then
    the site that has most left over, so that the fewest promises meet; of equals the first by name. Another site only
    where the shopper's wish allows it. Nothing is left to chance: the same question, the same answer.
3.  Then what is on its way to the wanted site, if it can be there in time, and then substitutes there. Both only as far
    as they are given, and a substitute only where the operator named it, it costs no more and is of the same category
    and unit.
4.  Else sorry. What was paid already is paid back; who paid nothing gets nothing.
5.  Never more than is given as free, arriving or allowed. What may not be promised is not given.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from contract.codes import CODES, make_code
from contract.down import Item
from contract.down_rights import Remedy
from contract.rights import Answer
from contract.stock import StockKey

Goods = Mapping[StockKey, int]
_EARTH_KM: Final = 6371.0
MAX_MOVES: Final = 8  # of one reservation: goods that were taken nine times are for a person
_ID_LETTERS: Final = 32  # as a UUID has; two are the same as seldom


class Wish(Struct, frozen=True):
    """What a shopper asks for, and where they stand (``here``).

    ``only_there``: at no other site. ``distances``: of sites from where it is wanted, in km, as far as they are known.
    """

    goods: Goods
    here: str
    wanted_at: str | None = None
    paid_minor: int = 0
    only_there: bool = False
    distances: Mapping[str, float] = {}

    @property
    def site(self) -> str:
        """Return where it is wanted."""
        return self.wanted_at or self.here

    def allows(self, site: str) -> bool:
        """Return whether goods at ``site`` will do."""
        return site == self.site or not self.only_there


class Choice(Struct, frozen=True):
    """The answer: ``goods`` at ``site``, or sorry and a remedy."""

    answer: Answer
    goods: Goods = {}
    site: str | None = None
    remedy: Remedy = Remedy.NONE


def decide(
    wish: Wish,
    free: Mapping[str, Goods],
    *,
    arriving: Goods | None = None,
    substitutes: Mapping[StockKey, Sequence[StockKey]] | None = None,
) -> Choice:
    """Return the answer to ``wish``; ``free`` is by site, of those that may promise. ``arriving``: there."""
    sites = rank(wish, free)
    if sites:
        return Choice(decide_word(sites[0], wish.site), wish.goods, sites[0])
    if arriving and covers(arriving, wish.goods):
        return Choice(Answer.LATER, wish.goods, wish.site)
    instead = _substituted(wish.goods, free.get(wish.site, {}), substitutes or {})
    if instead:
        return Choice(Answer.SUBSTITUTE, instead, wish.site)
    return sorry(wish.paid_minor)


def decide_word(site: str, wanted: str) -> Answer:
    """Return the answer with goods at ``site``, to who wants them at ``wanted``."""
    return Answer.CONFIRMED if site == wanted else Answer.ELSEWHERE


def sorry(paid_minor: int) -> Choice:
    """Return a refusal: rule 4."""
    return Choice(Answer.SORRY, remedy=Remedy.REFUND if paid_minor else Remedy.NONE)


def rank(wish: Wish, free: Mapping[str, Goods]) -> list[str]:
    """Return the sites that have all that is wanted, the best first: rule 2."""

    def order(site: str) -> tuple[bool, float, int, str]:
        far = wish.distances.get(site, math.inf)
        return site != wish.site, far, -least_left(wish.goods, free[site]), site

    return sorted((site for site, goods in free.items() if wish.allows(site) and covers(goods, wish.goods)), key=order)


def least_left(wanted: Goods, goods: Goods) -> int:
    """Return how much is left of what is scarcest, once all that is wanted is taken."""
    return min(goods[key] - amount for key, amount in wanted.items())


def distances_km(points: Mapping[str, tuple[float, float]], site: str) -> dict[str, float]:
    """Return how far each of ``points`` (latitude and longitude in degrees, by site) is from ``site``, over the ground.

    Nothing is known where ``site`` is not among them.
    """
    if site not in points:
        return {}
    lat, lon = (math.radians(angle) for angle in points[site])
    return {other: _km(lat, lon, *(math.radians(angle) for angle in point)) for other, point in points.items()}


def _km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    across = math.sin((other_lat - lat) / 2) ** 2
    along = math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))


def covers(goods: Goods, wanted: Goods) -> bool:
    """Return whether all that is wanted is there."""
    return all(goods.get(key, 0) >= amount for key, amount in wanted.items())


def substitutes_of(item: Item, others: Iterable[Item], allowed: Iterable[str]) -> list[Item]:
    """Return those of ``others`` that may stand in for ``item``, the dearest first: rule 3."""
    named = frozenset(allowed)

    def serves(other: Item) -> bool:
        like = (other.category, other.unit, other.price_per) == (item.category, item.unit, item.price_per)
        return other.sku in named and other.sku != item.sku and like and _costs(other) <= _costs(item)

    if item.price_minor is None or not item.category:
        return []
    return sorted(
        (other for other in others if other.price_minor is not None and serves(other)),
        key=lambda other: (-_costs(other), other.sku),
    )


def successor(reservation: str, nth: int) -> str:
    """Return the id of what takes the place of a reservation for the ``nth`` time: the same each time it is asked for.

    ``reservation`` is the first of them all. A hub that went back finds by it what an earlier incarnation had moved.
    """
    return hashlib.sha256(f"{nth} in place of {reservation}".encode()).hexdigest()[:_ID_LETTERS] if nth else reservation


def code_of(reservation: str) -> str:
    """Return what a shopper says at the counter: of a reservation's id, the same each time it is asked for."""
    return make_code(int.from_bytes(hashlib.sha256(f"code of {reservation}".encode()).digest()) % CODES)


def _costs(item: Item) -> int:
    return item.price_minor or 0


def _substituted(wanted: Goods, free: Goods, substitutes: Mapping[StockKey, Sequence[StockKey]]) -> Goods:
    """Return what is wanted with what is missing exchanged, nothing if that cannot be."""
    left = dict(free)
    chosen: dict[StockKey, int] = {}
    for key, amount in sorted(wanted.items()):
        found = next((one for one in (key, *substitutes.get(key, ())) if left.get(one, 0) >= amount), None)
        if found is None:
            return {}
        left[found] -= amount
        chosen[found] = chosen.get(found, 0) + amount
    return chosen
