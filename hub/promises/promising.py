"""Promises: decided once, by their id, from what is free; told to the kiosk in the transaction that decides.

Rules
-----
1.  Whatever says it first, the fact or the request ahead of it, decides; whatever says it again changes nothing.
2.  What a kiosk says that it was told is never contradicted. A hub that went back therefore answers nobody before that
    life of the kiosk has reported; what it reports is adopted, and what is missing for it becomes a deficit.
3.  What is free is promised at once. Where only tills have the goods, or a site whose lives have not all reported
    (I11), or tills that are silent where the request itself was late, the answer waits, at most as long as a shopper
    was told to wait: :mod:`hub.promises.finding`. At the end of that time, or when waiting helps no more, it is
    answered with what there is: goods on their way, or sorry.
4.  A reservation bears the id of its promise; what took its place a successor's of it.
5.  An answer is changed only where it had to be broken (:mod:`hub.promises.breaking`); it is kept beside the new one.
6.  A kiosk that is lost or stolen is promised nothing, until an operator admits it again (I6).
7.  No more than :data:`MAX_OPEN` promises of a kiosk wait. What is asked beyond is answered at once.
8.  What must go on waiting rests until it is looked at again, the longer the longer it has waited: a region that comes
    back has hundreds that wait, and speaks all the time. Goods that come free, and its kiosk's report, end the rest.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from contract.down_rights import PromiseResolved, Remedy
from contract.every import OwnFact
from contract.rights import Answer, PromiseTold, ReservationRequested
from contract.values import Money, SiteId, instant_text
from hub.core.promise import MAX_MOVES, Choice, Goods, Wish, code_of, decide, sorry, successor
from hub.core.waiting import Wait
from hub.promises.answer_words import worded
from hub.promises.finding import Seeker, arriving, lock_goods, may_come, take_free, wait
from hub.promises.reserving import Present, adopt, give_back, place
from hub.store import lives, own_log, promises, reservations, waits
from hub.store.books import Trouble, open_exceptions
from hub.store.inbox import KioskRow
from hub.store.promises import PENDING, Promise
from hub.store.reservations import Reservation

KEPT: Final = timedelta(hours=48)  # goods wait for who named no time: the rest of this day, and all of the next
WINDOW: Final = timedelta(seconds=90)  # what a shopper at the counter was told to wait
ON_LINE: Final = timedelta(seconds=5)  # a request that took longer waited for the link: nobody stands at the counter
REPORT_WAIT: Final = timedelta(hours=1)  # for a life that goes silent after the first word: it may never report
LEAST_REST: Final = timedelta(seconds=5)  # a look takes the hub some milliseconds, and a region may wait at once
MOST_REST: Final = timedelta(seconds=30)  # a third of the window: who comes back within it is asked in time
MAX_GOODS: Final = 100  # accounts in one promise: a full basket; its answer fits in one batch
MAX_OPEN: Final = 50  # promises of one kiosk that wait: more than stand at a counter; what they wait for others lack
JOURNEY: Final = timedelta(hours=4)  # from shop to shop, unpacked: no fact says when a van arrives
MAX_WAITING: Final = 200  # answers in one transaction: half a second; the rest follows with the kiosk's next word


class Verdict(Struct, frozen=True):
    """An answer as it is to be given: with what is set aside for it, from when on, and a voucher if need be.

    ``fetched``: the goods are on their way, and are set aside by themselves when they have come.
    """

    choice: Choice
    reservation: Reservation | None = None
    ready_at: datetime | None = None
    voucher_minor: int = 0
    fetched: bool = False


def ask(connection: Connection, kiosk: KioskRow, epoch: int, request: ReservationRequested, present: Present) -> None:
    """Note a promise that is asked for, and answer it if that can be; nothing if it is known."""
    if not note(connection, kiosk, epoch, request, present.now):
        return
    too_many = promises.count_pending(connection, kiosk.id) > MAX_OPEN
    if too_many:
        what = {"what": f"more than {MAX_OPEN} promises wait: what is asked beyond them is answered without waiting"}
        open_exceptions(connection, [Trouble("bound_met", f"{kiosk.address} promises", kiosk.id, what)], present.now)
    promise = Promise(request.promise, kiosk, epoch, PENDING, present.now, request)
    settle(connection, promise, present, may_wait=not too_many)


def note(connection: Connection, kiosk: KioskRow, epoch: int, request: ReservationRequested, now: str) -> bool:
    """Note a promise that is asked for; False if it is known."""
    return promises.add(connection, request.promise, kiosk, epoch, request=request, now=now)


def settle_waiting(
    connection: Connection, kiosks: Iterable[KioskRow], present: Present, *, for_goods: bool = False
) -> int:
    """Answer what can be answered of what waits, of ``kiosks``, which are locked; return how many there were.

    What rests is passed over (rule 8), but with ``for_goods`` not what waits for goods: some came free.
    """
    ids = sorted(kiosk.id for kiosk in kiosks)
    waiting = promises.pending_of(connection, ids, present.now, for_goods=for_goods, limit=MAX_WAITING) if ids else []
    lock_all(connection, ((one.kiosk.address.region, one.request) for one in waiting if one.request is not None))
    left = [one for one in waiting if not settle(connection, one, present)]
    promises.rest(connection, {one.id: instant_text(_next_look(one, present.at)) for one in left})
    return len(waiting) - len(left)


def _next_look(promise: Promise, at: datetime) -> datetime:
    """Return when to look at a promise again: at the end of its window at the latest."""
    asked_at = min(at, datetime.fromisoformat(promise.at))
    until = at + min(MOST_REST, max(LEAST_REST, (at - asked_at) / 4))
    return min(until, asked_at + WINDOW) if at < asked_at + WINDOW else until


def lock_all(connection: Connection, asked: Iterable[tuple[str, ReservationRequested]]) -> None:
    """Lock what several promises are about, before the first of them is decided; each is asked for in a region."""
    wanted = [(region, reservations.goods_of(request.lines)) for region, request in asked]
    if len(wanted) > 1:  # one alone locks what it needs in order
        lock_goods(connection, wanted)


def settle(connection: Connection, promise: Promise, present: Present, *, may_wait: bool = True) -> bool:
    """Decide a pending promise, set its goods aside and tell its kiosk; False if it must wait."""
    request = promise.request
    promise = promises.begun_by(connection, promise, present.now)
    waited = present.at - datetime.fromisoformat(promise.at)
    if request is None:
        return False
    reported = promises.has_reported(connection, promise.kiosk.id, promise.epoch, present.incarnation)
    if not reported and waited < REPORT_WAIT:
        return False
    known = reservations.find(connection, promise.id, lock=True)
    if known is not None:  # its kiosk reported it before the promise itself was heard
        resolve(connection, promise, Verdict(_as_known(promise, known, request), known), present)
        return True
    verdict = _choose(connection, promise, request, present, may_wait=may_wait and waited < WINDOW)
    if verdict is None:
        return False
    resolve(connection, promise, verdict, present)
    return True


def resolve(connection: Connection, promise: Promise, verdict: Verdict, present: Present) -> PromiseResolved:
    """Write the answer down and tell it; what is promised at the kiosk's own site is placed with it at once."""
    resolved = tell(connection, promise, verdict, present)
    promises.set_answer(connection, promise.id, resolved.answer, resolved, now=present.now, told=False)
    waits.end(connection, promise.id)
    if verdict.fetched and resolved.until is not None:
        _fetch(connection, promise, verdict.choice, resolved.until, present)
    return resolved


