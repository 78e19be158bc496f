"""Shares one account of a site among its tills: what is free is granted, what is wanted elsewhere is recalled."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.stock import StockKey
from hub.core import redistribute
from hub.core.redistribute import Holder, Plan, Policy
from hub.core.waiting import kept_of
from hub.core.wishes import CounterWish, decide_met
from hub.store import holdings
from hub.store.holdings import Held, Post, Want
from hub.store.recalls import Standing

ASKED_S: Final = 900.0  # after a quarter of an hour no shopper stands there any more; the want itself stays
OFFLINE_S: Final = 120.0  # how long ago a till that is known to be away was heard, at least: two of its statuses missed
LEAST_WAIT_S: Final = 5.0  # a till that is there answers a recall within a second
MOST_WAIT_S: Final = 300.0
WAIT_SHARE: Final = 0.25  # of how long it has waited already


class Share(Struct, frozen=True):
    """What one till has of the account, what it waits for, and how it stands by what was asked of it back."""

    post: Post
    balance: int
    in_flight: int
    recalled: Standing
    held: Held | None
    wants: tuple[Want, ...] = ()


class Hub(Struct, frozen=True):
    """What the hub has of the account: ``free``, what its own shoppers ask for, and what is waited for.

    Promises wait for ``waited``; ``demanded`` was asked for in vain a moment ago, and is asked for again. ``by_hand``,
    of what is free, is kept for an operator who recalled it; None where no operator moved any of it of late.
    """

    free: int
    online_per_h: float = 0.0
    waited: int = 0
    demanded: int = 0
    by_hand: int | None = None


def decide(policy: Policy, hub: Hub, shares: Sequence[Share], now: datetime) -> Plan:
    """Return what to grant and to recall, by kiosk id: within what is free, and of tills that can be asked.

    What promises wait for, and what was asked for in vain, is kept of what is free, and recalled as far as it is not
    there. A shopper at a counter is waited for only where the whole of the wish can be met (``hub.core.wishes``).
    What an operator moved by hand of late is moved again for those alone who wait.
    """
    wanted = hub.waited + hub.demanded
    kept = kept_of(hub.free, wanted)
    free, lacking = max(0, hub.free - kept - (hub.by_hand or 0)), wanted - kept
    met = _met(shares, free, now)
    holders = tuple(_holder(one, now, is_met=str(one.post.kiosk.id) in met) for one in shares)
    pool = redistribute.Pool(free=free, holders=holders, demand_per_h=hub.online_per_h, promises=lacking)
    is_idle = not lacking and not any(one.waiting for one in holders)
    plan = Plan() if is_idle and hub.by_hand is not None else policy(pool)
    may_be = {str(one.post.kiosk.id): one for one in shares if _may_be_asked(one, for_some=lacking > 0)}
    left, grants = free, []
    for grant in plan.grants:
        units = min(grant.units, left)
        if units > 0:
            grants.append(redistribute.Grant(grant.to, units))
            left -= units
    recalls = [
        redistribute.Recall(one.of, units, urgent=one.urgent)
        for one in plan.recalls
        if (asked := may_be.get(one.of)) is not None
        and (one.urgent or not asked.recalled.keeps)
        and (units := min(one.units, _spare(asked))) > 0
    ]
    return Plan(tuple(grants), tuple(recalls))


def note_met(note: Callable[[Want, int], None], wants: Sequence[Want], units: int) -> None:
    """Note that ``units`` of what a till waits for were granted, for those who are there first."""
    for want in sorted(wants, key=lambda one: not one.asked):
        part = min(units, want.amount)
        if part:
            note(want, part)
        units -= part


def wait_s(shares: Sequence[Share], now: datetime) -> float:
    """Return in how many seconds to look again at what is waited for."""
    youngest = min((_age_s(want, now) for one in shares for want in one.wants), default=0.0)
    return min(MOST_WAIT_S, max(LEAST_WAIT_S, youngest * WAIT_SHARE))


def _met(shares: Sequence[Share], free: int, now: datetime) -> frozenset[str]:
    """Return the tills whose shoppers can be served whole of what is free and what tills that are heard have."""
    there = {str(one.post.kiosk.id): _spare(one) for one in shares if _heard_s(one.post, now) <= redistribute.HEARD_S}
    wishes = [
        CounterWish(name, there[name], lacking)
        for one in shares
        if (name := str(one.post.kiosk.id)) in there and (lacking := _lacking(one, now))
    ]
    return decide_met(wishes, free + sum(there.values()))


def _holder(one: Share, now: datetime, *, is_met: bool) -> Holder:
    """Return what a policy sees of a till: what its shopper waits for is what is there already and what is lacking."""
    lacking = _lacking(one, now)
    return Holder(
        name=str(one.post.kiosk.id),
        available=max(0, one.balance),
        in_flight=one.in_flight,
        waiting=_spare(one) + lacking if lacking and is_met else 0,
        ahead=sum(want.amount for want in one.wants) - lacking,
        demand_per_h=holdings.rate_now(one.held, now) if one.held else 0.0,
        heard_s=_heard_s(one.post, now),
        outage_s=redistribute.OUTAGE_S,
        recalling=one.recalled.asked,
    )


def _lacking(one: Share, now: datetime) -> int:
    """Return what a shopper who may still stand there lacks, beyond what the till has and what is on its way."""
    return sum(want.amount for want in one.wants if want.asked and _age_s(want, now) < ASKED_S)


def _heard_s(post: Post, now: datetime) -> float:
    heard_s = max(0.0, (now - datetime.fromisoformat(post.heard_at)).total_seconds())
    return heard_s if post.online else max(heard_s, OFFLINE_S)


def _may_be_asked(one: Share, *, for_some: bool) -> bool:
    recalled = one.recalled
    return not recalled.asked and not recalled.fell_short and (for_some or not recalled.rests)


def _spare(one: Share) -> int:
    return max(0, one.balance) + one.in_flight


def _age_s(want: Want, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(want.at)).total_seconds())


def of_account(what: StockKey, wants: Sequence[Want], post: Post) -> tuple[Want, ...]:
    """Return what a till waits for of one account, in the life that is open."""
    return tuple(one for one in wants if (one.kiosk_id, one.epoch, one.what) == (post.kiosk.id, post.life, what))
