"""What was promised and cannot be kept: placed anew, or taken back with compensation; told once, and written down.

Rules
-----
1.  A reservation that a shortfall hit is placed anew in this order: other goods of its site; then the nearest site that
    has them, where the shopper's wish allows another; what is free first, then what tills give back. What is nowhere
    after :data:`WINDOW` is cancelled with compensation.
2.  One that a till has set aside is placed anew when the till has said that it gave it up. If the shopper was faster,
    nothing was broken.
3.  What takes its place has an id and a code of its own, and the turn of the first: it asked before others.
4.  The kiosk that asked is told, in words for the shopper. Of an order nobody is told but who asks the API for it.
5.  Its exception says what was done, and is resolved by that. It stays open for a person where something is left that
    the hub cannot do: pay an order back, know what was paid where a hub that went back knows an answer only, or tell
    a shopper whose goods a till had set aside by itself, in a life that has ended.
6.  Goods that are on their way are set aside once they have come. What has not come by the time that the shopper was
    told is taken back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from contract.rights import Answer
from contract.values import Address
from hub.core.promise import MAX_MOVES, Choice, Goods, Wish, decide_word, sorry, successor
from hub.promises.finding import Seeker, fetch, take_free, wait
from hub.promises.promising import Verdict, new_reservation, tell
from hub.promises.reserving import Present
from hub.store import breaks, inbox, promises, reservations, waits
from hub.store.books import Trouble, open_exceptions
from hub.store.promises import Promise
from hub.store.reservations import Reservation

WINDOW: Final = timedelta(
    minutes=5
)  # nobody stands at a counter, and a till that was away for a moment is back by then
BROKEN: Final = "reservation_broken"
MISSED: Final = "promise_missed"


def place_anew(name: str, connection: Connection, present: Present) -> list[Address]:
    """Decide what becomes of a broken reservation, if that can be decided by now; return the kiosks that were told."""
    seen = reservations.find(connection, name)
    promise = _promise(connection, seen, present) if seen else None
    one = reservations.find(connection, name, lock=True)
    if one is None or not breaks.is_pending(one):
        return []
    if one.state in {"collected", "lapsed"}:
        _done(connection, one, None, {"done": f"it was {one.state} all the same"}, present, left_open=False)
        return []
    nth = _next(connection, one)
    moved = _take(connection, one, promise, nth, present) if nth and one.until > present.now else None
    if moved is None and nth and _waits(connection, one, promise, present):
        return []
    verdict = moved or Verdict(sorry(promise.request.paid_minor if promise and promise.request else 0))
    _done(
        connection,
        one,
        verdict.reservation,
        _what_was_done(one, verdict),
        present,
        left_open=_is_left(one, promise, verdict),
    )
    return [_revise(connection, promise, verdict, present)] if promise else []


def fetch_later(name: str, connection: Connection, present: Present) -> list[Address]:
    """Set aside what a promise waits for that was on its way, if it has come; return the kiosks that were told."""
    seen = promises.find(connection, name)
    known = waits.find(connection, name)
    if seen is None or known is None:
        waits.end(connection, name)
        return []
    promise = _locked(connection, seen, present)
    one, region = known[0], promise.kiosk.address.region
    until = breaks.until_of(connection, name)
    if promise.state != Answer.LATER or until is None:
        waits.end(connection, name)
        return []
    if until <= present.now:
        return [_missed(connection, promise, present)]
    seeker = Seeker(name, one.at, region, Wish(one.goods, one.site, only_there=True))

    def make(goods: Goods, site: str) -> Reservation:
        return new_reservation(promise, goods, site, present, until=until)

    if take_free(connection, seeker, make, present.now).reservation is not None:
        waits.end(connection, name)
    else:
        fetch(connection, seeker, present)
    return []


def _promise(connection: Connection, one: Reservation, present: Present) -> Promise | None:
    """Return the promise that a reservation was made for, its kiosk locked."""
    found = promises.find(connection, one.root) if one.source == "promise" else None
    return _locked(connection, found, present) if found else None


def _locked(connection: Connection, found: Promise, present: Present) -> Promise:
    inbox.lock_kiosks(connection, [found.kiosk.address], present.now, most=0)
    return promises.find(connection, found.id) or found


def _next(connection: Connection, one: Reservation) -> int:
    """Return for which time its goods are moved now, 0 where that was too often."""
    free = (nth for nth in range(1, MAX_MOVES + 1) if reservations.find(connection, successor(one.root, nth)) is None)
    return next(free, 0)


def _seeker(connection: Connection, one: Reservation, promise: Promise | None) -> Seeker:
    """Return who looks for the goods: where they were to be collected, or at the nearest other site."""
    distances = breaks.distances(connection, one.region, one.site)
    only_there = promise is None and not one.elsewhere
    wish = Wish(one.goods, one.site, only_there=only_there, distances=distances)
    return Seeker(one.id, one.at, one.region, wish)


def _take(
    connection: Connection, one: Reservation, promise: Promise | None, nth: int, present: Present
) -> Verdict | None:
    def make(goods: Goods, site: str) -> Reservation:
        return breaks.in_place_of(one, successor(one.root, nth), goods, site, present.now)

    found = take_free(connection, _seeker(connection, one, promise), make, present.now)
    if found.reservation is None:
        return None
    wanted = promise.request.site or promise.kiosk.address.site if promise and promise.request else one.site
    return Verdict(
        Choice(decide_word(found.reservation.site, wanted), one.goods, found.reservation.site), found.reservation
    )


def _waits(connection: Connection, one: Reservation, promise: Promise | None, present: Present) -> bool:
    """Return whether it waits, within the time there is: for tills to give goods back, or to be heard again."""
    until = min(datetime.fromisoformat(one.ended_at or present.now) + WINDOW, datetime.fromisoformat(one.until))
    if until <= present.at:
        return False
    wait(connection, _seeker(connection, one, promise), "broken", until, present)
    return True


def _missed(connection: Connection, promise: Promise, present: Present) -> Address:
    """Take back a promise of goods that did not come."""
    paid = promise.request.paid_minor if promise.request else 0
    waits.end(connection, promise.id)
    detail = {"site": promise.answer.site if promise.answer else "", "done": "it is cancelled, and its shopper told"}
    trouble = Trouble(MISSED, promise.id, promise.kiosk.id, detail)
    open_exceptions(connection, [trouble], present.now)
    if promise.request is not None:
        breaks.resolve(connection, MISSED, promise.id, detail, present.now)
    return _revise(connection, promise, Verdict(sorry(paid)), present)


def _revise(connection: Connection, promise: Promise, verdict: Verdict, present: Present) -> Address:
    resolved = tell(connection, promise, verdict, present)
    promises.revise(connection, promise, resolved, present.now)
    return promise.kiosk.address


def _done(
    connection: Connection,
    one: Reservation,
    moved: Reservation | None,
    done: Mapping[str, Any],
    present: Present,
    *,
    left_open: bool,
) -> None:
    """Write down what became of a broken reservation, in its row and in its exception."""
    waits.end(connection, one.id)
    breaks.answered(connection, one.id, moved.id if moved else None, present.now)
    if left_open:
        breaks.tell(connection, BROKEN, one.id, done)
    else:
        breaks.resolve(connection, BROKEN, one.id, done, present.now)


def _what_was_done(one: Reservation, verdict: Verdict) -> dict[str, Any]:
    moved = verdict.reservation
    if moved is not None:
        return {"done": f"its goods are set aside at {moved.site} instead", "moved_to": moved.id, "code": moved.code}
    return {"done": "it is cancelled", "remedy": verdict.choice.remedy.value, "paid": one.paid}


def _is_left(one: Reservation, promise: Promise | None, verdict: Verdict) -> bool:
    """Return whether something is left for a person: rule 5."""
    if one.source == "kiosk":
        return True
    if verdict.reservation is not None:
        return False
    return one.paid if promise is None else promise.request is None
