"""``/v1/availability``: what is in stock where, for anyone who asks, and what changed.

Answered from memory (:mod:`hub.availability.live`), never from the books: sixteen shoppers more must not slow a sale's
booking. Served as bytes, for checking a shape that cannot be wrong took most of the time of an answer.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response
from msgspec import Meta

from contract.availability import cap_of
from contract.values import RegionIdField, SiteIdField, SkuField
from hub.api.keeping import NO_STORE, kept, tag, tags_of
from hub.api.pages import MAX_LIMIT, AfterId, Limit
from hub.api.problems import Problem, in_words, malformed
from hub.availability.live import Availability
from hub.core.availability import Heat, Rules, heat_of, hottest, text_of
from hub.core.shelf_view import Found, Point, ShelfView

MAX_NAMED: Final = 50  # skus, or sites, of one question: a basket, or the shops of a city
_SHOWN: Final = 3  # unknown sites that a refusal names: one line
_LISTS: Final = frozenset({"sku", "site"})
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


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question: ``near`` is LAT,LON, nearest sites first; ``after`` is ``next`` of the page before, without a sku."""

    sku: Annotated[list[SkuField], Meta(max_length=MAX_NAMED)] = []
    site: Annotated[list[SiteIdField], Meta(max_length=MAX_NAMED)] = []
    region: RegionIdField | None = None
    near: Annotated[str, Meta(max_length=64)] = ""
    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 100


def _parameters() -> dict[str, Any]:
    """Return the question as OpenAPI has it: it is read here, for the framework took half of an answer's time."""
    (schema,), components = msgspec.json.schema_components([Asked], ref_template="#/{name}")
    described = components[schema["$ref"].removeprefix("#/")]["properties"]
    return {"parameters": [{"name": name, "in": "query", "schema": field} for name, field in described.items()]}


@router.get("", response_model=AvailabilityPage, openapi_extra=_parameters())
async def get_availability(request: Request) -> Response:
    """Return what is in stock of skus, or at sites: exact below a threshold, "5+" above it, "ask" when too old."""
    asked = _asked(request.query_params.multi_items())
    near = _parse_near(asked.near)
    held = _held(request)
    found, named = held.ask(lambda view: (_find(view, asked, near), _places(view, asked)))
    now_s = held.now_s()
    shown = [_view(one, held.rules, now_s) for one in found]
    more = found[-1].sku if not asked.sku and len(found) >= asked.limit else None
    body = msgspec.json.encode(AvailabilityPage([view for view, _ in shown], more))
    return kept(
        body,
        number=max((one.level.number for one in found), default=0),
        heat=hottest({heat for _, heat in shown}),
        tags=_tags(asked, found, named),
        known=request.headers.get("if-none-match", ""),
    )


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


def _asked(items: list[tuple[str, str]]) -> Asked:
    """Return the question that a query asks; raises Problem, 422, naming the field."""
    fields: dict[str, Any] = {}
    for name, value in items:
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    try:
        asked = msgspec.convert(fields, Asked, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        words, named = in_words(what, path.rstrip("`").partition("[")[0] or "body")
        raise malformed(named, words) from error
    if not asked.sku and not asked.site:
        raise malformed("sku", "name a sku, a site, or both")
    return asked


def _places(view: ShelfView, asked: Asked) -> list[tuple[str, str]]:
    """Return the regions and sites that a question names: where a site is not known yet, it may come to be anywhere.

    Raises: Problem, 404, if none of the sites is known: a name mistyped looks like one that has nothing.
    """
    regions = view.regions() if asked.region is None else [asked.region]
    places = [(region, str(site)) for site in asked.site for region in regions]
    if asked.site and not any(view.knows(*place) for place in places):
        what = f"no site {', '.join(asked.site[:_SHOWN])} is known here; /sites lists those that are"
        raise Problem(404, "unknown_site", what, "site")
    return places


def _find(view: ShelfView, asked: Asked, near: Point | None) -> list[Found]:
    sites = frozenset[str](asked.site)
    if not asked.sku:
        return view.of_sites(sites, asked.region, asked.after, asked.limit)
    found: list[Found] = []
    for sku in dict.fromkeys(asked.sku):
        found += view.of_sku(sku, sites, asked.region, near, asked.limit - len(found))
    return found


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


def _tags(asked: Asked, found: list[Found], named: list[tuple[str, str]]) -> list[str]:
    """Return what to purge an answer by: each of its changes is of a sku, or of a site, that it is about.

    A site that is named is among them also where it has nothing: its first delivery changes the answer.
    """
    skus = [tag("sku", sku) for sku in {*asked.sku, *(one.sku for one in found)}]
    places = {(one.place.region, one.place.site, one.place.geo) for one in found}
    sites = [tag("site", f"{region}/{site}") for region, site in {*named, *(place[:2] for place in places)}]
    geos = [tag("geo", geo) for *_, geo in places if geo]
    needed, further = (skus, sites) if asked.sku else (sites, skus)
    return [*tags_of(needed, [*further, *geos])]


def _parse_near(text: str) -> Point | None:
    if not text:
        return None
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _no_point() from error
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= _LATITUDE and abs(lon) <= _LONGITUDE):
        raise _no_point()
    return lat, lon


def _no_point() -> Problem:
    """Return a new one: what is raised twice keeps the frames of both."""
    return malformed("near", "not LAT,LON within 90 and 180 degrees, such as 52.52,13.40")
