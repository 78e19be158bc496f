"""Reservations of a site's stock that programs make over the API: held for a while, confirmed, cancelled.

Rules
-----
1.  A hold takes the goods from what is free at the site, whole or not at all. Walk-in sales cannot have them any more;
    what tills hold by their own right is not touched.
2.  A hold stays in the hub's pool until it is confirmed, so that only the hub's clock ends it, and a confirmation in
    time is certain. What is confirmed is placed with a till of the site.
3.  From there on only the kiosk's fact ends it (I9): to cancel it is a request.
4.  A site of which a life has not reported confirms nothing (I11).
5.  A request that is repeated under its key is answered as before, and has its effect once; unless it was told to try
    again, because tills of the site were asked for the goods: then it is decided anew.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from contract.down_rights import ReservationRefused
from contract.values import instant_text
from hub.clock import Clock
from hub.core.incarnation import Life
from hub.core.promise import Goods, code_of
from hub.core.waiting import left_for
from hub.promises.reserving import Present, give_back, reserve, want_placed
from hub.store import idempotency, inbox, lives, offers, own_log, reservations, sites, waits
from hub.store.database import Store
from hub.store.errors import WorldFailed
from hub.store.inbox import KioskRow
from hub.store.life import count_commit, read_life
from hub.store.reservations import Reservation

HOLD: Final = timedelta(minutes=15)  # a shopper who pays takes some minutes
MAX_HOLD: Final = timedelta(hours=1)  # longer, and walk-in shoppers are refused for one who does not come
KEPT: Final = timedelta(hours=48)  # from the confirmation on, where nothing else is said
MAX_KEPT: Final = timedelta(days=14)  # goods on a shelf in the back of a popup store
MAX_HOLDS: Final = 1000  # of a site, unconfirmed: a program that never confirms takes what a busy hour has, and no more
KEYS_KEPT: Final = timedelta(hours=24)  # whoever repeats a request does so within minutes
FORGET_EVERY_S: Final = 3600.0
CANCELLED: Final = "cancelled by the shop"
_TRIES: Final = 3  # it was placed between two looks: once; who is placed stays placed
T = TypeVar("T")


class Reply(Struct, frozen=True):
    """What is answered, and kept under the request's key: for good, or not where it may be asked again so soon."""

    status: int
    body: str
    try_again_s: int | None = None


class Refused(Exception):
    """It cannot be as asked; ``code`` is a short name for why, ``field`` what of the request it is about."""

    def __init__(self, code: str, what: str, field: str = "") -> None:
        """Keep the parts."""
        super().__init__(what)
        self.code = code
        self.what = what
        self.field = field


class KeyReused(Exception):
    """The key was used for another request."""


class _Moved(Exception):
    """The reservation was placed meanwhile."""


class Hold(Struct, frozen=True):
    """What is to be held where, and how long."""

    region: str
    site: str
    goods: Goods
    hold_for: timedelta = HOLD
    paid: bool = False
    elsewhere: bool = False  # if its goods are lost, those of another site will do


