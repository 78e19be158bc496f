"""``/v1/sites/{region}/{site}/reservations``: goods of a site held, confirmed and cancelled by programs.

Refusals are problem+json (RFC 9457) and name the field. Nothing here is ever kept by a cache: each answer is a
decision, or the state of one.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Request, Response
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.errors import Malformed
from contract.facts import StockLine, check_instant
from contract.goods import check_lines
from contract.registry import malformed
from contract.values import InstantField, parse_name
from hub.api.problems import JSON, REFUSALS, Problem, in_words, problem, response
from hub.api.problems import malformed as malformed_field
from hub.core.demand import TRY_AGAIN_S
from hub.promises import holds
from hub.promises.asking_back import ask_back
from hub.promises.holds import MAX_HOLD, Hold, Holds, KeyReused, Refused, Reply
from hub.promises.reserving import Present
from hub.store import demands, reservations
from hub.store.chores import Site
from hub.store.reservations import Reservation

MAX_BODY: Final = 64 * 1024  # a hundred lines with the longest names four times over
MAX_LINES: Final = 100  # a full basket
MAX_KEY: Final = 64  # as the column holds; a UUID has 36
_MAX_HOLD_S: Final = int(MAX_HOLD.total_seconds())
_STATUS: Final = {
    "unknown": HTTPStatus.NOT_FOUND,
    "unknown_site": HTTPStatus.NOT_FOUND,
    "not_ours": HTTPStatus.CONFLICT,
    "not_free": HTTPStatus.CONFLICT,
    "ended": HTTPStatus.CONFLICT,
    "bad_until": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "site_silent": HTTPStatus.SERVICE_UNAVAILABLE,
}
_DECISIONS: Final = frozenset(("not_free", "ended", "not_ours"))  # kept under the key; the others may pass
_SCHEMAS: Final = "#/components/schemas/{name}"
S = TypeVar("S", bound=Struct)

router = APIRouter(prefix="/v1/sites/{region}/{site}/reservations", tags=["reservations"])


class HoldAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be held, for how long, whether it is paid already, and whether another site's goods would do."""

    lines: Annotated[list[StockLine], Meta(min_length=1, max_length=MAX_LINES)]
    hold_s: Annotated[int, Meta(ge=1, le=_MAX_HOLD_S)] = int(holds.HOLD.total_seconds())
    paid: bool = False
    elsewhere: bool = False

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_lines(self.lines)


class ConfirmAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Until when the shopper comes, and whether they paid."""

    until: InstantField | None = None
    paid: bool = False

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        if self.until is not None:
            check_instant(self.until)


class MovedTo(Struct, frozen=True):
    """The reservation that took another's place, and where."""

    id: str
    site: str
    code: str


class ReservationView(Struct, frozen=True):
    """A reservation. ``state``: reserved, placed, held, collected, lapsed, cancelled, broken or moved.

    Broken without ``answered_at``: its goods are looked for elsewhere. Moved: ``moved_to`` took its place.
    """

    id: str
    region: str
    site: str
    state: str
    confirmed: bool
    paid: bool
    code: str
    lines: list[StockLine]
    at: str
    until: str
    ended_at: str | None
    answered_at: str | None = None
    moved_to: MovedTo | None = None


async def _body(request: Request) -> bytes:
    """Return the body, as far as it is no larger than it may be."""
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > MAX_BODY:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"a body of more than {MAX_BODY} bytes")
    return found


def _place(region: Annotated[str, Path(max_length=200)], site: Annotated[str, Path(max_length=200)]) -> tuple[str, str]:
    try:
        return parse_name(region, "region"), parse_name(site, "site")
    except Malformed as error:
        raise malformed_field(error.where, error.what) from error


def _key(idempotency_key: Annotated[str, Header()] = "") -> str:
    """Return the caller's key; a UUID serves."""
    fits = idempotency_key.isascii() and idempotency_key.replace("-", "").replace("_", "").isalnum()
    if not fits or len(idempotency_key) > MAX_KEY:
        what = f"it needs a key of 1 to {MAX_KEY} letters, digits, - and _, the same when the request is repeated"
        raise Problem(HTTPStatus.BAD_REQUEST, "no_key", what, "Idempotency-Key")
    return idempotency_key


def _holds(request: Request) -> Holds:
    found: Holds = request.app.state.holds
    return found


Where = Annotated[tuple[str, str], Depends(_place)]
Body = Annotated[bytes, Depends(_body)]
Key = Annotated[str, Depends(_key)]
Books = Annotated[Holds, Depends(_holds)]
Id = Annotated[str, Path(max_length=200)]


def _described(asked: type[Struct] | None = None, *, status: int = 200) -> dict[str, Any]:
    """Return what the API's description says of a route that reads and writes its own bytes."""
    extra: dict[str, Any] = {}
    if asked is not None:
        extra["requestBody"] = {"content": {JSON: {"schema": _ref(asked)}}, "required": asked is HoldAsked}
    view = {"description": "The reservation.", "content": {JSON: {"schema": _ref(ReservationView)}}}
    return {"openapi_extra": extra, "responses": {status: view, **REFUSALS, 503: REFUSALS["4XX"]}}


def _ref(type_: type[Struct]) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(name=type_.__name__)}