def _fetch(connection: Connection, promise: Promise, choice: Choice, until: datetime, present: Present) -> None:
    """Wait for goods that are on their way: they are set aside when they have come."""
    one = Wait(promise.id, choice.site or promise.kiosk.address.site, choice.goods, promise.at)
    waits.put(connection, one, promise.kiosk.address.region, "later", instant_text(until), present.now)


def tell(connection: Connection, promise: Promise, verdict: Verdict, present: Present) -> PromiseResolved:
    """Tell a kiosk an answer, in the shopper's words, and return it. The caller writes it down."""
    facts: list[OwnFact] = []
    if verdict.reservation is not None and _is_here(connection, promise, verdict.reservation):
        facts.append(place(connection, verdict.reservation, promise.kiosk, present))
    resolved = _resolved(promise, verdict, present)
    said = worded(connection, promise.kiosk.address.region, promise.request, resolved)
    resolved = replace(resolved, message=said)
    own_log.tell(connection, promise.kiosk, [*facts, resolved], present.at, present.incarnation)
    return resolved


def told(connection: Connection, kiosk: KioskRow, epoch: int, said: PromiseTold, present: Present) -> None:
    """Heed that a kiosk has an answer: rule 2."""
    promise = promises.find(connection, said.promise)
    if promise is not None and promise.kiosk.id == kiosk.id and promise.answer:
        if _is_same(promise.answer, said):
            promises.set_told(connection, promise.id, present.now)
            return
        if any(_is_same(one, said) for one in promise.earlier):
            return  # it said so before it heard that this was broken
    if present.incarnation == lives.FIRST or (promise is not None and promise.kiosk.id != kiosk.id):
        _wonder(connection, "promise_unknown", kiosk, said, present)  # no hub was before that could have said it
        return
    if promise is None:
        promises.add(connection, said.promise, kiosk, epoch, request=None, now=present.now)
        promise = Promise(said.promise, kiosk, epoch, PENDING, present.now)
    elif promise.answer is not None and promise.told_at is None:
        _wonder(connection, "promise_contradicted", kiosk, said, present)  # else an earlier incarnation broke it
    _adopt(connection, promise, said, present)


