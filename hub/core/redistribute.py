"""Redistribution: which rights to one sku the hub grants and recalls. Pure; a policy sees delivered facts alone.

Every policy has the same shape, :data:`Policy`: what is known of one pool goes in, grants and recalls come out. A plan
never grants more than is free less the safety share, and never recalls more than a holder has or was granted. It names
holders in the order of their names, whatever order they came in, and the same view always gives the same plan.

How :func:`plan_ours` shares
----------------------------
1.  Shoppers who wait come first, from what is free: those whose link is up, the fewest goods asked for first.
2.  While anybody waits in vain nothing is granted ahead. Holders that are heard are asked, urgently, for what is
    missing, the one with the longest stock first: so all kiosks that are heard sell from one pool. What is promised
    to shoppers who wait away from the counter is asked for as well, but only above each holder's cover.
3.  Otherwise each holder that is heard is filled up to its *share*: the part of all that is left which its recent
    demand is of all demand, rounded down. Then all would run dry at the same time, wherever links fail next.
4.  The shares of the hub's own shoppers and of holders that are silent are kept at the hub, and so are the fractions:
    near the end of the stock no share comes to a unit, and the last goods lie where most shoppers can be served.
5.  A holder that has more than its share is asked for the surplus as far as somebody else or the hub lacks his. While
    there is plenty (:data:`PLENTY_H`) it keeps its cover all the same; later the recall is urgent, for a cover against
    an outage that may never come is no reason to send a shopper away now.
6.  While there is plenty, a holder gets what it asks for ahead of need, beyond its share, down to what lasts the hub's
    own shoppers and the silent as long.

What is in flight to a holder that is heard counts as its own: an idle kiosk says nothing that tells the hub that it
came, and a recall follows the grant in the same log. Nothing is granted to a holder that is silent: a grant in flight
serves nobody until the link is back, and can be decided better then. It is taken to have what was last heard less what
its demand has taken since.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.asking import HOUR_S, cover

HEARD_S: Final = 45.0  # silent after one and a half of the link's beats of 30 s: one may be late, two are not
LEAST_PER_H: Final = (
    0.1  # what never sold counts as one unit in a long day, so that it is shared evenly and not by nothing
)
PLENTY_H: Final = 2.0  # two hours of all demand: long enough that what is given too much comes back in time
OUTAGE_S: Final = 900.0  # a mean outage, until links are measured: longer than a broker's restart, shorter than a night
HALVINGS: Final = 40  # of the hours that are tried: to a billionth of a unit, whatever units are
NO_UNIT: Final = 1e-9  # of a unit, added before rounding down: what arithmetic alone may miss


class Holder(Struct, frozen=True, kw_only=True):
    """One kiosk's account as the hub knows it from delivered facts. Units are whole, lengths of time in seconds.

    ``available`` is the mirror of what it may sell, ``in_flight`` what was granted and is not known to have come,
    ``recalling`` what an open recall asked back. It asked for ``waiting`` units, for shoppers who stand there, and
    for ``ahead`` units before it runs dry. ``demand_per_h`` is its recent demand, sold or refused, as it last said or
    as its sales tell. ``heard_s`` is how long ago anything was heard of it, ``up_share`` the share of time its link was
    up, and ``outage_s`` the mean length of its outages, both as seen by the hub.
    """

    name: str
    available: int = 0
    in_flight: int = 0
    waiting: int = 0
    ahead: int = 0
    demand_per_h: float = 0.0
    heard_s: float = 0.0
    up_share: float = 1.0
    outage_s: float = 0.0
    recalling: int = 0


class Pool(Struct, frozen=True, kw_only=True):
    """All rights to one sku: ``free`` at the hub, of which ``safety`` is not granted, and what ``holders`` have.

    ``waiting`` units are waited for at the hub itself, by shoppers online; ``demand_per_h`` is recent demand there.
    ``promises`` units are waited for by promises, beyond what is free and kept for them.
    """

    free: int
    safety: int = 0
    holders: tuple[Holder, ...] = ()
    waiting: int = 0
    demand_per_h: float = 0.0
    promises: int = 0


class Grant(Struct, frozen=True):
    """Give ``units`` to a holder."""

    to: str
    units: int


class Recall(Struct, frozen=True):
    """Ask a holder for ``units``; only its release gives them back. An urgent recall leaves it no cover."""

    of: str
    units: int
    urgent: bool = False


class Plan(Struct, frozen=True):
    """What a policy wants done, by the names of holders."""

    grants: tuple[Grant, ...] = ()
    recalls: tuple[Recall, ...] = ()


Policy = Callable[[Pool], Plan]


def plan_static(pool: Pool) -> Plan:
    """Share what may be granted equally, once, and never take anything back."""
    holders = _by_name(pool.holders)
    spare = _spare(pool)
    parts = {one.name: (spare + nth) // len(holders) for nth, one in enumerate(holders)}
    return _plan(parts, ())


def plan_recall(pool: Pool) -> Plan:
    """Share what is at the hub and at holders that are heard by recent demand, to the nearest unit; recall the surplus.

    This is what is usually done: the hub looks at it from time to time. Its own shoppers' share stays at the hub.
    """
    heard = _heard(pool)
    stock = pool.free + sum(_held(one) for one in heard)
    all_per_h = pool.demand_per_h + sum(map(_per_h, heard))
    targets = {one.name: round(stock * _per_h(one) / all_per_h) for one in heard}
    kept = round(stock * pool.demand_per_h / all_per_h) if heard else 0
    gaps = {one.name: max(0, targets[one.name] - _held(one)) for one in heard}
    recalls = [
        Recall(one.name, units, urgent=True)
        for one in heard
        if (units := min(one.available, _held(one) - targets[one.name])) > 0
    ]
    widest = sorted(gaps, key=lambda name: (-gaps[name], name))
    return _plan(_fill(gaps, widest, max(0, min(_spare(pool), pool.free - kept))), recalls)


def plan_ours(pool: Pool) -> Plan:
    """Let everybody who is heard sell from one pool, and give each a share by recent demand for when its link fails."""
    heard = _heard(pool)
    missing = {one.name: max(0, one.waiting - _held(one)) for one in heard}
    served = _fill(missing, sorted(missing, key=lambda name: (missing[name], name)), _spare(pool))
    lacking = pool.waiting + sum(missing.values()) - sum(served.values())
    if lacking or pool.promises:
        return _plan(served, _recall_longest(heard, lacking, pool.promises))
    stock = pool.free + sum(map(_likely, pool.holders))
    plenty = stock >= PLENTY_H * _all_per_h(pool)
    shares = _shares(pool, stock)
    silent = sum(_likely(one) for one in pool.holders if one not in heard)
    kept = max(0, math.ceil(stock - silent - NO_UNIT) - sum(shares.values()))
    pool = _granted(pool, served)
    filled = _fill_shortest(pool, shares, _spare(pool))
    pool = _granted(pool, filled)
    ahead = _fill_ahead(pool, kept) if plenty else {}
    given = {name: served[name] + filled.get(name, 0) + ahead.get(name, 0) for name in served}
    recalls = _recall_surplus(_granted(pool, ahead), shares, kept, plenty=plenty)
    return _plan(given, (one for one in recalls if not given[one.of]))  # nobody is asked for what he is just given


def _shares(pool: Pool, stock: float) -> dict[str, int]:
    """Return the share of each holder that is heard."""
    all_per_h = _all_per_h(pool)
    return {one.name: math.floor(stock * _per_h(one) / all_per_h + NO_UNIT) for one in _heard(pool)}


def _enough(pool: Pool, heard: Sequence[Holder]) -> int:
    """Return what lasts the hub's own shoppers and silent holders for as long as there is plenty."""
    return math.ceil(PLENTY_H * (_all_per_h(pool) - sum(map(_per_h, heard))))


