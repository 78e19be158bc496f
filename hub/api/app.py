"""The API's addresses."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request

from contract.errors import Malformed
from contract.values import MAX_EPOCH, Lane, parse_address
from hub.api.availability import router as availability_router
from hub.api.heads import HeadAsGet
from hub.api.keeping import NothingKept
from hub.api.pages import AfterId, Limit, StockPage, parse_stock_cursor, stock_page
from hub.api.problems import REFUSALS, Problem, answer_in_one_shape, malformed
from hub.api.reservations import describe
from hub.api.reservations import router as reservations_router
from hub.availability.live import Availability
from hub.core.read_models import ExceptionView, FactView, HealthView, KioskView, QuarantineView, RegionView, SiteView
from hub.promises.holds import Holds
from hub.service import Health
from hub.store import queries
from hub.store.database import Store
from hub.store.life import read_life
from hub.store.stock import list_stock

router = APIRouter()


def create_app(
    store: Store, health: Callable[[], Health], availability: Availability, holds: Holds | None = None
) -> FastAPI:
    """Return the API over ``store``; ``health`` tells how the hub's loop is, ``availability`` what is in stock.

    ``holds`` makes reservations; without it they are not served.
    """
    app = FastAPI(
        title="popup-kiosk hub", docs_url=None, redoc_url=None, responses=REFUSALS
    )  # those pages load code from elsewhere
    app.state.store = store
    app.state.health = health
    app.state.availability = availability
    app.add_middleware(NothingKept)
    app.add_middleware(HeadAsGet)
    answer_in_one_shape(app)
    app.include_router(availability_router)  # first: routes are tried in order, and this one is asked most
    app.include_router(router)
    if holds is not None:
        app.state.holds = holds
        app.include_router(reservations_router)
        describe(app)
    return app


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Books = Annotated[Store, Depends(_store)]
SiteName = Annotated[str | None, Query(max_length=32, description="Only this site.")]


@router.get("/health")
def get_health(request: Request, books: Books) -> HealthView:
    """Return how the hub is; 503 if the books cannot be read."""
    with books.read() as connection:
        life = read_life(connection)
    health: Health = request.app.state.health()
    return health.view(incarnation=life.incarnation if life else 0)


@router.get("/regions")
def get_regions(books: Books) -> list[RegionView]:
    """Return every region."""
    with books.read() as connection:
        return queries.regions(connection)


@router.get("/sites")
def get_sites(books: Books, region: Annotated[str | None, Query(max_length=32)] = None) -> list[SiteView]:
    """Return every site, or those of a region."""
    with books.read() as connection:
        return queries.sites(connection, region=region)


@router.get("/kiosks")
def get_kiosks(books: Books, site: SiteName = None, limit: Limit = 100, after: AfterId = 0) -> list[KioskView]:
    """Return kiosks by id: last seen, online, backlog of each lane."""
    with books.read() as connection:
        return queries.list_kiosks(connection, site=site, after=after, limit=limit)


@router.get("/stock")
def get_stock(
    books: Books,
    site: SiteName = None,
    sku: Annotated[str | None, Query(max_length=64, description="Only this sku.")] = None,
    limit: Limit = 100,
    after: Annotated[str, Query(max_length=1000, description="`next` of the page before.")] = "",
) -> StockPage:
    """Return stock accounts by site and sku."""
    cursor = parse_stock_cursor(after)
    with books.read() as connection:
        return stock_page(list_stock(connection, site=site, sku=sku, after=cursor, limit=limit), limit)


@router.get("/facts")
def get_facts(  # noqa: PLR0917 - one parameter a query parameter
    books: Books,
    kiosk: Annotated[str, Query(max_length=100, description="region/site/kiosk")],
    lane: Lane = Lane.TILL,
    epoch: Annotated[int | None, Query(ge=1, le=MAX_EPOCH, description="The newest unless given.")] = None,
    limit: Limit = 100,
    after: AfterId = 0,
) -> list[FactView]:
    """Return a kiosk's facts in order, as they were taken; ``after`` is a sequence number."""
    try:
        address = parse_address(kiosk)
    except Malformed as error:
        raise malformed("kiosk", error.what) from error
    with books.read() as connection:
        found = queries.kiosk_at(connection, address)
        if found is None:
            raise Problem(
                404, "unknown", f"no kiosk {address} was ever heard of; /kiosks lists those that were", "kiosk"
            )
        of_epoch = found.epoch if epoch is None else epoch
        return queries.list_facts(connection, found.id, epoch=of_epoch, lane=lane.value, after=after, limit=limit)


@router.get("/exceptions")
def get_exceptions(
    books: Books, *, resolved: bool = False, limit: Limit = 100, after: AfterId = 0
) -> list[ExceptionView]:
    """Return what a person must decide; with ``resolved`` what was decided too."""
    with books.read() as connection:
        return queries.list_exceptions(connection, resolved=resolved, after=after, limit=limit)


@router.get("/quarantine")
def get_quarantine(
    books: Books, *, resolved: bool = False, limit: Limit = 100, after: AfterId = 0
) -> list[QuarantineView]:
    """Return the facts that were set aside, and why."""
    with books.read() as connection:
        return queries.list_quarantine(connection, resolved=resolved, after=after, limit=limit)