def _choose(
    connection: Connection, promise: Promise, request: ReservationRequested, present: Present, *, may_wait: bool
) -> Verdict | None:
    """Return the answer with its goods reserved; None if it must wait."""
    goods = reservations.goods_of(request.lines)
    site, region = promise.kiosk.address.site, promise.kiosk.address.region
    wish = Wish(goods, site, request.site, request.paid_minor)
    too_late = request.collect_by is not None and request.collect_by <= present.at
    if too_late or len(goods) > MAX_GOODS or promise.kiosk.fenced:
        return Verdict(sorry(request.paid_minor))
    seeker = Seeker(promise.id, promise.at, region, wish)

    def make(goods: Goods, site: str) -> Reservation:
        return new_reservation(promise, goods, site, present)

    found = take_free(connection, seeker, make, present.now)
    if found.reservation is not None:
        return Verdict(found.choice, found.reservation)
    if may_wait:
        until = datetime.fromisoformat(promise.at) + WINDOW
        can_wait = wait(connection, seeker, "promise", until, present) or found.silent
        was_cut_off = present.at - request.requested_at > ON_LINE
        if can_wait or (was_cut_off and may_come(connection, seeker, present)):
            return None
    return _at_last(connection, region, wish, request, present)


def _at_last(
    connection: Connection, region: str, wish: Wish, request: ReservationRequested, present: Present
) -> Verdict:
    """Return the answer where nothing is free, and waiting helps no more: on its way in time, or sorry."""
    ready_at = present.at + JOURNEY
    in_time = request.collect_by is None or request.collect_by > ready_at
    coming = arriving(connection, region, wish.site, wish.goods, present).get(wish.site) if in_time else None
    choice = decide(wish, {}, arriving=coming)
    on_its_way = choice.answer is Answer.LATER
    return Verdict(choice, ready_at=ready_at if on_its_way else None, fetched=on_its_way)


def new_reservation(
    promise: Promise, goods: Goods, site: str, present: Present, *, until: str | None = None, nth: int = 0
) -> Reservation:
    """Return the reservation of a promise, or the ``nth`` that takes its place: rule 4."""
    request = promise.request
    collect_by, name = request.collect_by if request else None, successor(promise.id, nth)
    return Reservation(
        name,
        promise.kiosk.address.region,
        site,
        state="reserved",
        source="promise",
        paid=bool(request and request.paid_minor),
        code=code_of(name),
        at=promise.at if nth else present.now,
        until=until or instant_text(collect_by or present.at + KEPT),
        goods=goods,
        confirmed_at=present.now,
        origin=promise.id if nth else None,
    )


