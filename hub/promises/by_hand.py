"""A pending promise answered by a person: what the rules would not decide, or not yet."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from contract.down_rights import PromiseResolved
from contract.rights import Answer
from hub.core.promise import Choice, Goods, sorry
from hub.promises.holds import Refused
from hub.promises.promising import Verdict, new_reservation, resolve
from hub.promises.reserving import Present, reserve
from hub.store import inbox, lives, promises, reservations
from hub.store.promises import PENDING, Promise


class Said(Struct, frozen=True):
    """What a person answers. ``goods`` and ``site``: other than were asked for."""

    answer: Answer
    site: str | None = None
    goods: Goods = {}
    ready_at: datetime | None = None
    voucher_minor: int = 0


def answer_by_hand(connection: Connection, present: Present, promise_id: str, said: Said) -> PromiseResolved:
    """Answer a pending promise, with the goods set aside; ``later`` sets none aside: whoever says it sees to it.

    Raises: Refused.
    """
    promise = _locked(connection, present, promise_id)
    if said.answer is Answer.SORRY:
        paid = promise.request.paid_minor if promise.request else 0
        verdict = Verdict(sorry(paid), voucher_minor=said.voucher_minor)
        return resolve(connection, promise, verdict, present)
    return resolve(connection, promise, _with_goods(connection, present, promise, said), present)


def _locked(connection: Connection, present: Present, promise_id: str) -> Promise:
    """Return the promise with its kiosk's row locked, as it is then."""
    found = promises.find(connection, promise_id)
    if found is None:
        raise Refused("unknown", f"no promise {promise_id[:64]!r}")
    inbox.lock_kiosks(connection, [found.kiosk.address], present.now, most=0)
    promise = promises.find(connection, promise_id)
    if promise is None or promise.state != PENDING or promise.request is None:
        raise Refused("ended", f"it was answered at {found.answered_at}: {found.state}; an answer is never changed")
    return promise


def _with_goods(connection: Connection, present: Present, promise: Promise, said: Said) -> Verdict:
    request, address = promise.request, promise.kiosk.address
    wanted = (request.site if request else None) or address.site
    site = said.site or wanted
    if (site == wanted) == (said.answer is Answer.ELSEWHERE):
        raise Refused("bad_site", f"{said.answer} cannot be at {site}: it is wanted at {wanted}", "site")
    asked = reservations.goods_of(request.lines) if request else {}
    if bool(said.goods) != (said.answer is Answer.SUBSTITUTE):
        raise Refused("bad_goods", "substitute needs other goods, and no other answer has them", "goods")
    choice = Choice(said.answer, said.goods or asked, site)
    if said.answer is Answer.LATER:
        if said.ready_at is None or said.ready_at <= present.at:
            raise Refused("bad_ready", "later needs the moment from when on, still to come", "ready_at")
        return Verdict(choice, ready_at=said.ready_at)
    reservation = new_reservation(promise, choice.goods, site, present)
    if not lives.may_grant(connection, address.region, site) or not reserve(connection, reservation, present.now):
        raise Refused("not_free", f"not all of it is free at {site}", "site")
    return Verdict(choice, reservation)
