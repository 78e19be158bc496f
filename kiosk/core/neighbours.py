"""How the tills of one site share their rights while the hub does not answer (I10). Pure.

Rules
-----
1.  Who asks: a till whose shoppers want goods that it has no right to, or that holds less than its cover, once the hub
    cannot be heard or has not answered for :data:`HUB_WAIT_S`. It asks the present tills that hold the goods, as they
    told last, those that hold most first, and all of them together for no more than it wants. What all of them cannot
    give whole to a shopper who waits is not asked of any: half of it sells nothing, and their shoppers lack it.
2.  Who gives: for goods in a shopper's hand now, all that no shopper of its own waits for. Ahead of need, what lies
    beyond its own cover; where both would run dry, what makes the two last equally long. An idle till has no cover,
    and gives all it is asked for.
3.  What was given and is not in the asker's books yet counts as given: no question is answered twice over.
4.  A till that stopped selling gives what it has to the present till that sold last; if the hub is reachable and a
    neighbour goes on selling, to the hub. What is set aside for shoppers stays.
5.  Only a move and its acceptance change rights. Everything else that is told (presence, holdings) decides who is asked
    and whether an approver is spared; it is never spent. A dead till keeps what it holds until its facts are known.
6.  A move is for one life of its receiver. Once a newer life of it is heard and the hub holds the move, it is settled
    there: the giver says it no more, and never takes it back, for nobody can know what that life took before it ended.
7.  How old word of a neighbour is, is told by this machine's clock since boot, never by the neighbour's.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract import asking
from contract.facts import StockLine
from contract.goods import TillPosition
from contract.lan import MAX_ASKED, MAX_PER_H, AskLine
from contract.stock import NOTHING, Account, StockKey
from contract.values import MAX_AMOUNT, Epoch, KioskId, Quantity, Seq
from kiosk.core.goods import GoodsError
from kiosk.core.rights import OUTAGE_S, Need

HUB_WAIT_S: Final = 10.0  # a hub that is there grants in two; beyond that it is away, or has nothing
PRESENT_S: Final = 25.0  # two of a till's signs of life, one of which may be lost
RECENT_S: Final = 3600.0  # a till that restarts is back within it; longer than that nobody vouches for what it holds
ASK_FRESH_S: Final = 15.0  # a question is repeated every three: who is silent for longer wants nothing any more
WORTH: Final = 4  # a move ahead of need adds at least a quarter to what is there: chance of demand moves nothing
MAX_MOVED: Final = 200  # accounts in one move: 30 KiB
_PER_H_DIGITS: Final = 2  # of demand, as it is told: what is beyond decides nothing


class Neighbour(Struct, frozen=True):
    """Another till of the site, as it told last. ``age_s``: heard so long ago; None if not since this machine began."""

    kiosk: KioskId
    epoch: Epoch
    position: Seq
    online: bool
    age_s: float | None = None
    hub: bool = False
    selling: bool = False
    sold_at: datetime | None = None
    holds: Mapping[StockKey, int] = {}
    more: bool = False  # it holds other goods too

    @property
    def present(self) -> bool:
        """Return whether it would hear a question now."""
        return self.online and self._heard_within(PRESENT_S)

    @property
    def recent(self) -> bool:
        """Return whether what it told last may be reckoned with."""
        return self._heard_within(RECENT_S)

    def _heard_within(self, seconds: float) -> bool:
        return self.age_s is not None and 0 <= self.age_s < seconds


class Given(Struct, frozen=True):
    """Rights that left for a life of a till, and are not known to have arrived: the move, and where it stands."""

    move: str
    receiver: KioskId
    to_epoch: Epoch
    epoch: Epoch
    seq: Seq


def decide_wants(
    needs: Mapping[StockKey, Need], accounts: Mapping[StockKey, Account], *, silent: Collection[StockKey] | None
) -> list[AskLine]:
    """Return what to ask the neighbours for, what a shopper waits for first, then what runs dry soonest.

    ``silent`` are the accounts that the hub did not answer for; None: it cannot be heard at all (rule 1).
    """
    found = list[tuple[bool, float, AskLine]]()
    for key, need in needs.items():
        if silent is not None and key not in silent:
            continue
        there = accounts.get(key, NOTHING).promisable
        ask = asking.decide_ask(there, waiting=need.waiting, demand_per_h=need.per_h, outage_s=OUTAGE_S)
        if ask.waiting or ask.ahead:
            line = AskLine(
                *key,
                there=min(there, MAX_AMOUNT),
                waiting=min(ask.waiting, MAX_AMOUNT),
                ahead=min(ask.ahead, MAX_AMOUNT),
                per_h=min(round(need.per_h, _PER_H_DIGITS), MAX_PER_H),
            )
            found.append((not ask.waiting, there / need.per_h if need.per_h else 0.0, line))
    found.sort(key=lambda one: (*one[:2], one[2].key))
    return [line for *_, line in found[:MAX_ASKED]]


def decide_asks(wants: Iterable[AskLine], neighbours: Iterable[Neighbour]) -> dict[KioskId, list[AskLine]]:
    """Return whom to ask for what: rule 1. A till that holds more than it could tell is asked for the rest."""
    present = sorted((one for one in neighbours if one.present), key=lambda one: one.kiosk)
    asks: dict[KioskId, list[AskLine]] = {}
    for want in wants:
        key, ahead = want.key, want.ahead
        waiting = want.waiting if _is_there(want, present) else 0
        for one in sorted(present, key=lambda one: -one.holds.get(key, 0)):
            holds = one.holds.get(key, waiting + ahead if one.more else 0)
            urgent, rest = min(waiting, holds), min(ahead, max(0, holds - waiting))
            if urgent or rest:
                line = AskLine(*key, there=want.there, waiting=urgent, ahead=rest, per_h=want.per_h)
                asks.setdefault(one.kiosk, []).append(line)
                waiting, ahead = waiting - urgent, ahead - rest
    return asks


def _is_there(want: AskLine, present: Iterable[Neighbour]) -> bool:
    """Return whether those who are present may have all that a shopper waits for."""
    return sum(one.holds.get(want.key, want.waiting if one.more else 0) for one in present) >= want.waiting


def decide_give(
    asked: Iterable[AskLine],
    accounts: Mapping[StockKey, Account],
    needs: Mapping[StockKey, Need],
    *,
    given: Mapping[StockKey, int],
) -> list[StockLine]:
    """Return what to give a till that asks: rule 2. ``given`` is what it did not count in yet (rule 3)."""
    lines = []
    for line in asked:
        account, need = accounts.get(line.key, NOTHING), needs.get(line.key, Need())
        gives = _give(line, account.promisable, need, given.get(line.key, 0))
        if gives:
            lines.append(_line(line.key, gives))
    return lines[:MAX_MOVED]


def decide_heir(neighbours: Iterable[Neighbour]) -> Neighbour | None:
    """Return who goes on selling: the present till that sold last (rule 4)."""
    able = [one for one in neighbours if one.present and one.selling]
    return max(able, key=lambda one: (one.sold_at.timestamp() if one.sold_at else 0.0, one.kiosk), default=None)


def decide_leave(accounts: Mapping[StockKey, Account]) -> list[StockLine]:
    """Return what a till that stopped gives away, at most so much as one fact holds: rule 4."""
    return [_line(key, one.promisable) for key, one in sorted(accounts.items()) if one.promisable > 0][:MAX_MOVED]


def is_over(to: KioskId, to_epoch: Epoch, neighbours: Iterable[Neighbour]) -> bool:
    """Return whether a newer life of the till was heard than the one that rights were given to: rule 6."""
    return any(one.kiosk == to and one.epoch > to_epoch for one in neighbours)


def decide_settled(given: Iterable[Given], neighbours: Sequence[Neighbour], held: Mapping[Epoch, Seq]) -> list[str]:
    """Return the moves that nobody is told of any more: rule 6. ``held`` is how far the hub holds this till's lives."""
    return [
        one.move
        for one in given
        if one.seq <= held.get(one.epoch, 0) and is_over(one.receiver, one.to_epoch, neighbours)
    ]


