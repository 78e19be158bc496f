"""What the commands about shoppers share: views of reservations and promises, and how their errors are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.bootstrap import new_id, opened_to_write, state_folder
from hub.clock import SystemClock
from hub.commands.common import Refused, UsedWrongly, said_plainly
from hub.core.promise import Goods
from hub.promises.holds import Holds
from hub.promises.holds import Refused as NotDone
from hub.store.promises import Promise
from hub.store.reservations import Reservation, goods_of, shown_state


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """A reservation as a person reads it."""

    id: str
    site: str
    state: str
    source: str
    confirmed: bool
    paid: bool
    code: str
    goods: str
    at: str
    until: str
    ended_at: str | None
    moved_to: str | None


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise as a person reads it: what was asked for and answered, and whether the kiosk has the answer."""

    id: str
    kiosk: str
    state: str
    wanted: str
    wanted_at: str | None
    paid_minor: int
    promised: str
    site: str | None
    code: str
    message: str
    at: str
    answered_at: str | None
    told_at: str | None


def reservation_row(one: Reservation) -> ReservationRow:
    """Return a reservation as a person reads it."""
    site = f"{one.region}/{one.site}"
    confirmed = one.confirmed_at is not None
    goods = _named(one.goods)
    return ReservationRow(
        id=one.id,
        site=site,
        state=shown_state(one),
        source=one.source,
        confirmed=confirmed,
        paid=one.paid,
        code=one.code,
        goods=goods,
        at=one.at,
        until=one.until,
        ended_at=one.ended_at,
        moved_to=one.moved_to,
    )


def promise_row(one: Promise) -> PromiseRow:
    """Return a promise as a person reads it."""
    request, answer = one.request, one.answer
    return PromiseRow(
        id=one.id,
        kiosk=str(one.kiosk.address),
        state=one.state,
        wanted=_named(goods_of(request.lines)) if request else "",
        wanted_at=(request.site or one.kiosk.address.site) if request else None,
        paid_minor=request.paid_minor if request else 0,
        promised=_named(goods_of(answer.lines)) if answer else "",
        site=answer.site if answer else None,
        code=answer.code if answer else "",
        message=answer.message if answer else "",
        at=one.at,
        answered_at=one.answered_at,
        told_at=one.told_at,
    )


@contextmanager
def changing(database_url: str, state_dir: Path | None) -> Iterator[Holds]:
    """Give what changes reservations beside a running hub; errors are told in one line."""
    with said_plainly(database_url), opened_to_write(database_url, state_folder(database_url, state_dir)) as store:
        try:
            yield Holds(store, SystemClock(), new_id=new_id)
        except NotDone as error:
            kind = UsedWrongly if error.code.startswith("bad_") else Refused
            raise kind(error.what) from error


def _named(goods: Goods) -> str:
    return ", ".join(f"{amount} {key.unit} {key.sku}" for key, amount in goods.items())
