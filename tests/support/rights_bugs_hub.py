"""Seeded bugs of the hub: what it books, what it settles, what it promises, and what it grants when it went back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, text

from contract.rights import RightsMoved, RightsReported
from contract.stock import StockKey
from hub.core import settle
from hub.core.late import spent_by
from hub.core.reconcile import Effects, effects_of
from hub.core.settle import Owed, Settlement
from hub.intake.rights_pools import PoolWork
from hub.promises import holds
from hub.promises.reserving import Present
from hub.steward.counting import Counting
from hub.steward.round import SiteRound
from hub.steward.steward import Steward
from hub.store import accounts, closing, own_log, passages, pools, reservations
from hub.store.accounts import Issued
from hub.store.closing import Count
from hub.store.lives import Life
from hub.store.pools import Pool, PoolDelta, PoolKey, Term
from hub.store.reservations import Reservation

_true_round_take, _true_recall = SiteRound._take, SiteRound._recall
_true_settle, _true_cancel, _true_holds = settle.decide_settlement, holds.cancel, Steward._end_holds
_true_passages, _true_add, _true_report = passages.add, pools.add, PoolWork.report
_true_behind = closing.behind


def forget_seen(connection: Connection, life: Life) -> dict[StockKey, int]:
    """Never learn that a grant has come."""
    return {}


def leave_no_limbo(*_: object) -> dict[PoolKey, PoolDelta]:
    return {}


def forget_flights(self: Issued) -> int:
    """A life that ends leaves what its till is known to have."""
    return self.account.available + self.account.held


def pay_late_from_free(self: PoolWork, key: PoolKey, late: Any, there: Pool) -> None:
    """Late sales are paid with what others may be promised, and limbo stays for the next."""
    self.add(key, PoolDelta(free=-min(spent_by(late.delta), there.free)))


def note_nothing(*_: object) -> None:
    pass


def wait_for_nobody(self: Counting, count: Count, now: str) -> bool:
    return False


def mint_twice(by: int) -> Pool:
    return Pool(free=2 * max(0, by), unsettled=max(0, -by), adjusted=by)


def book_no_overdraft(free: int = 0, unsettled: int = 0) -> PoolDelta:
    return PoolDelta(free=free)


def settle_twice(owed: Owed) -> Settlement:
    """What one right pays is paid with a second one as well."""
    done = _true_settle(owed)
    more = min(done.from_free, owed.free - done.from_free)
    return replace(done, from_free=done.from_free + more)


def settle_nothing(owed: Owed) -> Settlement:
    return Settlement()


def drop_deficit(self: SiteRound, key: PoolKey, term: Term, amount: int, to: Term | None = None) -> None:
    _true_round_take(self, key, term, amount, None if to == "deficit" else to)


def free_on_recall(self: SiteRound, kiosk_id: int, what: StockKey, amount: int, *, urgent: bool) -> None:
    """What is asked back is taken for given back."""
    _true_recall(self, kiosk_id, what, amount, urgent=urgent)
    key = PoolKey(self._site.region, self._site.site, what)
    _true_add(self._connection, {key: PoolDelta(free=amount)})
    self._connection.execute(
        text("UPDATE accounts SET released = released + :n WHERE kiosk_id = :k AND sku = :s AND epoch = :e"),
        {"n": amount, "k": kiosk_id, "s": what.sku, "e": self._tills[kiosk_id].life},
    )


def reclaim_expired(self: Steward) -> int:
    """What was placed and not collected in time is the hub's again."""

    def work(connection: Connection, present: Present) -> list[Any]:
        rows = connection.execute(
            text(
                "SELECT id FROM reservations WHERE state IN ('placed', 'held') AND source <> 'kiosk' AND until <= :now"
            ),
            {"now": present.now},
        )
        for (name,) in rows.all():
            _take_back(connection, name, "lapsed", present)
        return []

    self._write(work)
    return _true_holds(self)


def cancel_at_once(
    connection: Connection, present: Present, reservation: str, *, any_source: bool = False, why: str = ""
) -> Reservation:
    """A program's word ends what a till has set aside."""
    known = reservations.find(connection, reservation)
    if known is not None and known.state in {"placed", "held"}:
        _take_back(connection, reservation, "cancelled", present)
        return known
    return _true_cancel(connection, present, reservation, any_source=any_source)


def _take_back(connection: Connection, name: str, state: reservations.State, present: Present) -> None:
    known = reservations.find(connection, name)
    assert known is not None
    reservations.move(connection, name, {"placed", "held"}, state, {"ended_at": present.now})
    for what, amount in known.goods.items():
        pools.add(connection, {PoolKey(known.region, known.site, what): PoolDelta(free=amount)})
        connection.execute(
            text("UPDATE accounts SET released = released + :n WHERE kiosk_id = :k AND sku = :s AND epoch = :e"),
            {"n": amount, "k": known.kiosk_id, "s": what.sku, "e": known.epoch},
        )


def decide_again(*_: object, **__: object) -> bool:
    """Whatever asks for a promise is the first to ask."""
    return True


def promise_what_is_reserved(connection: Connection, reservation: Reservation, now: str) -> bool:
    """A promise is made from goods that another shopper's reservation holds."""
    reservations.add(connection, reservation)
    return True


def all_is_free(connection: Connection, region: str, keys: Iterable[StockKey], *, site: str | None = None) -> Any:
    rows = connection.execute(text("SELECT site, sku, condition, unit, free + reserved FROM pools"))
    found: dict[str, dict[StockKey, int]] = {}
    for of, sku, condition, unit, amount in rows:
        found.setdefault(of, {})[accounts.stock_key(sku, condition, unit)] = amount
    return found


def count_halves_twice(connection: Connection, halves: Iterable[Any], now: str) -> None:
    found = list(halves)
    _true_passages(connection, found, now)
    _true_passages(connection, [half for half in found if half[1].into], now)


def book_moves_at_receivers(fact: Any) -> Effects:
    effects = effects_of(fact)
    return replace(effects, stock=()) if isinstance(fact.data, RightsMoved) else effects


def presume_nothing(_: Steward) -> int:
    """What arrived is not missed where it came from."""
    return 0


def may_always_grant(*_: object) -> bool:
    return True


def believe_lower_reports(self: PoolWork, kiosk: Any, life: Life, said: RightsReported) -> None:
    """What a till has not had yet was never granted."""
    _true_report(self, kiosk, life, said)
    for what, one in accounts.read(self._connection, kiosk.id, life.epoch):
        told = {total.sku: total.total for total in said.totals}.get(what.sku, 0)
        key = accounts.AccountKey(kiosk.id, life.epoch, what, kiosk.address.region, kiosk.address.site)
        accounts.add_issued(self._connection, {key: min(0, told - one.issued)})


def tell_no_sums(self: SiteRound, post: Any) -> Sequence[Any]:
    """What is granted is written down, and told nobody."""
    granted = self._granted.get(post.kiosk.id, {})
    if granted:
        at, incarnation = self._present.at, self._present.incarnation
        own_log.grant(self._connection, post.kiosk, post.life or 0, granted, at, incarnation)
    return ()


def book_no_fork(*_: object) -> bool:
    return False


def keep_chores(*_: object) -> None:
    """What was done is to be done again, for ever."""


def count_behind(*args: Any) -> Mapping[StockKey, Any]:
    """What was sold after a count was there when it was taken."""
    return _true_behind(args[0], args[1], replace(args[2], cut=()), args[3])


def before_every_count(*_: object, **__: object) -> bool:
    return False