def _fill_shortest(pool: Pool, goals: dict[str, int], spare: int) -> dict[str, int]:
    """Return what fills holders up to their goals; where ``spare`` is too little, so that it lasts equally long."""
    heard = _heard(pool)
    gaps = {one.name: max(0, goals[one.name] - _held(one)) for one in heard}
    if sum(gaps.values()) <= spare:
        return gaps
    given = _level(heard, gaps, spare)
    rest = spare - sum(given.values())
    for one in sorted(heard, key=lambda one: ((_held(one) + given[one.name]) / _per_h(one), one.name)):
        if rest and given[one.name] < gaps[one.name]:
            given[one.name] += 1
            rest -= 1
    return given


def _level(heard: Sequence[Holder], gaps: dict[str, int], spare: int) -> dict[str, int]:
    """Return what brings all to the same number of hours within their gaps, the most that ``spare`` is enough for."""
    low_h, high_h = 0.0, max((_held(one) + gaps[one.name]) / _per_h(one) for one in heard)
    given = dict.fromkeys(gaps, 0)
    for _ in range(HALVINGS):
        level_h = (low_h + high_h) / 2
        tried = {one.name: max(0, min(gaps[one.name], math.floor(level_h * _per_h(one)) - _held(one))) for one in heard}
        if sum(tried.values()) <= spare:
            low_h, given = level_h, tried
        else:
            high_h = level_h
    return given