def describe(app: FastAPI) -> None:
    """Add the types of these routes to the API's description."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        said = plain()
        _, types = msgspec.json.schema_components([HoldAsked, ConfirmAsked, ReservationView], ref_template=_SCHEMAS)
        said.setdefault("components", {}).setdefault("schemas", {}).update(types)
        return said

    app.openapi = openapi  # type: ignore[method-assign]


@router.post("", status_code=201, **_described(HoldAsked, status=201))
def post_reservation(where: Where, key: Key, raw: Body, books: Books) -> Response:
    """Hold goods of a site for a while. Repeated under its key, it is answered as before and has its effect once."""
    asked = _read(raw, HoldAsked)
    goods = reservations.goods_of(asked.lines)
    wanted = Hold(*where, goods, timedelta(seconds=asked.hold_s), asked.paid, asked.elsewhere)

    def act(connection: Connection, present: Present) -> Reply:
        try:
            with connection.begin_nested():
                made = holds.hold(connection, present, wanted, books.new_id())
        except Refused as error:
            if error.code != "not_free" or not ask_back(connection, present, Site(*where), goods, key):
                raise
            return _asked_back(error)
        demands.met(connection, Site(*where), key, goods)
        return Reply(HTTPStatus.CREATED, _view(connection, made))

    return _once(books, where, key, f"hold {where} {raw!r}", act)


@router.post("/{reservation}/confirm", **_described(ConfirmAsked))
def confirm_reservation(where: Where, reservation: Id, raw: Body, books: Books) -> Response:
    """Make a hold firm; what is confirmed already stays as it is."""
    asked = _read(raw or b"{}", ConfirmAsked)

    def act(connection: Connection, present: Present) -> Reply:
        _here(connection, where, reservation)
        return Reply(
            HTTPStatus.OK,
            _view(connection, holds.confirm(connection, present, reservation, until=asked.until, paid=asked.paid)),
        )

    return _answered(books, act)


@router.post("/{reservation}/cancel", **_described())
def cancel_reservation(where: Where, reservation: Id, books: Books) -> Response:
    """End a reservation; 202 where a kiosk has it set aside: it is asked to, and its word ends it."""

    def act(connection: Connection, present: Present) -> Reply:
        _here(connection, where, reservation)
        left = holds.cancel(connection, present, reservation)
        return Reply(HTTPStatus.OK if left.state == "cancelled" else HTTPStatus.ACCEPTED, _view(connection, left))

    return _answered(books, act)


@router.get("/{reservation}", **_described())
def get_reservation(where: Where, reservation: Id, books: Books) -> Response:
    """Return a reservation as the books have it."""
    with books.store.read() as connection:
        try:
            return response(Reply(HTTPStatus.OK, _view(connection, _here(connection, where, reservation))))
        except Refused as error:
            return response(_refusal(error))


def _read(raw: bytes, type_: type[S]) -> S:
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        found = malformed(error, "$")
        field = found.where.removeprefix("$").removeprefix(".") or "body"
        raise malformed_field(*reversed(in_words(found.what, field))) from error


def _here(connection: Connection, where: tuple[str, str], reservation: str) -> Reservation:
    """Return the reservation if it is of this site; another's is unknown here."""
    found = reservations.find(connection, reservation)
    if found is None or (found.region, found.site) != where:
        raise Refused("unknown", f"no reservation {reservation[:64]!r} at {'/'.join(where)}")
    return found


def _once(
    books: Holds, where: tuple[str, str], key: str, asked: str, act: Callable[[Connection, Present], Reply]
) -> Response:
    """Answer a request under its key; a refusal that is a decision is kept as well."""

    def decide(connection: Connection, present: Present) -> Reply:
        try:
            with connection.begin_nested():
                return act(connection, present)
        except Refused as error:
            if error.code not in _DECISIONS:
                raise
            return _refusal(error)

    try:
        return response(books.run_once(where[0], key, hashlib.sha256(asked.encode()).hexdigest(), decide))
    except KeyReused:
        what = "this key was used for another request: a new request needs a new key"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused", what, "Idempotency-Key") from None
    except Refused as error:
        return response(_refusal(error))


def _answered(books: Holds, act: Callable[[Connection, Present], Reply]) -> Response:
    try:
        return response(books.run(act))
    except Refused as error:
        return response(_refusal(error))


def _refusal(error: Refused) -> Reply:
    return problem(_STATUS[error.code], error.code, error.what, error.field)


def _asked_back(error: Refused) -> Reply:
    what = f"{error.what}: tills of this site hold it; asked back, try again in {TRY_AGAIN_S} s with the same key"
    return problem(_STATUS[error.code], error.code, what, error.field, try_again_s=TRY_AGAIN_S)


def _view(connection: Connection, one: Reservation) -> str:
    moved = reservations.find(connection, one.moved_to) if one.moved_to else None
    view = ReservationView(
        one.id,
        one.region,
        one.site,
        reservations.shown_state(one),
        one.confirmed_at is not None,
        one.paid,
        one.code,
        reservations.lines_of(one.goods),
        one.at,
        one.until,
        one.ended_at,
        one.answered_at,
        MovedTo(moved.id, moved.site, moved.code) if moved else None,
    )
    return msgspec.json.encode(view).decode()