def _as_known(promise: Promise, known: Reservation, request: ReservationRequested) -> Choice:
    if known.state not in reservations.OPEN:
        return sorry(request.paid_minor)
    wanted = request.site or promise.kiosk.address.site
    answer = Answer.CONFIRMED if known.site == wanted else Answer.ELSEWHERE
    return Choice(answer, known.goods, known.site)


def _is_here(connection: Connection, promise: Promise, reservation: Reservation) -> bool:
    """Return whether the asking life can set the goods aside itself."""
    kiosk = promise.kiosk
    return (
        reservation.state == "reserved"
        and reservation.site == kiosk.address.site
        and promise.epoch == kiosk.epoch
        and promises.may_keep(connection, kiosk.id, kiosk.epoch)
        and not kiosk.fenced
    )


def _resolved(promise: Promise, verdict: Verdict, present: Present) -> PromiseResolved:
    choice, kept, request = verdict.choice, verdict.reservation, promise.request
    remedy, amount = choice.remedy, request.paid_minor if request else None
    if verdict.voucher_minor and request is not None:  # only a request names the currency of an amount
        remedy, amount = Remedy.VOUCHER, Money(verdict.voucher_minor)
    has_remedy, has_goods = remedy is not Remedy.NONE, choice.answer is not Answer.SORRY
    until = datetime.fromisoformat(kept.until) if kept else _later_until(request, verdict.ready_at or present.at)
    return PromiseResolved(
        promise.id,
        choice.answer,
        "",
        reservations.lines_of(choice.goods),
        SiteId(choice.site) if choice.site else None,
        (kept.code if kept else code_of(promise.id)) if has_goods else "",
        verdict.ready_at,
        until if has_goods else None,
        remedy,
        amount if has_remedy else None,
        request.currency if request and has_remedy else None,
    )


def _later_until(request: ReservationRequested | None, ready_at: datetime) -> datetime:
    by = request.collect_by if request else None
    return by if by is not None and by > ready_at else ready_at + KEPT


def _is_same(ours: PromiseResolved, said: PromiseTold) -> bool:
    same_goods = reservations.goods_of(ours.lines) == reservations.goods_of(said.lines)
    return (ours.answer, ours.site, ours.code) == (said.answer, said.site, said.code) and same_goods


def _adopt(connection: Connection, promise: Promise, said: PromiseTold, present: Present) -> None:
    """Make the answer that the kiosk has ours; what we had set aside for another one is free again."""
    waits.end(connection, promise.id)
    nth = _nth_of(promise.id, said.code)
    for at in range(nth + 1):  # what it had before was broken, or was ours for another answer
        known = reservations.find(connection, successor(promise.id, at), lock=True)
        if known is not None and known.state == "reserved":
            give_back(connection, known, present.now)
            reservations.forget(connection, known.id)
    known = reservations.find(connection, successor(promise.id, nth))
    if known is None and said.answer not in {Answer.SORRY, Answer.LATER}:
        site = said.site or promise.kiosk.address.site
        ours = new_reservation(promise, reservations.goods_of(said.lines), site, present, nth=nth)
        adopt(connection, replace(ours, code=said.code or ours.code), present.now)
    elif known is None and said.answer is Answer.LATER:
        coming = Choice(said.answer, reservations.goods_of(said.lines), said.site)
        _fetch(connection, promise, coming, present.at + KEPT, present)
    resolved = PromiseResolved(promise.id, said.answer, "", said.lines, said.site, said.code)
    if promise.answer is None:
        promises.set_answer(connection, promise.id, said.answer, resolved, now=present.now, told=True)
    else:
        promises.revise(connection, promise, resolved, present.now)
        promises.set_told(connection, promise.id, present.now)


def _nth_of(promise: str, code: str) -> int:
    """Return how often its goods were moved before a shopper got ``code``; 0 where no move tells."""
    return next((nth for nth in range(MAX_MOVES + 1) if code_of(successor(promise, nth)) == code), 0)


def _wonder(connection: Connection, kind: str, kiosk: KioskRow, said: PromiseTold, present: Present) -> None:
    """Have a person look at an answer that this hub did not give."""
    detail = {"promise": said.promise, "answer": said.answer.value, "site": said.site}
    open_exceptions(connection, [Trouble(kind, f"{kiosk.address} {said.promise}", kiosk.id, detail)], present.now)