class Holds:
    """Runs what changes reservations, each in one transaction."""

    def __init__(
        self, store: Store, clock: Clock, *, new_id: Callable[[], str], keep: Callable[[Life], None] | None = None
    ) -> None:
        """Take the parts; ``keep`` is told of each commit's life before it is answered."""
        self.store = store
        self.new_id = new_id
        self._clock = clock
        self._keep = keep
        self._forget_at_s = clock.monotonic_s()

    def run(self, act: Callable[[Connection, Present], T]) -> T:
        """Return what ``act`` returns, once it is committed; raises what it raises, and WorldFailed."""
        for _ in range(_TRIES):
            try:
                return self._run(act)
            except _Moved:
                continue
        raise WorldFailed("the reservation moves all the time")

    def run_once(self, region: str, key: str, asked: str, act: Callable[[Connection, Present], Reply]) -> Reply:
        """Return what ``act`` answers, or what was answered to the same request (a digest) under the same key.

        Raises: KeyReused; what ``act`` raises, and then nothing is kept; WorldFailed.
        """

        def once(connection: Connection, present: Present) -> Reply:
            before = idempotency.claim(connection, region, key, asked, present.now)
            if before is not None:
                if before.digest != asked:
                    raise KeyReused
                return Reply(before.status, before.answer)
            reply = act(connection, present)
            if reply.try_again_s is None:
                idempotency.settle(connection, region, key, reply.status, reply.body)
            else:
                idempotency.release(connection, region, key)
            return reply

        self._forget_keys()
        return self.run(once)

    def _run(self, act: Callable[[Connection, Present], T]) -> T:
        at = self._clock.now()
        with self.store.write() as connection:
            life = read_life(connection)
            result = act(connection, Present(instant_text(at), at, life.incarnation if life else lives.FIRST))
            committed = count_commit(connection)
        if self._keep:
            self._keep(committed)
        return result

    def _forget_keys(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._forget_at_s:
            self._forget_at_s = now_s + FORGET_EVERY_S
            before = instant_text(self._clock.now() - KEYS_KEPT)
            self._run(lambda connection, _: idempotency.forget_before(connection, before))


def hold(connection: Connection, present: Present, wanted: Hold, reservation: str) -> Reservation:
    """Take goods from what is free at a site: rule 1.

    Raises: Refused.
    """
    region, site = wanted.region, wanted.site
    if not lives.may_grant(connection, region, site):
        raise Refused("site_silent", f"not every till of {region}/{site} has reported since the hub was restored")
    if reservations.count_open_holds(connection, region, site) >= MAX_HOLDS:
        raise Refused("too_many", f"{MAX_HOLDS} holds of {region}/{site} wait to be confirmed: confirm or cancel some")
    known = offers.free(connection, region, wanted.goods, site=site)
    free = left_for(None, known, waits.of_goods(connection, region, wanted.goods)).get(site, {})
    for at, (what, amount) in enumerate(wanted.goods.items()):
        if free.get(what, 0) < amount:
            if not sites.is_known(connection, region, site):
                raise Refused(
                    "unknown_site", f"no site {site} is known in {region}; /sites lists those that are", "site"
                )
            there = free.get(what, 0)
            raise Refused("not_free", f"{amount} of {what.sku} wanted, {there} free", f"lines[{at}].quantity")
    until = instant_text(present.at + wanted.hold_for)
    held = Reservation(
        reservation,
        region,
        site,
        "reserved",
        "order",
        wanted.paid,
        code_of(reservation),
        present.now,
        until,
        wanted.goods,
        elsewhere=wanted.elsewhere,
    )
    if not reserve(connection, held, present.now):
        raise Refused("not_free", "somebody was faster", "lines")
    return held


def confirm(
    connection: Connection, present: Present, reservation: str, *, until: datetime | None = None, paid: bool = False
) -> Reservation:
    """Make a hold firm, and have it placed: rule 2. What is confirmed stays as it was confirmed first.

    Raises: Refused.
    """
    known = _locked(connection, reservation)
    _ours(known)
    if known.state not in reservations.OPEN:
        raise Refused("ended", _how_it_ended(known))
    kept = until or present.at + KEPT
    if not present.at < kept <= present.at + MAX_KEPT:
        raise Refused("bad_until", f"until is in the next {MAX_KEPT.days} days", "until")
    if known.confirmed_at is None and known.until <= present.now:
        raise Refused("ended", f"the hold ended at {known.until}")
    if known.confirmed_at is None:
        values = {"confirmed_at": present.now, "until": instant_text(kept), "paid": known.paid or paid}
        reservations.move(connection, known.id, {"reserved"}, "reserved", values)
        want_placed(connection, known, present.now)
    elif paid and not known.paid:
        reservations.move(connection, known.id, {known.state}, known.state, {"paid": True})
    return _locked(connection, reservation)


def cancel(
    connection: Connection, present: Present, reservation: str, *, any_source: bool = False, why: str = CANCELLED
) -> Reservation:
    """End a reservation that is not placed yet; ask the kiosk that holds it to end it otherwise: rule 3.

    Raises: Refused.
    """
    seen = reservations.find(connection, reservation)
    kiosk = _lock_kiosk(connection, seen, present) if seen else None
    known = _locked(connection, reservation)
    if not any_source:
        _ours(known)
    if known.state == "reserved":
        give_back(connection, known, present.now)
        reservations.move(connection, known.id, {"reserved"}, "cancelled", {"ended_at": present.now})
    elif known.state in reservations.OPEN:
        if kiosk is None:
            raise _Moved
        fact = ReservationRefused(known.id, why)
        own_log.tell(connection, kiosk, [fact], present.at, present.incarnation)
    elif known.state != "cancelled":
        raise Refused("ended", _how_it_ended(known))
    return _locked(connection, reservation)


def _locked(connection: Connection, reservation: str) -> Reservation:
    found = reservations.find(connection, reservation, lock=True)
    if found is None:
        raise Refused("unknown", f"no reservation {reservation[:64]!r}")
    return found


def _how_it_ended(known: Reservation) -> str:
    if known.moved_to is not None:
        return f"its goods were lost; {known.moved_to} took its place at {known.answered_at}"
    return f"it is {known.state} since {known.ended_at}"


def _ours(known: Reservation) -> None:
    if known.source != "order":
        raise Refused("not_ours", "a till or a promise made it: only what was made here is changed here")


def _lock_kiosk(connection: Connection, seen: Reservation, present: Present) -> KioskRow | None:
    if seen.kiosk_id is None:
        return None
    address = reservations.address_of(connection, seen.kiosk_id)
    return inbox.lock_kiosks(connection, [address], present.now, most=0)[address]
