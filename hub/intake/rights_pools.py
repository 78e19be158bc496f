"""One transaction's changes of the pools: locked once, in their order, and written together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from contract.rights import RightsReported
from contract.stock import NOTHING, Account, StockKey, add
from hub.core.late import Means, brought_by, pay, spent_by
from hub.store import accounts, chores, counts, lives, pools, promises
from hub.store.accounts import AccountKey
from hub.store.books import Trouble
from hub.store.counts import Reversible
from hub.store.inbox import KioskRow
from hub.store.life import read_life
from hub.store.lives import Life
from hub.store.pools import EMPTY, Pool, PoolDelta, PoolKey


class _Late(NamedTuple):
    """Late facts of one account: what they came to, and since when their life is closed; "": in no order (rule 6)."""

    since: str
    delta: Account


class PoolWork:
    """Gathers what facts change; :meth:`write` locks, decides and writes."""

    def __init__(self, connection: Connection, now: str) -> None:
        """Begin with nothing to change."""
        self._connection = connection
        self._now = now
        self._deltas: dict[PoolKey, PoolDelta] = {}
        self._late: dict[tuple[PoolKey, str], _Late] = {}
        self._forgotten: list[tuple[PoolKey, int, bool]] = []  # what a hub that went back granted; to an open life?
        self._todo: list[tuple[PoolKey, str]] = []
        self.touched: set[PoolKey] = set()  # what may no longer be available as it was
        self._troubles: list[Trouble] = []

    def add(self, key: PoolKey, delta: PoolDelta) -> None:
        """Add to a pool."""
        self._deltas[key] = self._deltas.get(key, EMPTY).plus(delta)
        self.touched.add(key)

    def late(self, key: PoolKey, since: str, delta: Account) -> None:
        """Note late facts of a life that is closed ``since`` then; "" for facts that stand in no order."""
        known = self._late.get((key, since))
        self._late[key, since] = _Late(since, add(known.delta if known else NOTHING, delta))

    def close(self, kiosk: KioskRow, epoch: int, why: str) -> None:
        """Move what a life leaves to limbo."""
        moved = lives.balances(self._connection, kiosk.address, kiosk.id, epoch)
        for key, delta in moved.items():
            self.add(key, delta)
            self._todo.append((key, "close"))
        self._troubles += lives.closed_troubles(kiosk, epoch, why, moved)

    def report(self, kiosk: KioskRow, life: Life, said: RightsReported) -> None:
        """Compare what a life was granted with what the books say; a hub that went back has forgotten some."""
        at = kiosk.address
        told = {StockKey(one.sku, one.condition, one.unit): int(one.total) for one in said.totals}
        known = accounts.issued(self._connection, kiosk.id, life.epoch, list(told))
        self.touched.update(PoolKey(at.region, at.site, what) for what in told)
        keys = {what: AccountKey(kiosk.id, life.epoch, what, at.region, at.site) for what in told}
        lost = {what: total - known[what] for what, total in told.items() if total > known[what]}
        accounts.add_issued(self._connection, {keys[what]: amount for what, amount in lost.items()})
        accounts.raise_granted(self._connection, {keys[what]: total for what, total in told.items() if total})
        is_open = life.closed_at is None
        self._forgotten += [(PoolKey(at.region, at.site, what), amount, is_open) for what, amount in lost.items()]
        hub = read_life(self._connection)
        if said.last and hub is not None and said.generation == hub.incarnation:
            life.reported = hub.incarnation
            lives.save(self._connection, [life])
            promises.wake(self._connection, kiosk.id)

    def write(self) -> Sequence[Trouble]:
        """Write the pools and what is to be done about them; return the exceptions to open."""
        if self._late or self._forgotten:
            self._decide()
        pools.add(self._connection, self._deltas)
        self._todo += [
            (key, "settle") for key, delta in self._deltas.items() if delta.unsettled > 0 or delta.deficit > 0
        ]
        if self._todo:
            chores.add(self._connection, self._todo, self._now)
        return self._troubles

    def _decide(self) -> None:
        """Decide what depends on what there is."""
        keys = {*self._deltas, *(key for key, _ in self._late), *(key for key, _, _ in self._forgotten)}
        there = pools.lock(self._connection, keys)
        for key, amount, is_open in self._forgotten:
            self._forget(key, amount, self._after(there, key), is_open=is_open)
        for (key, _), late in sorted(self._late.items()):
            self._pay(key, late, self._after(there, key))

    def _after(self, there: dict[PoolKey, Pool], key: PoolKey) -> Pool:
        return there[key].plus(self._deltas.get(key, EMPTY))

    def _forget(self, key: PoolKey, amount: int, there: Pool, *, is_open: bool) -> None:
        """Take a grant that was forgotten from ``free``, then ``limbo``; what is missing is a deficit.

        What a closed life was granted is in limbo again.
        """
        free = min(amount, there.free)
        limbo = min(amount - free, there.limbo)
        missing = amount - free - limbo
        self.add(key, PoolDelta(free=-free, limbo=-limbo, deficit=missing))
        if not is_open:
            self.add(key, PoolDelta(limbo=amount))
        if missing:
            subject = f"{key.region}/{key.site} {key.what.sku} {key.what.condition} {key.what.unit}"
            self._troubles.append(
                Trouble("deficit", subject, None, {"missing": missing, "why": "granted and forgotten"})
            )

    def _pay(self, key: PoolKey, late: _Late, there: Pool) -> None:
        spent, brought = spent_by(late.delta), brought_by(late.delta)
        if not spent and not brought:
            return
        stands = counts.reversible(self._connection, key, late.since)
        short = [one for one in stands if one.left < 0 and late.since]
        over = [one for one in stands if one.left > 0]
        paid = pay(spent, Means(there.limbo, _sum(short), _sum(over)), brought=brought)
        counts.take_back(self._connection, key, short, paid.short)
        counts.take_back(self._connection, key, over, paid.over)
        self.add(key, PoolDelta(limbo=paid.limbo, unsettled=paid.unsettled, adjusted=paid.adjusted))


def _sum(found: Iterable[Reversible]) -> int:
    return sum(abs(one.left) for one in found)
