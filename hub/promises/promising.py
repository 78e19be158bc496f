"""Promises: decided once, by their id, from what is free; told to the kiosk in the transaction that decides.

Rules
-----
1.  Whatever says it first, the fact or the request ahead of it, decides; whatever says it again changes nothing.
2.  What a kiosk says that it was told is never contradicted. A hub that went back therefore answers nobody before that
    life of the kiosk has reported; what it reports is adopted, and what is missing for it becomes a deficit.
3.  A site whose lives have not all reported promises nothing (I11). If it alone has the goods, the answer waits for
    it, at most as long as a shopper was told to wait.
4.  A reservation bears the id of its promise.
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
from hub.core.promise import Choice, Goods, Wish, code_of, decide, rank, sorry
from hub.promises.answer_words import worded
from hub.promises.reserving import Present, adopt, give_back, place, reserve
from hub.store import lives, offers, own_log, promises, reservations
from hub.store.books import Trouble, open_exceptions
from hub.store.inbox import KioskRow
from hub.store.promises import PENDING, Promise
from hub.store.reservations import Reservation

KEPT: Final = timedelta(hours=48)  # goods wait for who named no time: the rest of this day, and all of the next
WINDOW: Final = timedelta(seconds=90)  # what a shopper at the counter was told to wait
REPORT_WAIT: Final = timedelta(hours=1)  # for a life that goes silent after the first word: it may never report
MAX_GOODS: Final = 100  # accounts in one promise: a full basket; its answer fits in one batch
MAX_WAITING: Final = 200  # answers in one transaction: half a second; the rest follows with the kiosk's next word


class Verdict(Struct, frozen=True):
    """An answer as it is to be given: with what is set aside for it, from when on, and a voucher if need be."""

    choice: Choice
    reservation: Reservation | None = None
    ready_at: datetime | None = None
    voucher_minor: int = 0


def ask(connection: Connection, kiosk: KioskRow, epoch: int, request: ReservationRequested, present: Present) -> None:
    """Note a promise that is asked for, and answer it if that can be; nothing if it is known."""
    if promises.add(connection, request.promise, kiosk, epoch, request=request, now=present.now):
        settle(connection, Promise(request.promise, kiosk, epoch, PENDING, present.now, request), present)


def settle_waiting(connection: Connection, kiosks: Iterable[KioskRow], present: Present) -> int:
    """Answer what can be answered of what waits, of ``kiosks``, which are locked; return how many there were."""
    ids = sorted(kiosk.id for kiosk in kiosks)
    waiting = promises.pending_of(connection, ids, limit=MAX_WAITING) if ids else []
    return sum(settle(connection, promise, present) for promise in waiting)


def settle(connection: Connection, promise: Promise, present: Present) -> bool:
    """Decide a pending promise, set its goods aside and tell its kiosk; False if it must wait."""
    request = promise.request
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
    verdict = _choose(connection, promise, request, present, may_wait=waited < WINDOW)
    if verdict is None:
        return False
    resolve(connection, promise, verdict, present)
    return True


def resolve(connection: Connection, promise: Promise, verdict: Verdict, present: Present) -> PromiseResolved:
    """Write the answer down and tell it; what is promised at the kiosk's own site is placed with it at once."""
    facts: list[OwnFact] = []
    if verdict.reservation is not None and _is_here(connection, promise, verdict.reservation):
        facts.append(place(connection, verdict.reservation, promise.kiosk, present))
    resolved = _resolved(promise, verdict, present)
    said = worded(connection, promise.kiosk.address.region, promise.request, resolved)
    resolved = replace(resolved, message=said)
    own_log.tell(connection, promise.kiosk, [*facts, resolved], present.at, present.incarnation)
    promises.set_answer(connection, promise.id, resolved.answer, resolved, now=present.now, told=False)
    return resolved


