"""``/v1/availability``: what is in stock where, for anyone who asks, and what changed.

Answered from memory (:mod:`hub.availability`), never from the books: sixteen shoppers more must not slow a sale's
booking. Served as bytes, for checking a shape that cannot be wrong took most of the time of an answer.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response

from contract.availability import cap_of
from contract.errors import Malformed
from contract.values import parse_name, parse_sku
from hub.api.keeping import NO_STORE, kept, tag, tags_of
from hub.api.pages import AfterId, Limit
from hub.availability import Availability
from hub.core.availability import Heat, Rules, heat_of, hottest, text_of
from hub.core.shelf_view import Found, Point, ShelfView

MAX_NAMED: Final = 50  # skus, or sites, of one question: a basket, or the shops of a city
_MINUTE_S: Final = 60
_LATITUDE, _LONGITUDE = 90.0, 180.0

router = APIRouter(prefix="/v1/availability")


@dataclass(frozen=True, slots=True)
class AvailabilityView:
    """What is said of one sku at one site. ``exact`` is the number where it is told; ``heard_at`` is to the minute."""

    region: str
    site: str
    sku: str
    unit: str
    shown: str
    exact: int | None
    heard_at: str | None
    number: int
    geo: str
    km: float | None


@dataclass(frozen=True, slots=True)
class AvailabilityPage:
    """Answers; ``next`` is the ``after`` of the page that follows, null on the last."""

    availability: list[AvailabilityView]
    next: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, checked."""

    skus: list[str]
    sites: frozenset[str]
    region: str | None
    near: Point | None
    after: str
    limit: int


def _asked(  # noqa: PLR0917 - one parameter a query parameter
    sku: Annotated[list[str] | None, Query(max_length=MAX_NAMED, description="These skus; repeatable.")] = None,
    site: Annotated[list[str] | None, Query(max_length=MAX_NAMED, description="Only these sites; repeatable.")] = None,
    region: Annotated[str | None, Query(max_length=32, description="Only this region.")] = None,
    near: Annotated[str, Query(max_length=64, description="LAT,LON: nearest sites first.")] = "",
    after: Annotated[str, Query(max_length=64, description="`next` of the page before, where no sku is named.")] = "",
    limit: Limit = 100,
) -> Asked:
    if not sku and not site:
        raise HTTPException(422, "sku: name a sku, a site, or both")
    try:
        skus = [str(parse_sku(one)) for one in sku or []]
        sites = frozenset(parse_name(one, "site") for one in site or [])
        if region is not None:
            parse_name(region, "region")
    except Malformed as error:
        raise HTTPException(422, f"{error.where}: {error.what}") from error
    return Asked(list(dict.fromkeys(skus)), sites, region, _parse_near(near), after, limit)


@router.get("", response_model=AvailabilityPage)
async def get_availability(
    request: Request,
    asked: Annotated[Asked, Depends(_asked)],
    if_none_match: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """Return what is in stock of skus, or at sites: exact below a threshold, "5+" above it, "ask" when too old."""
    held = _held(request)
    found = held.ask(lambda view: _find(view, asked))
    shown = [_view(one, held.rules, held.now_s()) for one in found]
    more = found[-1].sku if not asked.skus and len(found) >= asked.limit else None
    heats = {heat for _, heat in shown}
    body = msgspec.json.encode(AvailabilityPage([view for view, _ in shown], more))
    number = max((one.level.number for one in found), default=0)
    return kept(body, number=number, heat=hottest(heats), tags=_tags(asked, found), known=if_none_match)


@router.get("/changes")
def get_changes(request: Request, after: AfterId = 0, limit: Limit = 100) -> Response:
    """Return what changed beyond number ``after``, each sku and site once, with its newest number.

    Ask again with ``next``. Nothing is missed: a number is never given before a smaller one can be read.
    """
    held = _held(request)
    page = held.changes(after=after, limit=limit)
    rows = [
        {
            "number": change.number,
            "region": change.region,
            "site": change.site,
            "sku": change.what.sku,
            "unit": change.what.unit,
            "geo": geo,
            "at": change.at,
        }
        for change, geo in page
    ]
    body = msgspec.json.encode({"changes": rows, "next": page[-1][0].number if page else after})
    return Response(body, headers={"Cache-Control": NO_STORE}, media_type="application/json")


def _held(request: Request) -> Availability:
    held: Availability = request.app.state.availability
    if not held.ready:
        raise HTTPException(503, "what is available is still being read; try again", {"Retry-After": "1"})
    return held


def _find(view: ShelfView, asked: Asked) -> list[Found]:
    if not asked.skus:
        return view.of_sites(asked.sites, asked.region, asked.after, asked.limit)
    found = [one for sku in asked.skus for one in view.of_sku(sku, asked.sites, asked.region, asked.near)]
    return found[: asked.limit]


def _view(found: Found, rules: Rules, now_s: float) -> tuple[AvailabilityView, Heat]:
    place, level = found.place, found.level
    age_s = None if place.heard_at_s is None else now_s - place.heard_at_s
    text = text_of(level.amount, found.unit, age_s, rules)
    exact = level.amount if text[0].isdigit() and level.amount < cap_of(found.unit, rules.exact_below) else None
    heard_at = None if place.heard_at_s is None else _minute(int(place.heard_at_s) // _MINUTE_S)
    km = None if found.km is None else round(found.km, 1)
    view = AvailabilityView(
        place.region, place.site, found.sku, found.unit, text, exact, heard_at, level.number, place.geo, km
    )
    return view, heat_of(level.amount, found.unit, level.rate, text, rules)


@lru_cache(maxsize=1024)  # the minutes in which some hundred sites were heard
def _minute(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * _MINUTE_S, UTC):%Y-%m-%dT%H:%M:00Z}"


def _tags(asked: Asked, found: list[Found]) -> list[str]:
    """Return what to purge an answer by: each of its changes is of a sku, or of a site, that it is about."""
    skus = [tag("sku", sku) for sku in {*asked.skus, *(one.sku for one in found)}]
    places = {(one.place.region, one.place.site, one.place.geo) for one in found}
    sites = [tag("site", f"{region}/{site}") for region, site, _ in places]
    geos = [tag("geo", geo) for *_, geo in places if geo]
    needed, further = (skus, sites) if asked.skus else (sites, skus)
    return [*tags_of(needed, [*further, *geos])]


def _parse_near(text: str) -> Point | None:
    if not text:
        return None
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _no_point from error
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= _LATITUDE and abs(lon) <= _LONGITUDE):
        raise _no_point
    return lat, lon


_no_point: Final = HTTPException(422, "near: not LAT,LON within 90 and 180 degrees, such as 52.52,13.40")