def decide_cover(neighbours: Iterable[Neighbour]) -> dict[StockKey, int]:
    """Return what the site's other tills hold, as those of late told: it spares an approver (rule 5)."""
    cover: Counter[StockKey] = Counter()
    for one in neighbours:
        if one.recent:
            cover.update(one.holds)
    return dict(cover)


def decide_others(neighbours: Iterable[Neighbour], named: Sequence[TillPosition]) -> list[TillPosition]:
    """Return where the site's other tills are, for a count: those that a person ``named``, and those present.

    Raises: GoodsError, naming the tills that nobody knows the position of.
    """
    known = {one.kiosk for one in named}
    others, unknown = list(named), []
    for one in sorted(neighbours, key=lambda one: one.kiosk):
        if one.kiosk in known:
            continue
        if one.present:
            others.append(TillPosition(one.kiosk, one.epoch, one.position))
        else:
            unknown.append(f"--till {one.kiosk}={one.epoch}@{one.position}")
    if unknown:
        raise GoodsError(
            f"not heard now: name where they are as 'kiosk stock show --till' says there, last told {' '.join(unknown)}"
        )
    return others


def is_restated(before: Mapping[KioskId, Sequence[AskLine]], after: Mapping[KioskId, Sequence[AskLine]]) -> bool:
    """Return whether questions say something new: what drifts with demand alone is not worth another one."""
    return _gist(before) != _gist(after)


def move_id(ask: str, *ends: object) -> str:
    """Return the id of the one move that may answer a question: who is killed while it answers does not give twice."""
    return hashlib.sha256("\n".join(map(str, (ask, *ends))).encode()).hexdigest()


def _give(line: AskLine, there: int, own: Need, given: int) -> int:
    """Return how much of what is asked to give: from 0 to what no shopper here waits for."""
    left = max(0, there - own.waiting)
    waiting = max(0, line.waiting - given)
    ahead = max(0, line.ahead - max(0, given - line.waiting))
    urgent = min(waiting, left)
    left -= urgent
    beyond = left - asking.cover(own.per_h, OUTAGE_S)
    return urgent + min(ahead, max(0, beyond, _fair(left, own.per_h, line, given)))


def _fair(left: int, per_h: float, line: AskLine, given: int) -> int:
    """Return what makes both last equally long; nothing where it is too little to be worth a move."""
    there = line.there + given
    both = per_h + line.per_h
    share = left - -(-(left + there) * per_h // both) if both > 0 else 0
    return int(share) if share * WORTH >= there and share > 0 else 0


def _gist(asks: Mapping[KioskId, Sequence[AskLine]]) -> dict[KioskId, set[tuple[StockKey, int, int]]]:
    return {to: {(line.key, line.there, line.waiting) for line in lines} for to, lines in asks.items()}


def _line(key: StockKey, amount: int) -> StockLine:
    return StockLine(key.sku, Quantity(min(amount, MAX_AMOUNT), key.unit), key.condition)