def told(connection: Connection, kiosk: KioskRow, epoch: int, said: PromiseTold, present: Present) -> None:
    """Heed that a kiosk has an answer: rule 2."""
    promise = promises.find(connection, said.promise)
    if promise is not None and promise.kiosk.id == kiosk.id and promise.answer and _is_same(promise.answer, said):
        promises.set_told(connection, promise.id, present.now)
        return
    if present.incarnation == lives.FIRST or (promise is not None and promise.kiosk.id != kiosk.id):
        _wonder(connection, "promise_unknown", kiosk, said, present)  # no hub was before that could have said it
        return
    if promise is None:
        promises.add(connection, said.promise, kiosk, epoch, request=None, now=present.now)
        promise = Promise(said.promise, kiosk, epoch, PENDING, present.now)
    elif promise.answer is not None:
        _wonder(connection, "promise_contradicted", kiosk, said, present)
    _adopt(connection, promise, said, present)


def _choose(
    connection: Connection, promise: Promise, request: ReservationRequested, present: Present, *, may_wait: bool
) -> Verdict | None:
    """Return the answer with its goods reserved; None if it must wait for a site that has not reported."""
    goods = reservations.goods_of(request.lines)
    site, region = promise.kiosk.address.site, promise.kiosk.address.region
    wish = Wish(goods, site, request.site, request.paid_minor)
    too_late = request.collect_by is not None and request.collect_by <= present.at
    if too_late or len(goods) > MAX_GOODS:
        return Verdict(sorry(request.paid_minor))
    free = offers.free(connection, region, goods)
    able = rank(wish, free)
    open_sites = {one: free[one] for one in able if lives.may_grant(connection, region, one)}
    silent = len(open_sites) < len(able)
    while (choice := decide(wish, open_sites)).site is not None:
        reservation = new_reservation(promise, choice.goods, choice.site, present)
        if reserve(connection, reservation, present.now):
            return Verdict(choice, reservation)
        del open_sites[choice.site]  # somebody was faster
    return None if silent and may_wait else Verdict(choice)


def new_reservation(promise: Promise, goods: Goods, site: str, present: Present) -> Reservation:
    """Return the reservation of a promise: rule 4."""
    request = promise.request
    until = request.collect_by if request else None
    return Reservation(
        promise.id,
        promise.kiosk.address.region,
        site,
        state="reserved",
        source="promise",
        paid=bool(request and request.paid_minor),
        code=code_of(promise.id),
        at=present.now,
        until=instant_text(until or present.at + KEPT),
        goods=goods,
        confirmed_at=present.now,
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
        and promises.is_open(connection, kiosk.id, kiosk.epoch)
    )


def _resolved(promise: Promise, verdict: Verdict, present: Present) -> PromiseResolved:
    choice, kept, request = verdict.choice, verdict.reservation, promise.request
    remedy, amount = choice.remedy, request.paid_minor if request else None
    if verdict.voucher_minor:
        remedy, amount = Remedy.VOUCHER, Money(verdict.voucher_minor)
    has_remedy, has_goods = remedy is not Remedy.NONE, choice.answer is not Answer.SORRY
    until = datetime.fromisoformat(kept.until) if kept else (verdict.ready_at or present.at) + KEPT
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


def _is_same(ours: PromiseResolved, said: PromiseTold) -> bool:
    same_goods = reservations.goods_of(ours.lines) == reservations.goods_of(said.lines)
    return (ours.answer, ours.site, ours.code) == (said.answer, said.site, said.code) and same_goods


def _adopt(connection: Connection, promise: Promise, said: PromiseTold, present: Present) -> None:
    """Make the answer that the kiosk has ours; what we had set aside for another one is free again."""
    known = reservations.find(connection, promise.id, lock=True)
    if known is not None and known.state == "reserved":
        give_back(connection, known, present.now)
        reservations.forget(connection, known.id)
        known = None
    if known is None and said.answer not in {Answer.SORRY, Answer.LATER}:
        site = said.site or promise.kiosk.address.site
        ours = new_reservation(promise, reservations.goods_of(said.lines), site, present)
        adopt(connection, replace(ours, code=said.code or ours.code), present.now)
    resolved = PromiseResolved(promise.id, said.answer, "", said.lines, said.site, said.code)
    promises.set_answer(connection, promise.id, said.answer, resolved, now=present.now, told=True)


def _wonder(connection: Connection, kind: str, kiosk: KioskRow, said: PromiseTold, present: Present) -> None:
    """Have a person look at an answer that this hub did not give."""
    detail = {"promise": said.promise, "answer": said.answer.value, "site": said.site}
    open_exceptions(connection, [Trouble(kind, f"{kiosk.address} {said.promise}", kiosk.id, detail)], present.now)