def _fill_ahead(pool: Pool, kept: int) -> dict[str, int]:
    """Return what holders get that ask ahead, of what the hub need not keep for others."""
    heard = _heard(pool)
    spare = min(_spare(pool), pool.free - min(kept, _enough(pool, heard)))
    return _fill_shortest(pool, {one.name: one.available + one.ahead for one in heard}, max(0, spare))


def _recall_longest(heard: Sequence[Holder], lacking: int, promised: int) -> list[Recall]:
    """Return recalls of ``lacking`` units, less what is on its way, from those whose stock would last longest.

    Of ``promised`` ones, only what lies above the holder's cover.
    """
    coming = sum(one.recalling for one in heard)
    lacking, promised = lacking - coming, promised - max(0, coming - lacking)
    recalls = []
    for one in sorted(heard, key=lambda one: (-_held(one) / _per_h(one), one.name)):
        units = max(0, min(lacking, _held(one) - one.waiting))
        more = max(0, min(promised, above_cover(one) - units))
        if units + more > 0 and not one.recalling:
            recalls.append(Recall(one.name, units + more, urgent=True))
            lacking, promised = lacking - units, promised - more
    return recalls


def above_cover(one: Holder) -> int:
    """Return what a holder that is heard can give without turning a shopper away in an outage; 0 if it is silent."""
    if one.heard_s > HEARD_S:
        return 0
    return max(0, _held(one) - one.waiting - cover(one.demand_per_h, one.outage_s))


def _recall_surplus(pool: Pool, shares: dict[str, int], kept: int, *, plenty: bool) -> list[Recall]:
    """Return recalls of what holders have beyond their shares, as far as others lack it: the largest surplus first.

    While there is plenty each keeps its cover, or it would ask ahead for what it has just given back.
    """
    heard = _heard(pool)
    gaps = sum(max(0, shares[one.name] - _held(one)) for one in heard)
    lacking = gaps + kept - pool.free - sum(one.recalling for one in heard)
    if lacking <= 0:
        return []
    covers = {one.name: cover(one.demand_per_h, one.outage_s) if plenty else 0 for one in heard}
    recalls = []
    for one in sorted(heard, key=lambda one: (shares[one.name] - _held(one), one.name)):
        units = min(lacking, _held(one) - max(one.waiting, shares[one.name], covers[one.name]))
        if units > 0 and not one.recalling:
            recalls.append(Recall(one.name, units, urgent=not plenty))
            lacking -= units
    return recalls


def _fill(gaps: dict[str, int], order: Sequence[str], spare: int) -> dict[str, int]:
    """Return what of ``spare`` goes into each gap, one after the other."""
    given = dict.fromkeys(gaps, 0)
    for name in order:
        given[name] = min(gaps[name], spare)
        spare -= given[name]
    return given


def _granted(pool: Pool, given: dict[str, int]) -> Pool:
    """Return the pool as it is once ``given`` is on its way."""
    if not any(given.values()):
        return pool
    holders = tuple(replace(one, in_flight=one.in_flight + given.get(one.name, 0)) for one in pool.holders)
    return replace(pool, free=pool.free - sum(given.values()), holders=holders)


def _plan(given: dict[str, int], recalls: Iterable[Recall]) -> Plan:
    grants = tuple(Grant(name, units) for name, units in sorted(given.items()) if units)
    return Plan(grants, tuple(sorted(recalls, key=lambda one: one.of)))


def _heard(pool: Pool) -> list[Holder]:
    return _by_name(one for one in pool.holders if one.heard_s <= HEARD_S)


def _by_name(holders: Iterable[Holder]) -> list[Holder]:
    return sorted(holders, key=lambda one: one.name)


def _spare(pool: Pool) -> int:
    return max(0, pool.free - pool.safety)


def _held(one: Holder) -> int:
    return one.available + one.in_flight


def _per_h(one: Holder) -> float:
    return max(LEAST_PER_H, one.demand_per_h)


def _all_per_h(pool: Pool) -> float:
    return pool.demand_per_h + sum(map(_per_h, pool.holders))


def _likely(one: Holder) -> float:
    """Return what a holder probably has left: silent, it went on selling."""
    sold = one.demand_per_h * one.heard_s / HOUR_S if one.heard_s > HEARD_S else 0.0
    return max(0.0, one.available - sold) + one.in_flight
